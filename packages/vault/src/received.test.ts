import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { OAuth2Credential } from '@grantway/connector-kit';
import { reveal } from '@grantway/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { endAccount, storeGrant } from './accounts.ts';
import type { KillPoint } from './fault-points.ts';
import { type Journal, openJournal } from './journal.ts';
import { type Leases, NeedsAuthorization } from './lease.ts';
import { revocationPlace } from './revocations.ts';
import { type Installation, newGrant, type Replica, startInstallation } from './testing/installation.ts';
import { acme, gate, granted, refused, startTokenEndpoint, type TokenEndpoint } from './testing/token-endpoint.ts';

let provider: TokenEndpoint;
let installation: Installation;
/** A process that nothing happens to. */
let healthy: Replica;
let folder: string;
const journals: Journal[] = [];

beforeAll(async () => {
  installation = await startInstallation(() => provider.origin);
  healthy = await installation.replica();
});
beforeEach(async () => {
  provider = await startTokenEndpoint();
  folder = mkdtempSync(path.join(tmpdir(), 'grantway-received-'));
});
afterEach(async () => {
  for (const started of processes.splice(0)) await started.close();
  for (const journal of journals.splice(0)) await journal.close();
  rmSync(folder, { recursive: true, force: true });
  await provider.close();
});
afterAll(() => installation?.close());

/** One more process, stopped after the test. */
const processes: { close(): Promise<void> }[] = [];
const another: Installation['replica'] = async (more) => {
  const replica = await installation.replica(more);
  processes.push(replica);
  return replica;
};
const openFolder = async () => {
  const journal = await openJournal(folder);
  journals.push(journal);
  return journal;
};
const tokens = async (leases: Leases, id: string) => reveal((await leases.lease(id)).credential) as OAuth2Credential;
const salvaged = (id: string) => installation.query('select based_on from salvaged_credentials where connected_account_id = $1', [id]);
/** The refresh tokens that came too late and wait in the outbox to be revoked. */
const toRevoke = async (id: string, cause = 'late') => {
  const found = await installation.query<{ id: string; grant_id: string; credential_ct: Buffer }>(
    'select id, grant_id, credential_ct from revocations where connected_account_id = $1 and cause = $2',
    [id, cause],
  );
  const { environmentId } = installation;
  const opened = found.map((r) =>
    healthy.sealing.open<OAuth2Credential>(revocationPlace({ environmentId, id: r.id, grantId: r.grant_id }), r.credential_ct),
  );
  return (await Promise.all(opened)).map((credential) => reveal(credential).refresh_token);
};
const claimIsOver = (id: string) =>
  installation.query("update connected_accounts set claim_deadline = clock_timestamp() - interval '3 seconds' where id = $1", [id]);

/** A process that stops for good, or for a while, where it is told to. */
async function stopping(point: KillPoint, { journal, ...more }: { journal?: boolean; connector?: () => Promise<typeof acme> } = {}) {
  const [reached, go] = [gate(), gate()];
  const replica = await another({
    ...more,
    journal: journal === true ? await openFolder() : undefined,
    faults: {
      at: async (now) => {
        if (now !== point) return;
        reached.open();
        await go.passed;
      },
    },
  });
  return { ...replica, reached: reached.passed, goOn: () => go.open() };
}
const answers = (...tokensInOrder: string[]) => provider.behave(() => granted({ refresh_token: tokensInOrder.shift() ?? newToken() }));
const newToken = () => randomBytes(24).toString('base64url');

