import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadEnvFile } from 'node:process';
import { Secret } from '@grantway/contract';
import { parseMasterKey } from '@grantway/vault';
import { z } from 'zod';

/**
 * The only reader of the environment. Each setting has its words here once: `.env.example` and the configuration
 * reference are generated from this table.
 */
const flag = z.enum(['on', 'off']);
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

export interface SettingDoc {
  schema: z.ZodType;
  default: string | undefined;
  secret?: true;
  doc: string;
}

export const settings = {
  GRANTWAY_PORT: { schema: integer(0, 65535), default: '8080', doc: 'Port to listen on; 0 picks a free one.' },
  GRANTWAY_HOST: { schema: z.string().min(1), default: '127.0.0.1', doc: 'Address to listen on. Use 0.0.0.0 only behind a TLS proxy.' },
  GRANTWAY_BASE_URL: {
    schema: z.url({ protocol: /^https?$/ }),
    default: undefined,
    doc: 'The address people and agents reach the broker at, without a path. https is required unless it is a loopback address. Default: http://127.0.0.1:<port>.',
  },
  GRANTWAY_DATA_DIR: {
    schema: z.string().min(1),
    default: '.grantway',
    doc: 'Folder for credentials.json and, in embedded mode, the database, the master key and the sandbox’s state.',
  },
  GRANTWAY_LOG_LEVEL: {
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    doc: 'Least severe level of the JSON log lines on standard output.',
  },
  DATABASE_URL: {
    schema: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }),
    default: undefined,
    secret: true,
    doc: 'PostgreSQL 15 or newer. Setting it selects server mode; without it a PostgreSQL is started in the data folder (embedded mode).',
  },
  REDIS_URL: {
    schema: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// URL' }),
    default: undefined,
    secret: true,
    doc: 'Redis 7 or Valkey 8 for the job queue. Required in server mode; embedded mode keeps its queue in PostgreSQL.',
  },
  GRANTWAY_QUEUE_PREFIX: {
    schema: z.string().regex(/^[a-z0-9_-]{1,40}$/, 'must be 1 to 40 lower-case letters, digits, "-" or "_"'),
    default: 'grantway',
    doc: 'Prefix of the queue’s keys in Redis, for a Redis that others use too.',
  },
  GRANTWAY_MASTER_KEY: {
    schema: z.string(),
    default: undefined,
    secret: true,
    doc: '32 random bytes as base64 or hex, from: openssl rand -base64 32. Required in server mode; embedded mode makes one in the data folder.',
  },
  GRANTWAY_SANDBOX: {
    schema: flag,
    default: undefined,
    doc: 'on or off: the built-in stand-ins for vendors. Default: on in embedded mode, off in server mode.',
  },
  GRANTWAY_LINK_LIFE_SECONDS: { schema: integer(60, 604_800), default: '1800', doc: 'How long an authorization link lives.' },
  GRANTWAY_VERIFICATION: {
    schema: z.enum(['none', 'app', 'session', 'chat']),
    default: undefined,
    doc: 'Who checks that the person with an authorization link is the user, on connections without a setting of their own: app, session, chat or none. none is for loopback addresses only. Default: none on a loopback address, app elsewhere.',
  },
  GRANTWAY_TOOL_TIMEOUT_MS: {
    schema: integer(1000, 300_000),
    default: '30000',
    doc: 'How long a provider may take to answer a tool call.',
  },
  GRANTWAY_BODY_LIMIT_BYTES: { schema: integer(1024, 104_857_600), default: '1048576', doc: 'Largest request body that is read.' },
  GRANTWAY_METRICS_TOKEN: {
    schema: z.string().min(16, 'must have at least 16 characters'),
    default: undefined,
    secret: true,
    doc: 'Bearer token for GET /metrics. Without it only loopback callers get an answer.',
  },
} as const satisfies Record<string, SettingDoc>;

