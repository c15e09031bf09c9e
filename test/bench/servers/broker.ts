import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLogger, startBroker } from '@grantway/broker';
import { Secret } from '@grantway/contract';
import { createOperatorClient } from '@grantway/core';
import { input, ready } from '../processes.ts';
import { manyTools } from './many-tools.ts';

/** The whole broker, as it runs by default: gateway, API, pages and jobs in one process. The upstream is its sandbox. */
const { databaseUrl, upstream } = input<{ databaseUrl: string; upstream: string }>();
const root = fileURLToPath(new URL('../../../', import.meta.url));
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
});
const client = await createOperatorClient(broker.modules, broker.environmentId, 'bench');
ready({ baseUrl: broker.baseUrl, ...client }, () => broker.close());
