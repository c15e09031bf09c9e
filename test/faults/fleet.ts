import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Arm, ArmedSettings, Order, Report } from './armed.ts';

const clock = fileURLToPath(new URL('./clock.mjs', import.meta.url));

export interface BrokerSettings {
  bundle: string;
  folder: string;
  databaseUrl: string;
  redisUrl: string | undefined;
  masterKey: string;
  sandboxOrigin: string;
}

export interface Variant {
  journal?: boolean;
  without?: 'fence' | 'generation';
  /** How wrong the process's wall clock is. */
  clockMs?: number;
  pace?: { perSecond: number; burst: number };
  arm?: Arm;
}

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the runs look at
  body: any;
}

/** One place for a whole broker process: a data folder, with its journal, that outlives the process. */
export interface Slot {
  name: string;
  /** It listens. */
  isUp(): boolean;
  pid(): number | undefined;
  /** Resolves when it listens. */
  start(variant?: Variant): Promise<void>;
  /** Started, but it need not come to listen. */
  launch(variant?: Variant): void;
  /** Resolves when the process that was launched listens. */
  ready(): Promise<void>;
  arm(arm: Arm): void;
  /** Lets everything that is held go on, and disarms. */
  go(): void;
  /** Resolves when so many accounts are held. */
  holding(count?: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  exited: Promise<void>;
  call(method: string, path: string, body?: unknown, timeoutMs?: number, isRepeated?: boolean): Promise<Answer>;
  credentials(): { client_id: string; client_secret: string } | undefined;
}

export interface Fleet {
  queuePrefix: string;
  /** Brokers that ended though nobody ended them, and what they said. */
  deaths: string[];
  slots: Slot[];
  /** Another place; the process is not started yet. */
  slot(): Slot;
  /** Of the first broker's client, which works at every broker. */
  useCredentials(credentials: { client_id: string; client_secret: string }): void;
  close(): Promise<void>;
}

export function createFleet(settings: BrokerSettings): Fleet {
  const slots: Slot[] = [];
  const deaths: string[] = [];
  const queuePrefix = path.basename(settings.folder).toLowerCase();
  const running = new Set<ChildProcess>();
  let credentials: { client_id: string; client_secret: string } | undefined;

  function slot(): Slot {
    const name = `broker-${slots.length + 1}`;
    const dataDir = path.join(settings.folder, name);
    mkdirSync(dataDir, { recursive: true });
    const log = openSync(path.join(settings.folder, `${name}.log`), 'a');
    let child: ChildProcess | undefined;
    let printed = '';
    let baseUrl = '';
    let token: string | undefined;
    let isListening = false;
    let held = 0;
    let look = () => {};

    const made: Slot = {
      name,
      isUp: () => isListening && child !== undefined && child.exitCode === null && child.signalCode === null,
      pid: () => child?.pid,
      exited: Promise.resolve(),
      launch(variant = {}) {
        printed = '';
        held = 0;
        token = undefined;
        isListening = false;
        const run: ArmedSettings = {
          sandboxOrigin: settings.sandboxOrigin,
          journal: variant.journal !== false,
          redis: settings.redisUrl !== undefined,
          without: variant.without ?? null,
          pace: variant.pace ?? null,
          arm: variant.arm ?? null,
        };
        child = spawn(process.execPath, [...(variant.clockMs === undefined ? [] : ['--import', clock]), settings.bundle], {
          cwd: dataDir,
          env: {
            PATH: process.env['PATH'],
            DATABASE_URL: settings.databaseUrl,
            // In a fault run without Redis the queue is in PostgreSQL; the configuration wants an address all the same.
            REDIS_URL: settings.redisUrl ?? 'redis://127.0.0.1:1',
            GRANTWAY_QUEUE_PREFIX: queuePrefix,
            GRANTWAY_MASTER_KEY: settings.masterKey,
            GRANTWAY_DATA_DIR: dataDir,
            GRANTWAY_PORT: '0',
            GRANTWAY_LOG_LEVEL: process.env['GRANTWAY_FAULT_LOG'] ?? 'error',
            GRANTWAY_FAULT_RUN: JSON.stringify(run),
            ...(variant.clockMs === undefined ? {} : { GRANTWAY_FAULT_CLOCK_MS: String(variant.clockMs) }),
          },
          stdio: ['ignore', 'pipe', log, 'ipc'],
        });
        const now = child;
        running.add(now);
        now.stdout?.on('data', (chunk) => {
          printed = `${printed}${chunk}`.slice(-20_000);
        });
        now.on('message', (_report: Report) => {
          held += 1;
          look();
        });
        // A channel to a process that was just killed.
        now.on('error', () => {});
        made.exited = once(now, 'exit').then(([code]) => {
          running.delete(now);
          if (code === null || code === 0) return;
          const said = readFileSync(path.join(settings.folder, `${name}.log`), 'utf8').slice(-3_000);
          deaths.push(`${name} ended by itself with ${code}: ${printed.slice(-3_000)}\n${said}`);
        });
      },
      async start(variant = {}) {
        made.launch(variant);
        await made.ready();
      },
      ready: async () => {
        const now = child as ChildProcess;
        baseUrl = await new Promise<string>((resolve, reject) => {
          const look = () => {
            const url = /^listening on (\S+)$/m.exec(printed)?.[1];
            if (url !== undefined) resolve(url);
          };
          now.stdout?.on('data', look);
          look();
          now.once('exit', () =>
            reject(
              new Error(`${name} ended: ${printed}\n${readFileSync(path.join(settings.folder, `${name}.log`), 'utf8').slice(-2_000)}`),
            ),
          );
        });
        isListening = true;
      },
      arm(arm) {
        held = 0;
        child?.send({ kind: 'arm', arm } satisfies Order);
      },
      go: () => void child?.send({ kind: 'go' } satisfies Order),
      holding: (count = 1) =>
        new Promise((resolve) => {
          look = () => {
            if (held >= count) resolve();
          };
          look();
        }),
      signal: (signal) => void child?.kill(signal),
      async kill() {
        child?.kill('SIGKILL');
        await made.exited;
      },
      async stop() {
        child?.kill('SIGTERM');
        await made.exited;
      },
      async call(method, pathname, body, timeoutMs = 30_000, isRepeated = false) {
        const given = made.credentials() ?? credentials;
        const signal = AbortSignal.timeout(timeoutMs);
        if (token === undefined) {
          const granted = await fetch(`${baseUrl}/oauth/token`, {
            method: 'POST',
            body: new URLSearchParams({ grant_type: 'client_credentials', ...given }),
            signal,
          });
          if (!granted.ok) return { status: granted.status, body: await granted.text() };
          token = ((await granted.json()) as { access_token: string }).access_token;
        }
        const response = await fetch(`${baseUrl}${pathname}`, {
          method,
          headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal,
        });
        const text = await response.text();
        // The token lives for a quarter of an hour; a long run outlives it.
        if (response.status === 401) {
          token = undefined;
          if (!isRepeated) return made.call(method, pathname, body, timeoutMs, true);
        }
        return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
      },
      credentials() {
        try {
          const { client_id, client_secret } = JSON.parse(readFileSync(path.join(dataDir, 'credentials.json'), 'utf8'));
          return { client_id, client_secret };
        } catch {
          return undefined;
        }
      },
    };
    slots.push(made);
    return made;
  }

  return {
    queuePrefix,
    deaths,
    slots,
    slot,
    useCredentials(chosen) {
      credentials = chosen;
    },
    async close() {
      await Promise.all(
        [...running].map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          const ended = once(child, 'exit');
          child.kill('SIGKILL');
          await ended;
        }),
      );
    },
  };
}
