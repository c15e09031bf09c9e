import type { Tool } from '@grantway/connector-kit';
import { plainText } from '@grantway/connector-kit/microsoft';
import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import teams from './connector.ts';
import { message } from './fields.ts';

connectorSuite(teams);

const byName = (name: string): Tool => {
  const found = teams.tools.find((t) => t.name === `microsoft_teams_${name}`);
  if (found === undefined) throw new Error(name);
  return found;
};
const request = (name: string, input: object) => byName(name).request(byName(name).input.parse(input));
const one = '5b1c7e2a-9d34-4f6b-8a10-3c2d1e0f4a5b';
const other = '8ea0e38b-efb3-4757-924a-5f94061c1122';
const chat_id = '19:2da4c29f6d7041eca70b638b43d45411@thread.v2';

describe('microsoft teams requests', () => {
  it('a chat is filtered by what it is sorted by', () => {
    expect(request('chat_messages_list', { chat_id, modified_after: '2025-11-21T10:00:00+01:00' }).query).toMatchObject({
      $orderby: 'lastModifiedDateTime desc',
      $filter: 'lastModifiedDateTime gt 2025-11-21T09:00:00.000Z',
    });
    expect(request('chat_messages_list', { chat_id }).query?.['$filter']).toBeUndefined();
  });

  it('a search of the directory asks for eventual consistency, and no query leaves its quotes', () => {
    const { query, headers } = request('users_search', { query: 'theo' });
    expect(query).toMatchObject({ $search: '"displayName:theo" OR "mail:theo"' });
    expect(headers).toEqual({ ConsistencyLevel: 'eventual' });
    expect(byName('users_search').input.safeParse({ query: 'a" OR "b' }).success).toBe(false);
  });

  it('lists that Teams gives whole are asked for without a query', () => {
    expect(request('teams_list', {}).query).toBeUndefined();
    expect(request('channels_list', { team_id: one }).query).toBeUndefined();
  });

  it('a one-to-one chat is one of two people without a topic', () => {
    const { input } = byName('chat_create');
    expect(input.safeParse({ chat_type: 'oneOnOne', member_user_ids: [one, other] }).success).toBe(true);
    expect(input.safeParse({ chat_type: 'oneOnOne', member_user_ids: [one, other], topic: 'x' }).success).toBe(false);
    expect(input.safeParse({ chat_type: 'group', member_user_ids: ["x') or ('1"] }).success).toBe(false);
  });

  it('a channel is an id, never a name', () => {
    const { input } = byName('channel_message_send');
    expect(input.safeParse({ team_id: one, channel_id: 'General', content: 'x' }).success).toBe(false);
  });
});

describe('microsoft teams messages', () => {
  it('markup is read as people read it', () => {
    expect(plainText('<p>One &amp;lt; two</p><div>three<br/>four</div>')).toBe('One &lt; two\nthree\nfour');
  });

  it('a message of the system has no sender, a deleted one says so, a long one is cut', () => {
    expect(message({ id: '1', from: null })).toMatchObject({ from: { id: null, name: '', kind: 'system' } });
    expect(message({ id: '1', deletedDateTime: '2025-11-21T10:00:00Z' }).deleted).toBe(true);
    expect(message({ id: '1', body: { contentType: 'text', content: 'x'.repeat(4001) } })).toMatchObject({ truncated: true });
  });

  it('a whole list that is longer than what is shown says so', () => {
    const body = { value: Array.from({ length: 251 }, (_, i) => ({ id: String(i) })) };
    expect(byName('teams_list').respond(body, { status: 200, headers: {}, body })).toMatchObject({ truncated: true });
  });
});

it('all definitions together stay under 8000 tokens', () => {
  const sizes = teams.tools.map((t) =>
    JSON.stringify({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }),
  );
  expect(sizes.join('').length / 4).toBeLessThan(8000);
});
