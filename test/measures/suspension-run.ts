import { randomBytes } from 'node:crypto';
import { newId } from '@grantway/contract';
import { resumeEnvironment, suspendEnvironment } from '@grantway/core';
import { openDatabase } from '@grantway/db';
import { Person } from '@grantway/sandbox/person';
import { createDatabase, someKeys } from '@grantway/test/harness';
import { type BrokerChild, type Json, type RedisProcess, startBrokerChild, startRedis } from './processes.ts';

export type Kind = 'client' | 'user' | 'environment';
export const kinds: readonly Kind[] = ['client', 'user', 'environment'];

export interface Suspensions {
  kind: Kind;
  /** Milliseconds from the answer to the suspension to the answer of the last accepted call, one for each; 0: none came later. */
  lastAcceptedMs: number[];
  /** Calls that began after that answer and were accepted all the same. */
  begunLater: number;
  /** Answers to the suspended that were neither acceptance nor refusal. */
  odd: number;
}

export interface Others {
  calls: number;
  errors: number;
}

export interface SuspensionMeasure {
  suspensions: Suspensions[];
  /** Other clients and users: before anything is suspended, and while it is. */
  othersBefore: Others;
  others: Others;
}

const processes = 4;
const tool = 'datadog_monitors_list';

interface Account {
  broker: BrokerChild;
  identifier: string;
  token: string;
  mcpUrl: string;
}

/** A caller that goes on as fast as it is answered, or with a pause. */
interface Caller {
  accepted: number;
  refused: number;
  odd: number;
  /** When the last accepted call began, and was answered. */
  lastBegunAt: number;
  lastAnsweredAt: number;
  /** When the last refused call began. */
  refusedBegunAt: number;
}

/**
 * Four whole broker processes on one database, everybody calling over REST and MCP at each of them, and one client, user or
 * environment suspended again and again. `redis`: `up`, or `down`: stopped while they run; `none`: the queue in the database.
 */
export async function measureSuspension(options: {
  perKind: number;
  redis: 'up' | 'down' | 'none';
  baselineMs: number;
  say: (line: string) => void;
}): Promise<SuspensionMeasure> {
  const { perKind, say } = options;
  const database = await createDatabase();
  const db = openDatabase({ connectionString: database.url, poolSize: 2 });
  let redis: RedisProcess | undefined;
  let brokers: BrokerChild[] = [];
  const stops: (() => Promise<void>)[] = [];
  try {
    if (options.redis !== 'none') {
      redis = await startRedis();
      if (redis === undefined) throw new Error('redis-server is not installed');
    }
    const settings = {
      databaseUrl: database.url,
      redisUrl: redis?.url,
      queuePrefix: `m-${randomBytes(4).toString('hex')}`,
      masterKey: randomBytes(32).toString('hex'),
      stateDir: undefined,
      revocationsPerSecond: 50,
    };
    brokers = [await startBrokerChild(settings)];
    brokers.push(...(await Promise.all(Array.from({ length: processes - 1 }, () => startBrokerChild(settings)))));
    const [first] = brokers as [BrokerChild];

    const [workspace, environmentId] = [newId('workspace'), newId('environment')];
    const query = (text: string, values: unknown[]) => db.system('health').query({ name: '', text, values });
    await query("insert into workspaces (id, name) values ($1, 'measure')", [workspace]);
    await query("insert into environments (id, workspace_id, name) values ($1, $2, 'measure')", [environmentId, workspace]);
    const scopes = ['tools:execute', 'mcp_instances:write', 'connected_accounts:write'];
    const newClient = async () => {
      const { body } = await first.api('/v1/clients', { body: { name: 'measured', scopes } });
      return { clientId: body.client_id as string, clientSecret: body.client_secret as string };
    };
    const [suspended, other] = [await newClient(), await newClient()];
    const elsewhere = await first.clientIn(environmentId);
    await configure(first, await first.token());
    await configure(first, await first.token(elsewhere));
    const subjects: Record<Kind, Account[]> = {
      client: await accounts(brokers, suspended, 'of-the-client'),
      user: await accounts(brokers, other, 'the-user'),
      environment: await accounts(brokers, elsewhere, 'in-the-environment'),
    };
    const bystanders = await accounts(brokers, other, 'bystander');
    const suspend: Record<Kind, (at: BrokerChild, suspended: boolean) => Promise<void>> = {
      client: (at, on) => patched(at, `/v1/clients/${suspended.clientId}`, on),
      user: (at, on) => patched(at, '/v1/users/the-user', on),
      environment: (_at, on) => (on ? suspendEnvironment(db, environmentId) : resumeEnvironment(db, environmentId)),
    };
    if (options.redis === 'down') {
      await redis?.kill();
      say('redis was stopped');
    }

    const others = bystanders.flatMap((account) => ['rest', 'mcp'].map((via) => startCaller(account, via as 'rest' | 'mcp', 25)));
    stops.push(...others.map(({ stop }) => stop));
    await pause(options.baselineMs);
    const othersBefore = sum(others);
    const suspensions: Suspensions[] = [];
    for (const kind of kinds) {
      suspensions.push(await suspendAgainAndAgain(kind, subjects[kind], suspend[kind], brokers, perKind));
      say(line(suspensions.at(-1) as Suspensions));
    }
    const all = sum(others);
    return { suspensions, othersBefore, others: { calls: all.calls - othersBefore.calls, errors: all.errors - othersBefore.errors } };
  } finally {
    await Promise.all(stops.map((stop) => stop()));
    await Promise.all(brokers.map((broker) => broker.kill()));
    await db.close();
    await redis?.kill();
    await database.drop();
  }
}

