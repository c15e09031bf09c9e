import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Database, openDatabase } from '@grantway/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DataKey, decrypt, encrypt, openRecord, sealRecord, VaultError } from './record.ts';
import { sealedColumns } from './sealed-columns.ts';
import { emptyDatabase } from './testing/installation.ts';

/*
 * The whole of the sealed columns, as the list has them: each place is what the list's own SQL makes of a row of the real
 * table, so that a column that is added is attacked from its first day. One key for all of them, which is the worst case.
 */
const rowsPerColumn = 20;
const key: DataKey = { id: randomUUID(), key: randomBytes(32) };

interface PlacedRecord {
  column: string;
  row: number;
  context: string[];
  record: Buffer;
}

let db: Database;
let drop: () => Promise<void>;
const placed: PlacedRecord[] = [];

beforeAll(async () => {
  const database = await emptyDatabase();
  drop = database.drop;
  db = openDatabase({ connectionString: database.url });
  for (const { table, column, context } of sealedColumns) {
    const rows = await query<{ context: string[] }>(`select ${context} as context from jsonb_populate_recordset(null::${table}, $1) as t`, [
      JSON.stringify(await rowsOf(table)),
    ]);
    for (const [row, { context: at }] of rows.entries()) {
      placed.push({ column: `${table}.${column}`, row, context: at, record: sealRecord(key, at, randomBytes(256)) });
    }
  }
});
afterAll(async () => {
  await db?.close();
  await drop?.();
});

const query = <R extends Record<string, unknown>>(text: string, values: unknown[]) =>
  db.system('health').query<R>({ name: '', text, values });

/**
 * Rows that differ in one thing at a time from the first of them, and in what concatenation would confuse: the ids are the
 * same in every table.
 */
async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
  const columns = await query<{ name: string; type: string }>(
    'select column_name as name, data_type as type from information_schema.columns where table_schema = current_schema() and table_name = $1',
    [table],
  );
  const first = Object.fromEntries(
    columns.flatMap(({ name, type }): [string, unknown][] => {
      if (type === 'text') return [[name, 'a1']];
      if (type === 'bigint' || type === 'integer') return [[name, 1]];
      return [];
    }),
  );
  const out = [first];
  for (const name of Object.keys(first)) {
    const others = first[name] === 1 ? [2, 11, 0] : ['a', 'a11', 'A1', '1'];
    for (const other of others) out.push({ ...first, [name]: other });
  }
  return out;
}

const opens = (context: readonly string[], record: Buffer): boolean => {
  try {
    openRecord(key, context, record);
    return true;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return false;
  }
};

it('C03: a record opens in no other row, column or tenant, whichever sealed column it comes from', { timeout: 120_000 }, () => {
  expect(new Set(placed.map(({ column }) => column)).size).toBe(sealedColumns.length);
  // Rows that differ only in what a place does not name are one place.
  const byPlace = new Map(placed.map((p) => [JSON.stringify(p.context), p]));
  const perColumn = new Map<string, PlacedRecord[]>();
  for (const p of byPlace.values()) perColumn.set(p.column, [...(perColumn.get(p.column) ?? []), p]);
  const chosen = [...perColumn.values()].flatMap((all) => all.slice(0, rowsPerColumn));
  for (const { table, column, purpose } of sealedColumns) {
    const places = perColumn.get(`${table}.${column}`)?.length ?? 0;
    // Environment and row id; for keys of the installation there is the id alone.
    expect(places, `${table}.${column}`).toBeGreaterThanOrEqual(purpose === 'record' ? 9 : 5);
  }
  let pairs = 0;
  let own = 0;
  const moved: string[] = [];
  for (const from of chosen) {
    for (const to of chosen) {
      pairs += 1;
      if (!opens(to.context, from.record)) continue;
      if (from === to) own += 1;
      else moved.push(`${from.column} ${from.context} in ${to.column} ${to.context}`);
    }
  }
  expect(moved).toEqual([]);
  expect(own).toBe(chosen.length);
  expect(pairs).toBeGreaterThan(10_000);
});

