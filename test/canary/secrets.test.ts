import { randomBytes } from 'node:crypto';
import { reveal, type Secret } from '@grantway/contract';
import { setCredentialRead } from '@grantway/core';
import { connectAll, incidentSetting, type Json, someKeys, startBroker, type TestBroker } from '@grantway/test/harness';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../events/receiver.ts';
import { Browser } from '../flows/browser.ts';
import { openClientSecret, openCredential, type StoredAccount } from '../flows/stored-account.ts';
import { plantMany } from './many.ts';
import { hits, type Place, type Planted, spellings } from './search.ts';

/** `npm run attacks`: as many as figure 16 asks for. */
const many = process.env['MODE'] === 'long' ? 5_000 : 300;
const masterKey = randomBytes(32);
const planted = new Map<string, Planted>();
const answers: Place[] = [];
const realFetch = globalThis.fetch;
let broker: TestBroker;
let receiver: WebhookReceiver;
let rows: Rows;

const plant = (name: string, value: string, handedOutBy?: RegExp) => {
  const key = `${name} ${value}`;
  if (!planted.has(key)) planted.set(key, { name, value, ...(handedOutBy === undefined ? {} : { handedOutBy }) });
  return value;
};
const secretOf = (bearer: string) => bearer.split('_')[2] as string;
/** The one answer that may hold an access token or a key, where an operator turned that on. */
const whereCredentialsAreRead = /^POST \/v1\/connected-accounts\/[^/]+\/credential$/;
const newSecret = (name: string) => plant(name, `${name.replaceAll(' ', '-')}-${randomBytes(20).toString('hex')}`);

/** Whoever may connect an account is told where; the link's own pages hold it as their address. */
const whereLinksGo =
  /^(PUT \/v1\/mcp-instances$|POST \/v1\/connected-accounts\/authorization-link$|GET \/v1\/mcp-instances\/\w+\/auth-state$|POST \/v1\/tools\/\w+\/execute$|POST \/u\/|(GET|POST) \/connect\/|GET \/oauth\/callback\/)/;

/** Notes every answer of the broker, and everything secret that passes by. */
async function recordingFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const url = new URL(request.url);
  const response = await realFetch(input, init);
  const text = await response.clone().text();
  const location = response.headers.get('location');
  if (location !== null) {
    const { searchParams } = new URL(location, url);
    const [state, code] = [searchParams.get('state'), searchParams.get('code')];
    if (state !== null) plant('a state', state, /^POST \/connect\/[^/]+\/go$/);
    if (code !== null && code.length >= 16) plant('an authorization code', code);
  }
  if (url.origin !== broker?.baseUrl) return response;
  for (const cookie of response.headers.getSetCookie()) {
    for (const value of (/^[^=]+=([^;]*)/.exec(cookie)?.[1] ?? '').split('.')) {
      if (value !== '') plant('a browser’s cookie', value, /^(POST \/connect\/[^/]+\/go|GET \/oauth\/callback\/.*)$/);
    }
  }
  for (const [bearer, kind] of text.matchAll(/\b(gwmcp|gwln|gwst)_[0-9A-Za-z]{16}_[0-9A-Za-z]{49,}/g)) {
    if (kind === 'gwmcp')
      plant('an MCP URL', secretOf(bearer), /^(PUT \/v1\/mcp-instances|POST \/v1\/mcp-instances\/\w+\/(rotate|restore))$/);
    else if (kind === 'gwst') plant('a session token', secretOf(bearer), /^POST \/v1\/mcp-configs\/\w+\/session-tokens$/);
    else plant('an authorization link', secretOf(bearer), whereLinksGo);
  }
  answers.push({
    kind: 'answer',
    name: `${request.method} ${url.pathname}`,
    text: [`${response.status}`, ...[...response.headers].map((h) => h.join(': ')), text].join('\n'),
  });
  return response;
}

