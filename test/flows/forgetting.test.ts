import { randomBytes } from 'node:crypto';
import { newId, Secret } from '@grantway/contract';
import { createOperatorClient, forgetEnvironment } from '@grantway/core';
import { connectAll, createDatabase, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { createSealing, localKeyWrapper, openKeyRing } from '@grantway/vault';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser } from './browser.ts';
import { openCredential, storedAccount } from './stored-account.ts';

const masterKey = randomBytes(32);
let database: Awaited<ReturnType<typeof createDatabase>>;
let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  database = await createDatabase();
  broker = await startBroker({ databaseUrl: database.url, masterKey });
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await database?.drop();
});

/** Every sealed value of these environments, wherever a column of the schema can hold one. */
async function sealedValues(environmentId: string): Promise<Map<string, string[]>> {
  const columns = await rows.query<{ t: string; c: string }>(
    `select table_name as t, column_name as c from information_schema.columns where table_schema = 'public' and data_type = 'bytea'
       and column_name like '%\\_ct' and table_name in (select table_name from information_schema.columns where column_name = 'environment_id')
     order by 1, 2`,
  );
  expect(columns.length).toBeGreaterThan(9);
  const found = new Map<string, string[]>();
  for (const { t, c } of columns) {
    const values = await rows.query<{ v: string }>(
      `select encode("${c}", 'hex') as v from "${t}" where environment_id = $1 and "${c}" is not null`,
      [environmentId],
    );
    found.set(
      `${t}.${c}`,
      values.map(({ v }) => v),
    );
  }
  return found;
}
const all = (values: Map<string, string[]>) => [...values.values()].flat();
/** Without the outbox, whose copies go by themselves as their providers answer. */
const lasting = (values: Map<string, string[]>) =>
  [...values].flatMap(([name, list]) => (name === 'revocations.credential_ct' ? [] : list));
const filled = (values: Map<string, string[]>) => [...values].flatMap(([name, list]) => (list.length > 0 ? [name] : [])).sort();

