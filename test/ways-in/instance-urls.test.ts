import { formatBearer, randomBase62 } from '@grantway/contract';
import { incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { agentOf, mcp, outcome, toolNames } from './agent.ts';

let broker: TestBroker;
let rows: Rows;

beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const ensure = (user_identifier: string, more: Json = {}) =>
  broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'incident-responder', user_identifier, ...more } });
const deed = (instance: Json, name: string, body?: Json) =>
  broker.api(`/v1/mcp-instances/${instance.id}/${name}`, { method: 'POST', ...(body === undefined ? {} : { body }) });
const actions = async (instance: Json) =>
  (await rows.query<{ action: string }>('select action from audit_events where target_id = $1 order by id', [instance.id])).map(
    (row) => row.action,
  );
const events = async (instance: Json) =>
  (
    await rows.query<{ type: string; data: Json }>("select type, data from events where data->>'mcp_instance_id' = $1 order by seq", [
      instance.id,
    ])
  ).map((row) => row.type);
const gone = /^This MCP URL .*[Aa]sk for /;

describe('an instance URL that is rotated', () => {
  it('B01: stops at once with 410 and a sentence, and the new one works', async () => {
    const instance = await incidentSetting(broker);
    const { status, body } = await deed(instance, 'rotate', {});
    expect(status).toBe(200);
    expect(body.url).not.toBe(instance.url);
    expect(await outcome(instance.url)).toEqual([410, 'instance_rotated']);
    expect((await mcp(instance.url, 'tools/list')).body.error.message).toMatch(gone);
    expect(await toolNames(body.url)).toHaveLength(9);
    expect((await ensure(instance.user_identifier)).body.url).toBe(body.url);
    expect(await actions(instance)).toContain('mcp_instance.rotated');
    expect(await events(instance)).toEqual(['mcp_instance.rotated']);
  });

  it('works until the grace is over where one was asked for, and the one before that not at all', async () => {
    const instance = await incidentSetting(broker);
    const second = (await deed(instance, 'rotate', { grace_seconds: 600 })).body;
    expect(Date.parse(second.previous_url_expires_at)).toBeGreaterThan(Date.now());
    expect([await outcome(instance.url), await outcome(second.url)]).toEqual([
      [200, undefined],
      [200, undefined],
    ]);
    const third = (await deed(instance, 'rotate', { grace_seconds: 86_400 })).body;
    expect([(await outcome(instance.url))[0], (await outcome(second.url))[0], (await outcome(third.url))[0]]).toEqual([410, 200, 200]);
    await rows.query("update mcp_instances set previous_secret_until = now() - interval '1 second' where id = $1", [instance.id]);
    expect([await outcome(second.url), (await outcome(third.url))[0]]).toEqual([[410, 'instance_rotated'], 200]);
    expect((await broker.api(`/v1/mcp-instances/${instance.id}`)).body.previous_url_expires_at).toBeNull();
  });

  it('loses the grace of before when it is rotated without one', async () => {
    const instance = await incidentSetting(broker);
    const second = (await deed(instance, 'rotate', { grace_seconds: 600 })).body;
    await deed(instance, 'rotate', {});
    expect([(await outcome(instance.url))[0], (await outcome(second.url))[0]]).toEqual([410, 410]);
  });

  it.each([[-1], [86_401], [1.5], ['60']])('is not with a grace of %s, and nothing changes', async (grace_seconds) => {
    const instance = await incidentSetting(broker);
    expect((await deed(instance, 'rotate', { grace_seconds })).body.code).toBe('invalid_request');
    expect((await outcome(instance.url))[0]).toBe(200);
  });
});

