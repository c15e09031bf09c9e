import { randomBytes, randomUUID } from 'node:crypto';
import type { OAuth2Credential } from '@grantway/connector-kit';
import { type Fault, isFault, reveal } from '@grantway/contract';
import { connectAll, incidentSetting, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { endAccount, storeGrant } from './accounts.ts';
import { dueForRefreshSql, type Lease, type Leases, NeedsAuthorization } from './lease.ts';
import { type Installation, newGrant, openReplica, type Replica, startInstallation } from './testing/installation.ts';
import { gate, granted, refused, startTokenEndpoint, type TokenEndpoint, type TokenReply } from './testing/token-endpoint.ts';

let provider: TokenEndpoint;
let installation: Installation;
let replicas: [Replica, Replica];
let leases: Leases;
beforeAll(async () => {
  installation = await startInstallation(() => provider.origin);
  replicas = [await installation.replica(), await installation.replica()];
  leases = replicas[0].leases;
});
beforeEach(async () => {
  provider = await startTokenEndpoint();
  await installation.query('update connections set incident_at = null, incident_error = null');
});
afterEach(() => provider.close());
afterAll(() => installation?.close());

const oauth = (lease: Lease) => reveal(lease.credential) as OAuth2Credential;
const failure = (work: Promise<unknown>) =>
  work.then(
    () => 'none' as const,
    (error: unknown) => error as Error,
  );
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error = await failure(work);
  if (!isFault(error)) throw new Error(`expected a Fault, got ${String(error)}`);
  return error;
};
const needOf = async (work: Promise<unknown>) => {
  const error = await failure(work);
  if (!(error instanceof NeedsAuthorization)) throw new Error(`expected NeedsAuthorization, got ${String(error)}`);
  return { status: error.status, reason: error.reason };
};
const statusChanges = (accountId: string) =>
  installation.query<{ to: string; reason: string; actor: string }>(
    `select details->>'to' as to, details->>'reason' as reason, actor_kind as actor from audit_events
     where target_id = $1 and action = 'connected_account.status_changed' order by id`,
    [accountId],
  );
/** Somebody claimed the row, sent its refresh token, and was never heard of again; `secondsAgo` is when his claim ended. */
const leaveClaim = (accountId: string, secondsAgo: number) =>
  installation.query(
    `update connected_accounts set claim_owner = $2, claim_fence = claim_fence + 1,
       claim_deadline = clock_timestamp() - make_interval(secs => $3) where id = $1`,
    [accountId, randomUUID(), secondsAgo],
  );
const pauseOver = (accountId: string) =>
  installation.query("update connected_accounts set not_before = clock_timestamp() - interval '1 second' where id = $1", [accountId]);

