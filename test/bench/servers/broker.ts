import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLogger, startBroker } from '@grantway/broker';
import { Secret } from '@grantway/contract';
import { createOperatorClient } from '@grantway/core';
import { input, ready } from '../processes.ts';
import { manyTools } from './many-tools.ts';
import { type Population, populate } from './population.ts';
import { createProfiler } from './profiler.ts';
import { type Answered, createStopwatch } from './stopwatch.ts';

/** The whole broker, as it runs by default: gateway, API, pages and jobs in one process. `upstream` is its sandbox. */
const { databaseUrl, upstream, allowHosts } = input<{ databaseUrl: string; upstream: string; allowHosts?: string[] }>();
const root = path.resolve(import.meta.dirname, '../../..');
const broker = await startBroker({
  mode: 'embedded',
  version: '0.0.0-bench',
  database: new Secret(databaseUrl),
  redis: undefined,
  queuePrefix: 'bench',
  masterKey: new Secret(randomBytes(32)),
  host: '127.0.0.1',
  port: 0,
  baseUrl: undefined,
  sandbox: { origin: upstream },
  journalDir: undefined,
  migrationsDir: path.join(root, 'migrations'),
  connectorsDir: path.join(root, 'connectors'),
  connectors: [10, 100, 1000].map(manyTools),
  linkLifeSeconds: 3600,
  toolTimeoutMs: 10_000,
  bodyLimitBytes: 1_048_576,
  revocationsPerSecond: 50,
  decryptLimits: { perProcess: 10_000_000, perClient: 10_000_000 },
  metricsToken: undefined,
  // What an installation logs by default, thrown away.
  logger: createLogger('info', { write: () => {} }),
  ...(allowHosts === undefined ? {} : { allowHosts }),
});
const client = await createOperatorClient(broker.modules, broker.environmentId, 'bench');
const profiler = createProfiler(root);
const stopwatch = createStopwatch(broker.modules, answered);

/** At instances' URLs, by whichever way. */
async function answered(): Promise<Answered> {
  const { body } = await broker.app.inject({ url: '/metrics' });
  const sum = (of: string) =>
    [...body.matchAll(new RegExp(`^grantway_http_request_duration_seconds_${of}\\{[^}]*route="/u/[^}]*\\} (\\S+)$`, 'gm'))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    );
  return { requests: sum('count'), ms: sum('sum') * 1000 };
}

export type BrokerCommand =
  | { do: 'populate'; population: Population }
  | { do: 'profile' | 'time'; on: boolean }
  | { do: 'collect garbage' };

async function answer(command: BrokerCommand): Promise<unknown> {
  switch (command.do) {
    case 'populate':
      return populate(broker, command.population);
    case 'profile':
      return command.on ? profiler.start() : profiler.stop();
    case 'time':
      return command.on ? stopwatch.start() : stopwatch.stop();
    case 'collect garbage':
      setFlagsFromString('--expose-gc');
      (runInNewContext('gc') as () => void)();
      return {};
  }
}

ready({ baseUrl: broker.baseUrl, ...client }, () => broker.close(), answer);
