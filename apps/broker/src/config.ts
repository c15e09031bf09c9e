import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadEnvFile } from 'node:process';
import { isPlainUrl, Secret } from '@grantway/contract';
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

const keySource = z.string().regex(/^(aws|gcp|azure|transit|file):\S+$/, 'must start with aws:, gcp:, azure:, transit: or file:');

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
    schema: z.string().refine(isPlainUrl, 'must be an http or https URL, written plainly'),
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
    doc: '32 random bytes as base64 or hex, from: openssl rand -base64 32. Server mode requires this, the file or GRANTWAY_KMS; embedded mode makes one in the data folder.',
  },
  GRANTWAY_MASTER_KEY_FILE: { schema: z.string().min(1), default: undefined, doc: 'File with the master key, instead of the variable.' },
  GRANTWAY_KMS: {
    schema: keySource,
    default: undefined,
    doc: 'A key service holds the master key: aws:<key ARN>, gcp:projects/…/cryptoKeys/<key>, azure:https://<vault>/keys/<name>/<version>, transit:https://<host>/<mount>/<key> (OpenBao, Vault; an AEAD key); or file:<path>.',
  },
  GRANTWAY_SECOND_KEY: {
    schema: keySource,
    default: undefined,
    doc: 'The next (or the previous) master key while it is being rotated, in the words of GRANTWAY_KMS: data keys are wrapped under it too, and open with it.',
  },
  GRANTWAY_BREAK_GLASS_KEY_FILE: {
    schema: z.string().min(1),
    default: undefined,
    doc: 'PEM file with an RSA public key (3072 bits or more) whose private half is kept offline. Every data key is wrapped under it too, for the day the master key is lost.',
  },
  GRANTWAY_ENVIRONMENT_KEYS: {
    schema: z.string().regex(/^(env_[a-z0-9]+=\S+)(\s+env_[a-z0-9]+=\S+)*$/, 'must be pairs like env_…=aws:…, separated by spaces'),
    default: undefined,
    doc: 'Environments with a master key of their own: pairs env_…=<key in the words of GRANTWAY_KMS>, separated by spaces. Their data keys are wrapped under nothing else.',
  },
  AWS_ACCESS_KEY_ID: { schema: z.string().min(1), default: undefined, doc: 'For aws: keys; needs kms:Encrypt and kms:Decrypt on the key.' },
  AWS_SECRET_ACCESS_KEY: { schema: z.string().min(1), default: undefined, secret: true, doc: 'For aws: keys.' },
  AWS_SESSION_TOKEN: { schema: z.string().min(1), default: undefined, secret: true, doc: 'For aws: keys, with temporary credentials.' },
  AWS_ENDPOINT_URL_KMS: {
    schema: z.url({ protocol: /^https?$/ }),
    default: undefined,
    doc: 'For aws: keys: another address of KMS, for example a private endpoint. Default: https://kms.<region>.amazonaws.com.',
  },
  GOOGLE_APPLICATION_CREDENTIALS: {
    schema: z.string().min(1),
    default: undefined,
    doc: 'For gcp: keys: JSON file of a service account with the role Cloud KMS CryptoKey Encrypter/Decrypter.',
  },
  AZURE_TENANT_ID: { schema: z.string().min(1), default: undefined, doc: 'For azure: keys.' },
  AZURE_CLIENT_ID: { schema: z.string().min(1), default: undefined, doc: 'For azure: keys; needs wrapKey and unwrapKey.' },
  AZURE_CLIENT_SECRET: { schema: z.string().min(1), default: undefined, secret: true, doc: 'For azure: keys.' },
  VAULT_TOKEN: {
    schema: z.string().min(1),
    default: undefined,
    secret: true,
    doc: 'For transit: keys; needs update on <mount>/encrypt/<key> and <mount>/decrypt/<key>.',
  },
  VAULT_NAMESPACE: { schema: z.string().min(1), default: undefined, doc: 'For transit: keys in a namespace.' },
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
  GRANTWAY_ALLOW_HOSTS: {
    schema: z
      .string()
      .regex(/^\S+:\d{1,5}(,\s*\S+:\d{1,5})*$/, 'must be pairs host:port, separated by commas')
      .transform((text) => text.split(/,\s*/)),
    default: undefined,
    doc: 'Exact host:port pairs, separated by commas, that providers and remote MCP servers may be at although their addresses are not public; http is allowed there too. Everyone who may configure connections reaches them.',
  },
  GRANTWAY_BODY_LIMIT_BYTES: { schema: integer(1024, 104_857_600), default: '1048576', doc: 'Largest request body that is read.' },
  GRANTWAY_HEADER_LIMIT_BYTES: {
    schema: integer(4096, 1_048_576),
    default: '16384',
    doc: 'Largest headers that are read, of a request to the broker and of a provider’s answer.',
  },
  GRANTWAY_REQUEST_TIMEOUT_MS: {
    schema: integer(1000, 600_000),
    default: '30000',
    doc: 'How long a request to the broker, headers and body, may take to arrive; of a file, how long it may stand still.',
  },
  GRANTWAY_ANSWER_LIMIT_BYTES: {
    schema: integer(65_536, 104_857_600),
    default: '10485760',
    doc: 'Largest answer of a provider or remote MCP server that is read, before and after decompression.',
  },
  GRANTWAY_FILE_LIMIT_BYTES: {
    schema: integer(1024, 5_368_709_120),
    default: '52428800',
    doc: 'Largest file that is kept, uploaded or downloaded by a tool.',
  },
  GRANTWAY_FILE_QUOTA_BYTES: {
    schema: integer(1024, 1_125_899_906_842_624),
    default: '10737418240',
    doc: 'How many bytes the files of one environment may have together.',
  },
  GRANTWAY_FILE_COUNT: { schema: integer(1, 100_000_000), default: '1000000', doc: 'How many files one environment may have.' },
  GRANTWAY_FILE_LIFE_SECONDS: { schema: integer(60, 2_592_000), default: '86400', doc: 'How long a file is kept.' },
  GRANTWAY_S3_ENDPOINT: {
    schema: z.string().refine(isPlainUrl, 'must be an http or https URL, written plainly'),
    default: undefined,
    doc: 'An S3-compatible store for files, for example https://s3.eu-central-1.amazonaws.com. Without it they are in the data folder, which brokers of one database must then share. Files are sealed before they leave.',
  },
  GRANTWAY_S3_BUCKET: {
    schema: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket'),
    default: undefined,
    doc: 'For GRANTWAY_S3_ENDPOINT: the bucket. Give it to Grantway alone.',
  },
  GRANTWAY_S3_REGION: {
    schema: z.string().regex(/^[a-z0-9-]{1,64}$/),
    default: 'us-east-1',
    doc: 'For GRANTWAY_S3_ENDPOINT: the region that requests are signed for.',
  },
  GRANTWAY_S3_ACCESS_KEY_ID: {
    schema: z.string().regex(/^\w{4,128}$/),
    default: undefined,
    doc: 'For GRANTWAY_S3_ENDPOINT; needs s3:PutObject, s3:GetObject and s3:DeleteObject on the bucket.',
  },
  GRANTWAY_S3_SECRET_ACCESS_KEY: { schema: z.string().min(1), default: undefined, secret: true, doc: 'For GRANTWAY_S3_ENDPOINT.' },
  GRANTWAY_REVOCATIONS_PER_SECOND: {
    schema: integer(1, 1000),
    default: '50',
    doc: 'How many credentials are revoked per second on each connection, over all processes, when many end at once.',
  },
  GRANTWAY_DECRYPTS_PER_MINUTE: {
    schema: integer(1, 1_000_000),
    default: '6000',
    doc: 'How many different credentials one process opens within a minute for tool calls; what is beyond is refused and logged.',
  },
  GRANTWAY_CLIENT_DECRYPTS_PER_MINUTE: {
    schema: integer(1, 1_000_000),
    default: '1000',
    doc: 'The same for each client. Set it a few times above what your busiest client needs.',
  },
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
  keys: KeySettings;
  sandbox: boolean;
  linkLifeSeconds: number;
  verification: 'none' | 'app' | 'session' | 'chat' | undefined;
  toolTimeoutMs: number;
  /** Exact `host:port` exceptions to the rules for addresses. */
  allowHosts: string[];
  bodyLimitBytes: number;
  headerLimitBytes: number;
  requestTimeoutMs: number;
  answerLimitBytes: number;
  files: FileConfig;
  revocationsPerSecond: number;
  decryptLimits: { perProcess: number; perClient: number };
  metricsToken: Secret | undefined;
}