describe('a lease', () => {
  it('of a fresh credential makes no token request', async () => {
    const id = await installation.account();
    const [one, other] = [await leases.lease(id), await replicas[1].leases.lease(id)];
    expect(oauth(one).access_token).toBe(oauth(other).access_token);
    expect(one).toMatchObject({ accountId: id, connectionName: 'acme', connector: 'acme', sandbox: true, refreshable: true });
    expect(provider.spent).toEqual([]);
  });

  it('of a credential whose life the provider did not tell makes no token request', async () => {
    const id = await installation.account({ expires_at: undefined });
    await leases.lease(id);
    expect(provider.spent).toEqual([]);
  });

  it('of an account that was remembered is of its row as it is now, once its credential has come of age meanwhile', async () => {
    const [replica] = replicas;
    const id = await installation.account();
    const [{ user_id: ownerId }] = (await installation.query<{ user_id: string }>('select user_id from connected_accounts where id = $1', [
      id,
    ])) as [{ user_id: string }];
    const { environmentId, connectionId } = installation;
    const of = { environmentId, connectionId, ownerId, clientId: null };
    // A tenth of an hour is the margin: less than a second before it.
    await installation.age(id, 360.9);
    // Whoever was asked has heard of what was changed before.
    await replica.db.listen();
    let at = performance.now();
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => at);
    await leases.ofDefault(of);
    // What is only in the row as it is now; who is suspended is not among what makes a remembered row outdated.
    await installation.query('update users set suspended_at = now() where id = $1', [ownerId]);
    const young = leases.recallDefault(of);
    at += 950;
    const old = leases.recallDefault(of);
    clock.mockRestore();
    expect(reveal((await young?.lease())?.credential as Lease['credential'])).toMatchObject({ kind: 'oauth2' });
    expect((await faultOf(old?.lease() as Promise<unknown>)).code).toBe('user_suspended');
  });

  it('of an expired credential is of a new one, made with the stored refresh token', async () => {
    const refresh_token = randomBytes(24).toString('base64url');
    const id = await installation.account({ refresh_token });
    await installation.age(id, -1);
    const reply = granted();
    provider.behave(() => reply);
    const lease = await leases.lease(id);
    expect(oauth(lease).access_token).toBe((reply.body as Record<string, unknown>)['access_token']);
    expect(provider.spent).toEqual([refresh_token]);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', generation: '2', claim_owner: null, uncertain: false });
  });

  it('renews with the refresh token of the answer before', async () => {
    const id = await installation.account();
    const sent: string[] = [];
    provider.behave(() => {
      const reply = granted();
      sent.push((reply.body as { refresh_token: string }).refresh_token);
      return reply;
    });
    for (let i = 0; i < 3; i++) {
      await installation.age(id, -1);
      await leases.lease(id);
    }
    expect(provider.spent.slice(1)).toEqual(sent.slice(0, 2));
  });

  it.each([
    ['no refresh token', {}],
    ['an empty refresh token', { refresh_token: '' }],
    ['a null refresh token', { refresh_token: null }],
  ])('keeps the old refresh token when the answer has %s', async (_name, more) => {
    const refresh_token = randomBytes(24).toString('base64url');
    const id = await installation.account({ refresh_token });
    const { refresh_token: _, ...body } = granted().body as Record<string, unknown>;
    provider.behave(() => ({ status: 200, body: { ...body, access_token: randomBytes(24).toString('base64url'), ...more } }));
    for (let i = 0; i < 2; i++) {
      await installation.age(id, -1);
      expect(oauth(await leases.lease(id)).refresh_token).toBe(refresh_token);
    }
    expect(provider.spent).toEqual([refresh_token, refresh_token]);
  });

  it('without a refresh token lasts to the end, then the account is EXPIRED', async () => {
    const id = await installation.account({ refresh_token: undefined });
    await installation.age(id, 2);
    await leases.lease(id);
    await installation.age(id, -1);
    expect(await needOf(leases.lease(id))).toEqual({ status: 'EXPIRED', reason: 'no_refresh_token' });
    expect(await installation.row(id)).toMatchObject({ status: 'EXPIRED', reason: 'no_refresh_token', has_credential: false });
    expect(await statusChanges(id)).toEqual([{ to: 'EXPIRED', reason: 'no_refresh_token', actor: 'system' }]);
    expect(await needOf(leases.lease(id))).toEqual({ status: 'EXPIRED', reason: 'no_refresh_token' });
    expect(await statusChanges(id)).toHaveLength(1);
    expect(provider.spent).toEqual([]);
  });

  it('of an account that nobody connected, or that does not exist, is refused', async () => {
    const id = await installation.account();
    await installation.query(
      "update connected_accounts set status = 'PENDING_AUTH', reason = 'never_connected', credential_ct = null where id = $1",
      [id],
    );
    expect(await needOf(leases.lease(id))).toEqual({ status: 'PENDING_AUTH', reason: 'never_connected' });
    expect((await faultOf(leases.lease('ca_unknown'))).code).toBe('not_found');
  });
});

