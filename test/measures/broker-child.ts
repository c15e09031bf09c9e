import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Broker, createLogger, startBroker } from '@grantway/broker';
import { Secret } from '@grantway/contract';
import { createOperatorClient } from '@grantway/core';

export interface ChildSettings {
  databaseUrl: string;
  /** Undefined: the queue is kept in the database. */
  redisUrl: string | undefined;
  queuePrefix: string;
  /** Hexadecimal. */
  masterKey: string;
  stateDir: string | undefined;
  /** Somebody else's sandbox instead of an own one. */
  sandboxOrigin?: string;
  revocationsPerSecond: number;
}

export interface ChildReady {
  baseUrl: string;
  sandboxOrigin: string;
  environmentId: string;
  /** Made by this process for whoever measures. */
  client: { clientId: string; clientSecret: string };
}

const root = fileURLToPath(new URL('../../', import.meta.url));

let broker: Broker | undefined;

/** A whole broker as `npm start` makes it, in a process of its own, until its parent goes or kills it. */
process.once('message', async (settings: ChildSettings) => {
  broker = await startBroker({
    mode: settings.redisUrl === undefined ? 'embedded' : 'server',
    version: '0.0.0-measure',
    database: new Secret(settings.databaseUrl),
    redis: settings.redisUrl === undefined ? undefined : new Secret(settings.redisUrl),
    queuePrefix: settings.queuePrefix,
    masterKey: new Secret(Buffer.from(settings.masterKey, 'hex')),
    host: '127.0.0.1',
    port: 0,
    baseUrl: undefined,
    sandbox: settings.sandboxOrigin === undefined ? { stateDir: settings.stateDir } : { origin: settings.sandboxOrigin },
    journalDir: undefined,
    migrationsDir: path.join(root, 'migrations'),
    connectorsDir: path.join(root, 'connectors'),
    linkLifeSeconds: 1800,
    toolTimeoutMs: 10_000,
    bodyLimitBytes: 1_048_576,
    revocationsPerSecond: settings.revocationsPerSecond,
    decryptLimits: { perProcess: 100_000, perClient: 100_000 },
    metricsToken: undefined,
    logger: createLogger('error'),
  });
  const client = await createOperatorClient(broker.modules, broker.environmentId, 'measure');
  const { baseUrl, environmentId } = broker;
  process.send?.({
    baseUrl,
    sandboxOrigin: broker.sandbox?.origin ?? settings.sandboxOrigin ?? '',
    environmentId,
    client,
  } satisfies ChildReady);
});
/** Machine credentials in another environment, for whoever asks over the channel. */
process.on('message', async (order: { clientIn?: string }) => {
  if (order.clientIn === undefined || broker === undefined) return;
  process.send?.(await createOperatorClient(broker.modules, order.clientIn, 'measure'));
});
process.on('disconnect', () => process.exit(0));