const live = async (connector: string) => (await broker.control(`/${connector}/ledger`, 'GET')).live.grants as number;
const linkTo = async (there: TestBroker, connection_name: string, identifier: string) =>
  (await there.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body.link as string;
const idOf = async (there: TestBroker, connection_name: string, identifier: string) =>
  (await there.api(`/v1/connected-accounts?connection_name=${connection_name}&identifier=${identifier}`)).body.items[0].id as string;

/** A connection per way in which something sealed can wait: for an app's word, and for a yes to another account. */
async function waitingConnections(there: TestBroker): Promise<void> {
  for (const [name, more] of [
    ['verified', { verification: { mode: 'app', user_verify_urls: ['http://127.0.0.1:9/verify'] } }],
    ['confirmed', { on_account_change: 'confirm' }],
  ] as const) {
    const made = await there.api('/v1/connections', { body: { name, connector: 'linear', sandbox: true, ...more } });
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  }
}

/** One user with something in every place: credentials, a parked code, an unconfirmed token, a salvaged one, a kept answer. */
async function everywhere(there: TestBroker, user: string): Promise<string[]> {
  const instance = await incidentSetting(there, user);
  await connectAll(there, instance);
  await new Browser().arrive(await new Browser().toCallback(await linkTo(there, 'linear', `${user}-other`)));
  const parking = new Browser();
  await parking.request(await parking.toCallback(await linkTo(there, 'verified', user)));
  await there.connect(await linkTo(there, 'confirmed', user), { account: 'first@example.test' });
  const replacing = new Browser();
  await replacing.arrive(await replacing.toCallback(await linkTo(there, 'confirmed', user), 'allow', 'second@example.test'));
  const linear = await idOf(there, 'linear', user);
  const stored = await storedAccount(rows, linear);
  const id = newId('salvagedCredential');
  const place = {
    environmentId: stored.environment_id,
    table: 'salvaged_credentials',
    column: 'credential_ct',
    rowId: id,
    generation: Number(stored.generation),
    grantId: stored.grant_id as string,
  };
  await rows.query(
    `insert into salvaged_credentials (id, environment_id, connected_account_id, grant_id, based_on, credential_ct, access_fingerprint, not_before)
     values ($1, $2, $3, $4, $5, $6, $7, clock_timestamp() + interval '1 hour')`,
    [
      id,
      stored.environment_id,
      linear,
      stored.grant_id,
      stored.generation,
      await there.modules.sealing.seal(place, new Secret(await openCredential(there, stored))),
      randomBytes(16),
    ],
  );
  const call = await there.api('/v1/tools/linear_teams_list/execute', {
    body: { identifier: user, connection_name: 'linear' },
    headers: { 'idempotency-key': randomBytes(8).toString('hex') },
  });
  expect(call.status).toBe(200);
  // A consent that has begun: its PKCE verifier waits sealed.
  const begun = new Browser();
  const landing = await begun.follow(await linkTo(there, 'linear', `${user}-third`), () => false);
  await begun.submit(landing, {}, '/go');
  return Promise.all(['linear', 'slack', 'datadog', 'verified', 'confirmed'].map((name) => idOf(there, name, user)));
}

const settled = (ids: string[]): Promise<Json[]> =>
  vi.waitFor(
    async () => {
      await broker.broker.jobs.runNow('revocation.sweep');
      const receipts = await rows.query<Json>(
        'select connection_name, cause, status, credential_ct from revocations where connected_account_id = any($1) order by connection_name, id',
        [ids],
      );
      expect(receipts.filter((r) => r.status === 'pending')).toEqual([]);
      return receipts;
    },
    { timeout: 20_000, interval: 100 },
  );

describe('forgetting', () => {
  it('E22: a user: every token that was theirs is ended at its provider, every sealed value is gone, nobody else loses one', async () => {
    await waitingConnections(broker);
    const bystander = await incidentSetting(broker, 'bystander');
    await connectAll(broker, bystander);
    const environmentId = broker.broker.environmentId;
    const before = await sealedValues(environmentId);
    const alive = await live('linear');
    const ids = await everywhere(broker, 'leaver');
    const during = await sealedValues(environmentId);
    for (const name of ['salvaged_credentials.credential_ct', 'verifications.sealed_ct', 'idempotency_keys.answer_ct'])
      expect(during.get(name)?.length, name).toBeGreaterThan(before.get(name)?.length ?? 0);
    expect(await live('linear')).toBeGreaterThan(alive + 2);

    for (const user of ['leaver', 'leaver-other', 'leaver-third'])
      expect((await broker.api(`/v1/users/${user}`, { method: 'DELETE' })).status).toBe(204);
    const receipts = await settled(ids);
    expect(receipts.map((r) => [r.connection_name, r.cause, r.status, r.credential_ct])).toEqual([
      ['confirmed', 'forgotten', 'proven', null],
      ['confirmed', 'forgotten', 'proven', null],
      ['datadog', 'forgotten', 'unproven', null],
      ['linear', 'forgotten', 'proven', null],
      ['linear', 'forgotten', 'proven', null],
      ['slack', 'forgotten', 'proven', null],
    ]);
    const after = await sealedValues(environmentId);
    // What is left is what was there before: of others, and of the connections.
    expect(all(after).filter((value) => !all(before).includes(value) && all(during).includes(value))).toEqual(
      all(during).filter((value) => !all(before).includes(value) && (during.get('connections.client_secret_ct') ?? []).includes(value)),
    );
    expect(await live('linear')).toBe(alive);
    const call = await broker.api('/v1/tools/linear_teams_list/execute', { body: { identifier: 'bystander', connection_name: 'linear' } });
    expect(call.status).toBe(200);
  });

  it('a user, while a refresh of theirs is under way: what it brings is ended at the provider too', async () => {
    const instance = await incidentSetting(broker, 'refreshing');
    const alive = await live('linear');
    await connectAll(broker, instance);
    const id = await idOf(broker, 'linear', 'refreshing');
    await rows.query("update connected_accounts set access_expires_at = now() - interval '1 second' where id = $1", [id]);
    await broker.control('/linear/knobs', 'PUT', { slow_ms: 1500, where: 'token', when: 'after', rotate: 'C' });
    const underWay = broker.api('/v1/tools/linear_teams_list/execute', { body: { identifier: 'refreshing', connection_name: 'linear' } });
    await vi.waitFor(
      async () =>
        expect(await rows.query('select 1 from connected_accounts where id = $1 and claim_owner is not null', [id])).toHaveLength(1),
      { timeout: 5_000, interval: 20 },
    );
    expect((await broker.api('/v1/users/refreshing', { method: 'DELETE' })).status).toBe(204);
    expect((await underWay).status).toBeGreaterThanOrEqual(400);
    await broker.control('/linear/knobs', 'DELETE');
    await vi.waitFor(async () => expect(await settled([id])).toHaveLength(2), { timeout: 10_000 });
    expect(await live('linear')).toBe(alive);
  });

  it('an account: what was parked for it, or waited for a yes, goes with it', async () => {
    const identifier = 'disconnected';
    await broker.connect(await linkTo(broker, 'confirmed', identifier), { account: 'first@example.test' });
    const alive = await live('linear');
    const browser = new Browser();
    await browser.arrive(await browser.toCallback(await linkTo(broker, 'confirmed', identifier), 'allow', 'second@example.test'));
    const id = await idOf(broker, 'confirmed', identifier);
    expect(await rows.query('select 1 from verifications where connected_account_id = $1 and sealed_ct is not null', [id])).toHaveLength(1);
    expect((await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await rows.query('select 1 from verifications where connected_account_id = $1 and sealed_ct is not null', [id])).toEqual([]);
    expect((await settled([id])).map((r) => [r.cause, r.status])).toEqual([
      ['disconnected', 'proven'],
      ['disconnected', 'proven'],
    ]);
    expect(await live('linear')).toBe(alive - 1);
  });

  it('C20: an environment: no sealed value is left in any column, none of a backup opens, and no key is made for it again', async () => {
    const [workspace, id] = [newId('workspace'), newId('environment')];
    await rows.query("insert into workspaces (id, name) values ($1, 'Another')", [workspace]);
    await rows.query("insert into environments (id, workspace_id, name) values ($1, $2, 'prod')", [id, workspace]);
    const client = await createOperatorClient(broker.modules, id, 'theirs');
    const granted = await fetch(`${broker.baseUrl}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: client.clientId, client_secret: client.clientSecret }),
    });
    const { access_token: token } = (await granted.json()) as Json;
    const there: TestBroker = { ...broker, client, api: (path, init) => broker.api(path, { token, ...init }) };
    await waitingConnections(there);
    await there.api('/v1/webhook-endpoints', { body: { url: 'https://receiver.example/hook', events: ['webhook_endpoint.disabled'] } });
    await everywhere(there, 'leaver');
    const before = await sealedValues(id);
    expect(filled(before)).toEqual(
      expect.arrayContaining([
        'connected_accounts.credential_ct',
        'connections.client_secret_ct',
        'consent_sessions.pkce_verifier_ct',
        'idempotency_keys.answer_ct',
        'salvaged_credentials.credential_ct',
        'verifications.sealed_ct',
        'webhook_endpoints.secret_ct',
      ]),
    );
    const ours = lasting(await sealedValues(broker.broker.environmentId)).length;
    await expect(forgetEnvironment(broker.modules.db, id)).rejects.toMatchObject({ code: 'in_use' });
    expect(lasting(await sealedValues(id)).length).toBe(lasting(before).length);

    await forgetEnvironment(broker.modules.db, id, { unrevoked: true, by: 'olga' });
    expect(filled(await sealedValues(id))).toEqual([]);
    expect(lasting(await sealedValues(broker.broker.environmentId)).length).toBe(ours);
    const keys = await rows.query<Json>(
      `select k.state, count(w.*)::int as wraps from data_keys k left join data_key_wraps w on w.data_key_id = k.id
       where k.environment_id = $1 group by k.id`,
      [id],
    );
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toEqual({ state: 'retired', wraps: 0 });
    // A process that starts now with the master key, and everything that a thief or a backup has kept.
    const late = createSealing(await openKeyRing(broker.modules.db, localKeyWrapper(new Secret(Buffer.from(masterKey)))));
    const place = { environmentId: id, table: 'connected_accounts', column: 'credential_ct', rowId: 'x', generation: 1 };
    for (const value of all(before)) await expect(late.open(place, Buffer.from(value, 'hex'))).rejects.toThrow(/data key/);
    await expect(late.seal(place, new Secret('x'))).rejects.toThrow(/data key/);
    expect(await rows.query("select 1 from data_keys where environment_id = $1 and state <> 'retired'", [id])).toEqual([]);

    const deeds = await rows.query<Json>(
      "select action, actor_id, target_kind, details from audit_events where environment_id = $1 and actor_kind = 'operator' order by id",
      [id],
    );
    // Rows of one transaction, in no order among themselves.
    expect(deeds.map((d) => [d.action, d.actor_id]).sort()).toEqual([
      ...keys.map(() => ['data_key.destroyed', 'olga']),
      ['environment.forgotten', 'olga'],
    ]);
    expect(deeds.find((d) => d.action === 'environment.forgotten')?.details).toMatchObject({ data_keys: keys.length });
  });
});