describe('E01: one token request', () => {
  it('serves 200 callers who meet one expired credential over two processes', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const held = gate<TokenReply>();
    provider.behave(() => held.passed);
    const callers = Array.from({ length: 200 }, (_, i) => (replicas[i % 2] as Replica).leases.lease(id));
    await provider.arrived(1);
    held.open(granted());
    const got = await Promise.all(callers);
    expect(new Set(got.map((lease) => oauth(lease).access_token)).size).toBe(1);
    expect(provider.spent).toHaveLength(1);
    expect(await installation.row(id)).toMatchObject({ generation: '2', claim_fence: '1' });
  });

  it('follows from the 401s that 100 callers got for one credential, over two processes', async () => {
    const id = await installation.account();
    const { fingerprint: rejected } = await leases.lease(id);
    await Promise.all(Array.from({ length: 100 }, (_, i) => (replicas[i % 2] as Replica).leases.refresh(id, { rejected })));
    expect(provider.spent).toHaveLength(1);
    // A straggler's 401 was for the credential of before.
    await leases.refresh(id, { rejected });
    expect(provider.spent).toHaveLength(1);
    expect((await leases.lease(id)).fingerprint.equals(rejected)).toBe(false);
  });

  it('is made by sweep and callers together: what one has renewed is not due for the other', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const held = gate<TokenReply>();
    provider.behave(() => held.passed);
    const work = [
      leases.lease(id),
      replicas[1].leases.refresh(id, { due: true }),
      leases.refresh(id, { due: true }),
      replicas[1].leases.lease(id),
    ];
    await provider.arrived(1);
    held.open(granted());
    await Promise.all(work);
    await leases.refresh(id, { due: true });
    expect(provider.spent).toHaveLength(1);
  });

  it('is made for a rejected credential also while callers share a look that finds nothing due', async () => {
    const id = await installation.account();
    const { fingerprint: rejected } = await leases.lease(id);
    await Promise.all([leases.refresh(id, {}), leases.refresh(id, { due: true }), leases.refresh(id, { rejected })]);
    expect(provider.spent).toHaveLength(1);
    expect((await leases.lease(id)).fingerprint.equals(rejected)).toBe(false);
  });

  it('is not made at all when our own part fails, and no claim is left behind', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    await installation.query('update connections set secret_generation = secret_generation + 1');
    expect(String(await failure(leases.lease(id)))).toContain('does not open');
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', claim_owner: null, uncertain: false });
    await installation.query('update connections set secret_generation = secret_generation - 1');
    await leases.lease(id);
    expect(provider.spent).toHaveLength(1);
  });
});

describe('invalid_grant', () => {
  it('ends the account with its reason and one audit event, and destroys the credential', async () => {
    const id = await installation.account();
    await installation.age(id, 30);
    provider.behave(() => refused('invalid_grant'));
    const needs = await Promise.all([leases.lease(id), leases.lease(id), replicas[1].leases.lease(id)].map(needOf));
    expect(needs).toEqual(Array(3).fill({ status: 'REVOKED', reason: 'revoked_by_provider' }));
    expect(await installation.row(id)).toMatchObject({
      status: 'REVOKED',
      reason: 'revoked_by_provider',
      has_credential: false,
      refreshable: false,
      claim_owner: null,
    });
    expect(await statusChanges(id)).toEqual([{ to: 'REVOKED', reason: 'revoked_by_provider', actor: 'system' }]);
    expect(provider.spent).toHaveLength(1);
  });

  it('E05: is without effect when it reaches a holder whose claim was taken over and the row has a new credential', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const late = gate<TokenReply>();
    provider.behave(() => (provider.spent.length === 1 ? late.passed : granted()));
    const loser = leases.lease(id);
    await provider.arrived(1);
    // The loser stalls beyond its claim; the winner takes over and stores.
    await installation.query("update connected_accounts set claim_deadline = clock_timestamp() - interval '3 seconds' where id = $1", [id]);
    const won = await replicas[1].leases.lease(id);
    late.open(refused('invalid_grant'));
    expect(oauth(await loser).access_token).toBe(oauth(won).access_token);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', generation: '2', has_credential: true });
    expect(await statusChanges(id)).toEqual([]);
  });

  it('E05: is without effect when a newer claimant is still at work: the fence decides', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const [late, latest] = [gate<TokenReply>(), gate<TokenReply>()];
    provider.behave(() => (provider.spent.length === 1 ? late.passed : latest.passed));
    const loser = leases.lease(id);
    await provider.arrived(1);
    await installation.query("update connected_accounts set claim_deadline = clock_timestamp() - interval '3 seconds' where id = $1", [id]);
    const winner = replicas[1].leases.lease(id);
    await provider.arrived(2);
    const before = replicas[0].messages.length;
    late.open(refused('invalid_grant'));
    // Its refusal is judged while the generation is still the one it was made from.
    await expect.poll(() => replicas[0].messages.slice(before)).toEqual(['a refusal came too late to count']);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', generation: '1', claim_fence: '2', has_credential: true });
    latest.open(granted());
    expect(oauth(await loser).access_token).toBe(oauth(await winner).access_token);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', generation: '2' });
    expect(await statusChanges(id)).toEqual([]);
    expect(provider.spent).toHaveLength(2);
  });

  it('E05: is without effect on a consent that was given meanwhile', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const late = gate<TokenReply>();
    provider.behave(() => late.passed);
    const waiting = leases.lease(id);
    await provider.arrived(1);
    const consent = newGrant();
    await consentTo(id, consent);
    late.open(refused('invalid_grant'));
    expect(oauth(await waiting).access_token).toBe(reveal(consent.credential).access_token);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', reason: null });
    expect(await statusChanges(id)).toEqual([]);
  });
});

