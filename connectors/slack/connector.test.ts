import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import slack from './connector.ts';
import { fault } from './faults.ts';
import { readTokenResponse, scopeParams } from './tokens.ts';

connectorSuite(slack);

const refusal = (error: string, more: object = {}) => fault({ status: 200, headers: {}, body: { ok: false, error, ...more } });

describe('slack refusals with status 200', () => {
  it.each(['token_revoked', 'account_inactive'])('%s ends the grant', (error) => {
    expect(refusal(error)?.kind).toBe('revoked');
  });

  it.each(['token_expired', 'invalid_auth', 'not_authed'])('%s asks for a refresh', (error) => {
    expect(refusal(error)?.kind).toBe('rejected');
  });

  it('a missing scope names what is needed', () => {
    expect(refusal('missing_scope', { needed: 'groups:read,channels:read', provided: 'chat:write' })).toEqual({
      kind: 'missing_scope',
      message: 'Slack: the account lacks the scope groups:read or channels:read',
      needed: ['groups:read', 'channels:read'],
    });
  });

  it('a limited rate carries Retry-After, with status 429 and with 200', () => {
    for (const status of [200, 429]) {
      const limited = fault({ status, headers: { 'retry-after': '7' }, body: { ok: false, error: 'ratelimited' } });
      expect(limited).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 7 });
    }
  });

  it('an unknown refusal and a 200 that is no answer of Slack’s are errors', () => {
    expect(refusal('some_new_code')).toEqual({ kind: 'error', message: 'Slack: some_new_code' });
    expect(fault({ status: 200, headers: {}, body: '<html>' })?.kind).toBe('error');
  });

  it('fatal_error is the vendor failing', () => {
    expect(refusal('fatal_error')?.kind).toBe('unavailable');
  });
});

describe('slack scopes', () => {
  it('go to scope, and to user_scope where they are prefixed', () => {
    expect(scopeParams(['chat:write', 'user:channels:read', 'users:read'])).toEqual({
      scope: 'chat:write,users:read',
      user_scope: 'channels:read',
    });
  });

  it('an empty parameter is left out', () => {
    expect(scopeParams(['user:chat:write'])).toEqual({ user_scope: 'chat:write' });
  });
});

describe('slack token answers', () => {
  const team = { id: 'T06ACMEHQ01', name: 'Acme' };

  it('a user token is found in authed_user when only user scopes were asked for', () => {
    const answer = readTokenResponse({
      ok: true,
      app_id: 'A06APPGRNT3',
      authed_user: {
        id: 'U06MIRAL0P2',
        scope: 'chat:write,users:read',
        access_token: 'made-up',
        token_type: 'user',
        expires_in: 43200,
        refresh_token: 'made-up-too',
      },
      team,
      enterprise: null,
      is_enterprise_install: false,
    });
    expect(answer).toEqual({
      access_token: 'made-up',
      refresh_token: 'made-up-too',
      token_type: 'Bearer',
      expires_in: 43200,
      scopes: ['user:chat:write', 'chat:write', 'user:users:read', 'users:read'],
      extra: { team_id: 'T06ACMEHQ01', user_id: 'U06MIRAL0P2' },
    });
  });

  it('a refreshed user token is found at the top', () => {
    const answer = readTokenResponse({ ok: true, access_token: 'made-up', token_type: 'user', scope: 'chat:write', team });
    expect(answer).toMatchObject({ access_token: 'made-up', scopes: ['user:chat:write', 'chat:write'] });
  });

  it('the bot token wins where both came', () => {
    const answer = readTokenResponse({
      ok: true,
      access_token: 'made-up-bot',
      token_type: 'bot',
      scope: 'chat:write',
      team,
      authed_user: { id: 'U06MIRAL0P2', access_token: 'made-up-user', scope: 'channels:read' },
    });
    expect(answer).toMatchObject({ access_token: 'made-up-bot', scopes: ['chat:write'] });
    expect(JSON.stringify(answer)).not.toContain('made-up-user');
  });

  it('without rotation there is neither an end nor a refresh token', () => {
    const answer = readTokenResponse({ ok: true, access_token: 'made-up', token_type: 'bot', scope: 'chat:write', team });
    expect(answer).toMatchObject({ expires_in: undefined, refresh_token: undefined });
  });

  it('ok:false is a refusal', () => {
    expect(readTokenResponse({ ok: false, error: 'invalid_refresh_token' })).toEqual({ error: 'invalid_refresh_token' });
  });
});