async function patched(at: BrokerChild, pathname: string, suspended: boolean): Promise<void> {
  const answer = await at.api(pathname, { method: 'PATCH', body: { suspended } });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
}

async function configure(broker: BrokerChild, token: string): Promise<void> {
  for (const [pathname, body] of [
    ['/v1/connections', { name: 'datadog', connector: 'datadog', sandbox: true }],
    ['/v1/mcp-configs', { name: 'role', connection_tool_mappings: [{ connection_name: 'datadog', tools: [tool] }] }],
  ] as const) {
    const made = await broker.api(pathname, { body, token });
    if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  }
}

/** The same user at each process; each has a sandbox of its own, and all of them take any key. */
async function accounts(
  brokers: BrokerChild[],
  client: { clientId: string; clientSecret: string },
  identifier: string,
): Promise<Account[]> {
  const [first] = brokers as [BrokerChild];
  const instance = (
    await first.api('/v1/mcp-instances', {
      method: 'PUT',
      token: await first.token(client),
      body: { config_name: 'role', user_identifier: identifier },
    })
  ).body;
  const page = await new Person().enterKey(instance.connections[0].authentication_link, someKeys());
  if (page.status !== 200) throw new Error(`the key was not taken: ${page.status}`);
  return Promise.all(
    brokers.map(async (broker) => ({
      broker,
      identifier,
      token: await broker.token(client),
      mcpUrl: new URL(new URL(instance.url).pathname, broker.baseUrl).href,
    })),
  );
}

type Verdict = 'accepted' | 'refused' | 'odd';

async function overRest({ broker, identifier, token }: Account): Promise<Verdict> {
  const { status, body } = await broker.api(`/v1/tools/${tool}/execute`, { token, body: { identifier } });
  return status === 200 ? 'accepted' : /_suspended$/.test(body?.code ?? '') ? 'refused' : 'odd';
}

async function overMcp({ mcpUrl }: Account): Promise<Verdict> {
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-06-18' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
  });
  const body = (await response.json()) as Json;
  if (body.result !== undefined && body.result.isError !== true) return 'accepted';
  return /_suspended/.test(JSON.stringify(body)) ? 'refused' : 'odd';
}

