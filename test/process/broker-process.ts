import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** `npm start` as an operator runs it: its own process, its own data folder. */
export interface BrokerProcess {
  child: ChildProcess;
  /** Everything it printed so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves with the address when it listens; rejects when it ends before. */
  listening: Promise<string>;
  exited: Promise<number | NodeJS.Signals>;
  /** Ctrl-C, then waits for the end. */
  interrupt(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

const running = new Set<ChildProcess>();
const folders: string[] = [];

export function newDataDir(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'grantway-process-'));
  folders.push(folder);
  return path.join(folder, 'data');
}

/** @param words an operator's command; none starts the broker. @param flags of Node itself */
export function startProcess(env: Record<string, string>, words: string[] = [], flags: string[] = []): BrokerProcess {
  const { GRANTWAY_TEST_SERVER: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [...flags, path.join(root, 'infra/start.mjs'), ...words], {
    cwd: root,
    env: { ...inherited, DATABASE_URL: '', REDIS_URL: '', GRANTWAY_MASTER_KEY: '', GRANTWAY_PORT: '0', GRANTWAY_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return (code ?? signal) as number | NodeJS.Signals;
  });
  const listening = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
      const url = /^listening on (\S+)$/m.exec(stdout)?.[1];
      if (url !== undefined) resolve(url);
    });
    exited.then((code) => reject(new Error(`ended with ${code}: ${stdout}${stderr}`)));
  });
  // Tests of a start that must fail wait for the exit and never look at this one.
  listening.catch(() => {});
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    listening,
    exited,
    interrupt: (signal = 'SIGINT') => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Ends what a failed test left running, and removes the data folders. */
export async function cleanUp(): Promise<void> {
  for (const child of running) {
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await ended;
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export interface Credentials {
  base_url: string;
  client_id: string;
  client_secret: string;
}

export function credentialsOf(dataDir: string): Credentials {
  return JSON.parse(readFileSync(path.join(dataDir, 'credentials.json'), 'utf8')) as Credentials;
}

// biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the tests assert
export type Json = any;

/** A client that knows nothing but credentials.json, like an operator's script. @param headers of each of its requests */
export async function clientOf(
  dataDir: string,
  headers: Record<string, string> = {},
): Promise<(method: string, path: string, body?: unknown) => Promise<Json>> {
  const { base_url, client_id, client_secret } = credentialsOf(dataDir);
  const granted = await fetch(`${base_url}/oauth/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }),
  });
  const { access_token } = (await granted.json()) as { access_token: string };
  return async (method, pathname, body) => {
    const response = await fetch(`${base_url}${pathname}`, {
      method,
      headers: {
        ...headers,
        authorization: `Bearer ${access_token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${pathname}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}

/** Runs an operator's command to its end. */
export async function command(
  env: Record<string, string>,
  ...words: string[]
): Promise<{ code: number | NodeJS.Signals; stdout: string; stderr: string }> {
  const run = startProcess(env, words);
  const code = await run.exited;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
}
