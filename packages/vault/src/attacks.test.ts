import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { OAuth2Credential } from '@grantway/connector-kit';
import { newId, reveal, Secret } from '@grantway/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { credentialPlace, storeGrant } from './accounts.ts';
import { openKeyRing } from './key-ring.ts';
import { rotateDataKeys, rotateMaster } from './key-rotation.ts';
import { localKeyWrapper } from './master-key.ts';
import { createSealing } from './sealing.ts';
import { type Installation, newGrant, openReplica, type Replica, startInstallation } from './testing/installation.ts';

let installation: Installation;
let replica: Replica;
beforeAll(async () => {
  installation = await startInstallation(() => undefined);
  replica = await installation.replica();
});
afterAll(() => installation?.close());

/** Every row of every table as text, as a dump has them. */
async function dump(): Promise<string[]> {
  const tables = await installation.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'",
  );
  const out: string[] = [];
  for (const { name } of tables) {
    for (const { row } of await installation.query<{ row: string }>(`select t::text as row from "${name}" t`)) out.push(row);
  }
  return out;
}

/** How bytes look in hexadecimal, and in base64 at each of the three alignments. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const shifted = [0, 1, 2].map((by) => {
    const text = Buffer.concat([Buffer.alloc(by), bytes]).toString('base64');
    return text.slice(by === 0 ? 0 : 4, -4);
  });
  return [secret, bytes.toString('hex'), ...shifted, Buffer.from(secret, 'base64url').toString('hex')];
}

/** Which of the secrets are in the text: their spellings are looked up by their ends, so that the text is read once. */
function foundIn(text: string, secrets: readonly string[]): string[] {
  const size = 12;
  const byEnd = new Map<string, { spelling: string; secret: string }[]>();
  for (const secret of secrets) {
    for (const spelling of spellings(secret)) {
      const end = spelling.slice(-size);
      byEnd.set(end, [...(byEnd.get(end) ?? []), { spelling, secret }]);
    }
  }
  const found = new Set<string>();
  for (let at = size; at <= text.length; at++) {
    for (const { spelling, secret } of byEnd.get(text.slice(at - size, at)) ?? []) {
      if (text.startsWith(spelling, at - spelling.length)) found.add(secret);
    }
  }
  return [...found];
}

/** `npm run attacks` plants 5,000. */
const grants = process.env['MODE'] === 'long' ? 2_500 : 100;

it(`C01: a dump of the database holds none of ${2 * grants} tokens, in no spelling`, { timeout: 3_600_000 }, async () => {
  const planted: string[] = [];
  for (let i = 0; i < grants; i++) {
    const { credential } = newGrant();
    const { access_token, refresh_token } = reveal(credential) as OAuth2Credential;
    planted.push(access_token, refresh_token as string);
    await installation.account(reveal(credential));
  }
  const text = (await dump()).join('\n');
  expect(text.length).toBeGreaterThan(100_000);
  expect(foundIn(text, planted)).toEqual([]);
  // The search is able to find: an identifier that is stored in clear, and bytes that are stored as they are.
  expect(foundIn(text, [installation.environmentId])).toEqual([installation.environmentId]);
});

it('C04: the record of an earlier generation, put back into its own row, does not open; neither before nor after a rotation', async () => {
  const account = await installation.account();
  const read = async () => {
    const [row] = await installation.query<{ generation: string; grant_id: string; credential_ct: Buffer }>(
      'select generation, grant_id, credential_ct from connected_accounts where id = $1',
      [account],
    );
    return row as NonNullable<typeof row>;
  };
  const old = await read();
  const { environmentId } = installation;
  await replica.db.inEnvironment(environmentId, (tx) =>
    storeGrant(tx, replica.sealing, { account: { id: account, environmentId }, ...newGrant() }),
  );
  await installation.query('update connected_accounts set credential_ct = $2 where id = $1', [account, old.credential_ct]);
  const opening = async () => {
    const row = await read();
    const place = credentialPlace({ environmentId, id: account, generation: Number(row.generation), grantId: row.grant_id });
    return replica.sealing.open(place, row.credential_ct);
  };
  await expect(opening()).rejects.toThrow('the record does not open');
  // A rotation does not launder it: what does not open in its place is not sealed anew.
  const deps = { db: replica.db, sources: { primary: localKeyWrapper(new Secret(installation.masterKey)) } };
  expect((await rotateDataKeys(deps)).broken).toEqual([{ table: 'connected_accounts', key: account }]);
  await expect(opening()).rejects.toThrow('the record does not open');
});