export interface FileConfig {
  maxBytes: number;
  quotaBytes: number;
  maxFiles: number;
  lifeSeconds: number;
  s3: { endpoint: string; bucket: string; region: string; accessKeyId: string; secretAccessKey: Secret } | undefined;
}

/** Where master keys are, besides GRANTWAY_MASTER_KEY; master-keys.ts makes wrappers of them. */
export interface KeySettings {
  /** Undefined: GRANTWAY_MASTER_KEY, or the data folder's. */
  source: string | undefined;
  second: string | undefined;
  breakGlassFile: string | undefined;
  byEnvironment: { environmentId: string; source: string }[];
  aws: {
    accessKeyId: string | undefined;
    secretAccessKey: Secret | undefined;
    sessionToken: Secret | undefined;
    endpoint: string | undefined;
  };
  googleCredentialsFile: string | undefined;
  azure: { tenantId: string | undefined; clientId: string | undefined; clientSecret: Secret | undefined };
  vault: { token: Secret | undefined; namespace: string | undefined };
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
  }
  const sources = (['GRANTWAY_MASTER_KEY', 'GRANTWAY_MASTER_KEY_FILE', 'GRANTWAY_KMS'] as const).filter(given);
  if (sources.length > 1) problems.push(`${sources.join(' and ')}: set one of them`);
  if (sources.length === 0 && mode === 'server') {
    problems.push(
      'GRANTWAY_MASTER_KEY (or GRANTWAY_MASTER_KEY_FILE, or GRANTWAY_KMS) is required with DATABASE_URL; make one with: openssl rand -base64 32',
    );
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
  const ofS3 = ['GRANTWAY_S3_BUCKET', 'GRANTWAY_S3_ACCESS_KEY_ID', 'GRANTWAY_S3_SECRET_ACCESS_KEY'] as const;
  if (given('GRANTWAY_S3_ENDPOINT')) {
    for (const name of ofS3) if (!given(name)) problems.push(`${name} is required with GRANTWAY_S3_ENDPOINT`);
    const endpoint = URL.canParse(environment['GRANTWAY_S3_ENDPOINT'] as string)
      ? new URL(environment['GRANTWAY_S3_ENDPOINT'] as string)
      : undefined;
    if (endpoint?.protocol === 'http:' && !isLoopback(endpoint.hostname))
      problems.push('GRANTWAY_S3_ENDPOINT must be https unless it is a loopback address');
  } else {
    for (const name of ofS3) if (given(name)) problems.push(`${name} needs GRANTWAY_S3_ENDPOINT`);
  }
  if (problems.length > 0) throw new ConfigError(problems);

  const secret = (name: string) => (values[name] === undefined ? undefined : new Secret(values[name] as string));
  const text = (name: keyof typeof settings) => values[name] as string | undefined;
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
    keys: {
      source: values['GRANTWAY_MASTER_KEY_FILE'] === undefined ? text('GRANTWAY_KMS') : `file:${values['GRANTWAY_MASTER_KEY_FILE']}`,
      second: text('GRANTWAY_SECOND_KEY'),
      breakGlassFile: text('GRANTWAY_BREAK_GLASS_KEY_FILE'),
      byEnvironment: (text('GRANTWAY_ENVIRONMENT_KEYS')?.split(/\s+/) ?? []).map((pair) => {
        const at = pair.indexOf('=');
        return { environmentId: pair.slice(0, at), source: pair.slice(at + 1) };
      }),
      aws: {
        accessKeyId: text('AWS_ACCESS_KEY_ID'),
        secretAccessKey: secret('AWS_SECRET_ACCESS_KEY'),
        sessionToken: secret('AWS_SESSION_TOKEN'),
        endpoint: text('AWS_ENDPOINT_URL_KMS'),
      },
      googleCredentialsFile: text('GOOGLE_APPLICATION_CREDENTIALS'),
      azure: { tenantId: text('AZURE_TENANT_ID'), clientId: text('AZURE_CLIENT_ID'), clientSecret: secret('AZURE_CLIENT_SECRET') },
      vault: { token: secret('VAULT_TOKEN'), namespace: text('VAULT_NAMESPACE') },
    },
    sandbox: values['GRANTWAY_SANDBOX'] === undefined ? mode === 'embedded' : values['GRANTWAY_SANDBOX'] === 'on',
    linkLifeSeconds: values['GRANTWAY_LINK_LIFE_SECONDS'] as number,
    verification: values['GRANTWAY_VERIFICATION'] as Config['verification'],
    toolTimeoutMs: values['GRANTWAY_TOOL_TIMEOUT_MS'] as number,
    allowHosts: (values['GRANTWAY_ALLOW_HOSTS'] as string[] | undefined) ?? [],
    bodyLimitBytes: values['GRANTWAY_BODY_LIMIT_BYTES'] as number,
    headerLimitBytes: values['GRANTWAY_HEADER_LIMIT_BYTES'] as number,
    requestTimeoutMs: values['GRANTWAY_REQUEST_TIMEOUT_MS'] as number,
    answerLimitBytes: values['GRANTWAY_ANSWER_LIMIT_BYTES'] as number,
    files: {
      maxBytes: values['GRANTWAY_FILE_LIMIT_BYTES'] as number,
      quotaBytes: values['GRANTWAY_FILE_QUOTA_BYTES'] as number,
      maxFiles: values['GRANTWAY_FILE_COUNT'] as number,
      lifeSeconds: values['GRANTWAY_FILE_LIFE_SECONDS'] as number,
      s3: given('GRANTWAY_S3_ENDPOINT')
        ? {
            endpoint: (text('GRANTWAY_S3_ENDPOINT') as string).replace(/\/$/, ''),
            bucket: text('GRANTWAY_S3_BUCKET') as string,
            region: text('GRANTWAY_S3_REGION') as string,
            accessKeyId: text('GRANTWAY_S3_ACCESS_KEY_ID') as string,
            secretAccessKey: secret('GRANTWAY_S3_SECRET_ACCESS_KEY') as Secret,
          }
        : undefined,
    },
    revocationsPerSecond: values['GRANTWAY_REVOCATIONS_PER_SECOND'] as number,
    decryptLimits: {
      perProcess: values['GRANTWAY_DECRYPTS_PER_MINUTE'] as number,
      perClient: values['GRANTWAY_CLIENT_DECRYPTS_PER_MINUTE'] as number,
    },
    metricsToken: secret('GRANTWAY_METRICS_TOKEN'),
  } satisfies Config);
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname === '::1' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