describe('a process that dies between the answer and the commit', () => {
  it('loses nothing with a journal: the next one stores what was received, and nobody asks the provider again', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const fresh = newToken();
    answers(fresh);
    const dead = await stopping('journalled', { journal: true });
    void dead.leases.lease(id).catch(() => {});
    await dead.reached;
    const next = await another({ journal: await openFolder() });
    expect(await next.leases.replayJournal()).toBe(1);
    expect((await tokens(next.leases, id)).refresh_token).toBe(fresh);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', generation: '2', claim_owner: null, uncertain: false });
    expect(provider.spent).toHaveLength(1);
    expect(await (await another({ journal: await openFolder() })).leases.replayJournal()).toBe(0);
    dead.goOn();
  });

  it('leaves nothing in the journal that can be read or moved to another account', async () => {
    const [id, other] = [await installation.account(), await installation.account()];
    await installation.age(id, -1);
    const fresh = newToken();
    answers(fresh);
    const dead = await stopping('journalled', { journal: true });
    void dead.leases.lease(id).catch(() => {});
    await dead.reached;
    const [file] = readdirSync(folder).map((name) => path.join(folder, name)) as [string];
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(id);
    expect(text).not.toContain(fresh);
    writeFileSync(file, text.replaceAll(id, other));
    const next = await another({ journal: await openFolder() });
    await next.leases.replayJournal();
    expect(next.messages).toContain('an entry of the journal could not be replayed');
    expect(await installation.row(other)).toMatchObject({ generation: '1' });
    dead.goOn();
  });

  it('that was thought lost already is taken up again when its journal is found, if the provider still takes the token', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const fresh = newToken();
    answers(fresh);
    const dead = await stopping('journalled', { journal: true });
    void dead.leases.lease(id).catch(() => {});
    await dead.reached;
    await claimIsOver(id);
    provider.behave((form) => (form.get('refresh_token') === fresh ? granted() : refused('invalid_grant')));
    await expect(healthy.leases.lease(id)).rejects.toThrow(NeedsAuthorization);
    expect(await installation.row(id)).toMatchObject({ status: 'REVOKED', reason: 'rotation_lost' });

    const next = await another({ journal: await openFolder() });
    await next.leases.replayJournal();
    await next.leases.settleSalvaged(10);
    expect((await tokens(next.leases, id)).access_token).toBeTruthy();
    expect(provider.spent.at(-1)).toBe(fresh);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE', reason: null });
    dead.goOn();
  });

  it('whose account was forgotten meanwhile: what the journal holds is revoked as the rest of it was', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const fresh = newToken();
    answers(fresh);
    const dead = await stopping('journalled', { journal: true });
    void dead.leases.lease(id).catch(() => {});
    await dead.reached;
    const { environmentId } = installation;
    await healthy.db.inEnvironment(environmentId, (tx) =>
      endAccount(tx, {
        account: { id, environmentId },
        status: 'DISCONNECTED',
        reason: 'disconnected_by_operator',
        actor: { kind: 'system', id: null },
        requestId: null,
        revoke: { sealing: healthy.sealing, cause: 'forgotten' },
      }),
    );
    await installation.query('delete from connected_accounts where id = $1', [id]);
    expect(await (await another({ journal: await openFolder() })).leases.replayJournal()).toBe(1);
    expect(await toRevoke(id, 'forgotten')).toContain(fresh);
    expect(await (await another({ journal: await openFolder() })).leases.replayJournal()).toBe(0);
    dead.goOn();
  });

  it('loses nothing either when the journal cannot be written', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    const fresh = newToken();
    answers(fresh);
    const replica = await another({ journal: await openFolder() });
    rmSync(folder, { recursive: true });
    expect((await tokens(replica.leases, id)).refresh_token).toBe(fresh);
    expect(replica.messages).toContain('the journal could not be written');
  });
});

/** `npm run attacks`: each point twenty times. */
const rounds = process.env['MODE'] === 'long' ? 20 : 1;
const points = Array.from({ length: rounds }, (): KillPoint[] => ['before_claim', 'claimed', 'received', 'journalled']).flat();

describe('E14: a disconnect during a refresh', () => {
  it.each(points)('at %s: the account never comes back, and the newest token waits to be revoked', async (point) => {
    const id = await installation.account();
    await installation.age(id, -1);
    const fresh = newToken();
    answers(fresh);
    const slow = await stopping(point, { journal: true });
    const waiting = slow.leases.lease(id).catch((error: unknown) => error);
    await slow.reached;
    await healthy.db.inEnvironment(installation.environmentId, (tx) =>
      endAccount(tx, {
        account: { id, environmentId: installation.environmentId },
        status: 'DISCONNECTED',
        reason: 'disconnected_by_operator',
        actor: { kind: 'system', id: null },
        requestId: null,
      }),
    );
    slow.goOn();
    expect(await waiting).toBeInstanceOf(NeedsAuthorization);
    const late = point === 'before_claim' ? [] : [fresh];
    expect([await toRevoke(id), await salvaged(id)]).toEqual([late, []]);
    expect(await installation.row(id)).toMatchObject({ status: 'DISCONNECTED', has_credential: false });
    await (await another({ journal: await openFolder() })).leases.replayJournal();
    expect(await installation.row(id)).toMatchObject({ status: 'DISCONNECTED', has_credential: false });
  });
});

