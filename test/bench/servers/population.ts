import { createHash } from 'node:crypto';
import type { Broker } from '@grantway/broker';
import { credentialPlace } from '@grantway/vault';
import pg from 'pg';

/** How many to make, all like one user who connected an account, and called, by the product's own means. */
export interface Population {
  /** Superuser, in the broker's database. */
  adminUrl: string;
  /** Of connected accounts; as many users, and as many MCP instances. */
  accounts: number;
  /** Rows of the audit of calls. */
  calls: number;
  /** Accounts that can be called, spread evenly over all: their credentials are real. */
  callers: number;
}

export interface Populated {
  seconds: number;
  /** Paths of the callers' MCP URLs, in the order of their making. */
  paths: string[];
  /** Of the whole database, indexes included. */
  sizeMiB: number;
}

const growing = ['users', 'mcp_instances', 'connected_accounts', 'tool_calls'] as const;
type Growing = (typeof growing)[number];

/** An id as the product makes them (26 characters of Crockford's base 32, in order), of number `i`. */
const idOf = (prefix: string, i: string) => `'${prefix}_01' || lpad((${i})::text, 8, '0') || left(md5('${prefix}' || (${i})), 16)`;
const urlIdOf = (i: number) => createHash('md5').update(`url${i}`).digest('hex').slice(0, 16);

/**
 * Fills the tables that grow with use inside the server (`insert ... select from generate_series`), every column that is not
 * a row's own as in the row that the product wrote. A sealed credential opens in its own row only: those of callers are
 * sealed for it, the others are random bytes of the same length, which nobody opens.
 */
export async function populate(broker: Broker, { adminUrl, accounts, calls, callers }: Population): Promise<Populated> {
  const began = performance.now();
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    // Without the checks of references, which hold by construction; nothing else is left out.
    await admin.query(`set session_replication_role = replica; set synchronous_commit = off; set maintenance_work_mem = '256MB'`);
    const model = await modelRow(admin);
    const numbers = Array.from(
      { length: Math.min(callers, accounts) },
      (_, k) => 1 + Math.floor((k * accounts) / Math.min(callers, accounts)),
    );
    await sealForCallers(broker, admin, model, numbers);
    const { length } = model.credential_ct;
    const noise = Array.from({ length: Math.ceil(length / 64) }, (_, k) => `sha512(('${k} ' || i)::bytea)`).join(' || ');
    await fill(admin, 'users', accounts, { id: idOf('usr', 'i'), identifier: `'member-' || i` });
    await fill(admin, 'mcp_instances', accounts, {
      id: idOf('mcp', 'i'),
      url_id: `left(md5('url' || i), 16)`,
      user_id: idOf('usr', 'i'),
    });
    await fill(
      admin,
      'connected_accounts',
      accounts,
      {
        id: idOf('ca', 'i'),
        user_id: idOf('usr', 'i'),
        connected_by_user_id: idOf('usr', 'i'),
        provider_account_id: `'pa' || i`,
        grant_id: idOf('gr', 'i'),
        credential_ct: `coalesce(sealed, substr(${noise}, 1, ${length}))`,
      },
      'left join callers using (i)',
    );
    const of = `1 + (i::bigint * 7919) % ${accounts}`;
    await fill(admin, 'tool_calls', calls, {
      id: idOf('tc', 'i'),
      request_id: idOf('req', 'i'),
      user_identifier: `'member-' || (${of})`,
      mcp_instance_id: idOf('mcp', of),
      connected_account_id: idOf('ca', of),
      created_at: `now() - (${calls} - i) * interval '250 milliseconds'`,
    });
    for (const table of growing) await admin.query(`vacuum (analyze) ${table}`);
    await admin.query('checkpoint');
    const paths = await Promise.all(
      numbers.map(async (i) => `/u/${await broker.modules.sealing.derive('mcpUrl', urlIdOf(i), model.secret_version)}/mcp`),
    );
    const { rows } = await admin.query<{ size: string }>('select pg_database_size(current_database()) as size');
    return { seconds: (performance.now() - began) / 1000, paths, sizeMiB: Number(rows[0]?.size) / 2 ** 20 };
  } finally {
    await admin.end();
  }
}

interface Model {
  id: string;
  environment_id: string;
  generation: string;
  grant_id: string;
  credential_ct: Buffer;
  secret_version: number;
}

async function modelRow(admin: pg.Client): Promise<Model> {
  const { rows } = await admin.query<Model>(
    `select a.id, a.environment_id, a.generation, a.grant_id, a.credential_ct, i.secret_version
       from connected_accounts a join mcp_instances i on i.user_id = a.user_id where a.status = 'ACTIVE'`,
  );
  if (rows[0] === undefined || rows.length > 1) throw new Error('there must be one connected account to begin with');
  return rows[0];
}

async function sealForCallers({ modules }: Broker, admin: pg.Client, model: Model, numbers: number[]): Promise<void> {
  const credential = await modules.sealing.open(
    credentialPlace({
      environmentId: model.environment_id,
      id: model.id,
      generation: Number(model.generation),
      grantId: model.grant_id,
    }),
    model.credential_ct,
  );
  await admin.query('create temporary table callers (i int primary key, sealed bytea)');
  for (let from = 0; from < numbers.length; from += 2000) {
    const some = numbers.slice(from, from + 2000);
    const { rows } = await admin.query<{ id: string; grant_id: string }>(
      `select ${idOf('ca', 'i')} as id, ${idOf('gr', 'i')} as grant_id from unnest($1::int[]) with ordinality as n(i, place) order by place`,
      [some],
    );
    const sealed = await Promise.all(
      rows.map((row) =>
        modules.sealing.seal(
          credentialPlace({
            environmentId: model.environment_id,
            id: row.id,
            generation: Number(model.generation),
            grantId: row.grant_id,
          }),
          credential,
        ),
      ),
    );
    await admin.query('insert into callers select * from unnest($1::int[], $2::bytea[])', [some, sealed]);
  }
  await admin.query('analyze callers');
}

/** So many rows more, each like the table's only or newest one but for these columns, in the order of `i`. */
async function fill(admin: pg.Client, table: Growing, count: number, own: Record<string, string>, join = ''): Promise<void> {
  const { rows: columns } = await admin.query<{ name: string }>(
    `select column_name as name from information_schema.columns
      where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER' order by ordinal_position`,
    [table],
  );
  // Building an index over all rows is far cheaper than adding to it row by row.
  const { rows: indexes } = await admin.query<{ name: string; definition: string }>(
    `select c.relname as name, pg_get_indexdef(i.indexrelid) as definition from pg_index i join pg_class c on c.oid = i.indexrelid
      where i.indrelid = $1::regclass and not i.indisprimary`,
    [table],
  );
  for (const { name } of indexes) await admin.query(`drop index ${name}`);
  await admin.query(`create temporary table model as select * from ${table} order by id desc limit 1`);
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const values = columns.map(({ name }) => own[name] ?? `m."${name}"`).join(', ');
  await admin.query(
    `insert into ${table} (${names}) select ${values} from generate_series(1, ${count}) as n(i) ${join} cross join model m`,
  );
  await admin.query('drop table model');
  for (const { definition } of indexes) await admin.query(definition);
}
