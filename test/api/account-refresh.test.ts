import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

let broker: TestBroker;
let instance: Json;
beforeAll(async () => {
  broker = await startBroker();
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
});
beforeEach(() => broker.control('/linear/knobs', 'PUT', {}));
afterAll(() => broker?.close());

const idOf = (connector: string) => instance.connections.find((c: Json) => c.connector === connector).connected_account_id;
const refresh = (id: string, token?: string) =>
  broker.api(`/v1/connected-accounts/${id}/refresh`, { method: 'POST', ...(token === undefined ? {} : { token }) });
const refreshes = async () => (await broker.control('/linear/ledger', 'GET')).counts.refreshes;
const asked = async (id: string) =>
  (await broker.api(`/v1/audit-events?target_id=${id}`)).body.items.filter((e: Json) => e.action === 'connected_account.refresh_requested');

describe('POST /v1/connected-accounts/{id}/refresh', () => {
  it('renews the access token though it is still good, and says who asked', async () => {
    const id = idOf('linear');
    const [before, earlier] = [await refreshes(), await asked(id)];
    const answer = await refresh(id);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ id, status: 'ACTIVE' });
    expect(Date.parse(answer.body.last_refreshed_at)).toBeGreaterThan(Date.now() - 60_000);
    expect(await refreshes()).toBe(before + 1);
    const [event, ...older] = await asked(id);
    expect(older).toHaveLength(earlier.length);
    expect(event.actor).toEqual({ kind: 'client', id: broker.client.clientId });
  });

  it('is refused for a key, which cannot be renewed, and without the permission', async () => {
    const key = await refresh(idOf('datadog'));
    expect([key.status, key.body.code]).toEqual([409, 'not_refreshable']);
    const reader = await refresh(idOf('linear'), await broker.token('connected_accounts:read'));
    expect([reader.status, reader.body.code]).toEqual([403, 'insufficient_scope']);
  });

  it('says that the provider is not available, and leaves the account as it is', async () => {
    await broker.control('/linear/knobs', 'PUT', { fail: '429', fail_times: 1, where: 'token' });
    const answer = await refresh(idOf('linear'));
    expect([answer.status, answer.body.code]).toEqual([502, 'provider_unavailable']);
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await broker.api(`/v1/connected-accounts/${idOf('linear')}`)).body.status).toBe('ACTIVE');
  });

  it('finds out that the user has revoked the grant, and what the account is in then', async () => {
    const id = idOf('slack');
    await broker.control('/slack/revoke');
    const answer = await refresh(id);
    expect([answer.status, answer.body.code]).toEqual([409, 'authorization_required']);
    expect(answer.body).toMatchObject({ connected_account_status: 'REVOKED', reason: 'revoked_by_provider' });
    expect((await refresh(id)).body.code).toBe('authorization_required');
    expect((await broker.api(`/v1/connected-accounts/${id}`)).body).toMatchObject({ status: 'REVOKED', reason: 'revoked_by_provider' });
  });
});
