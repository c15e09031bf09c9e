import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Broker, createLogger, startBroker } from '@grantway/broker';
import { Secret } from '@grantway/contract';
import { createOperatorClient } from '@grantway/core';
import { parseMasterKey } from '@grantway/vault';
import { writeSnapshot } from './snapshot.mjs';

/** Where the child finds what it needs; nothing secret but the database's URL comes over the channel. */
export interface ChildSettings {
  databaseUrl: string;
  masterKeyFile: string;
  journalDir: string;
  /** Of the test's own process: what a vendor keeps is not the broker's. */
  sandboxOrigin: string;
}

export type Order =
  | { start: ChildSettings }
  /** Collects garbage, then writes what is still reachable. */
  | { snapshot: string }
  /** Holds on to a value, as a fault in the code would. */
  | { keep: string };

export interface Ready {
  baseUrl: string;
  clientId: string;
  clientSecret: string;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const kept: string[] = [];
let broker: Broker | undefined;

async function start(settings: ChildSettings): Promise<Ready> {
  broker = await startBroker({
    mode: 'embedded',
    version: '0.0.0-memory',
    database: new Secret(settings.databaseUrl),
    redis: undefined,
    queuePrefix: 'memory',
    masterKey: parseMasterKey(readFileSync(settings.masterKeyFile, 'utf8')),
    host: '127.0.0.1',
    port: 0,
    baseUrl: undefined,
    sandbox: { origin: settings.sandboxOrigin },
    journalDir: settings.journalDir,
    migrationsDir: path.join(root, 'migrations'),
    connectorsDir: path.join(root, 'connectors'),
    linkLifeSeconds: 1800,
    toolTimeoutMs: 120_000,
    bodyLimitBytes: 1_048_576,
    revocationsPerSecond: 50,
    decryptLimits: { perProcess: 100_000, perClient: 100_000 },
    metricsToken: undefined,
    logger: createLogger('debug', { write: () => {} }),
  });
  const { clientId, clientSecret } = await createOperatorClient(broker.modules, broker.environmentId, 'test client');
  return { baseUrl: broker.baseUrl, clientId, clientSecret };
}

process.on('message', async (order: Order) => {
  if ('start' in order) return void process.send?.(await start(order.start));
  if ('snapshot' in order) {
    writeSnapshot(order.snapshot);
    return void process.send?.({ file: order.snapshot });
  }
  kept.push(order.keep);
  process.send?.({ kept: kept.length });
});
process.on('disconnect', () => void broker?.close().finally(() => process.exit(0)));