describe('a refresh result that comes late', () => {
  it('does not replace the credential of a new consent', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const late = gate<TokenReply>();
    provider.behave(() => late.passed);
    const waiting = leases.lease(id);
    await provider.arrived(1);
    const consent = newGrant();
    await consentTo(id, consent);
    late.open(granted());
    const expected = reveal(consent.credential);
    expect(oauth(await waiting)).toMatchObject({ access_token: expected.access_token, refresh_token: expected.refresh_token });
    expect(oauth(await replicas[1].leases.lease(id)).refresh_token).toBe(expected.refresh_token);
    expect(provider.spent).toHaveLength(1);
  });

  it('does not bring a disconnected account back', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const late = gate<TokenReply>();
    provider.behave(() => late.passed);
    const waiting = leases.lease(id);
    await provider.arrived(1);
    await replicas[0].db.inEnvironment(installation.environmentId, (tx) =>
      endAccount(tx, {
        account: { id, environmentId: installation.environmentId },
        status: 'DISCONNECTED',
        reason: 'disconnected_by_operator',
        actor: { kind: 'client', id: null },
        requestId: null,
      }),
    );
    late.open(granted());
    expect(await needOf(waiting)).toEqual({ status: 'DISCONNECTED', reason: 'disconnected_by_operator' });
    expect(await installation.row(id)).toMatchObject({ status: 'DISCONNECTED', has_credential: false, refreshable: false });
  });

  it('is stored although its holder lost the claim, as long as nobody stored another', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const late = gate<TokenReply>();
    provider.behave(() => late.passed);
    const waiting = leases.lease(id);
    await provider.arrived(1);
    await leaveClaim(id, -5);
    const reply = granted();
    late.open(reply);
    expect(oauth(await waiting).access_token).toBe((reply.body as Record<string, unknown>)['access_token']);
    // The one who claimed after him may have sent the spent token again: only the next refresh will tell.
    expect(await installation.row(id)).toMatchObject({ generation: '2', claim_owner: null, uncertain: true });
  });
});

describe('E06: a refused app', () => {
  it.each([
    ['invalid_client', 401],
    ['unauthorized_client', 400],
  ])('%s marks one incident on the connection and leaves every account ACTIVE', async (error, status) => {
    const ids = [await installation.account(), await installation.account(), await installation.account()];
    for (const id of ids) await installation.age(id, -1);
    provider.behave(() => refused(error, status));
    for (const id of ids) expect((await faultOf(leases.lease(id))).code).toBe('connection_incident');
    const [first] = await installation.query<{ at: string; error: string }>(
      'select incident_at::text as at, incident_error as error from connections',
    );
    expect(first).toMatchObject({ error, at: expect.any(String) });
    for (const id of ids) {
      expect(await installation.row(id)).toMatchObject({
        status: 'ACTIVE',
        has_credential: true,
        claim_owner: null,
        uncertain: false,
        incident: true,
      });
      expect(await statusChanges(id)).toEqual([]);
    }
    // While the pause lasts the app is not tried again, and callers are told why.
    const fault = await faultOf(leases.lease(ids[0] as string));
    expect([fault.code, (fault.retryAfterSeconds as number) > 0]).toEqual(['connection_incident', true]);
    expect(provider.spent).toHaveLength(3);
    // The time of the incident is that of its beginning.
    await pauseOver(ids[0] as string);
    await faultOf(leases.lease(ids[0] as string));
    expect(await installation.query('select incident_at::text as at from connections')).toEqual([{ at: first?.at }]);
    // It is over with the first refresh that works.
    await pauseOver(ids[1] as string);
    provider.behave(() => granted());
    await leases.lease(ids[1] as string);
    expect(await installation.query('select incident_at, incident_error from connections')).toEqual([
      { incident_at: null, incident_error: null },
    ]);
  });
});