/** What the vault holds now; refreshes and new consents replace it. */
async function plantStored(): Promise<void> {
  for (const account of await rows.query<StoredAccount>('select * from connected_accounts where credential_ct is not null')) {
    const credential = await openCredential(broker, account);
    if (credential.kind === 'oauth2') {
      plant('a provider’s access token', credential.access_token, whereCredentialsAreRead);
      if (credential.refresh_token !== undefined) plant('a provider’s refresh token', credential.refresh_token);
    } else for (const value of Object.values<string>(credential.fields)) plant('an API key', value, whereCredentialsAreRead);
  }
  for (const { id } of await rows.query<{ id: string }>('select id from connections where client_secret_ct is not null')) {
    plant('an OAuth app’s secret', (await openClientSecret(broker, rows, id)).clientSecret);
  }
  for (const session of await rows.query<Json>('select * from consent_sessions where pkce_verifier_ct is not null')) {
    const place = {
      environmentId: session.environment_id,
      table: 'consent_sessions',
      column: 'pkce_verifier_ct',
      rowId: session.id,
      generation: 1,
    };
    plant('a PKCE verifier', reveal((await broker.modules.sealing.open(place, session.pkce_verifier_ct)) as Secret<string>));
  }
}

/** Every table of every schema, the queue's included. */
async function allRows(): Promise<Place[]> {
  const tables = await rows.query<{ s: string; t: string }>(
    "select table_schema as s, table_name as t from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'",
  );
  const out: Place[] = [];
  for (const { s, t } of tables) {
    // As text: bytea is hex then, json and arrays are spelled out.
    const found = await rows.query<{ text: string }>(`select x::text as text from "${s}"."${t}" x`);
    out.push({ kind: 'row', name: `${s}.${t}`, text: found.map((row) => row.text).join('\n') });
  }
  return out;
}

async function queued(): Promise<Place[]> {
  const url = process.env['GRANTWAY_TEST_REDIS_URL'];
  if (url === undefined) return [];
  const redis = new Redis(url);
  try {
    const out: Place[] = [];
    for await (const keys of redis.scanStream({ match: 't-*', count: 500 })) {
      for (const key of keys as string[]) {
        const type = await redis.type(key);
        const value =
          type === 'string'
            ? await redis.get(key)
            : type === 'hash'
              ? await redis.hgetall(key)
              : type === 'list'
                ? await redis.lrange(key, 0, -1)
                : type === 'set'
                  ? await redis.smembers(key)
                  : type === 'zset'
                    ? await redis.zrange(key, '0', '-1')
                    : type === 'stream'
                      ? await redis.xrange(key, '-', '+')
                      : null;
        out.push({ kind: 'queue', name: type, text: `${key}\n${JSON.stringify(value)}` });
      }
    }
    return out;
  } finally {
    redis.disconnect();
  }
}

const logged = (): Place[] => broker.logLines.map((text, i) => ({ kind: 'log', name: `line ${i}`, text }));
const webhooks = (): Place[] =>
  receiver.received.map(({ type, headers, body }) => ({ kind: 'webhook', name: type, text: `${JSON.stringify(headers)}\n${body}` }));
const everywhere = async (): Promise<Place[]> => [...logged(), ...(await allRows()), ...(await queued()), ...answers, ...webhooks()];

const execute = (tool: string, identifier: string, args: Json = {}, key?: string) =>
  broker.api(`/v1/tools/${tool}/execute`, {
    // Named after their connectors; there are more of some.
    body: { identifier, arguments: args, connection_name: tool.split('_')[0] },
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });

