import type { Step, StepValue } from '@grantway/db';
import { connectAll, createDatabase, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const times = 5;
const others = 3000;
/** Of one table in one statement. A user has three accounts here. */
const mostRows = 20;

let broker: TestBroker;
let instance: Json;
let drop: () => Promise<void>;

beforeAll(async () => {
  const database = await createDatabase();
  drop = database.drop;
  broker = await startBroker({ databaseUrl: database.url });
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  // Enough of others for the database to prefer an index where it has one.
  const client = await sessionOf('*');
  try {
    await client.query('create temporary table model as select * from connected_accounts where id = $1', [
      instance.connections.find((c: Json) => c.connector === 'slack').connected_account_id,
    ]);
    await client.query(`insert into users (id, environment_id, identifier)
      select 'usr_other' || i, environment_id, 'other-' || i from model, generate_series(1, ${others}) as n(i)`);
    await client.query(`insert into connected_accounts (id, environment_id, connection_id, user_id, status)
      select 'ca_other' || i, environment_id, connection_id, 'usr_other' || i, 'ACTIVE' from model, generate_series(1, ${others}) as n(i)`);
    await client.query(`insert into mcp_instances (id, url_id, environment_id, config_id, user_id)
      select 'mcp_other' || i, 'other' || i, environment_id, config_id, 'usr_other' || i from mcp_instances, generate_series(1, ${others}) as n(i)`);
    await client.query(`insert into tool_calls (id, environment_id, request_id, via, user_identifier, tool_name, outcome)
      select 'tc_other' || i, environment_id, 'req_other', 'mcp', 'other-' || i, 'x', 'success' from model, generate_series(1, ${others}) as n(i)`);
    await client.query('analyze');
  } finally {
    await client.end();
  }
});
afterAll(async () => {
  await broker.close();
  await drop();
});

async function call(): Promise<void> {
  const answer = await fetch(instance.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'slack_post_message', arguments: { channel: 'C0EXAMPLE1', text: 'hello' } },
    }),
  });
  await answer.text();
}

async function execute(): Promise<void> {
  await broker.api('/v1/tools/slack_list_channels/execute', {
    body: { identifier: instance.user_identifier, connection_name: 'slack', arguments: {} },
  });
}

async function ensure(): Promise<void> {
  const body = { config_name: 'incident-responder', user_identifier: instance.user_identifier };
  await broker.api('/v1/mcp-instances', { method: 'PUT', body });
}

interface Statement {
  text: string;
  values?: unknown[];
}
const listed = (value: StepValue) => (typeof value !== 'object' || value === null ? value : 'texts' in value ? value.texts : value.ints);

/** What the broker asked its database for, each time that `work` was done. */
async function statementsOf(work: () => Promise<void>): Promise<{ text: string; values: unknown[] }[]> {
  const spy = vi.spyOn(pg.Client.prototype, 'query');
  const seen = new Map<string, { times: number; values: unknown[] }>();
  try {
    for (let i = 0; i < times; i++) await work();
    const statements = (spy.mock.calls as unknown as [string | Statement | { steps: Step[] }, unknown[]?][]).flatMap(([given, more]) => {
      if (typeof given === 'string') return [{ text: given, values: more }];
      return 'steps' in given
        ? given.steps.map(({ text, values }) => ({ text, values: values.map(listed) }))
        : [{ text: given.text, values: given.values ?? more }];
    });
    for (const { text, values } of statements) {
      seen.set(text, { times: (seen.get(text)?.times ?? 0) + 1, values: Array.isArray(values) ? values : [] });
    }
  } finally {
    spy.mockRestore();
  }
  // Jobs run beside, less often.
  return [...seen].filter(([, found]) => found.times >= times).map(([text, { values }]) => ({ text, values }));
}

async function sessionOf(environmentId: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: broker.databaseUrl });
  await client.connect();
  await client.query(`set grantway.environment_id = '${environmentId}'`);
  return client;
}

/**
 * Every table of which the statement has to read more rows than one user can have, with their number; run as it is, and
 * undone. Plans that pay only while tables are small are forbidden.
 */
async function rowsRead(text: string, values: unknown[]): Promise<string[]> {
  const client = await sessionOf(broker.broker.environmentId);
  try {
    await client.query('begin; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off');
    const { rows } = await client.query<{ 'QUERY PLAN': Json }>(`explain (analyze, timing off, format json) ${text}`, values);
    await client.query('rollback');
    const walk = (node: Json): string[] => {
      const each = node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
      const all = each * node['Actual Loops'];
      return [
        ...(node['Relation Name'] !== undefined && all > mostRows ? [`${node['Relation Name']}: ${all}`] : []),
        ...(node.Plans ?? []).flatMap(walk),
      ];
    };
    return walk(rows[0]?.['QUERY PLAN'][0].Plan);
  } finally {
    await client.end();
  }
}

describe('what a statement reads does not grow with the number of users', () => {
  it.each([
    ['in a tool call over MCP', call],
    ['in a tool call over the REST API', execute],
    ['when an instance is ensured again', ensure],
  ])('%s', async (_, work) => {
    await work();
    const statements = await statementsOf(work);
    // A plain insert reads nothing, and cannot be run twice.
    const reading = statements.filter(({ text }) => /^\s*(select|update|delete|with)\b/i.test(text));
    expect([statements.length, reading.length].map((count, i) => count >= 2 - i)).toEqual([true, true]);
    const tooMuch: Record<string, string[]> = {};
    for (const { text, values } of reading) {
      const found = await rowsRead(text, values);
      if (found.length > 0) tooMuch[text] = found;
    }
    expect(tooMuch).toEqual({});
  });
});
