import type { System } from '@grantway/db';
import type { KeyPurpose } from './wrapped-keys.ts';

/**
 * Where sealed records are stored, and in what words their places are bound into them (`Place` in sealing.ts). Names
 * and expressions are SQL. A test compares the list with the schema: a sealed column that is missing here would lose its
 * key in a rotation.
 */
export interface SealedColumn {
  table: string;
  column: string;
  purpose: Extract<KeyPurpose, 'record' | 'signing'>;
  /** The primary key, in its order. */
  primaryKey: readonly string[];
  /** SQL for the context, a text[]. */
  context: string;
  /** The row is nothing without its sealed value: who erases the one erases the other. */
  goesWithItsRow?: boolean;
}

function inEnvironment(
  table: string,
  column: string,
  at: { primaryKey?: readonly string[]; rowId?: string; generation?: string; grantId?: string; goesWithItsRow?: true },
): SealedColumn {
  const { primaryKey = ['id'], rowId = 'id', generation = '1', grantId = "''" } = at;
  return {
    table,
    column,
    purpose: 'record',
    primaryKey,
    ...(at.goesWithItsRow === undefined ? {} : { goesWithItsRow: true }),
    context: `array[environment_id, '${table}', '${column}', ${rowId}::text, (${generation})::text, coalesce(${grantId}, '')]`,
  };
}

export const sealedColumns: readonly SealedColumn[] = [
  inEnvironment('connected_accounts', 'credential_ct', { generation: 'generation', grantId: 'grant_id' }),
  inEnvironment('connections', 'client_secret_ct', { generation: 'secret_generation' }),
  inEnvironment('salvaged_credentials', 'credential_ct', { generation: 'based_on', grantId: 'grant_id', goesWithItsRow: true }),
  inEnvironment('revocations', 'credential_ct', { grantId: 'grant_id' }),
  inEnvironment('connections', 'mcp_header_ct', { generation: 'mcp_header_generation' }),
  inEnvironment('connections', 'verification_secret_ct', { generation: 'verification_secret_generation' }),
  inEnvironment('verifications', 'sealed_ct', {}),
  inEnvironment('identity_providers', 'client_secret_ct', { generation: 'secret_generation' }),
  inEnvironment('mcp_sign_ins', 'pkce_verifier_ct', {}),
  inEnvironment('mcp_sign_ins', 'request_ct', {}),
  inEnvironment('webhook_endpoints', 'secret_ct', { generation: 'secret_generation', goesWithItsRow: true }),
  inEnvironment('webhook_endpoints', 'previous_secret_ct', { generation: 'secret_generation' }),
  inEnvironment('consent_sessions', 'pkce_verifier_ct', {}),
  inEnvironment('idempotency_keys', 'answer_ct', {
    primaryKey: ['environment_id', 'client_id', 'key_mac'],
    rowId: 'tool_call_id',
    goesWithItsRow: true,
  }),
  inEnvironment('approvals', 'arguments_ct', {}),
  inEnvironment('approvals', 'result_ct', {}),
  inEnvironment('files', 'key_ct', {}),
  {
    table: 'signing_keys',
    column: 'private_ct',
    purpose: 'signing',
    primaryKey: ['kid'],
    context: "array['signing_keys', 'private_ct', kid]",
  },
];

/** @throws Error when the database has a sealed column that this version does not know: its rows would be left behind */
export async function refuseUnknownColumns(system: System): Promise<void> {
  const rows = await system.query<{ name: string }>({
    name: 'sealed columns',
    text: `select table_name || '.' || column_name as name from information_schema.columns
           where table_schema = current_schema() and data_type = 'bytea' and column_name like '%\\_ct' order by 1`,
    values: [],
  });
  const known = new Set(sealedColumns.map(({ table, column }) => `${table}.${column}`));
  const unknown = rows.map(({ name }) => name).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`this version does not know the sealed column ${unknown.join(', ')}; use the newest version`);
}

export interface SealedRow {
  at: string;
  record: Buffer;
  context: string[];
  /** Values of the primary key, to go on from. */
  key: unknown[];
}

/** The id of the key a record names, as SQL over a bytea. */
const keyIdOf = (column: string) => `substring(${column} from 4 for 16)`;
export const keyIdBytes = (id: string): Buffer => Buffer.from(id.replaceAll('-', ''), 'hex');

/**
 * The next rows, by primary key, that are sealed under another key than `except` (or under `only`).
 * `environmentId` is '' for tables of the installation.
 */
export async function nextRows(
  system: System,
  column: SealedColumn,
  which: { environmentId: string; except?: string; only?: string; after?: unknown[]; limit: number },
): Promise<SealedRow[]> {
  const values: unknown[] = [which.limit];
  const conditions = [`${column.column} is not null`];
  const value = (v: unknown) => `$${values.push(v)}`;
  if (column.purpose === 'record') conditions.push(`environment_id = ${value(which.environmentId)}`);
  if (which.except !== undefined) conditions.push(`${keyIdOf(column.column)} <> ${value(keyIdBytes(which.except))}`);
  if (which.only !== undefined) conditions.push(`${keyIdOf(column.column)} = ${value(keyIdBytes(which.only))}`);
  if (which.after !== undefined) conditions.push(`(${column.primaryKey.join(', ')}) > (${which.after.map(value).join(', ')})`);
  const rows = await system.query<Record<string, unknown>>({
    name: '',
    text: `select ctid::text as "at", ${column.column} as record, ${column.context} as context, ${column.primaryKey
      .map((name, i) => `${name} as k${i}`)
      .join(', ')}
           from ${column.table} where ${conditions.join(' and ')} order by ${column.primaryKey.join(', ')} limit $1`,
    values,
  });
  return rows.map((row) => ({
    at: row['at'] as string,
    record: row['record'] as Buffer,
    context: row['context'] as string[],
    key: column.primaryKey.map((_, i) => row[`k${i}`]),
  }));
}

/**
 * Puts new records in the place of old ones. The old bytes are compared (their salt is random, so equal bytes are the very
 * record that was read): what a refresh or a consent wrote meanwhile stays. Returns how many were replaced.
 */
export async function replaceRecords(
  system: System,
  column: SealedColumn,
  rows: readonly { at: string; old: Buffer; fresh: Buffer }[],
): Promise<number> {
  const changed = await system.query({
    name: '',
    text: `update ${column.table} t set ${column.column} = v.fresh
           from unnest($1::tid[], $2::bytea[], $3::bytea[]) as v ("at", old, fresh)
           where t.ctid = any($1::tid[]) and t.ctid = v."at" and t.${column.column} = v.old returning 1`,
    values: [rows.map(({ at }) => at), rows.map(({ old }) => old), rows.map(({ fresh }) => fresh)],
  });
  return changed.length;
}

/** Rows per data key id, over every sealed column. */
export async function countByKey(system: System): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { table, column } of sealedColumns) {
    const rows = await system.query<{ id: string; n: string }>({
      name: '',
      text: `select encode(${keyIdOf(column)}, 'hex')::uuid::text as id, count(*) as n from ${table} where ${column} is not null group by 1`,
      values: [],
    });
    for (const { id, n } of rows) counts.set(id, (counts.get(id) ?? 0) + Number(n));
  }
  return counts;
}
