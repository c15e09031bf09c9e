import { type BrokerReady, operatorOf } from './operator.ts';
import { allowedCores, type Started, start } from './processes.ts';
import type { BrokerCommand } from './servers/broker.ts';

const cores = allowedCores();
/** Two for whatever is measured, its database included; the last one for the load, where there is another. */
const measuredCores = cores.slice(0, 2);
const loadCores = cores.slice(-1);

/** Processes of one part of the run; ended together, the last first. */
export interface Crew {
  run<Ready>(file: string, input?: unknown): Promise<Started<Ready>>;
  generator(): Promise<Started<unknown>>;
  broker(input: { upstream: string; allowHosts?: string[] }): Promise<BrokerCrew>;
  stop(): Promise<void>;
}

export interface BrokerCrew {
  pid: number;
  baseUrl: string;
  postgres: Started<PostgresReady>;
  api: ReturnType<typeof operatorOf>;
  ask<Answer>(command: BrokerCommand): Promise<Answer>;
}

export interface PostgresReady {
  url: string;
  adminUrl: string;
  pid: number;
  version: string;
}

let postgresVersion = 'unknown';
/** Of the servers that were started; each is the embedded one. */
export const startedPostgresVersion = () => postgresVersion;

export function createCrew(): Crew {
  const started: Started<unknown>[] = [];
  const keep = <Ready>(one: Started<Ready>): Started<Ready> => {
    started.unshift(one);
    return one;
  };
  const run = async <Ready>(file: string, input: unknown = {}) => keep(await start<Ready>(file, input, { cores: measuredCores }));
  return {
    run,
    generator: async () => keep(await start<unknown>('./load.ts', {}, { cores: loadCores })),
    async broker(input) {
      const postgres = await run<PostgresReady>('./servers/postgres.ts');
      postgresVersion = postgres.ready.version;
      const broker = await run<BrokerReady>('./servers/broker.ts', { ...input, databaseUrl: postgres.ready.url });
      return {
        pid: broker.pid,
        baseUrl: broker.ready.baseUrl,
        postgres,
        api: operatorOf(broker.ready),
        ask: <Answer>(command: BrokerCommand) => broker.ask<Answer>(command),
      };
    },
    async stop() {
      for (const one of started.splice(0)) await one.stop();
    },
  };
}
