import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildReady, ChildSettings } from './broker-child.ts';

// biome-ignore lint/suspicious/noExplicitAny: the shape of an answer is what the measures look at
export type Json = any;

export interface BrokerChild extends ChildReady {
  pid: number;
  token(of?: { clientId: string; clientSecret: string }): Promise<string>;
  api(pathname: string, init?: { method?: string; body?: unknown; token?: string }): Promise<{ status: number; body: Json }>;
  sandbox(pathname: string, body?: unknown): Promise<Json>;
  /** New machine credentials in this environment. */
  clientIn(environmentId: string): Promise<{ clientId: string; clientSecret: string }>;
  /** kill -9. */
  kill(): Promise<void>;
}

const file = fileURLToPath(new URL('./broker-child.ts', import.meta.url));

export async function startBrokerChild(settings: ChildSettings): Promise<BrokerChild> {
  const { GRANTWAY_TEST_SERVER: _, ...env } = process.env;
  const child: ChildProcess = fork(file, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env });
  const exited = once(child, 'exit');
  child.send(settings);
  const ready = (await Promise.race([
    once(child, 'message').then(([message]) => message),
    exited.then(() => {
      throw new Error('a broker did not start');
    }),
  ])) as ChildReady;

  const token = async ({ clientId, clientSecret } = ready.client) => {
    const response = await fetch(`${ready.baseUrl}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }),
    });
    const body = (await response.json()) as Json;
    if (response.status !== 200) throw new Error(`no access token: ${JSON.stringify(body)}`);
    return body.access_token as string;
  };
  let own: Promise<string> | undefined;
  let ownUntil = 0;
  const fresh = () => {
    if (Date.now() > ownUntil) {
      own = token();
      ownUntil = Date.now() + 600_000;
    }
    return own as Promise<string>;
  };
  return {
    ...ready,
    pid: child.pid as number,
    token,
    async api(pathname, init = {}) {
      const response = await fetch(`${ready.baseUrl}${pathname}`, {
        method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
        headers: {
          authorization: `Bearer ${init.token ?? (await fresh())}`,
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
    },
    async sandbox(pathname, body) {
      const response = await fetch(`${ready.sandboxOrigin}/_sandbox${pathname}`, {
        method: body === undefined ? 'GET' : 'POST',
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${pathname}: ${response.status} ${await response.text()}`);
      return response.json();
    },
    async clientIn(environmentId) {
      child.send({ clientIn: environmentId });
      const [client] = await once(child, 'message');
      return client;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

export interface RedisProcess {
  url: string;
  kill(): Promise<void>;
}

/** Debian's redis-server on a free port, with nothing on disk; undefined where it is not installed. */
export async function startRedis(): Promise<RedisProcess | undefined> {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const port = await freePort();
  const folder = mkdtempSync(path.join(tmpdir(), 'grantway-redis-'));
  const child = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const exited = once(child, 'exit').then(() => rmSync(folder, { recursive: true, force: true }));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (/Ready to accept connections/.test(said)) resolve();
    });
    exited.then(() => reject(new Error(`redis-server ended: ${said}`)));
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
