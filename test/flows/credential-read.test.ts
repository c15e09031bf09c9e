import { setCredentialRead } from '@grantway/core';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { hits } from '../canary/search.ts';
import { openCredential, storedAccount } from './stored-account.ts';

let broker: TestBroker;
let rows: Rows;
let instance: Json;
beforeAll(async () => {
  broker = await startBroker({ decryptLimits: { perProcess: 100_000, perClient: 3 } });
  rows = await openRows(broker);
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

/** A client of its own for each test, with nothing but this permission. */
let client: { id: string; token: string };
beforeEach(async () => {
  const { body } = await broker.api('/v1/clients', { body: { name: 'reader', scopes: ['credentials:read'] } });
  const granted = await fetch(`${broker.baseUrl}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: body.client_id, client_secret: body.client_secret }),
  });
  client = { id: body.client_id, token: ((await granted.json()) as Json).access_token };
});

const account = (connector: string): string => instance.connections.find((c: Json) => c.connector === connector).connected_account_id;
const read = (id: string, reason = 'a test', token = client.token) =>
  broker.api(`/v1/connected-accounts/${id}/credential`, { body: { reason }, token });
const turnOn = (limits: Partial<{ perHour: number; perDay: number; keys: boolean }> = {}) =>
  setCredentialRead(broker.modules.db, client.id, { perHour: 10, perDay: 10, keys: false, ...limits }, 'olga');
const audited = async () =>
  (await rows.query<Json>("select actor_id, target_id, details from audit_events where action = 'credential.read' order by id")).filter(
    (row) => row.actor_id === client.id,
  );

describe('reading a credential in clear', () => {
  it('is off for every client, the first one included, and leaves no trace that says otherwise', async () => {
    for (const token of [client.token, await broker.token()]) {
      expect(await read(account('slack'), 'a test', token)).toMatchObject({ status: 403, body: { code: 'credential_read_off' } });
      // Whoever may not read does not learn which accounts exist.
      expect((await read('ca_nobody', 'a test', token)).body).toMatchObject({ code: 'credential_read_off' });
    }
    expect(await audited()).toEqual([]);
    expect(await rows.query('select 1 from credential_reads where client_id = $1', [client.id])).toEqual([]);
  });

  it('cannot be turned on by the API', async () => {
    for (const credential_read of [{ per_hour: 1, per_day: 1, keys: true }, null])
      expect((await broker.api(`/v1/clients/${client.id}`, { method: 'PATCH', body: { credential_read } })).status).toBe(400);
    expect((await broker.api('/v1/clients', { body: { name: 'x', scopes: ['credentials:read'], credential_read: {} } })).status).toBe(400);
  });

  it('answers the access token and never the refresh token, once an operator has turned it on for this client', async () => {
    await turnOn();
    const shown = (await broker.api('/v1/clients?name=reader&limit=100')).body.items.find((c: Json) => c.client_id === client.id);
    expect(shown.credential_read).toEqual({ per_hour: 10, per_day: 10, keys: false });
    const stored = await openCredential(broker, await storedAccount(rows, account('linear')));
    const answer = await read(account('linear'), 'moving to another broker');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toMatchObject({
      connected_account_id: account('linear'),
      connector: 'linear',
      access_token: (stored as Json).access_token,
      fields: null,
    });
    expect(stored).toHaveProperty('refresh_token');
    expect(JSON.stringify(answer.body)).not.toContain((stored as Json).refresh_token);
    const live = await fetch(`${broker.sandbox.origin}/api.linear.app/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${answer.body.access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ viewer { id name email } }' }),
    });
    expect(live.status).not.toBe(401);

    expect(await audited()).toEqual([
      {
        actor_id: client.id,
        target_id: account('linear'),
        details: { reason: 'moving to another broker', connection: 'linear' },
      },
    ]);
    const [event] = (await broker.api(`/v1/events?type=credential.read&connected_account_id=${account('linear')}`)).body.items;
    expect(event.data).toMatchObject({ client_id: client.id, reason: 'moving to another broker', identifier: instance.user_identifier });
    const turned = await rows.one<Json>(
      "select actor_kind, actor_id, details from audit_events where target_id = $1 and action = 'client.updated'",
      [client.id],
    );
    expect(turned).toEqual({
      actor_kind: 'operator',
      actor_id: 'olga',
      details: { credential_read: { per_hour: 10, per_day: 10, keys: false } },
    });
    // Nowhere but in that answer.
    const places = [
      ...broker.logLines.map((text) => ({ kind: 'log' as const, name: 'line', text })),
      ...(await rows.query<{ text: string }>('select t::text as text from audit_events t union all select e::text from events e')).map(
        ({ text }) => ({ kind: 'row' as const, name: 'row', text }),
      ),
    ];
    expect(hits([{ name: 'token', value: answer.body.access_token }], places)).toEqual([]);
  });

  it('does not answer a key or password unless that was turned on too', async () => {
    await turnOn();
    expect(await read(account('datadog'))).toMatchObject({ status: 403, body: { code: 'credential_read_off' } });
    expect(await audited()).toEqual([]);
    await turnOn({ keys: true });
    const stored = (await openCredential(broker, await storedAccount(rows, account('datadog')))) as Json;
    expect((await read(account('datadog'))).body).toMatchObject({ access_token: null, expires_at: null, fields: stored.fields });
  });

  it('stops at the limits of an hour and of a day, also for callers at once, and goes on when they have passed', async () => {
    await turnOn({ perHour: 2, perDay: 3 });
    const burst = await Promise.all(Array.from({ length: 6 }, () => read(account('slack'))));
    expect(burst.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429, 429, 429]);
    const refused = burst.find(({ status }) => status === 429);
    expect(refused?.body).toMatchObject({ code: 'credential_read_limit' });
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(3000);
    await rows.query("update credential_reads set created_at = created_at - interval '61 minutes' where client_id = $1", [client.id]);
    expect((await read(account('slack'))).status).toBe(200);
    expect((await read(account('slack'))).body).toMatchObject({ code: 'credential_read_limit', detail: expect.stringContaining('day') });
    await rows.query("update credential_reads set created_at = created_at - interval '24 hours' where client_id = $1", [client.id]);
    expect((await read(account('slack'))).status).toBe(200);
    expect(await audited()).toHaveLength(4);
  });

  it('counts in the decrypt budget', async () => {
    await turnOn({ perHour: 100, perDay: 100 });
    const more = await incidentSetting(broker);
    await connectAll(broker, more);
    const others = more.connections.filter((c: Json) => c.connector !== 'datadog').map((c: Json) => c.connected_account_id);
    const statuses = [];
    for (const id of [account('slack'), account('linear'), ...others]) statuses.push((await read(id)).status);
    expect(statuses).toEqual([200, 200, 200, 503]);
  });

  it('wants a reason, an account that is connected, and a user who is not suspended; and ends with the next call', async () => {
    await turnOn();
    for (const body of [{}, { reason: '' }, { reason: ' a ' }, { reason: 'x'.repeat(201) }])
      expect((await broker.api(`/v1/connected-accounts/${account('slack')}/credential`, { body, token: client.token })).status).toBe(400);
    expect((await read('ca_nobody')).status).toBe(404);
    const identifier = 'never-connected';
    await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'slack', identifier } });
    const [waiting] = (await broker.api(`/v1/connected-accounts?identifier=${identifier}`)).body.items;
    expect((await read(waiting.id)).body).toMatchObject({ code: 'authorization_required', connected_account_status: 'PENDING_AUTH' });
    const suspend = (suspended: boolean) => broker.api(`/v1/users/${instance.user_identifier}`, { method: 'PATCH', body: { suspended } });
    await suspend(true);
    expect((await read(account('slack'))).body).toMatchObject({ code: 'user_suspended' });
    await suspend(false);
    expect(await audited()).toEqual([]);
    expect((await read(account('slack'))).status).toBe(200);
    await setCredentialRead(broker.modules.db, client.id, null);
    expect((await read(account('slack'))).body).toMatchObject({ code: 'credential_read_off' });
  });
});
