import type { TestBroker } from '@grantway/test/harness';
import pg from 'pg';

/** The broker's rows, seen past row-level security; for tests that ask what was really written. */
export interface Rows {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R[]>;
  one<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<R>;
  count(table: string): Promise<number>;
  /** One checksum for each table; equal before and after where nothing was written. */
  checksums(): Promise<Record<string, string>>;
  close(): Promise<void>;
}

export async function openRows(broker: Pick<TestBroker, 'databaseUrl'>): Promise<Rows> {
  const client = new pg.Client({ connectionString: broker.databaseUrl, options: '-c grantway.environment_id=*' });
  await client.connect();
  const query = async <R extends pg.QueryResultRow>(text: string, values: unknown[] = []) => (await client.query<R>(text, values)).rows;
  const tables = (
    await query<{ name: string }>("select table_name as name from information_schema.tables where table_schema = 'public'")
  ).map((t) => t.name);
  // A job of the broker may drop what has expired at any time; nothing here expires within a test.
  const everything = tables
    // Written by a job, whatever is asked of the broker.
    .filter((name) => name !== 'sweep_marks')
    .sort()
    .map((name) => `select '${name}' as name, md5(coalesce(string_agg(t::text, e'\\n' order by t::text), '')) as sum from ${name} t`)
    .join(' union all ');
  return {
    query,
    async one(text, values) {
      const rows = await query(text, values);
      if (rows.length !== 1) throw new Error(`${rows.length} rows: ${text}`);
      return rows[0] as never;
    },
    count: async (table) => Number((await query<{ n: string }>(`select count(*) as n from ${table}`))[0]?.n),
    checksums: async () => Object.fromEntries((await query<{ name: string; sum: string }>(everything)).map((row) => [row.name, row.sum])),
    close: () => client.end(),
  };
}

/** Tables in which something changed. */
export function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys(after).filter((name) => before[name] !== after[name]);
}