it('C06: of no sealed column a record opens with any bit flipped, cut to any length, or with a byte before or behind', {
  timeout: 120_000,
}, () => {
  const opened: string[] = [];
  let tried = 0;
  for (const { table, column } of sealedColumns) {
    const { context, record } = placed.find((p) => p.column === `${table}.${column}`) as PlacedRecord;
    const attempt = (what: string, changed: Buffer) => {
      tried += 1;
      if (opens(context, changed)) opened.push(`${table}.${column}: ${what}`);
    };
    for (let bit = 0; bit < record.length * 8; bit++) {
      const changed = Buffer.from(record);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      attempt(`bit ${bit}`, changed);
    }
    for (let length = 0; length < record.length; length++) attempt(`length ${length}`, record.subarray(0, length));
    attempt('a byte behind', Buffer.concat([record, Buffer.alloc(1)]));
    attempt('a byte before', Buffer.concat([Buffer.alloc(1), record]));
    expect(opens(context, record)).toBe(true);
  }
  expect(opened).toEqual([]);
  expect(tried).toBeGreaterThan(30_000);
});

it('C18: whatever is wrong with a record, the error is the same, and nothing hangs on it', () => {
  const { context, record } = placed[0] as PlacedRecord;
  const with_ = (at: number) => {
    const changed = Buffer.from(record);
    changed[at] = (changed[at] as number) ^ 1;
    return changed;
  };
  const wrong: [string, () => unknown][] = [
    ...[0, 1, 2, 3, 19, 51, 63, 95, record.length - 1].map((at): [string, () => unknown] => [
      `byte ${at}`,
      () => openRecord(key, context, with_(at)),
    ]),
    ...[0, 1, 3, 94, 95, 110, 111, record.length - 1].map((length): [string, () => unknown] => [
      `length ${length}`,
      () => openRecord(key, context, record.subarray(0, length)),
    ]),
    ['another place', () => openRecord(key, [...context, ''], record)],
    ['another key under the same id', () => openRecord({ ...key, key: randomBytes(32) }, context, record)],
    ['another key', () => openRecord({ id: randomUUID(), key: randomBytes(32) }, context, record)],
    ['nothing of ours', () => openRecord(key, context, randomBytes(367))],
  ];
  const told = wrong.map(([what, run]) => {
    try {
      run();
    } catch (error) {
      const { name, message, cause } = error as Error;
      return [error instanceof VaultError, name, message, cause, Object.keys(error as object)];
    }
    throw new Error(`${what}: it opened`);
  });
  for (const one of told) expect(one).toEqual([true, 'VaultError', 'the record does not open', undefined, ['name']]);
  expect(told.length).toBeGreaterThan(20);
});

describe('C11: plaintext before its tag', () => {
  const gcm = { key: randomBytes(32), iv: randomBytes(12), additional: randomBytes(9) };

  it('does not come out: with a wrong tag there is an error and nothing else, however long the text was', () => {
    for (const length of [0, 1, 16, 255, 65_536, 1_048_576]) {
      const sealed = encrypt(gcm.key, gcm.iv, gcm.additional, randomBytes(length));
      for (const at of [0, length >> 1, length, length + 15]) {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] as number) ^ 0x80;
        let out: Buffer | undefined;
        expect(() => {
          out = decrypt(gcm.key, gcm.iv, gcm.additional, changed);
        }).toThrow(new VaultError());
        expect(out).toBeUndefined();
      }
    }
  });

  it('is refused for keys and IVs of other lengths, both ways', () => {
    for (const [keyLength, ivLength] of [
      [16, 12],
      [24, 12],
      [31, 12],
      [33, 12],
      [32, 0],
      [32, 8],
      [32, 11],
      [32, 13],
      [32, 16],
    ] as const) {
      const [k, iv] = [randomBytes(keyLength), randomBytes(ivLength)];
      expect(() => encrypt(k, iv, gcm.additional, randomBytes(8)), `${keyLength} ${ivLength}`).toThrow(new VaultError());
      expect(() => decrypt(k, iv, gcm.additional, randomBytes(24)), `${keyLength} ${ivLength}`).toThrow(new VaultError());
    }
  });

  it('there is one place where a cipher is used, and what it gives is complete', () => {
    const source = readFileSync(new URL('record.ts', import.meta.url), 'utf8');
    const uses = [...source.matchAll(/\b(?:de)?cipher\.(update|final)\(/g)].map(([, what]) => what);
    expect(uses).toEqual(['update', 'final', 'update', 'final']);
    // Nothing comes between the first bytes and the verdict about them, and nobody else has them.
    expect(source).toMatch(
      /const opened = decipher\.update\([^;]*\);\n {2}try \{\n {4}\/\/[^\n]*\n {4}decipher\.final\(\);\n {4}return opened;\n {2}\} catch \{\n {4}opened\.fill\(0\);\n {4}throw new VaultError\(\);/,
    );
    expect(source.match(/\bopened\b/g)).toHaveLength(3);
  });
});