const failures: [string, () => Promise<unknown>][] = [];
const flows: [string, () => Promise<unknown>][] = [];
const flow = (name: string, run: () => Promise<unknown>) => flows.push([name, run]);
const failing = (name: string, run: () => Promise<unknown>) => failures.push([name, run]);
let instance: Json;
let user: string;
const accountId = (connector: string): string => instance.connections.find((c: Json) => c.connector === connector).connected_account_id;
const link = async (connection_name: string, identifier: string): Promise<string> =>
  (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body.link;
const knobs = (connector: string, body: Json = {}) => broker.control(`/${connector}/knobs`, 'PUT', body);
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  fetch(path.startsWith('http') ? path : `${broker.baseUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });

// ---- what goes well ----------------------------------------------------------------------------------------------

flow('an endpoint for events', async () => {
  const made = await broker.api('/v1/webhook-endpoints', { body: { url: receiver.url } });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  plant('a webhook secret', made.body.secret.replace('whsec_', ''), /^POST \/v1\/webhook-endpoints$/);
});
flow('connecting everything', async () => {
  instance = await incidentSetting(broker);
  user = instance.user_identifier;
  await connectAll(broker, instance);
});
flow('an OAuth app of one’s own, and another secret for it', async () => {
  const client_secret = newSecret('own app secret');
  const made = await broker.api('/v1/connections', {
    body: { name: 'own-app', connector: 'slack', auth: { client_id: 'own', client_secret } },
  });
  expect(made.status).toBe(201);
  const auth = { client_secret: newSecret('second app secret') };
  expect((await broker.api(`/v1/connections/${made.body.id}`, { method: 'PATCH', body: { auth } })).status).toBe(200);
  expect((await broker.api('/v1/connections')).status).toBe(200);
});
flow('tool calls, with and without a key', async () => {
  const text = plant('an argument', `argument ${randomBytes(16).toString('hex')}`, /^POST \/(v1\/tools|u)\//);
  const key = newSecret('idempotency key');
  for (let i = 0; i < 2; i++) expect((await execute('slack_post_message', user, { channel: 'C06INC4LLS1', text }, key)).status).toBe(200);
  expect((await execute('slack_post_message', user, { channel: 'C06INC4LLS1', text: 'other' }, key)).status).toBe(422);
  expect((await execute('datadog_monitors_list', user)).status).toBe(200);
});
flow('the MCP endpoint', async () => {
  const call = (method: string, params: Json) =>
    post(instance.url, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), { accept: 'application/json, text/event-stream' });
  const text = plant('an argument over MCP', `argument ${randomBytes(16).toString('hex')}`, /^POST \/(v1\/tools|u)\//);
  const client = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'canary', version: '1' } };
  for (const [method, params] of [
    ['initialize', client],
    ['tools/list', {}],
    ['tools/call', { name: 'slack_post_message', arguments: { channel: 'C06INC4LLS1', text } }],
    ['tools/call', { name: 'slack_post_message', arguments: { channel: 'C06INC4LLS1', text, [newSecret('argument name')]: 1 } }],
    ['tools/call', { name: newSecret('tool name'), arguments: {} }],
  ] as const) {
    expect((await call(method, params)).status, method).toBeLessThan(500);
  }
  // The caller made these two up himself: he is told what he sent, and the audit of calls says what was asked for.
  for (const [key, value] of planted) if (value.name === 'argument name' || value.name === 'tool name') planted.delete(key);
});
flow('MCP URLs that change, session tokens, and probes around both', async () => {
  const body = { config_name: instance.config.name, user_identifier: 'another-user' };
  const own = (await broker.api('/v1/mcp-instances', { method: 'PUT', body })).body;
  const rotated = (await broker.api(`/v1/mcp-instances/${own.id}/rotate`, { body: { grace_seconds: 60 } })).body;
  const tokens = `/v1/mcp-configs/${own.config.id}/session-tokens`;
  const session = (await broker.api(tokens, { body: { user_identifier: 'another-user' } })).body;
  const list = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
  const accept = { accept: 'application/json, text/event-stream' };
  const authorization = `Bearer ${session.token}`;
  expect((await post(session.url, list, { ...accept, authorization })).status).toBe(200);
  for (const secret of [new URL(own.url).pathname.split('/')[2], new URL(rotated.url).pathname.split('/')[2], session.token]) {
    for (const document of ['oauth-protected-resource', 'oauth-authorization-server', 'openid-configuration']) {
      for (const path of [
        `/.well-known/${document}/u/${secret}/mcp`,
        `/u/${secret}/.well-known/${document}`,
        `/u/${secret}/mcp/.well-known/${document}`,
      ])
        expect((await fetch(broker.baseUrl + path)).status).toBe(404);
    }
    await post(`${broker.baseUrl}/mcp/${secret}`, list, { ...accept, authorization: `Bearer ${secret}` });
  }
  expect((await broker.api(`${tokens}/revoke`, { body: { user_identifier: 'another-user' } })).status).toBe(204);
  await broker.api(`/v1/mcp-instances/${own.id}/revoke`, { method: 'POST' });
  expect((await broker.api(`/v1/mcp-instances/${own.id}/restore`, { method: 'POST' })).status).toBe(200);
  for (const url of [own.url, rotated.url]) expect((await post(url, list, accept)).status).toBe(410);
  expect((await post(session.url, list, { ...accept, authorization })).status).toBe(401);
});
flow('a refresh after a 401, and one by the sweep', async () => {
  await knobs('linear', { fail: '401', fail_times: 1 });
  expect((await execute('linear_teams_list', user)).status).toBe(200);
  await plantStored();
  await broker.broker.jobs.runNow('credential.refresh', accountId('linear'));
  const refreshes = async () => (await broker.control('/slack/ledger', 'GET')).counts.refreshes;
  const before = await refreshes();
  await rows.query("update connected_accounts set next_refresh_at = now() - interval '1 minute' where id = $1", [accountId('slack')]);
  await broker.broker.jobs.runNow('credential.sweep');
  await expect.poll(refreshes, { timeout: 15_000 }).toBeGreaterThan(before);
});
flow('reading credentials in clear', async () => {
  const read = (connector: string) =>
    broker.api(`/v1/connected-accounts/${accountId(connector)}/credential`, { body: { reason: 'a canary' } });
  expect((await read('slack')).status).toBe(403);
  await setCredentialRead(broker.modules.db, broker.client.clientId, { perHour: 3, perDay: 3, keys: true });
  for (const connector of ['slack', 'linear', 'datadog']) expect((await read(connector)).status).toBe(200);
  expect((await read('slack')).status).toBe(429);
  await setCredentialRead(broker.modules.db, broker.client.clientId, null);
});
flow('reading everything that can be read', async () => {
  for (const path of ['connectors', 'connections', 'mcp-configs', 'connected-accounts', 'tools', 'tool-calls', 'audit-events']) {
    expect((await broker.api(`/v1/${path}`)).status).toBe(200);
  }
  expect((await broker.api(`/v1/mcp-instances/${instance.id}/auth-state?include_auth_links=true`)).status).toBe(200);
  for (const path of ['/', '/docs', '/metrics', '/openapi.json', '/.well-known/jwks.json', '/healthz', '/readyz'])
    await fetch(`${broker.baseUrl}${path}`);
  await fetch(broker.baseUrl, { headers: { accept: 'text/html' } });
});
flow('revocation at the provider, and consent again', async () => {
  await broker.control('/slack/revoke');
  await broker.control('/datadog/revoke');
  const [slack, datadog] = [await execute('slack_list_channels', user), await execute('datadog_monitors_list', user)];
  await broker.connect(slack.body.authentication_link);
  await broker.connectKey(datadog.body.authentication_link);
});

// ---- what fails --------------------------------------------------------------------------------------------------

failing('wrong and broken client credentials', async () => {
  const { clientId } = broker.client;
  const secret = newSecret('wrong client secret');
  const form = (fields: Record<string, string>) => new URLSearchParams({ grant_type: 'client_credentials', ...fields });
  const token = (body: URLSearchParams | string, headers: Record<string, string> = {}) =>
    fetch(`${broker.baseUrl}/oauth/token`, { method: 'POST', body, headers });
  await token(form({ client_id: clientId, client_secret: secret }));
  await token(form({ client_id: newSecret('secret as client id'), client_secret: secret }));
  await token(form({}), { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` });
  await token(form({ client_id: clientId, client_secret: secret }), {
    authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`,
  });
  await token(form({ client_id: clientId, client_secret: broker.client.clientSecret, scope: 'nonsense' }));
  await token(`{"client_secret": "${secret}" oops`, { 'content-type': 'application/json' });
  await fetch(`${broker.baseUrl}/oauth/token?client_secret=${secret}`);
  await broker.api('/v1/connections', { token: newSecret('wrong access token') });
});
failing('bodies with secrets that are broken or do not fit', async () => {
  const secret = newSecret('secret in a broken body');
  const authorization = `Bearer ${await broker.token()}`;
  for (const path of ['/v1/connections', '/v1/mcp-configs', '/mcp', new URL(instance.url).pathname]) {
    await post(path, `{"client_secret": "${secret}" oops`, { authorization });
    await post(path, JSON.stringify({ name: 1, connector: 'slack', auth: { client_secret: [secret] } }), { authorization });
    await post(path, `client_secret=${secret}`, { authorization, 'content-type': 'text/plain' });
  }
  await broker.api('/v1/connections', { body: { name: 'slack', connector: 'slack', auth: { client_id: 'a', client_secret: secret } } });
  await broker.api('/v1/connections', { body: { name: 'x', connector: 'datadog', auth: { fields: { api_key: secret } } } });
  await broker.api('/v1/connections', { body: { name: 'x', connector: 'slack', sandbox: true, auth: { client_secret: secret } } });
  await execute('slack_list_channels', user, {}, `${newSecret('idempotency key with a space')} x`);
});
failing('errors of our own', async () => {
  // What the database refuses is an error that nobody foresaw; its words hold every parameter of the statement.
  await rows.query("alter table connections add constraint boom check (name <> 'boom')");
  await rows.query("alter table idempotency_keys add constraint boom check (tool_call_id = '') not valid");
  try {
    const made = await broker.api('/v1/connections', {
      body: { name: 'boom', connector: 'slack', auth: { client_id: 'a', client_secret: newSecret('secret of a failed insert') } },
    });
    expect([made.status, made.body.code]).toEqual([500, 'internal']);
    const kept = await execute('slack_list_channels', user, {}, newSecret('idempotency key of a failed insert'));
    expect([kept.status, kept.body.code]).toEqual([500, 'internal']);
  } finally {
    await rows.query('alter table connections drop constraint boom');
    await rows.query('alter table idempotency_keys drop constraint boom');
  }
});
failing('consents', async () => {
  await broker.connect(await link('linear', 'denier'), { decision: 'deny' });
  const browser = new Browser();
  const callback = await browser.toCallback(await link('linear', 'replayer'));
  await fetch(callback);
  await fetch(callback.replace(/state=[^&]+/, `state=${newSecret('forged state')}`));
  await fetch(callback.replace(/code=[^&]+/, `code=${newSecret('forged code')}`));
  await browser.arrive(callback);
  await browser.arrive(callback);
  const forged = new Browser();
  await forged.arrive(
    (await forged.toCallback(await link('linear', 'forger'))).replace(/code=[^&]+/, `code=${newSecret('forged code of one’s own')}`),
  );
  await fetch(callback.replace(/\?.*/, `?state=x&error=${newSecret('error of a provider')}&error_description=${newSecret('description')}`));
  for (const fail of ['500', 'html', '200_with_error', 'reset']) {
    await knobs('linear', { where: 'token', fail, fail_times: 1 });
    await broker.connect(await link('linear', `unlucky-${fail}`));
    await knobs('linear', { where: 'api', fail, fail_times: 1 });
    await broker.connect(await link('linear', `unlucky-${fail}`));
  }
  await knobs('linear');
  await broker.connect(await link('linear', user), { account: 'somebody.else@example.test' });
});
failing('links and keys', async () => {
  const good = await link('datadog', 'key-holder');
  await broker.connectKey(good, { api_key: `invalid-${newSecret('refused key')}`, application_key: newSecret('refused application key') });
  await broker.connectKey(good, {
    api_key: `${newSecret('key with a space')} x`,
    application_key: newSecret('application key of a bad form'),
  });
  await knobs('datadog', { fail: 'reset' });
  await broker.connectKey(good, {
    api_key: newSecret('key of a failed call'),
    application_key: newSecret('application key of a failed call'),
  });
  await knobs('datadog');
  await broker.connectKey(good, someKeys());
  await fetch(good);
  await fetch(`${good.slice(0, -3)}abc`);
  await fetch(`${broker.baseUrl}/connect/${newSecret('no link')}`);
  await fetch(`${broker.baseUrl}/u/${newSecret('no URL')}/mcp`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  await fetch(`${broker.baseUrl}/u/${new URL(instance.url).pathname.split('/')[2]}/other`);
  await fetch(instance.url);
  await fetch(`${broker.baseUrl}/${new URL(instance.url).pathname.split('/')[2]}`);
});
failing('tool calls', async () => {
  for (const fail of ['401', '500', 'reset', '200_with_error', 'html', '429']) {
    for (const [connector, tool, args] of [
      ['linear', 'linear_comment_create', { issueId: 'ENG-142', body: 'x' }],
      ['datadog', 'datadog_monitors_list', {}],
    ] as const) {
      await plantStored();
      await knobs(connector, { fail, fail_times: 2 });
      await execute(tool, user, args, newSecret('idempotency key of a failing call'));
      await knobs(connector);
    }
  }
  await execute('slack_post_message', user, { channel: 7, text: plant('a bad argument', `argument ${randomBytes(16).toString('hex')}`) });
  await rows.query("update connected_accounts set access_expires_at = now() where id = $1 and status = 'ACTIVE'", [accountId('slack')]);
  await knobs('slack', { where: 'token', fail: '500', fail_times: 1 });
  await execute('slack_list_channels', user);
  await knobs('slack');
});
failing('disconnecting', async () => {
  await plantStored();
  for (const connector of ['slack', 'datadog'])
    expect((await broker.api(`/v1/connected-accounts/${accountId(connector)}`, { method: 'DELETE' })).status).toBe(204);
  await knobs('linear', { where: 'api', fail: 'reset' });
  expect((await broker.api(`/v1/connected-accounts/${accountId('linear')}`, { method: 'DELETE' })).status).toBe(204);
  await knobs('linear');
});

failing(`${many} ways in`, async () => {
  await plantMany(broker, newSecret, many);
});

beforeAll(async () => {
  globalThis.fetch = recordingFetch as typeof fetch;
  receiver = await startWebhookReceiver();
  broker = await startBroker({ masterKey, toolTimeoutMs: 800, allowHosts: [`127.0.0.1:${receiver.port}`] });
  rows = await openRows(broker);
  plant('the client’s secret', secretOf(broker.client.clientSecret));
  plant('the master key', masterKey.toString('hex'));
  plant('the master key in base64', masterKey.toString('base64').replace(/=+$/, ''));
  plant('the database’s password', new URL(broker.databaseUrl).password);
  const real = broker.token;
  broker.token = async (scope) => plant('an access token', await real(scope), /^POST \/oauth\/token$/);
  const first = (await (
    await fetch(`${broker.baseUrl}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: broker.client.clientId,
        client_secret: broker.client.clientSecret,
      }),
    })
  ).json()) as Json;
  plant('an access token', first.access_token.split('.')[2], /^POST \/oauth\/token$/);
});
afterAll(async () => {
  globalThis.fetch = realFetch;
  await rows?.close();
  await broker?.close();
  await receiver?.close();
});

