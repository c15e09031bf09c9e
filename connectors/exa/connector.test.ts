import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import exa from './connector.ts';
import { fault } from './faults.ts';

connectorSuite(exa);

const tool = (name: string) => {
  const found = exa.tools.find((t) => t.name === name || t.aliases.includes(name));
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};
const request = (name: string, input: Record<string, unknown>) => {
  const { input: schema, request: build } = tool(name);
  return build(schema.parse(input) as Record<string, unknown>);
};

describe('exa refusals', () => {
  it('an unknown key is rejected; an empty purse is not the key’s fault', () => {
    expect(fault({ status: 401, headers: {}, body: { error: 'Invalid API key' } })?.kind).toBe('rejected');
    expect(fault({ status: 402, headers: {}, body: { tag: 'NO_MORE_CREDITS' } })).toEqual({
      kind: 'error',
      message: 'Exa: the team has no credits left, or its budget is used up',
    });
    expect(fault({ status: 403, headers: {}, body: { error: 'Feature disabled' } })?.kind).toBe('error');
  });
});

describe('exa requests', () => {
  it('only what was asked for of the pages is paid for', () => {
    expect(request('exa_search', { query: 'x', highlights: false }).json).not.toHaveProperty('contents');
    expect(request('exa_search', { query: 'x', text: true, maxCharacters: 500 }).json).toMatchObject({
      contents: { text: { maxCharacters: 500 }, highlights: true },
    });
  });

  it('the names of the seed articles are callable', () => {
    for (const name of [
      'exa_search',
      'exa_find_similar',
      'exa_crawl',
      'exa_answer',
      'exa_research',
      'exa_websets',
      'exa_create_research_task',
    ]) {
      expect(tool(name).name).toMatch(/^exa_/);
    }
  });

  it('a long page is cut and says so', () => {
    const { respond } = tool('exa_crawl');
    const body = { results: [{ id: 'a', title: null, url: 'https://a.example', text: 'x'.repeat(50_000) }], statuses: [] };
    const gives = respond(body, { status: 200, headers: {}, body }) as { results: { text: string; truncated: boolean }[] };
    expect(gives.results[0]?.text).toHaveLength(12_000);
    expect(gives.results[0]?.truncated).toBe(true);
  });

  it('a list without hasMore or with more says where to go on', () => {
    const { respond } = tool('exa_agent_runs_list');
    const answer = (body: unknown) => (respond(body, { status: 200, headers: {}, body }) as { next_cursor: string | null }).next_cursor;
    expect(answer({ data: [], hasMore: false, nextCursor: 'stale' })).toBeNull();
    expect(answer({ data: [], hasMore: true, nextCursor: 'next' })).toBe('next');
  });
});