describe('a provider that fails', () => {
  // A process of its own for each: with its breaker open, a later test's request would not be made.
  let own: Awaited<ReturnType<Installation['replica']>>;
  beforeEach(async () => {
    own = await installation.replica();
    leases = own.leases;
  });
  afterEach(() => own.close());
  afterAll(() => {
    leases = replicas[0].leases;
  });

  const outages: [string, () => TokenReply | 'reset', { uncertain: boolean }][] = [
    ['500', () => ({ status: 500, body: { error: 'server_error' } }), { uncertain: true }],
    ['503 in HTML', () => ({ status: 503, headers: { 'content-type': 'text/html' }, body: '<h1>down</h1>' }), { uncertain: true }],
    ['429', () => refused('rate_limited', 429), { uncertain: false }],
    ['a connection that breaks', () => 'reset', { uncertain: true }],
    ['200 without a token', () => ({ status: 200, body: {} }), { uncertain: true }],
    ['200 in HTML', () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>down</h1>' }), { uncertain: true }],
    ['an error code that nobody knows', () => refused('out_of_cheese'), { uncertain: false }],
  ];
  it.each(outages)(
    'by %s leaves the account ACTIVE with its credential, and is not asked again before its pause is over',
    async (_name, reply, { uncertain }) => {
      const id = await installation.account();
      await installation.age(id, -1);
      provider.behave(reply);
      const fault = await faultOf(leases.lease(id));
      expect(fault.code).toBe('provider_unavailable');
      expect(await installation.row(id)).toMatchObject({
        status: 'ACTIVE',
        has_credential: true,
        claim_owner: null,
        uncertain,
        attempts: 1,
        generation: '1',
      });
      expect(await statusChanges(id)).toEqual([]);

      await installation.query("update connected_accounts set not_before = clock_timestamp() + interval '1 minute' where id = $1", [id]);
      for (const replica of replicas) {
        const again = await faultOf(replica.leases.lease(id));
        expect(again.code).toBe('provider_unavailable');
        expect(again.retryAfterSeconds).toBeGreaterThan(50);
      }
      expect(provider.spent).toHaveLength(1);

      await pauseOver(id);
      provider.behave(() => granted());
      await leases.lease(id);
      expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', uncertain: false, attempts: 0, wait_s: null });
      expect(provider.spent).toHaveLength(2);
      expect(provider.spent[1]).toBe(provider.spent[0]);
    },
  );

  it('does not stop calls while the access token is still good', async () => {
    const access_token = randomBytes(24).toString('base64url');
    const id = await installation.account({ access_token });
    await installation.age(id, 60);
    provider.behave(() => ({ status: 500, body: {} }));
    for (let i = 0; i < 5; i++) {
      for (const replica of replicas) expect(oauth(await replica.leases.lease(id)).access_token).toBe(access_token);
      await installation.query("update connected_accounts set not_before = clock_timestamp() + interval '1 minute' where id = $1", [id]);
    }
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE' });
    await installation.age(id, -1);
    expect((await faultOf(leases.lease(id))).code).toBe('provider_unavailable');
  });

  it('says how long to wait, and is obeyed by callers and by the sweep', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    provider.behave(() => refused('slow_down', 429, { 'retry-after': '600' }));
    const fault = await faultOf(leases.lease(id));
    expect(fault.retryAfterSeconds).toBeGreaterThan(590);
    const row = await installation.row(id);
    expect(row.wait_s).toBeGreaterThan(590);
    expect(row.next_refresh_in_s).toBeGreaterThan(590);
    expect(await leases.dueForRefresh(1000)).not.toContain(id);
    await failure(leases.refresh(id, { due: true }));
    expect(provider.spent).toHaveLength(1);
  });

  it('is asked less and less often, up to five minutes, with a random share', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    provider.behave(() => ({ status: 500, body: {} }));
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 16; attempt++) {
      await pauseOver(id);
      await faultOf(leases.lease(id));
      pauses.push((await installation.row(id)).wait_s ?? Number.NaN);
    }
    for (const [i, pause] of pauses.entries()) expect(pause).toBeLessThanOrEqual(i < 5 ? 2 : Math.min(300, 0.25 * 2 ** i));
    expect(Math.max(...pauses)).toBeGreaterThan(2);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', attempts: 16 });
  });

  it('by accepting no connection at all leaves nothing uncertain', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    await provider.close();
    expect((await faultOf(leases.lease(id))).code).toBe('provider_unavailable');
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', uncertain: false, claim_owner: null });
    provider = await startTokenEndpoint();
  });
});

