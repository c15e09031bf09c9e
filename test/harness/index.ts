import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Broker, createLogger, startBroker as startRealBroker } from '@grantway/broker';
import { type Connector, hasConsentPage } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import { createOperatorClient } from '@grantway/core';
import { Person } from '@grantway/sandbox/person';
import pg from 'pg';
import { enteredFields } from './sample-account.ts';

export { Person } from '@grantway/sandbox/person';
export { isPlayable, sampled } from './playable.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface TestBroker {
  baseUrl: string;
  modules: Broker['modules'];
  broker: Broker;
  sandbox: NonNullable<Broker['sandbox']>;
  client: { clientId: string; clientSecret: string };
  databaseUrl: string;
  /** Where its queue is in Redis; undefined: it is in the database. */
  queue: { redisUrl: string; prefix: string } | undefined;
  /** Every line the broker logged. */
  logLines: string[];
  /** One authorized JSON call; the body is parsed. */
  api<T = Json>(
    path: string,
    init?: { method?: string; body?: unknown; headers?: Record<string, string>; token?: string },
  ): Promise<Answer<T>>;
  token(scope?: string): Promise<string>;
  /** Drives the sandbox's controls (see GET /_sandbox). */
  control(path: string, method?: string, body?: unknown): Promise<Json>;
  /** Connects an account as a person would. */
  connect(
    link: string,
    options?: { account?: string; decision?: 'allow' | 'deny'; fields?: Record<string, string> },
  ): Promise<{ status: number; html: string; url: string }>;
  connectKey(link: string, fields?: Record<string, string>): Promise<{ status: number; html: string; url: string }>;
  close(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the tests assert
export type Json = any;

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** Set by the global setup: a Postgres in which databases may be made, and the role brokers run as. */
function server(): {
  adminUrl: string;
  role: string;
  password: string;
  redisUrl: string | undefined;
  template?: string;
  strategy?: string;
} {
  const text = process.env['GRANTWAY_TEST_SERVER'];
  if (text === undefined) throw new Error('run this through vitest: its global setup starts the servers');
  return JSON.parse(text) as ReturnType<typeof server>;
}

/** A database of its own, owned by the broker's role: as a broker finds it that has been started before, without rows; or quite empty. */
export async function createDatabase({ empty = false } = {}): Promise<{ url: string; drop(): Promise<void> }> {
  const { adminUrl, role, password, template, strategy } = server();
  const name = `t_${randomBytes(8).toString('hex')}`;
  const copied = empty || template === undefined ? '' : ` TEMPLATE ${template} STRATEGY ${strategy}`;
  await admin(adminUrl, `CREATE DATABASE ${name} OWNER ${role}${copied}`);
  const url = new URL(adminUrl);
  url.username = role;
  url.password = password;
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => admin(adminUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function admin(connectionString: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The secret values that a key connector's sandbox accepts; made anew each time. */
export function someKeys(): Record<string, string> {
  return { api_key: randomBytes(16).toString('hex'), application_key: randomBytes(20).toString('hex') };
}

/** A whole broker on a database of its own, with its sandbox, listening on a free port. */
export async function startBroker(
  options: Partial<{
    databaseUrl: string;
    masterKey: Buffer;
    linkLifeSeconds: number;
    /** Set: what the broker believes its address to be; it listens on loopback all the same. */
    baseUrl: string;
    allowHosts: string[];
    toolTimeoutMs: number;
    bodyLimitBytes: number;
    headerLimitBytes: number;
    requestTimeoutMs: number;
    answerLimitBytes: number;
    revocationsPerSecond: number;
    files: Parameters<typeof startRealBroker>[0]['files'];
    decryptLimits: { perProcess: number; perClient: number };
    stateDir: string;
    journalDir: string;
    /** False: none. With an origin: one that the test has started, or what it put before one. */
    sandbox: boolean | { origin: string };
    connectors: readonly Connector[];
    /** One of another broker on the same database; without it this one gets a new client. */
    client: TestBroker['client'];
  }> = {},
): Promise<TestBroker> {
  const database = options.databaseUrl === undefined ? await createDatabase() : { url: options.databaseUrl, drop: async () => {} };
  const { redisUrl } = server();
  const logLines: string[] = [];
  const prefix = `t-${randomBytes(6).toString('hex')}`;
  const broker = await startRealBroker({
    mode: redisUrl === undefined ? 'embedded' : 'server',
    version: '0.0.0-test',
    database: new Secret(database.url),
    redis: redisUrl === undefined ? undefined : new Secret(redisUrl),
    queuePrefix: prefix,
    masterKey: new Secret(options.masterKey ?? randomBytes(32)),
    host: '127.0.0.1',
    port: 0,
    baseUrl: options.baseUrl,
    allowHosts: options.allowHosts ?? [],
    sandbox: options.sandbox === false ? undefined : typeof options.sandbox === 'object' ? options.sandbox : { stateDir: options.stateDir },
    journalDir: options.journalDir,
    migrationsDir: path.join(root, 'migrations'),
    connectorsDir: path.join(root, 'connectors'),
    ...(options.connectors === undefined ? {} : { connectors: options.connectors }),
    linkLifeSeconds: options.linkLifeSeconds ?? 1800,
    toolTimeoutMs: options.toolTimeoutMs ?? 10_000,
    bodyLimitBytes: options.bodyLimitBytes ?? 1_048_576,
    ...(options.headerLimitBytes === undefined ? {} : { headerLimitBytes: options.headerLimitBytes }),
    ...(options.requestTimeoutMs === undefined ? {} : { requestTimeoutMs: options.requestTimeoutMs }),
    ...(options.answerLimitBytes === undefined ? {} : { answerLimitBytes: options.answerLimitBytes }),
    ...(options.files === undefined ? {} : { files: options.files }),
    revocationsPerSecond: options.revocationsPerSecond ?? 50,
    decryptLimits: options.decryptLimits ?? { perProcess: 100_000, perClient: 100_000 },
    metricsToken: undefined,
    logger: createLogger('debug', { write: (line) => void logLines.push(line) }),
  });
  const client = options.client ?? (await createOperatorClient(broker.modules, broker.environmentId, 'test client'));
  const { baseUrl } = broker;

  const token = async (scope?: string) => {
    const response = await fetch(`${baseUrl}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.clientSecret,
        ...(scope === undefined ? {} : { scope }),
      }),
    });
    const body = (await response.json()) as { access_token: string };
    if (response.status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`);
    return body.access_token;
  };
  let first: Promise<string> | undefined;

  const asPage = ({ status, html, url }: { status: number; html: string; url: string }) => ({ status, html, url });
  return {
    baseUrl,
    modules: broker.modules,
    broker,
    sandbox: broker.sandbox as NonNullable<Broker['sandbox']>,
    client,
    databaseUrl: database.url,
    queue: redisUrl === undefined ? undefined : { redisUrl, prefix },
    logLines,
    token,
    async api(pathname, init = {}) {
      first ??= token();
      const response = await fetch(`${baseUrl}${pathname}`, {
        method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
        headers: {
          authorization: `Bearer ${init.token ?? (await first)}`,
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...init.headers,
        },
        ...(init.body === undefined ? {} : { body: typeof init.body === 'string' ? init.body : JSON.stringify(init.body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as never };
    },
    async control(pathname, method = 'POST', body) {
      const response = await fetch(`${broker.modules.sandboxOrigin()}/_sandbox${pathname}`, {
        method,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`sandbox control ${pathname}: ${response.status} ${text}`);
      return text === '' ? undefined : (JSON.parse(text) as Json);
    },
    connect: async (link, o) => asPage(await new Person().consent(link, o)),
    connectKey: async (link, fields = someKeys()) => asPage(await new Person().enterKey(link, fields)),
    async close() {
      await broker.close();
      await database.drop();
    },
  };
}

export const incidentTools = {
  datadog: ['datadog_monitors_list', 'datadog_monitor_get', 'datadog_incidents_list'],
  linear: ['linear_issue_create', 'linear_issue_update', 'linear_comment_create'],
  slack: ['slack_post_message', 'slack_reply_to_thread', 'slack_list_channels'],
} as const;

/** The incident-response setting: three sandbox connections, one config, one user's instance. */
export async function incidentSetting(broker: TestBroker, user = `user-${randomBytes(4).toString('hex')}`): Promise<Json> {
  for (const connector of Object.keys(incidentTools)) {
    const made = await broker.api('/v1/connections', { body: { name: connector, connector, sandbox: true } });
    if (made.status !== 201 && made.body.code !== 'name_taken') throw new Error(JSON.stringify(made.body));
  }
  const config = await broker.api('/v1/mcp-configs', {
    body: {
      name: 'incident-responder',
      description: 'Finds what is failing, files it and tells the team',
      connection_tool_mappings: Object.entries(incidentTools).map(([connection_name, tools]) => ({ connection_name, tools })),
    },
  });
  if (config.status !== 201 && config.body.code !== 'name_taken') throw new Error(JSON.stringify(config.body));
  const instance = await broker.api('/v1/mcp-instances', {
    method: 'PUT',
    body: { config_name: 'incident-responder', user_identifier: user },
  });
  if (instance.status !== 200) throw new Error(JSON.stringify(instance.body));
  return instance.body;
}

/** Connects every account of an instance as its user would. */
export async function connectAll(broker: TestBroker, instance: Json): Promise<void> {
  for (const connection of instance.connections) {
    if (connection.authentication_link === null) continue;
    const auth = (await broker.modules.catalogue.find(connection.connector))?.auth;
    const page =
      auth === undefined || hasConsentPage(auth)
        ? await broker.connect(connection.authentication_link, auth === undefined ? {} : { fields: enteredFields(auth) })
        : await broker.connectKey(connection.authentication_link, enteredFields(auth));
    if (page.status !== 200) throw new Error(`${connection.connector}: HTTP ${page.status}`);
  }
}
