import { reveal } from '@grantway/contract';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { openCredential, storedAccount } from './stored-account.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
});
afterEach(async () => {
  for (const connector of ['datadog', 'linear', 'slack']) await broker.control(`/${connector}/knobs`, 'DELETE');
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const counts = async (connector: string): Promise<Json> => (await broker.control(`/${connector}/ledger`, 'GET')).counts;
const execute = (tool: string, identifier: string) => broker.api(`/v1/tools/${tool}/execute`, { body: { identifier, arguments: {} } });
const revocations = async (id: string): Promise<Json[]> => (await broker.api(`/v1/revocations?connected_account_id=${id}`)).body.items;
const get = async (id: string): Promise<Json> => (await broker.api(`/v1/connected-accounts/${id}`)).body;
const linkFor = async (connection_name: string, identifier: string): Promise<string> =>
  (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body.link;
const disconnect = async (id: string) => expect((await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' })).status).toBe(204);
const dueNow = (id: string) =>
  rows.query("update revocations set next_attempt_at = now() - interval '1 second' where connected_account_id = $1", [id]);

async function connected(connector: string): Promise<{ id: string; user: string }> {
  const instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  const { connected_account_id: id } = instance.connections.find((c: Json) => c.connector === connector);
  return { id, user: instance.user_identifier };
}

/** What Linear's stand-in says to a token. */
async function accepts(accessToken: string): Promise<boolean> {
  const response = await fetch(`${broker.sandbox.origin}/api.linear.app/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'query Viewer { viewer { id name email } organization { name urlKey } }' }),
  });
  await response.text();
  return response.status === 200;
}

describe('a disconnected account', () => {
  it.each([
    ['linear', 'proven', /refresh token: revoked/],
    ['slack', 'proven', /revoked/],
    ['datadog', 'unproven', /key/],
  ])('of %s has its receipt when the request is answered: %s', async (connector, status, detail) => {
    const { id } = await connected(connector);
    expect((await get(id)).revocation).toBeNull();
    await disconnect(id);
    expect((await get(id)).revocation).toEqual({ status, detail: expect.stringMatching(detail), at: expect.any(String) });
    const [receipt, ...more] = await revocations(id);
    expect(more).toEqual([]);
    expect(receipt).toMatchObject({ status, cause: 'disconnected', connector, attempts: 1, next_attempt_at: null });
    const [row] = await rows.query('select credential_ct, ended_at from revocations where id = $1', [receipt.id]);
    expect(row).toMatchObject({ credential_ct: null, ended_at: expect.any(Date) });
    const ended = await rows.query("select 1 from audit_events where action = 'revocation.ended' and target_id = $1", [receipt.id]);
    expect(ended).toHaveLength(1);
  });

  it('E22: is revoked later when the provider is down, pending until then, and its copy is destroyed with the proof', async () => {
    const { id } = await connected('linear');
    const { access_token } = await openCredential(broker, await storedAccount(rows, id));
    await broker.control('/linear/knobs', 'PUT', { fail: '500', where: 'revocation' });
    await disconnect(id);
    expect(await storedAccount(rows, id)).toMatchObject({ status: 'DISCONNECTED', credential_ct: null });
    expect(await revocations(id)).toMatchObject([{ status: 'pending', attempts: 1, ended_at: null, next_attempt_at: expect.any(String) }]);
    const before = await rows.one<{ credential_ct: Buffer }>('select credential_ct from revocations where connected_account_id = $1', [id]);
    expect(before.credential_ct.includes(access_token)).toBe(false);

    await dueNow(id);
    await vi.waitFor(async () => expect(await revocations(id)).toMatchObject([{ status: 'pending', attempts: 2 }]), { timeout: 20_000 });
    expect(await accepts(access_token)).toBe(true);
    await broker.control('/linear/knobs', 'DELETE');
    await dueNow(id);
    await vi.waitFor(async () => expect((await get(id)).revocation.status).toBe('proven'), { timeout: 20_000 });
    expect(await accepts(access_token)).toBe(false);
    expect(await rows.one('select credential_ct from revocations where connected_account_id = $1', [id])).toEqual({ credential_ct: null });
  });

  it('E22: is unproven, with the last answer, when the provider was down for 72 hours', async () => {
    const { id } = await connected('linear');
    await broker.control('/linear/knobs', 'PUT', { fail: '500', where: 'revocation' });
    await disconnect(id);
    const [life] = await rows.query<{ hours: number }>(
      'select extract(epoch from give_up_at - created_at)::float8 / 3600 as hours from revocations where connected_account_id = $1',
      [id],
    );
    expect(life?.hours).toBeCloseTo(72, 1);
    await rows.query("update revocations set give_up_at = now() - interval '1 second' where connected_account_id = $1", [id]);
    await dueNow(id);
    await vi.waitFor(async () => expect((await get(id)).revocation.status).toBe('unproven'), { timeout: 20_000 });
    expect((await get(id)).revocation.detail).toMatch(/gave up after 2 attempts.*500/);
    expect(await rows.one('select credential_ct from revocations where connected_account_id = $1', [id])).toEqual({ credential_ct: null });
  });

  it('ends although its record was tampered with, and the receipt says that nothing could be revoked', async () => {
    const { id } = await connected('linear');
    await rows.query(
      'update connected_accounts set credential_ct = set_byte(credential_ct, 120, 255 - get_byte(credential_ct, 120)) where id = $1',
      [id],
    );
    await disconnect(id);
    expect(await get(id)).toMatchObject({
      status: 'DISCONNECTED',
      revocation: { status: 'unproven', detail: expect.stringMatching(/opened/) },
    });
  });

  it('keeps its connection from being deleted while the OAuth app is still needed', async () => {
    const connection = await broker.api('/v1/connections', { body: { name: 'short-lived', connector: 'linear', sandbox: true } });
    const link = await linkFor('short-lived', 'somebody');
    expect((await broker.connect(link)).status).toBe(200);
    const [account] = (await broker.api('/v1/connected-accounts?connection_name=short-lived')).body.items;
    await broker.control('/linear/knobs', 'PUT', { fail: '500', where: 'revocation' });
    await disconnect(account.id);
    const remove = () => broker.api(`/v1/connections/${connection.body.id}`, { method: 'DELETE' });
    expect((await remove()).body).toMatchObject({ code: 'in_use' });
    await broker.control('/linear/knobs', 'DELETE');
    await dueNow(account.id);
    await vi.waitFor(async () => expect((await get(account.id)).revocation.status).toBe('proven'), { timeout: 20_000 });
    expect((await remove()).status).toBe(204);
    // The receipt outlives both.
    expect(await revocations(account.id)).toMatchObject([{ status: 'proven', connection_name: 'short-lived' }]);
  });
});

describe('a credential that another one took the place of', () => {
  it('is left to expire where the vendor may end the new grant with it', async () => {
    const { id, user } = await connected('slack');
    expect((await broker.connect(await linkFor('slack', user))).status).toBe(200);
    await dueNow(id);
    await vi.waitFor(async () => expect(await revocations(id)).toMatchObject([{ cause: 'replaced', status: 'unproven' }]), {
      timeout: 20_000,
    });
    expect((await execute('slack_list_channels', user)).status).toBe(200);
  });

  it('is revoked where the vendor ends this grant alone, and the new one works', async () => {
    const { id, user } = await connected('linear');
    const old = await openCredential(broker, await storedAccount(rows, id));
    const linear = (await broker.modules.catalogue.find('linear')) as Json;
    linear.auth.revocationEnds = 'grant';
    try {
      expect((await broker.connect(await linkFor('linear', user))).status).toBe(200);
      await dueNow(id);
      await vi.waitFor(async () => expect(await revocations(id)).toMatchObject([{ cause: 'replaced', status: 'proven' }]), {
        timeout: 20_000,
      });
    } finally {
      delete linear.auth.revocationEnds;
    }
    expect(await accepts(old.access_token)).toBe(false);
    expect((await execute('linear_teams_list', user)).status).toBe(200);
  });

  it('that was still to be revoked does not take a reconnected account down', async () => {
    const { id, user } = await connected('slack');
    await broker.control('/slack/knobs', 'PUT', { fail: '500' });
    await disconnect(id);
    await broker.control('/slack/knobs', 'DELETE');
    expect(await revocations(id)).toMatchObject([{ status: 'pending' }]);
    expect((await broker.connect(await linkFor('slack', user))).status).toBe(200);
    await dueNow(id);
    await vi.waitFor(
      async () =>
        expect(await revocations(id)).toMatchObject(
          [{ status: 'unproven', detail: /left to expire/ }].map((r) => ({ ...r, detail: expect.stringMatching(r.detail) })),
        ),
      { timeout: 20_000 },
    );
    expect((await execute('slack_list_channels', user)).status).toBe(200);
  });
});

describe('a token that was received and not kept', () => {
  it('at a consent that another account answered is revoked, with a receipt', async () => {
    const { id, user } = await connected('linear');
    const before = await counts('linear');
    await broker.connect(await linkFor('linear', user), { account: 'eve@example.test' });
    expect(await revocations(id)).toMatchObject([{ cause: 'abandoned', status: 'proven' }]);
    expect((await counts('linear')).revocations - before.revocations).toBe(1);
    expect((await execute('linear_teams_list', user)).status).toBe(200);
  });

  it('E14: from a refresh that a disconnect overtook is revoked, the newest one', async () => {
    const { id, user } = await connected('linear');
    await rows.query("update connected_accounts set access_expires_at = now() - interval '1 second' where id = $1", [id]);
    await broker.control('/linear/knobs', 'PUT', { slow_ms: 5000, where: 'token' });
    const call = execute('linear_teams_list', user);
    await vi.waitFor(
      async () =>
        expect(await rows.query('select 1 from connected_accounts where id = $1 and claim_owner is not null', [id])).toHaveLength(1),
      { timeout: 5_000, interval: 20 },
    );
    // The provider rotates before it can be told.
    await broker.control('/linear/knobs', 'PUT', { fail: '500', where: 'revocation' });
    await disconnect(id);
    expect((await call).body).toMatchObject({ code: 'authorization_required', connected_account_status: 'DISCONNECTED' });
    const late = async () => (await revocations(id)).find((r) => r.cause === 'late');
    await vi.waitFor(async () => expect(await late()).toBeDefined(), { timeout: 15_000 });
    const [row] = await rows.query<{ id: string; environment_id: string; grant_id: string; credential_ct: Buffer }>(
      "select * from revocations where connected_account_id = $1 and cause = 'late'",
      [id],
    );
    if (row === undefined) throw new Error('no row');
    const place = { environmentId: row.environment_id, table: 'revocations', column: 'credential_ct', rowId: row.id, generation: 1 };
    const newest = reveal(await broker.modules.sealing.open<Json>({ ...place, grantId: row.grant_id }, row.credential_ct));
    expect(await accepts(newest.access_token)).toBe(true);
    await broker.control('/linear/knobs', 'DELETE');
    await dueNow(id);
    await vi.waitFor(async () => expect((await late()).status).toBe('proven'), { timeout: 20_000 });
    expect(await accepts(newest.access_token)).toBe(false);
    expect(await storedAccount(rows, id)).toMatchObject({ status: 'DISCONNECTED', credential_ct: null });
  });
});