describe('the search', () => {
  it('finds what was planted, however it is spelled', () => {
    const value = randomBytes(24).toString('hex');
    const bytes = Buffer.from(value);
    const disguises: [string, string][] = [
      ['raw', value],
      ['in JSON', JSON.stringify({ a: { b: [value] } })],
      ['hex', `\\x00ff${bytes.toString('hex')}00`],
      ...['', 'a', 'ab', 'abc'].map((before): [string, string] => [
        `base64 after ${before.length}`,
        Buffer.from(`${before}${value}zz`).toString('base64'),
      ]),
      ...['', 'a', 'ab'].map((before): [string, string] => [
        `base64url after ${before.length}`,
        Buffer.from(`${before}${value}`).toString('base64url'),
      ]),
    ];
    for (const [name, text] of disguises) {
      expect(hits([{ name: 'it', value }], [{ kind: 'row', name, text }]), name).toEqual([`it in row ${name}`]);
    }
    expect(hits([{ name: 'it', value }], [{ kind: 'row', name: 'other', text: randomBytes(4096).toString('base64') }])).toEqual([]);
    expect(spellings('a+b/c?d=e"f')).toContain('a%2Bb%2Fc%3Fd%3De%22f');
    expect(hits([{ name: 'it', value, handedOutBy: /^GET \/a$/ }], [{ kind: 'answer', name: 'GET /a', text: value }])).toEqual([]);
    expect(hits([{ name: 'it', value, handedOutBy: /^GET \/a$/ }], [{ kind: 'answer', name: 'GET /b', text: value }])).toHaveLength(1);
    expect(hits([{ name: 'it', value, handedOutBy: /./ }], [{ kind: 'log', name: 'GET /a', text: value }])).toHaveLength(1);
  });
});

