import { connectAll, incidentSetting, type Json, someKeys, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
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

const account = (id: string) => storedAccount(rows, id);
const counts = async (connector: string): Promise<Json> => (await broker.control(`/${connector}/ledger`, 'GET')).counts;
const execute = (tool: string, identifier: string, args: Json = {}) =>
  broker.api(`/v1/tools/${tool}/execute`, { body: { identifier, arguments: args } });
const of = (instance: Json, connector: string): Json => instance.connections.find((c: Json) => c.connector === connector);

async function authState(instance: Json, connector: string): Promise<Json> {
  const state = await broker.api(`/v1/mcp-instances/${instance.id}/auth-state?include_auth_links=true`);
  expect(state.status).toBe(200);
  return of(state.body, connector);
}

const ensure = (instance: Json): Promise<Json> =>
  broker
    .api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'incident-responder', user_identifier: instance.user_identifier } })
    .then((answer) => answer.body);

/** What Linear's stand-in says to a token. */
async function viewerStatus(accessToken: string): Promise<number> {
  const response = await fetch(`${broker.sandbox.origin}/api.linear.app/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: 'query Viewer { viewer { id name email } organization { name urlKey } }' }),
  });
  await response.text();
  return response.status;
}

/** Repeats a call until the provider has refreshed; every one of them must succeed. */
async function callUntilRefreshed(tool: string, identifier: string, connector: string): Promise<void> {
  const { refreshes } = await counts(connector);
  for (const giveUpAt = Date.now() + 25_000; Date.now() < giveUpAt; ) {
    expect((await execute(tool, identifier)).status).toBe(200);
    if ((await counts(connector)).refreshes > refreshes) return;
  }
  throw new Error('nothing was refreshed');
}

const revokedAtProvider: Record<string, string> = { linear: 'revoked_by_provider', slack: 'revoked_by_provider' };

describe.each([
  ['linear', 'linear_teams_list'],
  ['slack', 'slack_list_channels'],
])('one %s account through its life', (connector, tool) => {
  it('consent, call, expiry, refresh, rotation, revocation, consent again: the same call, the same URL', async () => {
    const instance = await incidentSetting(broker);
    const user = instance.user_identifier;
    const id = of(instance, connector).connected_account_id;

    // Nobody consented yet: the call says where to.
    const early = await execute(tool, user);
    expect(early.status).toBe(409);
    expect(early.body).toMatchObject({
      code: 'authorization_required',
      connected_account_status: 'PENDING_AUTH',
      reason: 'never_connected',
    });
    const firstLink = early.body.authentication_link;
    expect(firstLink).toBe(of(instance, connector).authentication_link);
    expect((await authState(instance, connector)).authentication_link).toBe(firstLink);

    // Consent, with an access token that lives for seconds only (long enough to be asked whose it is); those after it live long.
    await broker.control(`/${connector}/knobs`, 'PUT', { access_token_ttl_seconds: 6 });
    expect((await broker.connect(firstLink)).status).toBe(200);
    await broker.control(`/${connector}/knobs`, 'DELETE');
    const consented = await account(id);
    const first = await openCredential(broker, consented);
    expect((await authState(instance, connector)).connected_account_status).toBe('ACTIVE');

    // Expiry and refresh happen behind the calls. The refresh token was exchanged.
    await callUntilRefreshed(tool, user, connector);
    const refreshed = await account(id);
    const second = await openCredential(broker, refreshed);
    expect(refreshed).toMatchObject({ status: 'ACTIVE', grant_id: consented.grant_id });
    expect(Number(refreshed.generation)).toBe(Number(consented.generation) + 1);
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    const shown = await broker.api(`/v1/connected-accounts/${id}`);
    expect(shown.body.last_refreshed_at).not.toBeNull();
    expect(JSON.stringify(shown.body)).not.toContain(second.access_token);

    // The person ends it at the provider: the call answers with a new link, and the credential is gone.
    expect(await broker.control(`/${connector}/revoke`)).toEqual({ revoked: 1 });
    const cut = await execute(tool, user);
    expect(cut.status).toBe(409);
    expect(cut.body).toMatchObject({
      code: 'authorization_required',
      connected_account_id: id,
      connected_account_status: 'REVOKED',
      reason: revokedAtProvider[connector],
    });
    expect(cut.body.authentication_link).not.toBe(firstLink);
    expect(await account(id)).toMatchObject({ status: 'REVOKED', credential_ct: null, access_fingerprint: null });
    expect(await authState(instance, connector)).toMatchObject({
      connected_account_status: 'REVOKED',
      reason: revokedAtProvider[connector],
      authentication_link: cut.body.authentication_link,
    });

    // Consent again: the same call works, and the URL never changed.
    expect((await broker.connect(cut.body.authentication_link)).status).toBe(200);
    expect((await execute(tool, user)).status).toBe(200);
    expect(await authState(instance, connector)).toMatchObject({
      connected_account_status: 'ACTIVE',
      reason: null,
      authentication_link: null,
    });
    const again = await ensure(instance);
    expect([again.id, again.url]).toEqual([instance.id, instance.url]);
    expect((await account(id)).grant_id).not.toBe(consented.grant_id);

    const events = await rows.query<{ action: string }>('select action from audit_events where target_id = $1 order by id', [id]);
    expect(events.map((e) => e.action)).toEqual([
      'authorization_link.created',
      'authorization.started',
      'connected_account.connected',
      'connected_account.status_changed',
      'authorization_link.created',
      'authorization.started',
      'connected_account.connected',
    ]);
    const calls = await broker.api(`/v1/tool-calls?user_identifier=${user}&outcome=authorization_required`);
    expect(calls.body.items).toHaveLength(2);
  });
});

describe('an access token that the provider rejects before its time', () => {
  /** Connects everything with a Linear token that lives a second, and has the broker believe that it lives an hour. */
  async function connectWithDeadToken(): Promise<Json> {
    const instance = await incidentSetting(broker);
    await broker.control('/linear/knobs', 'PUT', { access_token_ttl_seconds: 6 });
    await connectAll(broker, instance);
    await broker.control('/linear/knobs', 'DELETE');
    const id = of(instance, 'linear').connected_account_id;
    await rows.query("update connected_accounts set access_expires_at = now() + interval '1 hour', next_refresh_at = null where id = $1", [
      id,
    ]);
    const { access_token } = await openCredential(broker, await account(id));
    await expect.poll(() => viewerStatus(access_token), { timeout: 10_000, interval: 100 }).toBe(401);
    return instance;
  }

  it('is renewed once, and the call succeeds', async () => {
    const instance = await connectWithDeadToken();
    const before = await counts('linear');
    const run = await execute('linear_issue_create', instance.user_identifier, {
      teamId: '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01',
      title: 'Once',
    });
    expect(run.status).toBe(200);
    const after = await counts('linear');
    expect(after.refreshes - before.refreshes).toBe(1);
    expect(after.api_calls - before.api_calls).toBe(2);
    expect(after.api_refusals - before.api_refusals).toBe(1);
  });

  it('is renewed also when the provider failed just before', async () => {
    const instance = await connectWithDeadToken();
    const id = of(instance, 'linear').connected_account_id;
    const { refreshes } = await counts('linear');
    await broker.control('/linear/knobs', 'PUT', { fail: '500', fail_times: 1 });
    expect((await execute('linear_teams_list', instance.user_identifier)).status).toBe(200);
    expect((await counts('linear')).refreshes).toBe(refreshes + 1);
    expect((await account(id)).status).toBe('ACTIVE');
  });

  it('is renewed once for many calls at once', async () => {
    const instance = await connectWithDeadToken();
    const before = await counts('linear');
    const runs = await Promise.all(Array.from({ length: 8 }, () => execute('linear_teams_list', instance.user_identifier)));
    expect(runs.map((r) => r.status)).toEqual(Array(8).fill(200));
    const after = await counts('linear');
    expect([after.refreshes - before.refreshes, after.reuse_detected]).toEqual([1, 0]);
  });
});

describe('a key that the provider ends', () => {
  it('revokes the account as key_rejected, and the link of the answer takes a new key', async () => {
    const instance = await incidentSetting(broker);
    const user = instance.user_identifier;
    await connectAll(broker, instance);
    expect((await execute('datadog_monitors_list', user)).status).toBe(200);
    await broker.control('/datadog/revoke');
    const cut = await execute('datadog_monitors_list', user);
    expect(cut.body).toMatchObject({ code: 'authorization_required', connected_account_status: 'REVOKED', reason: 'key_rejected' });
    expect(await account(of(instance, 'datadog').connected_account_id)).toMatchObject({
      status: 'REVOKED',
      reason: 'key_rejected',
      credential_ct: null,
    });
    expect((await broker.connectKey(cut.body.authentication_link, someKeys())).status).toBe(200);
    expect((await execute('datadog_monitors_list', user)).status).toBe(200);
  });
});

describe('disconnecting', () => {
  it.each([
    ['linear', 'linear_teams_list', 1],
    ['slack', 'slack_list_channels', 1],
    // A key cannot be ended on the person's behalf.
    ['datadog', 'datadog_monitors_list', 0],
  ])('%s destroys the sealed credential and tells the provider', async (connector, tool, revocations) => {
    const instance = await incidentSetting(broker);
    const user = instance.user_identifier;
    await connectAll(broker, instance);
    const id = of(instance, connector).connected_account_id;
    const link = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: connector, identifier: user } }))
      .body.link;
    const credential = await openCredential(broker, await account(id));
    expect(credential).toBeDefined();
    const before = await counts(connector);

    expect((await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await counts(connector)).revocations - before.revocations).toBe(revocations);
    expect(await account(id)).toMatchObject({
      status: 'DISCONNECTED',
      reason: 'disconnected_by_operator',
      credential_ct: null,
      access_fingerprint: null,
    });
    if (connector === 'linear') {
      expect(await viewerStatus(credential.access_token)).toBe(401);
    }
    // A link that was still out does not bring it back; a new one does.
    expect((await fetch(link)).status).toBe(410);
    const cut = await execute(tool, user);
    expect(cut.body).toMatchObject({ code: 'authorization_required', connected_account_status: 'DISCONNECTED' });
    // Repeating it changes nothing, and revokes nothing.
    expect((await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await counts(connector)).revocations - before.revocations).toBe(revocations);

    const next = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: connector, identifier: user } }))
      .body.link;
    expect((await (connector === 'datadog' ? broker.connectKey(next) : broker.connect(next))).status).toBe(200);
    expect((await execute(tool, user)).status).toBe(200);
  });

  it('forgets the credential also while the provider does not answer', async () => {
    const instance = await incidentSetting(broker);
    await connectAll(broker, instance);
    const id = of(instance, 'slack').connected_account_id;
    await broker.control('/slack/knobs', 'PUT', { fail: 'reset' });
    expect((await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await account(id)).toMatchObject({ status: 'DISCONNECTED', credential_ct: null });
  });
});