describe('an instance that is revoked', () => {
  it('B01, B23: answers 410 with a sentence and no challenge, and is not ensured again until it is restored', async () => {
    const instance = await incidentSetting(broker);
    expect((await deed(instance, 'revoke')).body.revoked_at).not.toBeNull();
    const refused = await mcp(instance.url, 'tools/list');
    expect([refused.status, refused.body.error.data.code, refused.headers.get('www-authenticate')]).toEqual([
      410,
      'instance_revoked',
      null,
    ]);
    expect(refused.body.error.message).toMatch(gone);
    for (const answer of [
      await ensure(instance.user_identifier),
      await deed(instance, 'rotate', {}),
      await broker.api(`/v1/mcp-instances/${instance.id}`, { method: 'PATCH', body: { expires_at: null } }),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([410, 'instance_revoked']);
    }
    expect((await deed(instance, 'revoke')).status).toBe(200);

    const restored = await deed(instance, 'restore');
    expect(restored.body.revoked_at).toBeNull();
    expect(await outcome(restored.body.url)).toEqual([200, undefined]);
    expect((await outcome(instance.url))[0]).toBe(410);
    expect((await ensure(instance.user_identifier)).body.url).toBe(restored.body.url);
    expect((await deed(instance, 'restore')).body.url).toBe(restored.body.url);
    expect(await events(instance)).toEqual(['mcp_instance.revoked', 'mcp_instance.restored']);
    expect((await actions(instance)).filter((action) => /re(voked|stored)$/.test(action))).toHaveLength(4);
  });

  it('B01: ends the grace of a URL from before, too', async () => {
    const instance = await incidentSetting(broker);
    const { url } = (await deed(instance, 'rotate', { grace_seconds: 600 })).body;
    await deed(instance, 'revoke');
    expect([await outcome(instance.url), await outcome(url)]).toEqual(Array(2).fill([410, 'instance_revoked']));
    const restored = (await deed(instance, 'restore')).body;
    expect([(await outcome(instance.url))[0], (await outcome(url))[0], (await outcome(restored.url))[0]]).toEqual([410, 410, 200]);
  });

  it('is another’s affair: the same user’s URL of another client goes on', async () => {
    const instance = await incidentSetting(broker);
    const agent = await agentOf(broker, ['mcp_instances:write']);
    const body = { config_name: 'incident-responder', user_identifier: instance.user_identifier };
    const own = (await agent.api('/v1/mcp-instances', { method: 'PUT', body })).body;
    expect([own.url === instance.url, own.id === instance.id]).toEqual([false, false]);
    await deed(instance, 'revoke');
    expect(await outcome(own.url)).toEqual([200, undefined]);
    // Both are the same person's: the accounts are shared.
    expect(own.connections.map((c: Json) => c.connected_account_id)).toEqual(instance.connections.map((c: Json) => c.connected_account_id));
  });
});

describe('an instance URL with an end', () => {
  const soon = () => new Date(Date.now() + 3_600_000).toISOString();
  const expire = (instance: Json) =>
    rows.query("update mcp_instances set expires_at = now() - interval '1 second' where id = $1", [instance.id]);

  it('B01: answers 410 from then on; ensured, it is renewed under another secret, for as long as before', async () => {
    await incidentSetting(broker);
    const instance = (await ensure('ender', { expires_at: soon() })).body;
    expect((await outcome(instance.url))[0]).toBe(200);
    expect((await ensure('ender')).body).toMatchObject({ url: instance.url, expires_at: instance.expires_at });
    await expire(instance);
    expect(await outcome(instance.url)).toEqual([410, 'instance_expired']);
    expect((await mcp(instance.url, 'tools/list')).body.error.message).toMatch(gone);
    const late = await broker.api(`/v1/mcp-instances/${instance.id}`, { method: 'PATCH', body: { expires_at: soon() } });
    expect(late.body.code).toBe('instance_expired');

    const renewed = await Promise.all(Array.from({ length: 5 }, () => ensure('ender')));
    expect(new Set(renewed.map(({ body }) => body.url)).size).toBe(1);
    const { url, expires_at } = (renewed[0] as Json).body;
    expect(url).not.toBe(instance.url);
    const lasts = Date.parse(expires_at) - Date.now();
    expect(lasts).toBeGreaterThan(3_000_000);
    expect(lasts).toBeLessThan(3_660_000);
    expect([(await outcome(url))[0], (await outcome(instance.url))[0]]).toEqual([200, 410]);
    expect(await events(instance)).toEqual(['mcp_instance.rotated']);
  });

  it('can be given another, or none', async () => {
    const instance = await incidentSetting(broker);
    const path = `/v1/mcp-instances/${instance.id}`;
    const expires_at = soon();
    expect((await broker.api(path, { method: 'PATCH', body: { expires_at } })).body).toMatchObject({ expires_at });
    expect((await ensure(instance.user_identifier, { expires_at: null })).body).toMatchObject({ expires_at: null, url: instance.url });
    expect(await actions(instance)).toContain('mcp_instance.updated');
  });

  it.each([['2020-01-01T00:00:00Z'], ['soon'], [''], [7]])('has not one at %s, and nothing changes', async (expires_at) => {
    const instance = await incidentSetting(broker);
    const before = await rows.checksums();
    const patched = await broker.api(`/v1/mcp-instances/${instance.id}`, { method: 'PATCH', body: { expires_at } });
    expect([patched.body.code, (await ensure(instance.user_identifier, { expires_at })).body.code]).toEqual(
      Array(2).fill('invalid_request'),
    );
    expect(await rows.checksums()).toEqual(before);
  });
});

describe('an instance that is deleted', () => {
  it('leaves a URL that is unknown, and room for another', async () => {
    const instance = await incidentSetting(broker);
    expect((await broker.api(`/v1/mcp-instances/${instance.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await outcome(instance.url)).toEqual([404, 'not_found']);
    expect((await broker.api(`/v1/mcp-instances/${instance.id}`)).status).toBe(404);
    expect((await ensure(instance.user_identifier)).body.id).not.toBe(instance.id);
  });
});

describe('what is unknown', () => {
  it('B03: has the same bytes, whether the id, the secret or both are wrong, deleted, or of a version that never was', async () => {
    const instance = await incidentSetting(broker);
    const deleted = await incidentSetting(broker);
    await broker.api(`/v1/mcp-instances/${deleted.id}`, { method: 'DELETE' });
    const [, id] = (new URL(instance.url).pathname.split('/')[2] as string).split('_') as [string, string];
    const other = (of: string) => `${broker.baseUrl}/u/${formatBearer({ kind: 'mcpUrl', id: of, secret: randomBase62(43) })}/mcp`;
    const answers = await Promise.all(
      [other(randomBase62(16)), other(id), deleted.url, `${broker.baseUrl}/u/gwmcp_x/mcp`].map((url) => mcp(url, 'ping')),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(404);
  });
});

describe('the secret in a path', () => {
  it('B02: is in no log line and no answer, in whichever way clients look for metadata around it', async () => {
    const instance = await incidentSetting(broker);
    const session = await broker.api(`/v1/mcp-configs/${instance.config.id}/session-tokens`, {
      body: { user_identifier: instance.user_identifier },
    });
    const [url, token] = [new URL(instance.url).pathname.split('/')[2] as string, session.body.token as string];
    const documents = ['oauth-protected-resource', 'oauth-authorization-server', 'openid-configuration'];
    for (const secret of [url, token]) {
      const paths = documents.flatMap((document) => [
        `/.well-known/${document}/u/${secret}/mcp`,
        `/.well-known/${document}/u/${secret}`,
        `/u/${secret}/.well-known/${document}`,
        `/u/${secret}/mcp/.well-known/${document}`,
        `/mcp/${secret}/.well-known/${document}`,
        `/.well-known/${document}/mcp/${secret}`,
      ]);
      for (const path of [...paths, `/mcp/${secret}`, `/u/${secret}`, `/${secret}`, `/u/${encodeURIComponent(secret)}%00/mcp`]) {
        for (const method of ['GET', 'POST']) {
          const response = await fetch(`${broker.baseUrl}${path}`, { method, redirect: 'manual' });
          expect([301, 302, 303, 307, 308]).not.toContain(response.status);
          expect([...response.headers].join('\n') + (await response.text()), path).not.toContain(secret.split('_')[2]);
        }
      }
      await mcp(`${broker.baseUrl}/mcp/${instance.config.id}`, 'ping', {}, secret);
      await mcp(`${broker.baseUrl}/mcp`, 'ping', {}, secret);
      expect(broker.logLines.filter((line) => line.includes(secret.split('_')[2] as string))).toEqual([]);
    }
    // What a call site would let through by mistake is cut where the line leaves.
    broker.modules.log.info({ url, token }, 'a mistake');
    expect(broker.logLines.filter((line) => line.includes('a mistake')).join()).toMatch(
      /gwmcp_\w{16}_\[redacted\].*gwst_\w{16}_\[redacted\]/,
    );
  });
});