describe('an abandoned claim', () => {
  it('is left alone within its deadline and the grace after it, and taken over then', async () => {
    const id = await installation.account();
    await leaveClaim(id, 1);
    await installation.age(id, 60);
    expect(await leases.dueForRefresh(1000)).not.toContain(id);
    await leaveClaim(id, 3);
    expect(await leases.dueForRefresh(1000)).toContain(id);
    await leases.refresh(id, { due: true });
    expect(await installation.row(id)).toMatchObject({
      status: 'ACTIVE',
      claim_owner: null,
      claim_fence: '3',
      uncertain: false,
      generation: '2',
    });
    expect(provider.spent).toHaveLength(1);
  });

  it('marks the outcome uncertain with the takeover itself, before anything is sent', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    await leaveClaim(id, 3);
    const held = gate<TokenReply>();
    provider.behave(() => held.passed);
    const waiting = leases.lease(id);
    await provider.arrived(1);
    expect(await installation.row(id)).toMatchObject({ uncertain: true, claim_fence: '2' });
    held.open(granted());
    await waiting;
    expect(await installation.row(id)).toMatchObject({ uncertain: false });
  });

  it('is taken over by one of two processes', async () => {
    const id = await installation.account();
    await leaveClaim(id, 3);
    await Promise.all(Array.from({ length: 20 }, (_, i) => (replicas[i % 2] as Replica).leases.refresh(id, { due: true })));
    expect(provider.spent).toHaveLength(1);
    expect(await installation.row(id)).toMatchObject({ claim_fence: '2', generation: '2' });
  });

  it('followed by invalid_grant reads rotation_lost, not revoked', async () => {
    const id = await installation.account();
    await leaveClaim(id, 3);
    provider.behave(() => refused('invalid_grant'));
    expect(await needOf(leases.refresh(id, { due: true }))).toEqual({ status: 'REVOKED', reason: 'rotation_lost' });
    expect(await statusChanges(id)).toEqual([{ to: 'REVOKED', reason: 'rotation_lost', actor: 'system' }]);
  });

  it('is not the only way to rotation_lost: so does an answer that never arrived', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    provider.behave(() => (provider.spent.length === 1 ? 'reset' : refused('invalid_grant')));
    await faultOf(leases.lease(id));
    await pauseOver(id);
    expect(await needOf(leases.lease(id))).toEqual({ status: 'REVOKED', reason: 'rotation_lost' });
  });

  it('is over with a new consent: what follows is certain again', async () => {
    const id = await installation.account();
    await leaveClaim(id, 3);
    await consentTo(id, newGrant());
    expect(await installation.row(id)).toMatchObject({ claim_owner: null, uncertain: false });
    await installation.age(id, -1);
    provider.behave(() => refused('invalid_grant'));
    expect(await needOf(leases.lease(id))).toEqual({ status: 'REVOKED', reason: 'revoked_by_provider' });
  });
});

describe('what is due', () => {
  it('is exactly the accounts whose time has come and the abandoned claims, abandoned first, found by index among 20 000', async () => {
    const own = await startInstallation(() => undefined);
    try {
      const { leases: sweeping } = await own.replica();
      await own.query("insert into users (id, environment_id, identifier) select 'u' || n, $1, 'u' || n from generate_series(1, 20000) n", [
        own.environmentId,
      ]);
      await own.query(
        `insert into connected_accounts (id, environment_id, connection_id, user_id, status, next_refresh_at, claim_owner, claim_deadline)
         select 'a' || n, $1, $2, 'u' || n,
           case when n between 41 and 45 then 'REVOKED' else 'ACTIVE' end,
           case when n between 46 and 10000 then null when n <= 45 then now() - interval '1 minute' - n * interval '1 second' else now() + interval '1 hour' end,
           case when n between 21 and 40 then gen_random_uuid() end,
           case when n between 21 and 30 then now() - interval '3 seconds' when n between 31 and 40 then now() + interval '10 minutes' end
         from generate_series(1, 20000) n`,
        [own.environmentId, own.connectionId],
      );
      await own.query('analyze connected_accounts');
      const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `a${from + i}`).sort();
      const due = await sweeping.dueForRefresh(500);
      expect([...due].sort()).toEqual(ids(1, 30));
      expect(due.slice(0, 10).sort()).toEqual(ids(21, 30));
      expect(await sweeping.dueForRefresh(12)).toHaveLength(12);
      expect((await sweeping.dueForRefresh(12)).slice(10)).toEqual(['a20', 'a19']);

      const plan = (await own.query<{ 'QUERY PLAN': string }>(`explain ${dueForRefreshSql.replaceAll('$1', '500').replaceAll('$2', '2')}`))
        .map((line) => line['QUERY PLAN'])
        .join('\n');
      expect(plan).toContain('connected_accounts_due');
      expect(plan).toContain('connected_accounts_claimed');
      expect(plan).not.toContain('Seq Scan');
    } finally {
      await own.close();
    }
  });

  it('is renewed by the sweep before callers would have to wait, and then is not due any more', async () => {
    const id = await installation.account();
    await installation.query("update connected_accounts set next_refresh_at = clock_timestamp() - interval '1 second' where id = $1", [id]);
    expect(await leases.dueForRefresh(1000)).toContain(id);
    await leases.refresh(id, { due: true });
    await leases.refresh(id, { due: true });
    expect(provider.spent).toHaveLength(1);
    expect(await leases.dueForRefresh(1000)).not.toContain(id);
    expect((await installation.row(id)).next_refresh_in_s).toBeGreaterThan(2000);
  });
});