describe('slack paging and time', () => {
  const byName = (name: string) => {
    const found = slack.tools.find((t) => t.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };

  it('a list’s cursor is sent back as it came', () => {
    const list = byName('slack_list_channels');
    const body = { ok: true, channels: [], response_metadata: { next_cursor: 'dGVhbTpDMDYx' } };
    expect(list.respond(body, { status: 200, headers: {}, body })).toMatchObject({ next_cursor: 'dGVhbTpDMDYx' });
    expect(list.request(list.input.parse({ cursor: 'dGVhbTpDMDYx' })).query).toMatchObject({ cursor: 'dGVhbTpDMDYx', limit: 20 });
  });

  it('moments are ISO 8601 outside and seconds with microseconds at Slack', () => {
    const history = byName('slack_fetch_conversation_history');
    const request = history.request(history.input.parse({ channel: 'C06INC4LLS1', oldest: '2025-11-21T11:00:00.250+01:00' }));
    expect(request.query).toMatchObject({ oldest: '1763719200.250000', latest: undefined });
  });

  it('a channel is an id and a thread is a ts, never a name or a moment', () => {
    const { input } = byName('slack_reply_to_thread');
    const good = { channel: 'C06INC4LLS1', thread_ts: '1763719205.482159', text: 'x' };
    expect(input.safeParse(good).success).toBe(true);
    expect(input.safeParse({ ...good, channel: '#incidents' }).success).toBe(false);
    expect(input.safeParse({ ...good, thread_ts: '2025-11-21T10:00:05Z' }).success).toBe(false);
  });

  it('a long message is cut and says so', () => {
    const history = byName('slack_fetch_conversation_history');
    const body = { ok: true, messages: [{ ts: '1763718922.114209', text: 'x'.repeat(4001) }] };
    expect(history.respond(body, { status: 200, headers: {}, body })).toMatchObject({
      messages: [{ text: 'x'.repeat(4000), truncated: true }],
    });
  });
});

describe('slack’s further tools', () => {
  const byName = (name: string) => {
    const found = slack.tools.find((t) => t.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  const request = (name: string, input: object) => {
    const t = byName(name);
    return t.request(t.input.parse(input));
  };

  it('lists with page numbers hide them behind the cursor', () => {
    expect(request('slack_search_messages', { query: 'x' }).query).toMatchObject({ page: 1, count: 20 });
    expect(request('slack_search_messages', { query: 'x', cursor: '3' }).query).toMatchObject({ page: 3 });
    const page = (page: number) => ({ ok: true, messages: { total: 50, matches: [], paging: { count: 20, total: 50, page, pages: 3 } } });
    const read = (body: unknown) => byName('slack_search_messages').respond(body, { status: 200, headers: {}, body });
    expect(read(page(2))).toMatchObject({ next_cursor: '3' });
    expect(read(page(3))).toMatchObject({ next_cursor: null });
  });

  it('moments of the future are whole seconds at Slack', () => {
    const asked = request('slack_schedule_message', { channel: 'C06INC4LLS1', text: 'x', post_at: '2025-11-24T10:50:00.900+01:00' });
    expect(asked.json).toEqual({ channel: 'C06INC4LLS1', text: 'x', post_at: 1763977800 });
  });

  it('people are invited together', () => {
    const asked = request('slack_invite_users_to_channel', { channel: 'C06INC0091X', users: ['U06J0NASK3', 'U06MIRAL0P2'] });
    expect(asked.json).toEqual({ channel: 'C06INC0091X', users: 'U06J0NASK3,U06MIRAL0P2' });
  });

  it('a channel’s name holds no capitals, spaces or marks', () => {
    const { input } = byName('slack_create_channel');
    for (const name of ['inc-91', 'störung_1']) expect(input.safeParse({ name }).success).toBe(true);
    for (const name of ['Inc', 'a b', '#a', 'a'.repeat(81), '']) expect(input.safeParse({ name }).success).toBe(false);
  });

  it('files that are pinned are left out of the messages', () => {
    const body = { ok: true, items: [{ type: 'file', created: 1763719800, file: { id: 'F1' } }] };
    expect(byName('slack_list_pinned_items').respond(body, { status: 200, headers: {}, body })).toEqual({ items: [] });
  });

  it('what only a person may do asks for a person’s scope', () => {
    expect(byName('slack_search_messages').scopes).toEqual(['user:search:read']);
    expect(byName('slack_add_reminder').scopes).toEqual(['user:reminders:write']);
  });

  it('the names of other brokers find the tool that posts', () => {
    expect(byName('slack_post_message').aliases).toContain('slack_send_message');
  });

  it('all tools together cost an agent less than 8,000 tokens', () => {
    const shown = slack.tools.map((t) => ({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }));
    expect(JSON.stringify(shown).length / 4).toBeLessThan(8000);
  });
});
