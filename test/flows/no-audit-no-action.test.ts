import { randomBytes } from 'node:crypto';
import {
  connectAll,
  createDatabase,
  incidentSetting,
  incidentTools,
  type Json,
  startBroker,
  type TestBroker,
} from '@grantway/test/harness';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { startBrokerChild } from '../measures/processes.ts';

const masterKey = randomBytes(32);
let database: Awaited<ReturnType<typeof createDatabase>>;
let broker: TestBroker;
let rows: Rows;
let server: Fixture;
/** Calls that the remote MCP server executed. */
let atServer = 0;
let instance: Json;

beforeAll(async () => {
  server = await startFixture();
  const run = () => {
    atServer++;
    return { content: [{ type: 'text', text: 'done' }] };
  };
  const inputSchema = { type: 'object' };
  server.tools.push(
    { definition: { name: 'see', description: 'Reads', inputSchema, annotations: { readOnlyHint: true } }, eras: ['modern'], run },
    { definition: { name: 'do', description: 'Writes', inputSchema }, eras: ['modern'], run },
  );
  database = await createDatabase();
  broker = await startBroker({ databaseUrl: database.url, masterKey, allowHosts: [new URL(server.url).host] });
  rows = await openRows(broker);
  await incidentSetting(broker);
  await broker.api('/v1/connections', { body: { name: 'remote', connector: 'mcp', mcp: { url: server.url } } });
  await broker.api('/v1/mcp-configs', {
    body: {
      name: 'everything',
      connection_tool_mappings: [
        ...Object.entries(incidentTools).map(([connection_name, tools]) => ({ connection_name, tools })),
        { connection_name: 'remote', tools: ['see', 'do'] },
      ],
    },
  });
  const made = await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'everything', user_identifier: 'ada' } });
  instance = made.body;
  await connectAll(broker, instance);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await server?.close();
  await database?.drop();
});

const ledger = async (connector: string) => (await broker.control(`/${connector}/ledger`, 'GET')).counts.api_calls as number;
const atProviders = async () => (await ledger('datadog')) + (await ledger('linear')) + atServer;

const mix: [name: string, args: Json][] = [
  ['datadog_monitors_list', {}],
  ['linear_comment_create', { issueId: 'ENG-142', body: 'It is under way' }],
  ['remote_see', {}],
  ['remote_do', {}],
];

/** One batch of protocol 2025-03-26: the codes of its calls, or `ok`. */
async function batch(size: number): Promise<string[]> {
  const response = await fetch(instance.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify(
      Array.from({ length: size }, (_, i) => {
        const [name, args] = mix[i % mix.length] as (typeof mix)[number];
        return { jsonrpc: '2.0', id: i, method: 'tools/call', params: { name, arguments: args } };
      }),
    ),
  });
  const answers = (await response.json()) as Json[];
  return answers.map(({ result, error }) =>
    error === undefined ? (result.isError ? result._meta['grantway/code'] : 'ok') : error.message,
  );
}

async function calls(count: number, concurrency: number): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  let left = count / 20;
  const worker = async () => {
    while (left-- > 0) for (const code of await batch(20)) found.set(code, (found.get(code) ?? 0) + 1);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return found;
}