describe('at a strict authorization server', () => {
  const masterKey = randomBytes(32);
  let broker: TestBroker;
  let elsewhere: Awaited<ReturnType<typeof openReplica>>;
  let accountId: string;
  beforeAll(async () => {
    broker = await startBroker({ masterKey });
    await connectAll(broker, await incidentSetting(broker));
    const { items } = (await broker.api('/v1/connected-accounts?connection_name=linear')).body;
    accountId = items[0].id;
    elsewhere = await openReplica(
      broker.databaseUrl,
      masterKey,
      () => broker.sandbox.origin,
      (id) => broker.modules.catalogue.find(id),
    );
  });
  afterAll(async () => {
    await elsewhere?.close();
    await broker?.close();
  });
  const expire = () =>
    elsewhere.db.system('health').query({
      name: 'expire',
      text: `update connected_accounts set access_obtained_at = now() - interval '1 day', access_expires_at = now() - interval '1 second', not_before = null where id = $1`,
      values: [accountId],
    });
  const counts = async () => (await broker.control('/linear/ledger', 'GET')).counts;

  it('200 callers over two processes are one refresh in its ledger, and its single-use refresh token is never used twice', async () => {
    await broker.control('/linear/knobs', 'PUT', { rotate: 'E' });
    for (let round = 1; round <= 5; round++) {
      const before = await counts();
      await expire();
      const got = await Promise.all(
        Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? broker.modules.leases : elsewhere.leases).lease(accountId)),
      );
      const after = await counts();
      expect(after.refreshes - before.refreshes).toBe(1);
      expect(after.reuse_detected).toBe(0);
      expect(after.token_refusals).toBe(0);
      expect(new Set(got.map((lease) => oauth(lease).access_token)).size).toBe(1);
    }
    const call = await broker.api('/v1/tools/linear_comment_create/execute', {
      body: { identifier: (await account()).identifier, arguments: { issueId: 'ENG-142', body: 'hello' } },
    });
    expect(call.status).toBe(200);
  });

  it('401s for one credential over two processes are one refresh in its ledger', async () => {
    const before = await counts();
    const { fingerprint: rejected } = await elsewhere.leases.lease(accountId);
    await Promise.all(
      Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? broker.modules.leases : elsewhere.leases).refresh(accountId, { rejected })),
    );
    const after = await counts();
    expect([after.refreshes - before.refreshes, after.reuse_detected]).toEqual([1, 0]);
  });

  it('an account that its user revoked there is REVOKED here', async () => {
    await broker.control('/linear/revoke');
    await expire();
    expect(await needOf(elsewhere.leases.lease(accountId))).toEqual({ status: 'REVOKED', reason: 'revoked_by_provider' });
    expect(await account()).toMatchObject({ status: 'REVOKED', reason: 'revoked_by_provider' });
  });

  const account = async () => (await broker.api(`/v1/connected-accounts/${accountId}`)).body;
});

const consentTo = (id: string, consent: ReturnType<typeof newGrant>) =>
  replicas[1].db.inEnvironment(installation.environmentId, (tx) =>
    storeGrant(tx, replicas[1].sealing, { account: { id, environmentId: installation.environmentId }, ...consent }),
  );
