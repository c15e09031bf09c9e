import pg from 'pg';
import { changesChannel } from './changes.ts';
import { Pipeline, Preparation, type Step, type StepAnswer } from './pipeline.ts';

export interface HearingOptions {
  config: pg.ClientConfig;
  connections: number;
  onNotification(payload: string): void;
  /** Something may not have been heard: a connection is new, or gone. */
  onMissed(): void;
  /** The server ended one that was not in use. */
  onError(error: Error): void;
}

/**
 * A few connections that stay open and listen to the channel of changes: no pool, since what runs there runs for every call, and a pool's
 * turn costs as much as the statement. A connection is opened when it is first needed, and anew when it was lost.
 */
export interface Hearing {
  readonly connections: number;
  /** How many of them are open. */
  listening(): number;
  query<R extends pg.QueryResultRow>(statement: { name: string; text: string; values: unknown[] }): Promise<R[]>;
  /** In one transaction and one round trip; see `Pipeline`. */
  together(steps: readonly Step[]): Promise<StepAnswer[]>;
  /** Resolves when every connection has answered, and so has heard what was told before. */
  askAll(): Promise<void>;
  end(): Promise<void>;
}

interface Line {
  client: pg.Client | undefined;
  prepared: Set<string>;
}

export function openHearing({ config, connections, onNotification, onMissed, onError }: HearingOptions): Hearing {
  const lines = Array.from({ length: connections }, (): Line => ({ client: undefined, prepared: new Set() }));
  const free = [...lines];
  const waiting: ((line: Line) => void)[] = [];
  let ended = false;

  async function open(line: Line): Promise<pg.Client> {
    const client = new pg.Client(config);
    const lost = (error?: Error) => {
      if (line.client !== client) return;
      line.client = undefined;
      onMissed();
      if (error !== undefined && free.includes(line)) onError(error);
    };
    // Without a listener, a connection that ends would end the process.
    client.on('error', lost);
    client.on('end', () => lost());
    client.on('notification', ({ payload = '' }) => onNotification(payload));
    try {
      await client.connect();
      // Where it cannot listen it is of no use.
      await client.query(`listen ${changesChannel}`);
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    onMissed();
    line.client = client;
    line.prepared = new Set();
    return client;
  }

  async function withLine<T>(line: Line, work: (client: pg.Client, line: Line) => Promise<T>): Promise<T> {
    try {
      return await work(line.client ?? (await open(line)), line);
    } catch (error) {
      // What a row's constraint refused says nothing of the connection; after anything else the next one gets another.
      const { client } = line;
      if (client !== undefined && !(error instanceof pg.DatabaseError && error.code?.startsWith('23'))) {
        line.client = undefined;
        onMissed();
        client.end().catch(() => {});
      }
      throw error;
    } finally {
      const next = waiting.shift();
      if (next === undefined) free.push(line);
      else next(line);
    }
  }

  async function use<T>(work: (client: pg.Client, line: Line) => Promise<T>): Promise<T> {
    if (ended) throw new Error('the database was closed');
    return withLine(free.pop() ?? (await new Promise<Line>((resolve) => waiting.push(resolve))), work);
  }

  /** All of them at once, each when it is free; lines are given in the order in which they were asked for, so that two who want all do not wait for each other. */
  async function each(work: (line: Line) => Promise<void>): Promise<void> {
    const taken = await Promise.all(lines.map(() => free.pop() ?? new Promise<Line>((resolve) => waiting.push(resolve))));
    await Promise.all(taken.map(work));
  }

  return {
    connections,
    listening: () => lines.filter(({ client }) => client !== undefined).length,
    query: <R extends pg.QueryResultRow>(statement: { name: string; text: string; values: unknown[] }) =>
      use(async (client) => (await client.query<R>(statement)).rows),
    together: (steps) =>
      use(async (client, { prepared }) => {
        for (const step of steps) {
          if (prepared.has(step.name)) continue;
          await client.query(new Preparation(step)).done;
          prepared.add(step.name);
        }
        const pipeline = client.query(new Pipeline(steps));
        await pipeline.done;
        return pipeline.answers;
      }),
    askAll: async () => {
      if (ended) throw new Error('the database was closed');
      await each((line) => withLine(line, async (client) => void (await client.query('select 1'))));
    },
    end: async () => {
      if (ended) return;
      ended = true;
      await each(async ({ client }) => client?.end());
    },
  };
}