export interface Config {
  mode: 'embedded' | 'server';
  port: number;
  host: string;
  baseUrl: string | undefined;
  dataDir: string;
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  database: Secret | undefined;
  redis: Secret | undefined;
  queuePrefix: string;
  masterKey: Secret<Buffer> | undefined;
  sandbox: boolean;
  linkLifeSeconds: number;
  verification: 'none' | 'app' | 'session' | 'chat' | undefined;
  toolTimeoutMs: number;
  bodyLimitBytes: number;
  metricsToken: Secret | undefined;
}

export class ConfigError extends Error {
  readonly problems: string[];
  constructor(problems: string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

type Environment = Record<string, string | undefined>;

/** Reads `.env` from the working directory, where there is one, and the environment, which wins. */
export function readEnvironment(): Environment {
  if (existsSync('.env')) loadEnvFile('.env');
  return process.env;
}

/** @throws ConfigError with every problem at once */
export function parseConfig(environment: Environment): Readonly<Config> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings) as [string, SettingDoc][]) {
    // An empty value is how compose files and .env templates say "not set".
    const text = environment[name] === undefined || environment[name] === '' ? setting.default : environment[name];
    if (text === undefined) continue;
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name} ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
  }
  const given = (name: keyof typeof settings) => environment[name] !== undefined && environment[name] !== '';
  const mode = given('DATABASE_URL') ? 'server' : 'embedded';

  let masterKey: Secret<Buffer> | undefined;
  if (given('GRANTWAY_MASTER_KEY')) {
    try {
      masterKey = parseMasterKey(environment['GRANTWAY_MASTER_KEY'] as string);
    } catch (error) {
      problems.push(`GRANTWAY_MASTER_KEY: ${(error as Error).message}`);
    }
  } else if (mode === 'server') {
    problems.push('GRANTWAY_MASTER_KEY is required with DATABASE_URL; make one with: openssl rand -base64 32');
  }
  if (mode === 'server' && !given('REDIS_URL')) problems.push('REDIS_URL is required with DATABASE_URL');
  if (mode === 'embedded' && given('REDIS_URL')) problems.push('REDIS_URL needs DATABASE_URL: embedded mode keeps its queue in PostgreSQL');

  const baseUrl = values['GRANTWAY_BASE_URL'] as string | undefined;
  if (baseUrl !== undefined) {
    const url = new URL(baseUrl);
    if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
      problems.push('GRANTWAY_BASE_URL must be a scheme, a host and perhaps a port, nothing more');
    }
    if (url.protocol === 'http:' && !isLoopback(url.hostname))
      problems.push('GRANTWAY_BASE_URL must be https unless it is a loopback address');
  }
  if (values['GRANTWAY_VERIFICATION'] === 'none' && baseUrl !== undefined && !isLoopback(new URL(baseUrl).hostname))
    problems.push('GRANTWAY_VERIFICATION must not be none unless GRANTWAY_BASE_URL is a loopback address');
  if (problems.length > 0) throw new ConfigError(problems);

  const secret = (name: string) => (values[name] === undefined ? undefined : new Secret(values[name] as string));
  return Object.freeze({
    mode,
    port: values['GRANTWAY_PORT'] as number,
    host: values['GRANTWAY_HOST'] as string,
    baseUrl: baseUrl === undefined ? undefined : new URL(baseUrl).origin,
    dataDir: path.resolve(values['GRANTWAY_DATA_DIR'] as string),
    logLevel: values['GRANTWAY_LOG_LEVEL'] as Config['logLevel'],
    database: secret('DATABASE_URL'),
    redis: secret('REDIS_URL'),
    queuePrefix: values['GRANTWAY_QUEUE_PREFIX'] as string,
    masterKey,
    sandbox: values['GRANTWAY_SANDBOX'] === undefined ? mode === 'embedded' : values['GRANTWAY_SANDBOX'] === 'on',
    linkLifeSeconds: values['GRANTWAY_LINK_LIFE_SECONDS'] as number,
    verification: values['GRANTWAY_VERIFICATION'] as Config['verification'],
    toolTimeoutMs: values['GRANTWAY_TOOL_TIMEOUT_MS'] as number,
    bodyLimitBytes: values['GRANTWAY_BODY_LIMIT_BYTES'] as number,
    metricsToken: secret('GRANTWAY_METRICS_TOKEN'),
  } satisfies Config);
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname === '::1' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
