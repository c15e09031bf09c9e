import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { type Changes, changesChannel, createChanges } from './changes.ts';
import { type Hearing, openHearing } from './hearing.ts';
import { createHearingProof } from './hearing-proof.ts';
import { createStatementNames } from './statement-names.ts';

export type Tx = NodePgDatabase;

export interface Database {
  /**
   * Runs `work` in one transaction that sees one environment's rows only (row-level security). Never wait for the
   * network inside: a transaction held over a provider's answer is a pool that runs dry.
   */
  inEnvironment<T>(environmentId: string, work: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Queries across environments: looking a secret up before its environment is known, and sweeps. Each use names its
   * reason; the coverage test lists them, and the list may only shrink.
   */
  system(reason: SystemReason): System;
  /**
   * Named statements, across environments as well, on connections that hear of changes: when one resolves, `changes` knows of every
   * commit that was answered before it was sent. What `durable` ones write is on the disk by then; the others' is in the table, and on
   * the disk a moment later.
   */
  fenced(reason: SystemReason, durability: 'durable' | 'soon'): Pick<Hearing, 'query' | 'together'>;
  changes: Changes;
  /** Connects those connections, and finds out whether they hear; without it nothing may be remembered. */
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface System {
  /** Named statements are prepared once per connection; they are what the hot path uses. */
  query<R extends pg.QueryResultRow>(statement: { name: string; text: string; values: unknown[] }): Promise<R[]>;
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** Why a query may look across environments. */
export type SystemReason =
  | 'bootstrap'
  | 'keyring'
  | 'authenticate client'
  | 'open MCP instance'
  | 'open authorization link'
  | 'open consent session'
  | 'lease credential'
  | 'call a tool'
  | 'record deeds'
  | 'sweep'
  | 'health';

export interface DatabaseOptions {
  connectionString: string;
  /** Connections of the pool that serves one environment at a time; named statements across environments get as many, other work across them half. */
  poolSize?: number;
  onError?: (error: Error) => void;
}

export function openDatabase(options: DatabaseOptions): Database {
  const size = options.poolSize ?? 10;
  // What is answered is on the disk, whatever the server's or the role's own setting.
  const durable = '-c synchronous_commit=on';
  const limits = '-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=15000';
  const settings = `${limits} ${durable}`;
  // What comes again is planned once for each connection (`statement-names.ts`): for values of any kind, and for tables that may be new, whose
  // rows are found by an index however few there are. What was planned for a table that has grown since ends with the connection.
  const own = new pg.Pool({
    connectionString: options.connectionString,
    max: size,
    options: `${settings} -c enable_seqscan=off -c jit=off`,
    maxLifetimeSeconds: plansHoldSeconds,
  });
  // Named statements are planned once: left to itself the server plans one that takes arrays anew each time, which costs it far
  // more than to run it. What they read is found by indexes, whatever the values.
  const named = new pg.Pool({
    connectionString: options.connectionString,
    max: size,
    options: `${settings} -c grantway.environment_id=* -c plan_cache_mode=force_generic_plan`,
  });
  const across = new pg.Pool({
    connectionString: options.connectionString,
    max: Math.ceil(size / 2),
    options: `${settings} -c grantway.environment_id=*`,
  });
  // An idle connection that the server ends must not end the process; the next query gets a new one.
  for (const pool of [own, named, across]) {
    pool.on('error', (error) => options.onError?.(error));
    // Nor one that is in use between two statements of a transaction: its next statement fails.
    pool.on('connect', (client) => client.on('error', () => {}));
  }
  own.on('connect', createStatementNames());
  const changes = createChanges();
  const proof = createHearingProof({
    tell: (word) => named.query({ name: 'tell of nothing', text: 'select pg_notify($1, $2)', values: [changesChannel, word] }),
    listeners: () => countOf(({ listening }) => listening()),
  });
  // What runs there finds rows by their ids, also where a table is new and a planner takes it for small.
  const hearing = (commit: 'on' | 'off') =>
    openHearing({
      config: {
        connectionString: options.connectionString,
        options: `${limits} -c synchronous_commit=${commit} -c grantway.environment_id=* -c plan_cache_mode=force_generic_plan
          -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off`.replace(/\s+/g, ' '),
      },
      connections: hearingConnections,
      onNotification: (payload) => {
        if (proof.heard(payload)) return;
        for (const id of payload.split(' ')) changes.heard(id);
      },
      onMissed: () => {
        proof.reset();
        changes.missed();
      },
      onError: (error) => options.onError?.(error),
    });
  const hearers = { durable: hearing('on'), soon: hearing('off') };
  const countOf = (of: (hearer: Hearing) => number) => Object.values(hearers).reduce((sum, hearer) => sum + of(hearer), 0);
  const acrossDb = drizzle(across);
  const system: System = {
    query: async <R extends pg.QueryResultRow>(statement: { name: string; text: string; values: unknown[] }) =>
      (await named.query<R>(statement)).rows,
    tx: (work) => acrossDb.transaction((tx) => work(tx as unknown as Tx)),
  };
  const sessions = new WeakMap<pg.PoolClient, Tx>();
  const sessionOf = (client: pg.PoolClient): Tx => {
    const known = sessions.get(client) ?? (drizzle(client) as unknown as Tx);
    sessions.set(client, known);
    return known;
  };
  return {
    inEnvironment: async (environmentId, work) => {
      if (environmentId === '*') throw new Error('an environment id is required');
      const client = await own.connect();
      let lost: Error | undefined;
      try {
        // One message instead of two: each costs both sides as much as a small query.
        await client.query(`begin; select set_config('grantway.environment_id', ${pg.escapeLiteral(environmentId)}, true)`);
        const result = await work(sessionOf(client));
        await client.query('commit');
        return result;
      } catch (error) {
        // A connection that cannot even do that is not for the next one.
        await client.query('rollback').catch((cause: Error) => {
          lost = cause;
        });
        throw error;
      } finally {
        client.release(lost);
      }
    },
    system: () => system,
    fenced: (_reason, durability) => hearers[durability],
    changes: { ...changes, isProven: proof.isProven },
    listen: async () => {
      const ask = () => Promise.all(Object.values(hearers).map((hearer) => hearer.askAll()));
      await ask();
      const heardBy = await proof.tell();
      await ask();
      // Each of them must have heard: one that got it by chance proves nothing of the others.
      changes.setHears(heardBy() === countOf(({ connections }) => connections));
    },
    close: async () => {
      await Promise.all([own, named, across, ...Object.values(hearers)].map((one) => one.end()));
    },
  };
}

const plansHoldSeconds = 60;

/** Of each durability. Every one of them is woken by every change. */
const hearingConnections = 2;

/** Postgres error code of a failed query (https://www.postgresql.org/docs/current/errcodes-appendix.html), also when drizzle wrapped it. */
export function pgErrorCode(error: unknown): string | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 4; e = e.cause, depth++) {
    const code = (e as { code?: unknown }).code;
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}

export const uniqueViolation = '23505';
export const foreignKeyViolation = '23503';