describe('E15: a new consent during a refresh', () => {
  it.each(points)('at %s: what is stored belongs to the new grant, and the late token waits to be revoked', async (point) => {
    const id = await installation.account();
    await installation.age(id, -1);
    const [late, consented] = [newToken(), newToken()];
    answers(late);
    const slow = await stopping(point, { journal: true });
    const waiting = slow.leases.lease(id);
    await slow.reached;
    await healthy.db.inEnvironment(installation.environmentId, (tx) =>
      storeGrant(tx, healthy.sealing, {
        account: { id, environmentId: installation.environmentId },
        ...newGrant({ refresh_token: consented }),
      }),
    );
    slow.goOn();
    expect((reveal((await waiting).credential) as OAuth2Credential).refresh_token).toBe(consented);
    expect([await toRevoke(id), await salvaged(id)]).toEqual([point === 'before_claim' ? [] : [late], []]);
    expect((await tokens(healthy.leases, id)).refresh_token).toBe(consented);
  });

  it('does not revoke the token of the old grant where refresh tokens never change: the new grant may hold the same', async () => {
    const id = await installation.account();
    await installation.age(id, -1);
    answers();
    const stable = { ...acme, auth: { ...acme.auth, rotationClass: 'A' as const } };
    const slow = await stopping('received', { connector: async () => stable });
    const waiting = slow.leases.lease(id);
    await slow.reached;
    await healthy.db.inEnvironment(installation.environmentId, (tx) =>
      storeGrant(tx, healthy.sealing, { account: { id, environmentId: installation.environmentId }, ...newGrant() }),
    );
    slow.goOn();
    await waiting;
    expect([await toRevoke(id), await salvaged(id)]).toEqual([[], []]);
  });
});

describe('a sibling that came too late', () => {
  /** The first holder's answer and the second's for one and the same refresh token, as classes B and C give them. */
  async function siblings() {
    const id = await installation.account();
    await installation.age(id, -1);
    const [first, second] = [newToken(), newToken()];
    answers(first, second);
    const slow = await stopping('received');
    const waiting = slow.leases.lease(id);
    await slow.reached;
    await claimIsOver(id);
    expect((await tokens(healthy.leases, id)).refresh_token).toBe(second);
    slow.goOn();
    await waiting;
    expect(await salvaged(id)).toHaveLength(1);
    // The account is in order: nothing is given back, which would end the grant of both.
    expect(await healthy.leases.settleSalvaged(10)).toBe(0);
    await installation.age(id, -1);
    return { id, first, second };
  }

  it('is tried before the account is ended', async () => {
    const { id, first, second } = await siblings();
    provider.behave((form) => (form.get('refresh_token') === first ? granted() : refused('invalid_grant')));
    await vi.waitFor(() => tokens(healthy.leases, id));
    expect(provider.spent.slice(-2)).toEqual([second, first]);
    expect(await installation.row(id)).toMatchObject({ status: 'ACTIVE' });
    expect(await salvaged(id)).toEqual([]);
  });

  it('waits to be revoked once its account has ended', async () => {
    const { id, first } = await siblings();
    await installation.query("update connected_accounts set status = 'DISCONNECTED', credential_ct = null where id = $1", [id]);
    expect(await healthy.leases.settleSalvaged(10)).toBe(1);
    expect([await toRevoke(id), await salvaged(id)]).toEqual([[first], []]);
    expect(await healthy.leases.settleSalvaged(10)).toBe(0);
  });

  it('that is refused as well ends the account once, as rotation_lost', async () => {
    const { id } = await siblings();
    provider.behave(() => refused('invalid_grant'));
    await expect(healthy.leases.lease(id)).rejects.toThrow(NeedsAuthorization);
    expect(await installation.row(id)).toMatchObject({ status: 'REVOKED', reason: 'rotation_lost' });
    expect(await salvaged(id)).toEqual([]);
  });
});
