import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadAllConnectors } from '@grantway/connectors';
import { reveal, type Secret } from '@grantway/contract';
import { type Database, openDatabase } from '@grantway/db';
import { type Sandbox, startSandbox } from '@grantway/sandbox';
import { createDatabase, type Json, Person, someKeys } from '@grantway/test/harness';
import { createSealing, localKeyWrapper, openKeyRing, openRecord, parseMasterKey } from '@grantway/vault';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Canaries, type ObservedBroker, startObservedBroker } from './heap.ts';

/*
 * The vendors are in the test's own process, so that what a vendor keeps is not taken for the broker's. Values are recorded on
 * their way, or opened from the database as only a holder of the master key can.
 */
const tools = { datadog: 'datadog_monitors_list', linear: 'linear_teams_list', slack: 'slack_list_channels' };
const calls = 10;
const slowMs = 15_000;
const folder = mkdtempSync(path.join(tmpdir(), 'grantway-heap-'));
const masterKeyFile = path.join(folder, 'master-key');
const planted = new Canaries();
const realFetch = globalThis.fetch;
let database: { url: string; drop(): Promise<void> };
let db: Database;
let sandbox: Sandbox;
let broker: ObservedBroker;
let accessToken: string;
/** The sandbox has a request that it lets wait. */
let waits = () => {};

async function recordingFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await realFetch(input, init);
  const location = response.headers.get('location');
  if (location === null) return response;
  const { searchParams } = new URL(location, input instanceof Request ? input.url : input);
  for (const [parameter, name] of Object.entries({ state: 'a state', code: 'an authorization code' })) {
    const value = searchParams.get(parameter);
    if (value !== null && value.length >= 16) planted.text(name, value);
  }
  return response;
}

// A connection that stays open keeps what came over it for more than a minute, and a broker with one is not idle.
const connection = 'close';

