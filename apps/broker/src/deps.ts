import type { AddressInfo } from 'node:net';
import { type Connector, type Credential, variantOf } from '@grantway/connector-kit';
import { reveal, Secret, type VerificationMode } from '@grantway/contract';
import {
  createAuditLog,
  createExpectations,
  createInstanceRows,
  createLocalLimiter,
  createOAuthClients,
  createOpenedInstances,
  createProviderPauses,
  createQuestions,
  createRemotes,
  createRevocations,
  createToolCallLog,
  ensureFirstEnvironment,
  type Log,
  type Modules,
} from '@grantway/core';
import { type Database, migrate, openDatabase } from '@grantway/db';
import { createEgress } from '@grantway/egress';
import type { Sandbox } from '@grantway/sandbox';
import {
  createDecryptBudget,
  createLeases,
  createSealing,
  createTokenSigner,
  type DecryptLimits,
  type KeySources,
  localKeyWrapper,
  openJournal,
  openKeyRing,
} from '@grantway/vault';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createCatalogue } from './catalogue.ts';
import { isLoopback } from './config.ts';
import type { FaultRun } from './fault-run.ts';
import { type FileOptions, openFiles } from './file-storage.ts';
import { type Jobs, jobs, type QueueBackend, startJobs } from './jobs/index.ts';
import { createMetrics } from './metrics.ts';
import { createSharedLimits } from './redis-limits.ts';
import { createServer, requestsUnderWay } from './server.ts';

export interface BrokerOptions {
  mode: 'embedded' | 'server';
  version: string;
  database: Secret;
  /** Undefined: the queue is kept in the database. */
  redis: Secret | undefined;
  /** Of the queue's keys in Redis. */
  queuePrefix: string;
  masterKey: Secret<Buffer> | KeySources;
  host: string;
  port: number;
  /** Undefined: http on the address that is listened on. */
  baseUrl: string | undefined;
  /** With `origin`: one that runs in a process of its own (`npm run sandbox`). */
  sandbox: { stateDir: string | undefined } | { origin: string } | undefined;
  /** Where received credentials are kept until they are in the database. Undefined: nowhere. */
  journalDir: string | undefined;
  migrationsDir: string;
  connectorsDir: string;
  /** Besides those of this build. */
  connectors?: readonly Connector[];
  linkLifeSeconds: number;
  /** How people are verified where a connection does not say. */
  verification?: VerificationMode | undefined;
  toolTimeoutMs: number;
  /** Exact `host:port` exceptions to the rules for addresses, for example of an identity provider inside. */
  allowHosts?: string[];
  bodyLimitBytes: number;
  /** Of requests and of providers' answers. Default 16 KiB. */
  headerLimitBytes?: number;
  /** How long a request may take to arrive. Default 30 000. */
  requestTimeoutMs?: number;
  /** Of a provider's answer. Default 10 MiB. */
  answerLimitBytes?: number;
  /** Undefined: on disk, as long as the process lasts. */
  files?: FileOptions;
  revocationsPerSecond: number;
  decryptLimits: DecryptLimits;
  metricsToken: Secret | undefined;
  /** Never set in production; see fault-run.ts. */
  faultRun?: Pick<FaultRun, 'faults' | 'pace'> | undefined;
  logger: Logger;
}

export interface Broker {
  modules: Modules;
  app: FastifyInstance;
  jobs: Jobs;
  sandbox: Sandbox | undefined;
  environmentId: string;
  /** Machine credentials that exist already, over all environments. */
  clients: number;
  baseUrl: string;
  /** Stops in order: no new requests, what runs is finished, rows are written, connections are closed. */
  close(): Promise<void>;
}

/** The database alone, for an operator's deed that needs neither keys nor a server. */
export function openOperatorDatabase(database: Secret): Database {
  return openDatabase({ connectionString: reveal(database) });
}

const consentLifeSeconds = 600;
const accessTokenLifeSeconds = 900;
const usual = { headerLimitBytes: 16_384, requestTimeoutMs: 30_000 };

