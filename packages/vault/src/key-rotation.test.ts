import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { randomBase62, reveal, Secret } from '@grantway/contract';
import { schema } from '@grantway/db';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { credentialPlace, storeGrant } from './accounts.ts';
import { destroyEnvironmentKeys } from './forgetting.ts';
import { openKeyRing } from './key-ring.ts';
import {
  keyStatus,
  type RotationDeps,
  retireDataKeys,
  retireMaster,
  rotateDataKeys,
  rotateMaster,
  rotationPoints,
  verifySealedRows,
} from './key-rotation.ts';
import { localKeyWrapper } from './master-key.ts';
import { sealedColumns } from './sealed-columns.ts';
import { createSealing } from './sealing.ts';
import { createTokenSigner } from './signing-keys.ts';
import { type Installation, newGrant, type Replica, startInstallation } from './testing/installation.ts';
import { sealSomething } from './testing/sealed-rows.ts';

let installation: Installation;
let replica: Replica;
let accounts: string[];
let rows: number;
let deps: RotationDeps;
const next = localKeyWrapper(new Secret(randomBytes(32)));

beforeEach(async () => {
  installation = await startInstallation(() => undefined);
  replica = await installation.replica();
  const filled = await sealSomething(installation, replica.sealing, 5);
  accounts = filled.accounts;
  await createTokenSigner(replica.db, replica.ring);
  rows = filled.rows + 1;
  deps = { db: replica.db, sources: { primary: local() } };
});
afterEach(() => installation?.close());

const local = () => localKeyWrapper(new Secret(installation.masterKey));
const states = async () => (await keyStatus(deps)).map(({ purpose, state, rows: n }) => `${purpose} ${state} ${n}`).sort();
/** What time would do. */
const settle = () => installation.query("update data_keys set state_changed_at = clock_timestamp() - interval '1 hour'");

async function open(accountId: string, by: Replica = replica): Promise<string> {
  const [row] = await installation.query<{ generation: string; grant_id: string; credential_ct: Buffer }>(
    'select generation, grant_id, credential_ct from connected_accounts where id = $1',
    [accountId],
  );
  if (row === undefined) throw new Error('no such account');
  const place = credentialPlace({
    environmentId: installation.environmentId,
    id: accountId,
    generation: Number(row.generation),
    grantId: row.grant_id,
  });
  return reveal(await by.sealing.open<{ access_token: string }>(place, row.credential_ct)).access_token;
}