function startCaller(account: Account, via: 'rest' | 'mcp', pauseMs: number): Caller & { stop(): Promise<void> } {
  const never = Number.NEGATIVE_INFINITY;
  const caller: Caller = { accepted: 0, refused: 0, odd: 0, lastBegunAt: never, lastAnsweredAt: never, refusedBegunAt: never };
  let running = true;
  const work = (async () => {
    while (running) {
      const begunAt = performance.now();
      const verdict = await (via === 'rest' ? overRest : overMcp)(account).catch((): Verdict => 'odd');
      caller[verdict] += 1;
      if (verdict === 'accepted') {
        caller.lastBegunAt = begunAt;
        caller.lastAnsweredAt = performance.now();
      } else caller.refusedBegunAt = begunAt;
      await pause(verdict === 'accepted' ? pauseMs : Math.max(10, pauseMs));
    }
  })();
  return Object.assign(caller, {
    stop: async () => {
      running = false;
      await work;
    },
  });
}

async function suspendAgainAndAgain(
  kind: Kind,
  subjects: Account[],
  suspend: (at: BrokerChild, suspended: boolean) => Promise<void>,
  brokers: BrokerChild[],
  times: number,
): Promise<Suspensions> {
  const callers = subjects.flatMap((account) => ['rest', 'mcp'].map((via) => startCaller(account, via as 'rest' | 'mcp', 0)));
  const result: Suspensions = { kind, lastAcceptedMs: [], begunLater: 0, odd: 0 };
  try {
    for (let i = 0; i < times; i++) {
      const at = brokers[i % brokers.length] as BrokerChild;
      const from = performance.now();
      await until(() => callers.every(({ lastBegunAt }) => lastBegunAt > from), 'everybody is served');
      await suspend(at, true);
      const answeredAt = performance.now();
      await until(() => callers.every(({ refusedBegunAt }) => refusedBegunAt > answeredAt), 'everybody is refused');
      // Some are watched for longer: nothing may come back by itself.
      await pause(i % 10 === 0 ? 2_500 : 250);
      const last = Math.max(...callers.map(({ lastAnsweredAt }) => lastAnsweredAt));
      result.lastAcceptedMs.push(Math.max(0, last - answeredAt));
      result.begunLater += callers.filter(({ lastBegunAt }) => lastBegunAt > answeredAt).length;
      await suspend(at, false);
    }
  } finally {
    await Promise.all(callers.map(({ stop }) => stop()));
    result.odd = callers.reduce((n, { odd }) => n + odd, 0);
  }
  return result;
}

const sum = (callers: Caller[]): Others => ({
  calls: callers.reduce((n, c) => n + c.accepted + c.refused + c.odd, 0),
  errors: callers.reduce((n, c) => n + c.refused + c.odd, 0),
});

async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > giveUpAt) throw new Error(`it did not come about that ${what}`);
    await pause(2);
  }
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function percentile(values: number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function line({ kind, lastAcceptedMs: ms, begunLater, odd }: Suspensions): string {
  const [p50, p99, max] = [percentile(ms, 50), percentile(ms, 99), Math.max(...ms)].map((value) => `${value.toFixed(1)} ms`);
  return `${kind.padEnd(11)}  ${ms.length} suspensions  last accepted call: p50 ${p50}, p99 ${p99}, max ${max}  begun later ${begunLater}  odd ${odd}`;
}

/** What a suspension promises, as complaints; times are asked only where a limit is given. */
export function complaints(measure: SuspensionMeasure, limits?: { p99Ms: number; maxMs: number }): string[] {
  const found: string[] = [];
  for (const { kind, lastAcceptedMs, begunLater, odd } of measure.suspensions) {
    if (begunLater > 0) found.push(`${kind}: ${begunLater} calls were accepted that began after the suspension`);
    if (odd > 0) found.push(`${kind}: ${odd} answers were neither acceptance nor refusal`);
    if (limits === undefined) continue;
    const [p99, max] = [percentile(lastAcceptedMs, 99), Math.max(...lastAcceptedMs)];
    if (p99 > limits.p99Ms) found.push(`${kind}: p99 ${p99.toFixed(1)} ms; ${limits.p99Ms} ms are allowed`);
    if (max > limits.maxMs) found.push(`${kind}: max ${max.toFixed(1)} ms; ${limits.maxMs} ms are allowed`);
  }
  if (measure.others.calls === 0) found.push('nobody else called');
  if (measure.others.errors > 0 || measure.othersBefore.errors > 0) {
    found.push(`others: ${measure.othersBefore.errors} errors before, ${measure.others.errors} meanwhile`);
  }
  return found;
}
