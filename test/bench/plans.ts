import pg from 'pg';
import type { Started } from './processes.ts';
import { type Generator, once, type Subject } from './rows.ts';
import type { PostgresReady } from './starting.ts';

/** A statement as the database ran it while calls were made, and how. */
export interface StatementPlan {
  statement: string;
  /** How often, for each call. */
  perCall: number;
  /** One line for each step that reads or writes a table, indented by depth. */
  steps: string[];
  /** Tables that grow with use and were read from end to end. */
  sequentialScans: string[];
}

export interface HotPlans {
  calls: number;
  /** Run for each call or more often than every tenth. */
  hot: StatementPlan[];
  /** What ran beside: jobs and sweeps. */
  beside: StatementPlan[];
}

/** Everything but the operator's own few: connections, configs, clients, environments. */
const growing = new Set([
  'users',
  'mcp_instances',
  'connected_accounts',
  'tool_calls',
  'authorization_links',
  'consent_sessions',
  'verifications',
  'idempotency_keys',
  'audit_events',
  'events',
  'webhook_deliveries',
  'revocations',
]);

/** The plans that were executed, with their real values and under row-level security: auto_explain writes them to the server's log. */
export async function plansOf(postgres: Started<PostgresReady>, generator: Generator, subject: Subject): Promise<HotPlans> {
  const admin = new pg.Client({ connectionString: postgres.ready.adminUrl });
  await admin.connect();
  try {
    // Loaded here too, so that its settings are known.
    await admin.query(`load 'auto_explain'`);
    for (const setting of [
      `session_preload_libraries = 'auto_explain'`,
      'auto_explain.log_min_duration = 0',
      `auto_explain.log_format = 'json'`,
      'auto_explain.log_parameter_max_length = 0',
    ]) {
      await admin.query(`alter role grantway set ${setting}`);
    }
    // Sessions read these at their beginning: the broker's pools get new ones.
    await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'grantway'`);
    await once(generator, subject, 1, 0.3).catch(() => undefined);
    const before = (await postgres.ask<string>({})).length;
    const row = await once(generator, subject, 1, 0.5);
    if (row.errors > 0) throw new Error(`calls failed while plans were recorded: ${row.firstError}`);
    return read((await postgres.ask<string>({})).slice(before), row.requests);
  } finally {
    await admin.query('alter role grantway reset all');
    await admin.end();
  }
}

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Operation?: string;
  Plans?: Node[];
}

function read(log: string, calls: number): HotPlans {
  const found = new Map<string, { count: number; plan: Node }>();
  // An entry's further lines begin with a tab.
  for (const [, text] of log.matchAll(/plan:\n((?:\t.*\n)+)/g)) {
    const entry = JSON.parse(text as string) as { 'Query Text': string; Plan: Node };
    const statement = entry['Query Text'].replace(/\s+/g, ' ').trim();
    const known = found.get(statement);
    if (known === undefined) found.set(statement, { count: 1, plan: entry.Plan });
    else known.count++;
  }
  const all = [...found].map(([statement, { count, plan }]): StatementPlan => {
    const steps: string[] = [];
    const sequentialScans: string[] = [];
    const walk = (node: Node, depth: number) => {
      const table = node['Relation Name'];
      if (table !== undefined) {
        const by = node['Index Name'] === undefined ? '' : ` by ${node['Index Name']}`;
        steps.push(`${'  '.repeat(depth)}${node.Operation ?? node['Node Type']} ${table}${by}`);
        if (node['Node Type'].includes('Seq Scan') && growing.has(table)) sequentialScans.push(table);
      }
      for (const child of node.Plans ?? []) walk(child, depth + (table === undefined ? 0 : 1));
    };
    walk(plan, 0);
    return { statement, perCall: count / calls, steps, sequentialScans };
  });
  all.sort((a, b) => b.perCall - a.perCall);
  return { calls, hot: all.filter(({ perCall }) => perCall > 0.1), beside: all.filter(({ perCall }) => perCall <= 0.1) };
}
