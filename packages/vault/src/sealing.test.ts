import { randomBytes } from 'node:crypto';
import type { Credential } from '@grantway/connector-kit';
import { formatBearer, newId, parseBearer, randomBase62, reveal, Secret } from '@grantway/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VaultError } from './record.ts';
import { fingerprint, type Place, type Sealing } from './sealing.ts';
import { type Installation, openReplica, startInstallation } from './testing/installation.ts';

let installation: Installation;
let sealing: Sealing;
let sameElsewhere: Sealing;
beforeAll(async () => {
  installation = await startInstallation(() => undefined);
  sealing = (await installation.replica()).sealing;
  sameElsewhere = (await installation.replica()).sealing;
});
afterAll(() => installation?.close());

const kinds = ['mcpUrl', 'link'] as const;

describe('derived bearer values', () => {
  it.each(kinds)('of kind %s are the same each time and in each process, and differ by id, version and kind', async (kind) => {
    const ids = [randomBase62(16), randomBase62(16)];
    const all: string[] = [];
    for (const id of ids) {
      for (const version of [1, 2, 11]) {
        const token = await sealing.derive(kind, id, version);
        expect(await sameElsewhere.derive(kind, id, version)).toBe(token);
        expect(parseBearer(kind, token)).toMatchObject({ id });
        all.push(token);
      }
    }
    const other = kind === 'link' ? 'mcpUrl' : 'link';
    const secrets = [...all, await sealing.derive(other, ids[0] as string, 1)].map((token) => token.slice(-49, -6));
    expect(new Set(secrets).size).toBe(7);
  });

  it('are recognised by every process, for their own version only', async () => {
    const token = await sealing.derive('mcpUrl', randomBase62(16), 3);
    expect(await sameElsewhere.isDerived('mcpUrl', token, 3)).toBe(true);
    for (const version of [0, 1, 2, 4, 33]) expect(await sealing.isDerived('mcpUrl', token, version)).toBe(false);
    expect(await sealing.isDerived('link', token, 3)).toBe(false);
  });

  it('are refused with any character changed, cut, added, or signed anew with a right checksum', async () => {
    const id = randomBase62(16);
    const token = await sealing.derive('mcpUrl', id, 1);
    const genuine = parseBearer('mcpUrl', token);
    if (genuine === undefined) throw new Error('not a bearer value');
    const altered = [...token].map((c, i) => token.slice(0, i) + (c === 'A' ? 'B' : 'A') + token.slice(i + 1));
    for (let length = 0; length < token.length; length++) altered.push(token.slice(0, length));
    altered.push(`${token}A`, ` ${token}`, `${token}\n`, token.toLowerCase(), '');
    // What an attacker would send: the checksum is right, the secret is not this id's.
    for (let i = 0; i < genuine.secret.length; i++) {
      const c = genuine.secret[i] === 'A' ? 'B' : 'A';
      altered.push(formatBearer({ ...genuine, secret: genuine.secret.slice(0, i) + c + genuine.secret.slice(i + 1) }));
    }
    altered.push(formatBearer({ ...genuine, id: randomBase62(16) }));
    const link = parseBearer('link', await sealing.derive('link', id, 1));
    altered.push(formatBearer({ ...genuine, secret: link?.secret ?? '' }));
    const accepted = [];
    for (const text of altered) if (await sealing.isDerived('mcpUrl', text, 1)) accepted.push(text);
    expect(accepted).toEqual([]);
    expect(await sealing.isDerived('mcpUrl', token, 1)).toBe(true);
  });

  it('cannot be had from the database alone', async () => {
    const tokens = [await sealing.derive('mcpUrl', randomBase62(16), 1), await sealing.derive('link', randomBase62(16), 1)];
    const { ring } = await installation.replica();
    const keys = [await ring.active('url'), await ring.active('link')].map(({ key }) => key);
    const tables = await installation.query<{ name: string }>(
      "select table_name as name from information_schema.tables where table_schema = 'public'",
    );
    const rows: string[] = [];
    for (const { name } of tables) {
      for (const { row } of await installation.query<{ row: string }>(`select t::text as row from "${name}" t`)) rows.push(row);
    }
    const dump = rows.join('\n');
    expect(dump).toContain(installation.connectionId);
    for (const token of tokens) expect(dump).not.toContain(token.slice(-49, -6));
    for (const key of keys) {
      for (const encoding of ['hex', 'base64', 'base64url'] as const) expect(dump).not.toContain(key.toString(encoding));
    }
    // The very same tables under a master key of one's own: not one key opens.
    await expect(openReplica(installation.databaseUrl, randomBytes(32), () => undefined)).rejects.toThrow('is not the one');
  });
});