async function api(method: string, pathname: string, body?: unknown): Promise<Json> {
  const response = await fetch(`${broker.baseUrl}${pathname}`, {
    method,
    headers: { connection, authorization: `Bearer ${accessToken}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect(response.ok, `${method} ${pathname}: ${response.status} ${text}`).toBe(true);
  return JSON.parse(text);
}

const call = (connector: keyof typeof tools) => api('POST', `/v1/tools/${tools[connector]}/execute`, { identifier: 'ada' });

/** What is stored now; refreshes replace it. */
async function plantStored(): Promise<void> {
  const text = readFileSync(masterKeyFile, 'utf8');
  const masterKey = parseMasterKey(text);
  planted.text('the master key as it was written', text);
  planted.bytes('the master key', reveal(masterKey));
  const ring = await openKeyRing(db, localKeyWrapper(masterKey));
  const sealing = createSealing(ring);
  const rows = (sql: string) => db.system('health').query<Json>({ name: '', text: sql, values: [] });
  for (const purpose of ['lookup', 'url', 'link', 'signing'] as const)
    planted.bytes(`data key ${purpose}`, (await ring.active(purpose)).key);
  for (const { kid, private_ct } of await rows('select * from signing_keys')) {
    const opened = openRecord(await ring.forRecord(private_ct, 'signing'), ['signing_keys', 'private_ct', kid], private_ct);
    const { d } = JSON.parse(opened.toString('utf8'));
    planted.text('the signing key', d);
    planted.bytes('the signing key', Buffer.from(d, 'base64url'));
  }
  for (const a of await rows('select a.*, c.name from connected_accounts a join connections c on c.id = a.connection_id')) {
    planted.bytes('data key record', (await ring.forRecord(a.credential_ct, 'record', a.environment_id)).key);
    const place = {
      environmentId: a.environment_id,
      table: 'connected_accounts',
      column: 'credential_ct',
      rowId: a.id,
      generation: Number(a.generation),
      grantId: a.grant_id,
    };
    const credential = reveal((await sealing.open(place, a.credential_ct)) as Secret<Json>);
    const values: Record<string, Json> = credential.kind === 'oauth2' ? credential : credential.fields;
    for (const [name, value] of Object.entries(values)) if (/(token|key)$/.test(name)) planted.text(`${name} of ${a.name}`, value);
  }
  for (const c of await rows('select * from connections where client_secret_ct is not null')) {
    const place = {
      environmentId: c.environment_id,
      table: 'connections',
      column: 'client_secret_ct',
      rowId: c.id,
      generation: Number(c.secret_generation),
    };
    planted.text(`the app’s secret of ${c.name}`, reveal((await sealing.open(place, c.client_secret_ct)) as Secret<string>));
  }
}

/** Connects, calls, refreshes and calls again, with everything recorded that went through the broker. */
async function use(): Promise<void> {
  const { clientId, clientSecret } = broker;
  planted.text('a client’s secret', clientSecret);
  const granted = await fetch(`${broker.baseUrl}/oauth/token`, {
    method: 'POST',
    headers: { connection },
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }),
  });
  accessToken = ((await granted.json()) as Json).access_token;
  planted.text('a client’s access token', accessToken);
  for (const name of Object.keys(tools) as (keyof typeof tools)[]) {
    await api('POST', '/v1/connections', { name, connector: name, sandbox: true });
    const { link } = await api('POST', '/v1/connected-accounts/authorization-link', { connection_name: name, identifier: 'ada' });
    planted.text('an authorization link', link.split('_').at(-1));
    const page = name === 'datadog' ? await new Person().enterKey(link, someKeys()) : await new Person().consent(link);
    expect(page.status).toBe(200);
    for (let i = 0; i < calls; i++) await call(name);
    await plantStored();
    if (name === 'datadog') continue;
    const [account] = (await api('GET', `/v1/connected-accounts?connection_name=${name}`)).items;
    await api('POST', `/v1/connected-accounts/${account.id}/refresh`);
    for (let i = 0; i < calls; i++) await call(name);
    await plantStored();
  }
}

beforeAll(async () => {
  database = await createDatabase({ empty: true });
  sandbox = await startSandbox({ connectors: await loadAllConnectors(), log: (line) => line.includes('by knob') && waits() });
  writeFileSync(masterKeyFile, randomBytes(32).toString('base64'), { mode: 0o600 });
  const settings = { databaseUrl: database.url, masterKeyFile, journalDir: path.join(folder, 'journal'), sandboxOrigin: sandbox.origin };
  broker = await startObservedBroker(settings, path.join(folder, 'broker.heapsnapshot'));
  db = openDatabase({ connectionString: database.url });
  globalThis.fetch = recordingFetch;
  await use();
}, 300_000);

afterAll(async () => {
  globalThis.fetch = realFetch;
  await broker?.stop();
  await sandbox?.close();
  await db?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

it('C16: an idle broker holds no key, credential or token in its heap, whatever went through it', { timeout: 300_000 }, async () => {
  expect(planted.names.sort()).toEqual([
    'a client’s access token',
    'a client’s secret',
    'a state',
    'access_token of linear',
    'access_token of slack',
    'an authorization code',
    'an authorization link',
    'api_key of datadog',
    'application_key of datadog',
    'data key link',
    'data key lookup',
    'data key record',
    'data key signing',
    'data key url',
    'refresh_token of linear',
    'refresh_token of slack',
    'the app’s secret of linear',
    'the app’s secret of slack',
    'the master key',
    'the master key as it was written',
    'the signing key',
  ]);
  // What was used last may be there for seconds more.
  await expect
    .poll(
      async () => {
        const strings = await broker.strings();
        expect(strings.includes(tools.datadog), 'these are the strings of a broker that was used').toBe(true);
        return planted.foundIn(strings);
      },
      { timeout: 120_000, interval: 1_000 },
    )
    .toEqual([]);
});

it('C16: the search finds a credential while it is in use, and what is kept by mistake in any spelling', { timeout: 300_000 }, async () => {
  const seen = new Promise<void>((resolve) => {
    waits = resolve;
  });
  await fetch(`${sandbox.origin}/_sandbox/slack/knobs`, { method: 'PUT', body: JSON.stringify({ slow_ms: slowMs }) });
  const underWay = call('slack');
  await seen;
  const found = planted.foundIn(await broker.strings());
  // The caller's own token is part of the request that waits.
  expect(found).toEqual(expect.arrayContaining(['a client’s access token', 'access_token of slack']));
  expect(found.filter((name) => /linear|datadog|master|data key|signing|secret/.test(name))).toEqual([]);

  const kept = new Canaries();
  const secret = () => randomBytes(24).toString('hex');
  const keep = (name: string, value: string, inThisForm = value) => {
    kept.text(name, value);
    return broker.keep(inThisForm);
  };
  const [token, behind, basic] = [secret(), secret(), secret()];
  // Every kind of byte that is written in a way of its own.
  const odd = Buffer.from([0, 10, 34, 92, 127, 128, 255]);
  await keep('a token', token);
  await keep('behind much else', behind, `{"filler":"${'x'.repeat(5_000)}","token":"${behind}"}`);
  await keep('in a Basic header', basic, `Basic ${Buffer.from(`client:${basic}`).toString('base64')}`);
  for (const encoding of ['latin1', 'hex', 'base64', 'base64url'] as const) {
    const bytes = Buffer.concat([odd, randomBytes(25)]);
    kept.bytes(`key bytes as ${encoding}`, bytes);
    await broker.keep(bytes.toString(encoding));
  }
  expect(kept.foundIn(await broker.strings())).toEqual(kept.names);
  await underWay;
});
