import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createOperatorClient } from '@grantway/core';
import { type Config, ConfigError, parseConfig, readEnvironment } from './config.ts';
import { readCredentials, writeCredentials } from './data-dir.ts';
import { type Broker, startBroker } from './deps.ts';
import { faultRun } from './fault-run.ts';
import { openInstallation } from './installation.ts';
import { keysUsage, runKeysCommand, UsageError } from './keys-command.ts';
import { createLogger } from './logger.ts';
import { keepMemoryPrivate } from './process-hygiene.ts';

// This file and the bundle made of it lie equally deep below the repository's root.
const root = new URL('../../../', import.meta.url);
const folder = (name: string) => fileURLToPath(new URL(name, root));
const version = (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }).version;

const say = (line: string) => void process.stdout.write(`${line}\n`);
const complain = (line: string) => void process.stderr.write(`${line}\n`);

interface Running {
  broker: Broker;
  stop(): Promise<void>;
}

async function start(config: Readonly<Config>): Promise<Running> {
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const installation = await openInstallation(config, stops);
    const broker = await startBroker({
      mode: config.mode,
      version,
      database: installation.database,
      redis: faultRun?.redis === false ? undefined : config.redis,
      queuePrefix: config.queuePrefix,
      masterKey: installation.keys,
      host: config.host,
      port: config.port,
      baseUrl: config.baseUrl,
      sandbox: faultRun
        ? { origin: faultRun.sandboxOrigin }
        : config.sandbox
          ? { stateDir: path.join(config.dataDir, 'sandbox') }
          : undefined,
      journalDir: faultRun?.journal === false ? undefined : path.join(config.dataDir, 'journal'),
      ...(faultRun && { faultRun, connectors: faultRun.connectors }),
      migrationsDir: folder('migrations'),
      connectorsDir: folder('connectors'),
      linkLifeSeconds: config.linkLifeSeconds,
      verification: config.verification,
      toolTimeoutMs: config.toolTimeoutMs,
      allowHosts: config.allowHosts,
      bodyLimitBytes: config.bodyLimitBytes,
      headerLimitBytes: config.headerLimitBytes,
      requestTimeoutMs: config.requestTimeoutMs,
      answerLimitBytes: config.answerLimitBytes,
      files: { folder: path.join(config.dataDir, 'files'), ...config.files },
      revocationsPerSecond: config.revocationsPerSecond,
      decryptLimits: config.decryptLimits,
      metricsToken: config.metricsToken,
      logger: createLogger(config.logLevel),
    });
    stops.push(() => broker.close());
    return { broker, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first client is made by the installation: shown once, kept in a file for scripts. */
async function announce(config: Readonly<Config>, broker: Broker): Promise<void> {
  say(`Grantway ${version}, ${config.mode} mode, data in ${config.dataDir}`);
  const known = readCredentials(config.dataDir);
  if (known !== undefined) {
    if (known.base_url !== broker.baseUrl) writeCredentials(config.dataDir, { ...known, base_url: broker.baseUrl });
  } else if (config.mode === 'embedded' || broker.clients === 0) {
    const made = await createOperatorClient(broker.modules, broker.environmentId, 'first client');
    writeCredentials(config.dataDir, { base_url: broker.baseUrl, client_id: made.clientId, client_secret: made.clientSecret });
    say(`client_id      ${made.clientId}`);
    say(`client_secret  ${made.clientSecret}`);
    say('The secret is shown only now; both are kept in credentials.json in the data folder, readable by you alone.');
  }
  if (broker.sandbox !== undefined) say(`sandbox on ${broker.sandbox.origin}`);
  say(`listening on ${broker.baseUrl}`);
}

/** One sentence for what an operator can mend; anything else keeps its stack for a report. */
function explain(error: unknown, config: Readonly<Config> | undefined): string[] {
  if (error instanceof ConfigError) return ['Grantway cannot start:', ...error.problems.map((p) => `  ${p}`)];
  const { code, port } = error as { code?: string; port?: number };
  if (code === 'EADDRINUSE')
    return [`Grantway cannot start: port ${port ?? config?.port} is taken; set GRANTWAY_PORT to another one, or to 0 for a free one`];
  if (code === 'EACCES' || code === 'EROFS') return [`Grantway cannot start: ${(error as Error).message}`];
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND')
    return [`Grantway cannot start: the database does not answer (${(error as Error).message || code})`];
  return [`Grantway cannot start: ${error instanceof Error ? error.message : String(error)}`];
}

const usage = ['npm start                       starts the broker', ...keysUsage.map((line) => `npm run grantway -- ${line}`)];

/** A command for the operator; everything that it began may be begun again. */
async function command(noun: string, words: string[]): Promise<number> {
  if (noun === 'help' || noun === '--help') {
    for (const line of usage) say(line);
    return 0;
  }
  let config: Readonly<Config> | undefined;
  try {
    if (noun !== 'keys') throw new UsageError(`there is no command "${noun}"`);
    config = parseConfig(readEnvironment());
    keepMemoryPrivate(config.mode);
    return (await runKeysCommand(words, config, folder('migrations'), say)) ? 0 : 1;
  } catch (error) {
    if (error instanceof UsageError) {
      for (const line of [error.message, ...usage.map((u) => `  ${u}`)]) complain(line);
      return 2;
    }
    for (const line of explain(error, config)) complain(line.replace('Grantway cannot start', `grantway ${noun}`));
    return 1;
  }
}

async function main(): Promise<void> {
  let config: Readonly<Config> | undefined;
  let running: Running | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (signal: string) => {
    if (stopping !== undefined) {
      // The second signal is a person who will not wait.
      process.exit(130);
    }
    say(`stopping (${signal})`);
    const giveUp = setTimeout(() => process.exit(1), 20_000);
    giveUp.unref();
    stopping = (async () => {
      await starting.catch(() => undefined);
      await running?.stop();
      say('stopped');
      process.exit(0);
    })();
  };
  process.on('SIGINT', () => stop('SIGINT'));
  process.on('SIGTERM', () => stop('SIGTERM'));

  const [noun, ...words] = process.argv.slice(2);
  if (noun !== undefined) {
    process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
    process.exitCode = await command(noun, words);
    return;
  }
  const starting = (async () => {
    config = parseConfig(readEnvironment());
    keepMemoryPrivate(config.mode);
    running = await start(config);
    await announce(config, running.broker);
  })();
  try {
    await starting;
  } catch (error) {
    for (const line of explain(error, config)) complain(line);
    await running?.stop();
    process.exit(1);
  }
}

await main();