describe('a keyed hash', () => {
  it('is the same in each process and differs by purpose, by part, and by where parts end', async () => {
    const inputs: [string, string[]][] = [
      ['state', ['ab', 'c']],
      ['state', ['a', 'bc']],
      ['state', ['abc']],
      ['state', ['abc', '']],
      ['state', ['', 'abc']],
      ['state', []],
      ['state', ['']],
      ['browser', ['ab', 'c']],
      ['statea', ['b', 'c']],
      ['state', ['ab\u0000', 'c']],
      ['state', ['ab', '\u0000c']],
      ['state', ['2:ab\u00001:c']],
    ];
    const macs = [];
    for (const [purpose, parts] of inputs) {
      const mac = await sealing.mac(purpose, parts);
      expect(mac).toHaveLength(32);
      expect((await sameElsewhere.mac(purpose, parts)).equals(mac)).toBe(true);
      macs.push(mac.toString('hex'));
    }
    expect(new Set(macs).size).toBe(inputs.length);
  });
});

describe('a sealed value', () => {
  const place = (more: Partial<Place> = {}): Place => ({
    environmentId: installation.environmentId,
    table: 'connected_accounts',
    column: 'credential_ct',
    rowId: 'ca_1',
    generation: 1,
    grantId: 'gr_1',
    ...more,
  });

  it('opens in every process, in its own place', async () => {
    const value = { kind: 'api_key', fields: { api_key: randomBytes(16).toString('hex'), note: 'é 日本 🔑' } };
    const record = await sealing.seal(place(), new Secret(value));
    expect(reveal(await sameElsewhere.open(place(), record))).toEqual(value);
  });

  it('C03: opens in none of the places it was moved to: rows, columns, generations, grants, each with each', async () => {
    const places: Place[] = [];
    for (const rowId of ['ca_1', 'ca_2', 'ca_11', 'ca_1\u0000']) {
      for (const [table, column] of [
        ['connected_accounts', 'credential_ct'],
        ['connections', 'client_secret_ct'],
        ['connected_accounts', 'client_secret_ct'],
      ] as const) {
        for (const generation of [1, 2, 12]) {
          for (const grantId of ['gr_1', 'gr_2', '']) places.push(place({ rowId, table, column, generation, grantId }));
        }
      }
    }
    const records = await Promise.all(places.map((p) => sealing.seal(p, new Secret('value'))));
    const moved: string[] = [];
    let opened = 0;
    for (const [from, record] of records.entries()) {
      for (const [to, there] of places.entries()) {
        const result = await sealing.open(there, record).then(
          () => true,
          (error: unknown) => {
            if (!(error instanceof VaultError)) throw error;
            return false;
          },
        );
        if (result && from === to) opened++;
        else if (result) moved.push(`${JSON.stringify(places[from])} in ${JSON.stringify(there)}`);
      }
    }
    expect(moved).toEqual([]);
    expect(opened).toBe(places.length);
  });

  it('does not open in another environment, even one that has a key of its own', async () => {
    const other = newId('environment');
    await installation.query('insert into environments (id, workspace_id, name) select $1, workspace_id, $1 from environments limit 1', [
      other,
    ]);
    const record = await sealing.seal(place(), new Secret('value'));
    await sealing.seal(place({ environmentId: other }), new Secret('value'));
    await expect(sealing.open(place({ environmentId: other }), record)).rejects.toThrow();
  });

  it('has the same length for every token of up to 200 bytes, and grows in steps of 256', async () => {
    const length = async (n: number) => (await sealing.seal(place(), new Secret('x'.repeat(n)))).length;
    expect(new Set(await Promise.all([0, 1, 20, 64, 128, 200, 250].map(length)))).toEqual(new Set([256 + 111]));
    expect(await length(251)).toBe(512 + 111);
    expect(await length(5000)).toBe(5120 + 111);
    expect(reveal(await sealing.open(place(), await sealing.seal(place(), new Secret('x'.repeat(250)))))).toBe('x'.repeat(250));
  });

  it('leaves the vault in clear only as a kept answer, never as a credential', async () => {
    const answer = place({ table: 'idempotency_keys', column: 'answer_ct', grantId: '' });
    expect(await sealing.openAnswer(answer, await sealing.seal(answer, new Secret({ output: 1 })))).toEqual({ output: 1 });
    const record = await sealing.seal(place(), new Secret('value'));
    expect(() => sealing.openAnswer(place(), record)).toThrow(VaultError);
    await expect(sealing.openAnswer(answer, record)).rejects.toThrow(VaultError);
  });
});

it('a fingerprint tells access credentials apart, whatever the order of fields, and ignores the refresh token', () => {
  const of = (value: Credential) => fingerprint(new Secret(value)).toString('hex');
  const token = randomBytes(16).toString('hex');
  const oauth = { kind: 'oauth2', access_token: token, scopes: [] } as const;
  expect(of({ ...oauth, scopes: [], refresh_token: 'r' })).toBe(of({ ...oauth, scopes: [] }));
  expect(of({ ...oauth, scopes: [], access_token: `${token}x` })).not.toBe(of({ ...oauth, scopes: [] }));
  expect(of({ kind: 'api_key', fields: { a: token, b: '2' } })).toBe(of({ kind: 'api_key', fields: { b: '2', a: token } }));
  expect(of({ kind: 'api_key', fields: { a: token, b: '2' } })).not.toBe(of({ kind: 'api_key', fields: { a: `${token}2`, b: '' } }));
});