describe('C01, C17: secrets', () => {
  it.each(flows)('are used in: %s', async (_, run) => {
    await run();
    await plantStored();
  });

  it.each(failures)('are used in vain in: %s', { timeout: 3_600_000 }, async (_, run) => {
    await run();
    await plantStored();
  });

  it('of every kind were planted', () => {
    const kinds = new Set([...planted.values()].map((p) => p.name));
    for (const kind of [
      'the client’s secret',
      'the master key',
      'an access token',
      'an OAuth app’s secret',
      'own app secret',
      'an API key',
      'a provider’s access token',
      'a provider’s refresh token',
      'an MCP URL',
      'a session token',
      'an authorization link',
      'a state',
      'an authorization code',
      'a PKCE verifier',
      'a browser’s cookie',
      'idempotency key',
      'an argument',
      'a webhook secret',
    ]) {
      expect(kinds).toContain(kind);
    }
    const refreshTokens = [...planted.values()].filter((p) => p.name === 'a provider’s refresh token');
    expect(refreshTokens.length).toBeGreaterThan(5);
  });

  it('are in no log line, no row, no job and no answer but those that hand them out', async () => {
    await expect.poll(() => receiver.received.length, { timeout: 15_000 }).toBeGreaterThan(10);
    expect((await fetch(`${broker.baseUrl}/metrics`)).status).toBe(200);
    const places = await everywhere();
    process.stdout.write(
      `canaries: ${planted.size} planted, ${places.length} places, ${places.reduce((n, { text }) => n + text.length, 0)} characters\n`,
    );
    expect(planted.size).toBeGreaterThan(many);
    expect(places.some(({ name }) => name === 'GET /metrics')).toBe(true);
    const size = (kind: Place['kind']) => places.filter((place) => place.kind === kind).length;
    expect(size('log')).toBeGreaterThan(100);
    expect(size('answer')).toBeGreaterThan(150);
    expect(places.filter((place) => place.kind === 'row' && place.text !== '').map((place) => place.name)).toEqual(
      expect.arrayContaining([
        'public.connected_accounts',
        'public.connections',
        'public.audit_events',
        'public.tool_calls',
        'public.idempotency_keys',
        'public.consent_sessions',
        'public.authorization_links',
      ]),
    );
    expect(broker.logLines.some((line) => line.includes('"level":"debug"'))).toBe(true);
    expect(hits([...planted.values()], places)).toEqual([]);
  });

  it('that are put there after all are found, in every place', async () => {
    const value = newSecret('self-check');
    const own = [...planted.values()].filter((p) => p.name === 'self-check');
    broker.modules.log.debug({ deep: { inside: [value] } }, 'planted');
    await rows.query('create table planted (a text, b bytea, c jsonb, d text[])');
    await rows.query('insert into planted values (null, $1, null, null)', [Buffer.from(`xx${value}`)]);
    const inRows = hits(own, await allRows());
    await rows.query('update planted set b = null, c = $1', [JSON.stringify({ a: Buffer.from(value).toString('base64') })]);
    const inJson = hits(own, await allRows());
    await rows.query('drop table planted');
    expect(inRows).toEqual(['self-check in row public.planted']);
    expect(inJson).toEqual(['self-check in row public.planted']);
    expect(hits(own, logged())).toHaveLength(1);
    await broker.api(`/v1/connectors/${value}`);
    await broker.api('/v1/connections', { body: { name: 'x', connector: value.slice(0, 64) } });
    expect(hits([{ name: 'echo', value: value.slice(0, 60) }], answers)).toEqual(['echo in answer POST /v1/connections']);
  });

  it('of our own making are cut out of log lines by whoever lets them through', () => {
    const before = broker.logLines.length;
    broker.modules.log.debug({ url: instance.url, why: `it was ${broker.client.clientSecret}.` }, broker.client.clientSecret);
    const line = broker.logLines.slice(before).join('');
    expect(line).toContain('[redacted]');
    expect(
      hits(
        [
          { name: 'URL', value: secretOf(instance.url) },
          { name: 'secret', value: secretOf(broker.client.clientSecret) },
        ],
        [{ kind: 'log', name: '', text: line }],
      ),
    ).toEqual([]);
  });
});