describe('no audit, no action', () => {
  it.each([
    ['may not be written', 2_000, 'revoke insert on tool_calls from current_user', 'grant insert on tool_calls to current_user'],
    ['has gone', 2_000, 'alter table tool_calls rename to gone', 'alter table gone rename to tool_calls'],
    [
      'has a disk that is full',
      6_000,
      `create function full_disk() returns trigger language plpgsql as $$ begin raise exception 'no space left' using errcode = '53100'; end $$;
       create trigger full_disk after insert on tool_calls for each row execute function full_disk()`,
      'drop trigger full_disk on tool_calls; drop function full_disk',
    ],
  ])(
    'with a table of calls that %s, none of %i calls reaches a provider, reads and writes alike',
    { timeout: 240_000 },
    async (_what, count, breakIt, mendIt) => {
      expect(new Set(await batch(mix.length))).toEqual(new Set(['ok']));
      await rows.query(breakIt);
      const before = await atProviders();
      let answered: Map<string, number>;
      try {
        answered = await calls(count, 8);
        expect(await atProviders()).toBe(before);
      } finally {
        await rows.query(mendIt);
      }
      // Nothing was done, and everyone heard so.
      expect(Object.fromEntries(answered)).toEqual({ unavailable: count });
      expect(new Set(await batch(mix.length))).toEqual(new Set(['ok']));
    },
  );

  it('a table that fails in the middle of things lets nothing through that it has not taken', { timeout: 120_000 }, async () => {
    const [before, written] = [await atProviders(), await rows.count('tool_calls')];
    const load = calls(1_200, 6);
    // More than are under way at once: some have been answered.
    await vi.waitFor(async () => expect(await atProviders()).toBeGreaterThan(before + 150), { timeout: 60_000, interval: 5 });
    await rows.query('revoke insert on tool_calls from current_user');
    let answered: Map<string, number>;
    try {
      answered = await load;
    } finally {
      await rows.query('grant insert on tool_calls to current_user');
    }
    expect(answered.get('ok')).toBeGreaterThan(0);
    expect(answered.get('unavailable')).toBeGreaterThan(0);
    const left = (await rows.count('tool_calls')) - written;
    expect((await atProviders()) - before).toBeLessThanOrEqual(left);
    await rows.query("update tool_calls set outcome = 'outcome_unknown' where outcome = 'pending'");
  });

  it('a direct call whose audit row cannot be written is not answered, and of a write it is said that it may have happened', async () => {
    const execute = async (name: string, args: Json) =>
      (await broker.api(`/v1/tools/${name}/execute`, { body: { identifier: 'ada', arguments: args } })).body;
    const [reading, writing] = mix as [(typeof mix)[number], (typeof mix)[number]];
    await rows.query('revoke insert on audit_events from current_user');
    try {
      const answers = [await execute(...reading), await execute(...writing)];
      expect(answers.map(({ code }) => code)).toEqual(['unavailable', 'outcome_unknown']);
    } finally {
      await rows.query('grant insert on audit_events to current_user');
    }
    expect(await execute(...reading)).toMatchObject({ output: expect.any(Object) });
  });

  it('the row of a call is there before its provider hears of it, of a remote MCP server as of any other', async () => {
    const seen: Json[] = [];
    const look = { definition: { name: 'see', description: 'Reads', inputSchema: { type: 'object' } }, eras: ['modern'] as const };
    const at = server.tools.findIndex(({ definition }) => definition.name === 'do');
    const usual = server.tools[at] as (typeof server.tools)[number];
    server.tools[at] = {
      ...usual,
      definition: { ...look.definition, name: 'do' },
      run: async () => {
        // A connection of its own: what is seen here is committed.
        const client = new pg.Client({ connectionString: broker.databaseUrl, options: '-c grantway.environment_id=*' });
        await client.connect();
        seen.push(...(await client.query("select tool_name, effect, outcome from tool_calls where outcome = 'pending'")).rows);
        await client.end();
        return { content: [{ type: 'text', text: 'done' }] };
      },
    };
    try {
      expect(await batch(mix.length)).toEqual(['ok', 'ok', 'ok', 'ok']);
    } finally {
      server.tools[at] = usual;
    }
    expect(seen).toContainEqual({ tool_name: 'remote_do', effect: 'write', outcome: 'pending' });
  });

  it('a broker that dies between a write and its outcome is found at the next start: unknown, and never sent again', {
    timeout: 120_000,
  }, async () => {
    const settings = {
      databaseUrl: database.url,
      redisUrl: undefined,
      queuePrefix: `q-${randomBytes(4).toString('hex')}`,
      masterKey: masterKey.toString('hex'),
      stateDir: undefined,
      sandboxOrigin: broker.sandbox.origin,
      revocationsPerSecond: 50,
    };
    const first = await startBrokerChild(settings);
    const heard = broker.logLines.length;
    // The vendor says so when a request comes in, and answers none of them while this goes on.
    const requests = () => broker.logLines.slice(heard).filter((line) => line.includes('linear api: waits')).length;
    await broker.control('/linear/knobs', 'PUT', { slow_ms: 15_000 });
    const key = randomBytes(8).toString('hex');
    const body = { identifier: 'ada', arguments: { issueId: 'ENG-142', body: 'Once and no more' } };
    const send = async (at: { baseUrl: string; token(): Promise<string> }) =>
      fetch(`${at.baseUrl}/v1/tools/linear_comment_create/execute`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await at.token()}`, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      });
    const token = await first.token();
    const cut = send({ baseUrl: first.baseUrl, token: async () => token }).then(
      () => 'answered',
      () => 'cut',
    );
    await vi.waitFor(() => expect(requests()).toBe(1), {
      timeout: 20_000,
      interval: 10,
    });
    await first.kill();
    expect(await cut).toBe('cut');
    const pending = await rows.query<{ id: string }>("select id from tool_calls where outcome = 'pending'");
    expect(pending).toHaveLength(1);

    const next = await startBrokerChild(settings);
    try {
      const [row] = await rows.query('select outcome, tool_name from tool_calls where id = $1', [pending[0]?.id]);
      expect(row).toEqual({ outcome: 'outcome_unknown', tool_name: 'linear_comment_create' });
      const event = await rows.one<Json>("select data from events where type = 'tool_call.failed' and data->>'tool_call_id' = $1", [
        pending[0]?.id,
      ]);
      expect(event.data).toMatchObject({ outcome: 'outcome_unknown' });
      // Its caller, who repeats it under the same key with the same client, hears what is known.
      const again = await fetch(`${next.baseUrl}/v1/tools/linear_comment_create/execute`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await next.token(first.client)}`, 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      });
      expect(((await again.json()) as Json).code).toBe('outcome_unknown');
      expect(requests()).toBe(1);
    } finally {
      await broker.control('/linear/knobs', 'DELETE');
      await next.kill();
    }
  });
});