/**
 * The composition root: builds every module once, wires them, and listens.
 * Whatever was started is stopped again when a later step fails.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const log = options.logger as unknown as Log;
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const step of closers.splice(0).reverse()) {
      try {
        await step();
      } catch (err) {
        log.warn({ err }, 'a part did not stop cleanly');
      }
    }
  };

  // A disk that cannot be written widens the window in which a kill loses a token; it is no reason not to serve.
  const withoutJournal = (err: unknown) => {
    log.warn({ err, folder: options.journalDir }, 'there is no journal: a kill may lose credentials that were just received');
    return undefined;
  };

  try {
    const connectionString = reveal(options.database);
    await migrate(connectionString, options.migrationsDir);
    const db = openDatabase({ connectionString, onError: (err) => log.warn({ err }, 'a database connection was lost') });
    closers.push(() => db.close());

    const ring = await openKeyRing(db, options.masterKey instanceof Secret ? localKeyWrapper(options.masterKey) : options.masterKey);
    const sealing = createSealing(ring);
    const signer = await createTokenSigner(db, ring);
    const catalogue = createCatalogue(options.connectors);

    let sandbox: Sandbox | undefined;
    const elsewhere = options.sandbox !== undefined && 'origin' in options.sandbox ? options.sandbox.origin : undefined;
    if (options.sandbox !== undefined && 'stateDir' in options.sandbox) {
      const { startSandbox } = await import('@grantway/sandbox');
      sandbox = await startSandbox({
        connectors: await catalogue.all(),
        ...(options.sandbox.stateDir === undefined ? {} : { stateDir: options.sandbox.stateDir }),
        log: (line) => log.debug({ sandbox: line }, 'sandbox'),
      });
      closers.push(() => (sandbox as Sandbox).close());
    }
    const sandboxOrigin = () => sandbox?.origin ?? elsewhere;

    // Before egress, so that it is closed after the last answer has come in.
    const journal = options.journalDir === undefined ? undefined : await openJournal(options.journalDir).catch(withoutJournal);
    closers.push(async () => journal?.close());

    let baseUrl = options.baseUrl;
    const ownUrl = () => {
      if (baseUrl === undefined) throw new Error('the base URL is not known before the server listens');
      return baseUrl;
    };
    const egress = createEgress({
      sandboxOrigin,
      userAgent: `grantway/${options.version}`,
      maxHeaderBytes: options.headerLimitBytes ?? usual.headerLimitBytes,
      ...(options.answerLimitBytes === undefined ? {} : { maxAnswerBytes: options.answerLimitBytes }),
      ...(options.allowHosts === undefined ? {} : { allowHosts: options.allowHosts }),
      loopbackWebhooks: () => isLoopback(options.host) && isLoopback(new URL(ownUrl()).hostname),
    });
    closers.push(() => egress.close());
    const s3 = options.files?.s3;
    const files = await openFiles(options.files ?? {}, ring, {
      userAgent: `grantway/${options.version}`,
      credential:
        s3 === undefined
          ? undefined
          : new Secret<Credential>({
              kind: 'aws_sigv4',
              fields: { access_key_id: s3.accessKeyId, secret_access_key: reveal(s3.secretAccessKey) },
            }),
    });
    closers.push(() => files.close());
    const metrics = createMetrics();
    const toolCallLog = createToolCallLog(db, metrics.toolCall);
    closers.push(() => toolCallLog.drain());
    const auditLog = createAuditLog(db);
    closers.push(() => auditLog.drain());
    const connectorOf = async (id: string, variant: string | null) => {
      const connector = await catalogue.find(id);
      const used = connector === undefined ? undefined : variantOf(connector, variant);
      if (used === undefined) throw new Error(`this build has no connector ${id}${variant === null ? '' : ` by ${variant}`}`);
      return used;
    };
    const revocations = createRevocations({
      db,
      sealing,
      egress,
      catalogue,
      sandboxOrigin,
      baseUrl: ownUrl,
      log,
      perSecond: options.revocationsPerSecond,
    });
    closers.push(() => revocations.close());
    const leases = createLeases({
      db,
      sealing,
      egress,
      connector: connectorOf,
      sandboxOrigin,
      baseUrl: ownUrl,
      journal,
      faults: options.faultRun?.faults,
      pace: options.faultRun?.pace,
      log,
      budget: createDecryptBudget({ ...options.decryptLimits, log, onRefusal: metrics.decryptRefused }),
    });
    const questions = createQuestions(db);
    const remotes = createRemotes({ questions, egress, sealing, leases, version: options.version, log });
    closers.push(() => remotes.close());
    const limits =
      options.redis === undefined
        ? { limiter: createLocalLimiter(), pauses: createProviderPauses() }
        : createSharedLimits({ url: reveal(options.redis), prefix: options.queuePrefix, log, onAway: metrics.countedAlone });
    if ('close' in limits) closers.push(() => limits.close());
    const modules: Modules = {
      db,
      sealing,
      signer,
      egress,
      catalogue,
      toolCallLog,
      auditLog,
      questions,
      instanceRows: createInstanceRows(db),
      openedInstances: createOpenedInstances(db.changes),
      expectations: createExpectations(db),
      revocations,
      remotes,
      files: files.modules,
      limiter: limits.limiter,
      pauses: limits.pauses,
      oauthClients: createOAuthClients({ db, egress, takesHttp: () => isLoopback(new URL(ownUrl()).hostname) }),
      leases,
      settings: {
        linkLifeSeconds: options.linkLifeSeconds,
        verification: options.verification,
        consentLifeSeconds,
        accessTokenLifeSeconds,
        toolTimeoutMs: options.toolTimeoutMs,
      },
      baseUrl: ownUrl,
      sandboxOrigin,
      faults: options.faultRun?.faults,
      log,
    };
    await db.listen();
    if (!db.changes.hears())
      log.warn(
        {},
        'the database does not tell of changes, so that nothing is remembered and calls cost more; connect to it without a transaction pooler',
      );
    const { environmentId, clients } = await ensureFirstEnvironment(modules);
    // The only process of an embedded broker is this one: whatever is still pending was cut off.
    if (options.mode === 'embedded') await toolCallLog.closeOrphans(0);

    const app = await createServer(modules, {
      version: options.version,
      mode: options.mode,
      bodyLimitBytes: options.bodyLimitBytes,
      headerLimitBytes: options.headerLimitBytes ?? usual.headerLimitBytes,
      requestTimeoutMs: options.requestTimeoutMs ?? usual.requestTimeoutMs,
      logger: options.logger as unknown as FastifyBaseLogger,
      metrics,
      metricsToken: options.metricsToken === undefined ? undefined : reveal(options.metricsToken),
      connectorsDir: options.connectorsDir,
      environmentId,
    });
    closers.push(() => closeServer(app));
    const queue: QueueBackend =
      options.redis === undefined
        ? { kind: 'postgres', connectionString }
        : { kind: 'redis', url: reveal(options.redis), prefix: options.queuePrefix };

    await app.ready();
    await modules.leases.replayJournal();
    await app.listen({ host: options.host, port: options.port, listenTextResolver: () => 'accepting requests' });
    if (baseUrl === undefined) {
      const { port } = app.server.address() as AddressInfo;
      const host = options.host === '0.0.0.0' || options.host === '::' ? '127.0.0.1' : options.host;
      baseUrl = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
    }
    const running = await startJobs(modules, queue, jobs);
    closers.push(() => running.close());
    return { modules, app, jobs: running, sandbox, environmentId, clients, baseUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Requests under way may finish for so long; then their connections are cut. */
const drainMs = 15_000;

/**
 * Lets what runs finish, then closes every connection. Those that never carried a request (a browser's preconnect, a
 * client's pool) count as busy for Node, and would hold a stop up until their owners give them up.
 */
async function closeServer(app: FastifyInstance): Promise<void> {
  const closed = app.close();
  const giveUpAt = performance.now() + drainMs;
  const cut = setInterval(() => {
    if (requestsUnderWay(app) === 0 || performance.now() > giveUpAt) app.server.closeAllConnections();
  }, 50);
  await closed.finally(() => clearInterval(cut));
}