it('C08: a start under another master key writes nothing at all', async () => {
  const before = await dump();
  await expect(openReplica(installation.databaseUrl, randomBytes(32), () => undefined)).rejects.toThrow(
    localKeyWrapper(new Secret(installation.masterKey)).id,
  );
  expect(await dump()).toEqual(before);
});

it('C19: a keyed hash of a guessable word cannot be tested with what the database holds', async () => {
  const words = ['alice@example.com', 'bob@example.com', 'password', 'secret'];
  const mac = await replica.sealing.mac('client secret', ['cl_1', words[0] as string]);
  const bytes = await installation.query<{ b: Buffer }>(
    `select blob as b from data_key_wraps union all select canary from data_keys where canary is not null
     union all select uuid_send(id) from data_keys union all select credential_ct from connected_accounts where credential_ct is not null`,
  );
  const keys = bytes.flatMap(({ b }) => [b, b.subarray(0, 32), b.subarray(-32), b.subarray(63, 95)]);
  let tried = 0;
  for (const word of words) {
    for (const text of [
      word,
      `cl_1${word}`,
      `client secret\0cl_1\0${word}`,
      `13:client secret\u00004:cl_1\u0000${word.length}:${word}\u0000`,
    ]) {
      const guesses = [createHash('sha256').update(text).digest(), ...keys.map((key) => createHmac('sha256', key).update(text).digest())];
      tried += guesses.length;
      expect(guesses.some((guess) => guess.equals(mac))).toBe(false);
    }
  }
  expect(tried).toBeGreaterThan(1000);
  // With the key in hand the same guess is right: it is the key that is missing, not the recipe.
  const { key } = await replica.ring.active('lookup');
  const recipe = `13:client secret\u00004:cl_1\u0000${Buffer.byteLength(words[0] as string)}:${words[0]}\u0000`;
  expect(createHmac('sha256', key).update(recipe).digest().equals(mac)).toBe(true);
});

it('C21: checking 5 000 machine secrets costs less than half a second of processor time', async () => {
  await replica.sealing.mac('client secret', ['warm', 'up']);
  const from = process.cpuUsage();
  for (let i = 0; i < 5_000; i++) await replica.sealing.mac('client secret', [`cl_${i}`, 'x'.repeat(43)]);
  const { user, system } = process.cpuUsage(from);
  expect((user + system) / 1000).toBeLessThan(500);
});

it('figure 18: a master key rotation of 100 environments is a matter of seconds', { timeout: 60_000 }, async () => {
  const other = await startInstallation(() => undefined);
  try {
    const { db, ring } = await other.replica();
    const [{ workspace_id } = {}] = await other.query<{ workspace_id: string }>('select workspace_id from environments');
    for (let i = 0; i < 100; i++) {
      const id = newId('environment');
      await other.query('insert into environments (id, workspace_id, name) values ($1, $2, $1)', [id, workspace_id]);
      await ring.active('record', id);
    }
    const [now, next] = [localKeyWrapper(new Secret(other.masterKey)), localKeyWrapper(new Secret(randomBytes(32)))];
    const from = performance.now();
    expect(await rotateMaster({ db, sources: { primary: now, more: [next] } })).toMatchObject({ added: 102 });
    expect(performance.now() - from).toBeLessThan(20_000);
    const sealing = createSealing(await openKeyRing(db, next));
    expect(await sealing.mac('x', [])).toHaveLength(32);
  } finally {
    await other.close();
  }
});