const child = fileURLToPath(new URL('testing/rotation-child.ts', import.meta.url));
async function runUntilKilled(deed: string, point: string, nth: number, keys: Buffer[]): Promise<NodeJS.Signals | number> {
  const started = spawn(
    process.execPath,
    ['--import', 'tsx', child, installation.databaseUrl, deed, point, String(nth), ...keys.map((key) => key.toString('hex'))],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaints = '';
  started.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const [code, signal] = await once(started, 'close');
  if (signal !== 'SIGKILL') throw new Error(`ended with ${code ?? signal}: ${complaints}`);
  return signal;
}

it('every sealed column of the schema is one that a rotation knows', () => {
  const inSchema = Object.values(schema)
    .filter((table) => table instanceof PgTable)
    .flatMap((table) => {
      const { name, columns } = getTableConfig(table);
      return columns.filter((column) => column.name.endsWith('_ct')).map((column) => `${name}.${column.name}`);
    });
  expect(sealedColumns.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(inSchema.sort());
});

it('a sealed column that this version does not know stops a rotation before anything changes', async () => {
  await installation.query('alter table users add column note_ct bytea');
  const before = await states();
  await expect(rotateDataKeys(deps)).rejects.toThrow('users.note_ct');
  await expect(rotateMaster(deps)).rejects.toThrow('users.note_ct');
  expect(await states()).toEqual(before);
});

describe('a data key rotation', () => {
  it('seals every row of every table anew; the old keys retire when nothing names them and nobody can use them', async () => {
    const before = await Promise.all(accounts.map((id) => open(id)));
    expect(await rotateDataKeys(deps)).toEqual({ keys: 2, rows, broken: [] });
    expect(await states()).toEqual(
      ['lookup active 0', 'record active 16', 'record decrypt_only 0', 'signing active 1', 'signing decrypt_only 0'].sort(),
    );
    // A replica that has cached the old keys, and one that starts now.
    expect(await Promise.all(accounts.map((id) => open(id)))).toEqual(before);
    const late = await installation.replica();
    expect(await Promise.all(accounts.map((id) => open(id, late)))).toEqual(before);
    await createTokenSigner(late.db, late.ring);

    const early = await retireDataKeys(deps);
    expect(early.retired).toEqual([]);
    expect(early.kept).toHaveLength(2);
    for (const { why } of early.kept) expect(why).toMatch(/a running broker may still seal under it for \d+ s/);
    await settle();
    expect((await retireDataKeys(deps)).retired).toHaveLength(2);
    expect(await verifySealedRows(deps)).toEqual({ opened: rows, broken: [] });
  });

  it('leaves URLs, links and keyed hashes as they are', async () => {
    const id = randomBase62(16);
    const values = async (by: Replica) => [
      await by.sealing.derive('mcpUrl', id, 1),
      await by.sealing.derive('link', id, 1),
      (await by.sealing.mac('client secret', ['a', 'b'])).toString('hex'),
    ];
    const before = await values(replica);
    await rotateDataKeys(deps);
    await settle();
    await retireDataKeys(deps);
    await rotateMaster({ ...deps, sources: { primary: next, more: [local()] } });
    expect(await values(replica)).toEqual(before);
    expect(await values(await installation.replica())).toEqual(before);
  });

  it('does not overwrite what a consent stores between its reading and its writing', async () => {
    const [account = ''] = accounts;
    const grant = newGrant();
    let stored = false;
    await rotateDataKeys({
      ...deps,
      reached: async (point) => {
        if (point !== 'sealed' || stored) return;
        stored = true;
        await replica.db.inEnvironment(installation.environmentId, (tx) =>
          storeGrant(tx, replica.sealing, { account: { id: account, environmentId: installation.environmentId }, ...grant }),
        );
      },
    });
    expect(stored).toBe(true);
    expect(await open(account)).toBe(reveal(grant.credential).access_token);
    // What it replaced waits, sealed anew, to be revoked.
    expect(await verifySealedRows(deps)).toMatchObject({ opened: rows + 1, broken: [] });
  });

  it('keeps the old key while a row that does not open names it, says which, and can be done again nevertheless', async () => {
    const [account = ''] = accounts;
    await installation.query('update connected_accounts set generation = generation + 1 where id = $1', [account]);
    expect((await rotateDataKeys(deps)).broken).toEqual([{ table: 'connected_accounts', key: account }]);
    await settle();
    const { retired, kept } = await retireDataKeys(deps);
    expect([retired.length, kept.map(({ why }) => why)]).toEqual([1, ['1 rows that do not open name it']]);
    const again = await rotateDataKeys(deps);
    expect(again).toMatchObject({ keys: 2, rows: rows - 1 });
  });

  it('brings back what a sleeping process sealed under a key that was retired meanwhile', async () => {
    const [account = ''] = accounts;
    const sleeper = await installation.replica();
    await sleeper.ring.active('record', installation.environmentId);
    await rotateDataKeys(deps);
    await settle();
    expect((await retireDataKeys(deps)).retired).toHaveLength(2);
    const grant = newGrant();
    await sleeper.db.inEnvironment(installation.environmentId, (tx) =>
      storeGrant(tx, sleeper.sealing, { account: { id: account, environmentId: installation.environmentId }, ...grant }),
    );
    await expect(open(account, await installation.replica())).rejects.toThrow();
    await retireDataKeys(deps);
    expect(await open(account, await installation.replica())).toBe(reveal(grant.credential).access_token);
  });

  it('is noticed by running replicas within their bound', async () => {
    let clock = 0;
    const ring = await openKeyRing(replica.db, local(), { now: () => clock });
    const before = await ring.active('record', installation.environmentId);
    await rotateDataKeys(deps);
    clock += 29_000;
    expect((await ring.active('record', installation.environmentId)).id).toBe(before.id);
    clock += 1_000;
    expect((await ring.active('record', installation.environmentId)).id).not.toBe(before.id);
  });

  it('costs no running replica a call: two of them read and write all the time', { timeout: 60_000 }, async () => {
    const ring = await openKeyRing(replica.db, local(), { staleMs: 50 });
    const other = { ...(await installation.replica()), ring, sealing: createSealing(ring) };
    let running = true;
    let calls = 0;
    const failures: unknown[] = [];
    const load = [replica, other].map(async (by, i) => {
      while (running) {
        const account = accounts[(calls + i) % accounts.length] as string;
        try {
          await open(account, by);
          await by.db.inEnvironment(installation.environmentId, (tx) =>
            storeGrant(tx, by.sealing, { account: { id: account, environmentId: installation.environmentId }, ...newGrant() }),
          );
        } catch (error) {
          // The test reads a row's generation and its record in one statement; nothing may fail.
          failures.push(error);
        }
        calls += 1;
      }
    });
    try {
      for (let i = 0; i < 3; i++) {
        await rotateDataKeys(deps);
        await rotateMaster({ ...deps, sources: { primary: local(), more: [next] } });
      }
    } finally {
      // Against a database that is closed it would never give the event loop back.
      running = false;
      await Promise.all(load);
    }
    expect(failures).toEqual([]);
    expect(calls).toBeGreaterThan(20);
    expect(await verifySealedRows(deps)).toMatchObject({ broken: [] });
  });
});

describe('a master key rotation', () => {
  it('wraps every key under the next master key, which then opens everything alone; the old one opens nothing more', async () => {
    const both = { ...deps, sources: { primary: local(), more: [next] } };
    const done = await rotateMaster(both);
    expect(done).toMatchObject({ keys: 3, added: 3 });
    expect(done.verified).toBeGreaterThan(0);
    expect((await rotateMaster(both)).added).toBe(0);
    // While both are configured, keys that are made meanwhile are wrapped under both.
    await rotateDataKeys(both);
    for (const { wrapperIds } of await keyStatus(deps)) expect(wrapperIds).toEqual([local().id, next.id].sort());

    await expect(retireMaster(both, local().id)).rejects.toThrow('still configured');
    const moved = { ...deps, sources: { primary: next } };
    expect(await retireMaster(moved, local().id)).toEqual({ removed: 5 });
    expect(await verifySealedRows(moved)).toEqual({ opened: rows, broken: [] });
    await openKeyRing(replica.db, next);
    await expect(openKeyRing(replica.db, local())).rejects.toThrow(next.id);
  });

  it('is not retired while one data key would be lost with it', async () => {
    await rotateMaster({ ...deps, sources: { primary: local(), more: [next] } });
    await installation.query(
      'delete from data_key_wraps where wrapper_id = $1 and data_key_id = (select min(id::text)::uuid from data_keys)',
      [next.id],
    );
    await expect(retireMaster({ ...deps, sources: { primary: next } }, local().id)).rejects.toThrow('has no other wrap yet');
    expect(await verifySealedRows(deps)).toMatchObject({ opened: rows, broken: [] });
  });
});

describe('C14: kill -9 in a rotation leaves every row readable, and the next run finishes it', () => {
  it.each(rotationPoints.data.map((point) => [point, point === 'sealed' || point === 'replaced' ? 2 : 1] as const))(
    'data keys, %s (time %i)',
    { timeout: 60_000 },
    async (point, nth) => {
      const before = await Promise.all(accounts.map((id) => open(id)));
      expect(await runUntilKilled('data', point, nth, [installation.masterKey])).toBe('SIGKILL');
      expect(await verifySealedRows(deps)).toEqual({ opened: rows, broken: [] });
      expect(await Promise.all(accounts.map((id) => open(id)))).toEqual(before);
      const left = (await keyStatus(deps)).filter(({ state, rows: n }) => state !== 'active' && n > 0).length;
      await rotateDataKeys(deps);
      await settle();
      await retireDataKeys(deps);
      const after = await keyStatus(deps);
      expect(after.filter(({ state }) => state === 'staged' || state === 'decrypt_only')).toEqual([]);
      // Finished, not started over: a run that found rows to finish made no further key for them.
      if (left > 0) expect(after.filter(({ purpose }) => purpose === 'record').length).toBeLessThanOrEqual(2);
      expect(await verifySealedRows(deps)).toEqual({ opened: rows, broken: [] });
      const late = await installation.replica();
      expect(await Promise.all(accounts.map((id) => open(id, late)))).toEqual(before);
    },
  );

  it.each(rotationPoints.master)('master key, %s', { timeout: 60_000 }, async (point) => {
    const nextKey = randomBytes(32);
    const after = localKeyWrapper(new Secret(nextKey));
    const both = { ...deps, sources: { primary: local(), more: [after] } };
    const removing = point === 'wraps removed' || point === 'done';
    if (removing) await rotateMaster(both);
    await runUntilKilled(removing ? 'retire' : 'master', point, point.startsWith('wrap ') ? 2 : 1, [installation.masterKey, nextKey]);
    expect(await verifySealedRows(removing ? { ...deps, sources: { primary: after } } : deps)).toEqual({ opened: rows, broken: [] });
    if (!removing) {
      await rotateMaster(both);
      await retireMaster({ ...deps, sources: { primary: after } }, local().id);
    }
    expect(await verifySealedRows({ ...deps, sources: { primary: after } })).toEqual({ opened: rows, broken: [] });
    for (const { wrapperIds } of await keyStatus(deps)) expect(wrapperIds).toEqual([after.id]);
  });
});

it('C20: an environment whose keys were destroyed is unreadable, with the master key at hand', async () => {
  const actor = { kind: 'operator', id: 'somebody' } as const;
  const { keys } = await deps.db.system('keyring').tx((tx) => destroyEnvironmentKeys(tx, installation.environmentId, actor));
  expect(keys).toHaveLength(1);
  const late = await installation.replica();
  for (const id of accounts) await expect(open(id, late)).rejects.toThrow();
  const { opened, broken } = await verifySealedRows(deps);
  expect([opened, broken.length]).toEqual([1, rows - 1]);
  const [{ n } = { n: -1 }] = await installation.query<{ n: number }>(
    'select count(*)::int as n from data_key_wraps w join data_keys k on k.id = w.data_key_id where k.environment_id is not null',
  );
  expect(n).toBe(0);
});

describe('the audit of what was done to keys', () => {
  const actor = { kind: 'operator', id: 'olga' } as const;
  const audit = () =>
    installation.query<{
      action: string;
      environment_id: string | null;
      actor_id: string;
      target_id: string;
      details: Record<string, unknown>;
    }>("select action, environment_id, actor_id, target_id, details from audit_events where target_kind = 'data_key' order by id");

  it('says for each key who did what under which master keys, in its environment’s rows or the installation’s, and no secret', async () => {
    const both = { ...deps, actor, sources: { primary: local(), more: [next] } };
    const before = await keyStatus(deps);
    await rotateMaster(both);
    const wrapped = await audit();
    expect(wrapped.map((row) => row.target_id).sort()).toEqual(before.map(({ id }) => id).sort());
    for (const { action, actor_id, target_id, environment_id, details } of wrapped) {
      const key = before.find(({ id }) => id === target_id);
      expect({ action, actor_id }).toEqual({ action: 'data_key.wrapped', actor_id: 'olga' });
      expect(environment_id).toBe(key?.environmentId === '' ? null : key?.environmentId);
      expect(details).toEqual({ purpose: key?.purpose, master_keys: [next.id], opened_by: local().id });
    }
    await rotateMaster(both);
    expect(await audit()).toHaveLength(before.length);

    await rotateDataKeys(both);
    const activated = (await audit()).filter(({ action }) => action === 'data_key.activated');
    const olds = before.filter(({ purpose }) => purpose === 'record' || purpose === 'signing');
    expect(activated.map(({ details }) => details['replaces']).sort()).toEqual(olds.map(({ id }) => id).sort());
    await settle();
    const { retired } = await retireDataKeys(both);
    const told = (await audit()).filter(({ action }) => action === 'data_key.retired');
    expect(told.map(({ target_id }) => target_id).sort()).toEqual(retired.sort());
    const { removed } = await retireMaster({ ...deps, actor, sources: { primary: next } }, local().id);
    expect((await audit()).filter(({ action }) => action === 'data_key.unwrapped')).toHaveLength(removed);
  });

  it('is in the deed’s own transaction: where the row cannot be written, nothing is done', async () => {
    const before = await keyStatus(deps);
    await installation.query("alter table audit_events add constraint boom check (target_kind <> 'data_key') not valid");
    const both = { ...deps, actor, sources: { primary: local(), more: [next] } };
    await expect(rotateMaster(both)).rejects.toThrow();
    await expect(rotateDataKeys({ ...deps, actor })).rejects.toThrow();
    const after = (await keyStatus(deps)).filter(({ state }) => state !== 'staged');
    expect(after).toEqual(before);
    await expect(replica.db.system('keyring').tx((tx) => destroyEnvironmentKeys(tx, installation.environmentId, actor))).rejects.toThrow();
    expect((await keyStatus(deps)).filter(({ state }) => state !== 'staged')).toEqual(before);
  });
});
