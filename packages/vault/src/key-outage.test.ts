import { randomBytes } from 'node:crypto';
import { isFault, newId, Secret } from '@grantway/contract';
import { type Database, openDatabase } from '@grantway/db';
import { createEgress, type Egress } from '@grantway/egress';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openKeyRing } from './key-ring.ts';
import { keyStatus, rotateMaster } from './key-rotation.ts';
import { transitWrapper } from './key-services/transit.ts';
import { type KeyWrapper, localKeyWrapper } from './master-key.ts';
import { sealRecord } from './record.ts';
import { emptyDatabase } from './testing/installation.ts';
import { type KeyServer, startKeyServer } from './testing/key-service-server.ts';

const environments = [newId('environment'), newId('environment')] as const;
const minutes = (n: number) => n * 60_000;
const closers: (() => Promise<void>)[] = [];
let db: Database;
let server: KeyServer;
let egress: Egress;
let transit: KeyWrapper;

beforeAll(async () => {
  const database = await emptyDatabase();
  closers.push(database.drop);
  db = openDatabase({ connectionString: database.url });
  closers.push(() => db.close());
  const token = `s.${randomBytes(12).toString('hex')}`;
  server = await startKeyServer({ transitToken: token, azureSecret: '', awsKeyId: '' });
  closers.push(() => server.close());
  egress = createEgress({ allowHosts: [server.hostPort] });
  closers.push(() => egress.close());
  transit = transitWrapper({ key: `${server.origin}/transit/grantway`, token: new Secret(token), send: egress.send });
  const workspaceId = newId('workspace');
  await run('insert into workspaces (id, name) values ($1, $1)', [workspaceId]);
  for (const id of environments) await run('insert into environments (id, workspace_id, name) values ($1, $2, $1)', [id, workspaceId]);
});
beforeEach(async () => {
  server.mishap = undefined;
  await run('truncate data_keys cascade');
});
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});
const run = (text: string, values: unknown[] = []) => db.system('keyring').query<Record<string, never>>({ name: '', text, values });

async function timed(work: () => unknown): Promise<{ error: unknown; ms: number }> {
  const from = performance.now();
  let error: unknown;
  try {
    await work();
  } catch (e) {
    error = e;
  }
  return { error, ms: performance.now() - from };
}

describe('C12: while the key service is out', () => {
  it.each(['down', 'silent'] as const)('(%s) keys in memory go on for an hour, others fail closed within a second', async (mishap) => {
    let clock = 0;
    const first = await openKeyRing(db, transit);
    const records = await Promise.all(environments.map(async (id) => sealRecord(await first.active('record', id), [], randomBytes(8))));
    const ring = await openKeyRing(db, transit, { now: () => clock });
    const [cached, uncached] = environments;
    await ring.active('record', cached);

    server.mishap = mishap;
    for (const at of [minutes(1), minutes(9), minutes(30), minutes(59)]) {
      clock = at;
      expect((await timed(() => ring.forRecord(records[0] as Buffer, 'record', cached))).error).toBeUndefined();
      expect((await timed(() => ring.active('record', cached))).error).toBeUndefined();
    }
    for (const work of [() => ring.forRecord(records[1] as Buffer, 'record', uncached), () => ring.active('record', uncached)]) {
      const { error, ms } = await timed(work);
      expect(isFault(error, 'unavailable')).toBe(true);
      expect(ms).toBeLessThan(1000);
    }
    clock = minutes(61);
    const { error, ms } = await timed(() => ring.forRecord(records[0] as Buffer, 'record', cached));
    expect(isFault(error, 'unavailable')).toBe(true);
    expect(ms).toBeLessThan(1000);

    server.mishap = undefined;
    await expect
      .poll(
        () =>
          Promise.resolve(ring.forRecord(records[0] as Buffer, 'record', cached)).then(
            () => 'opens',
            () => 'fails',
          ),
        { timeout: 10_000 },
      )
      .toBe('opens');
  });

  it('a thousand callers of a key that is not in memory are one request', async () => {
    const record = sealRecord(await (await openKeyRing(db, transit)).active('record', environments[0]), [], randomBytes(8));
    const ring = await openKeyRing(db, transit);
    server.seen.length = 0;
    await Promise.all(Array.from({ length: 1000 }, () => ring.forRecord(record, 'record', environments[0])));
    expect(server.seen).toHaveLength(1);
  });

  it('a start says which key service it is that does not answer', async () => {
    await openKeyRing(db, transit);
    server.mishap = 'down';
    await expect(openKeyRing(db, transit)).rejects.toThrow(`the key service of ${transit.id} answered HTTP 503`);
  });
});

describe('C13: a key service that gives back other bytes', () => {
  it('stops a start, and no record is opened or sealed with them', async () => {
    const ring = await openKeyRing(db, transit);
    const record = sealRecord(await ring.active('record', environments[0]), [], randomBytes(8));
    const late = await openKeyRing(db, transit);
    server.mishap = 'wrong bytes';
    await expect(openKeyRing(db, transit)).rejects.toThrow('the record does not open');
    await expect(late.forRecord(record, 'record', environments[0])).rejects.toThrow();
    await expect(late.active('record', environments[0])).rejects.toThrow();
  });

  it('makes no new key: what it wrapped is opened again before it is stored', async () => {
    const ring = await openKeyRing(db, transit);
    server.mishap = 'wrong bytes';
    await expect(ring.active('record', environments[0])).rejects.toThrow();
    expect((await keyStatus({ db })).map(({ purpose }) => purpose)).toEqual(['lookup']);
  });
});

describe('an environment with its own master key', () => {
  const house = localKeyWrapper(new Secret(randomBytes(32)));

  it('has its data keys under that key alone; the others are under the installation’s', async () => {
    const [own, common] = environments;
    const ring = await openKeyRing(db, { primary: house, byEnvironment: new Map([[own, transit]]) });
    await ring.active('record', own);
    await ring.active('record', common);
    const wraps = Object.fromEntries((await keyStatus({ db })).map((key) => [key.environmentId, key.wrapperIds]));
    expect(wraps).toEqual({ '': [house.id], [own]: [transit.id], [common]: [house.id] });

    // Its owner turns his key off: his environment closes, nobody else's, nor a start.
    server.mishap = 'down';
    const later = await openKeyRing(db, { primary: house, byEnvironment: new Map([[own, transit]]) });
    expect(isFault((await timed(() => later.active('record', own))).error, 'unavailable')).toBe(true);
    expect((await later.active('record', common)).key).toHaveLength(32);
  });

  it('moves there by the same rotation as any master key, and the installation’s key opens it no more', async () => {
    const [own] = environments;
    const record = sealRecord(await (await openKeyRing(db, house)).active('record', own), [], randomBytes(8));
    const sources = { primary: house, byEnvironment: new Map([[own, transit]]) };
    expect((await (await openKeyRing(db, sources)).forRecord(record, 'record', own)).key).toHaveLength(32);
    await rotateMaster({ db, sources });
    await run('delete from data_key_wraps where wrapper_id = $1 and data_key_id in (select id from data_keys where environment_id = $2)', [
      house.id,
      own,
    ]);
    expect((await (await openKeyRing(db, sources)).forRecord(record, 'record', own)).key).toHaveLength(32);
    await expect((await openKeyRing(db, house)).forRecord(record, 'record', own)).rejects.toThrow('another master key');
  });
});
