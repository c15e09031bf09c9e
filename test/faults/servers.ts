import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';

/** PostgreSQL and Redis, of the run's own where they may be ended and started again. */
export interface Servers {
  adminUrl: string;
  redisUrl: string;
  /** Both absent with servers that were given: they are others' too. */
  own?: {
    /** Ends PostgreSQL as a crash does, and starts it again on what is on the disk. */
    crashPostgres(): Promise<void>;
    stopRedis(): Promise<void>;
    startRedis(): Promise<void>;
  };
  close(): Promise<void>;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, 'close');
  return port;
}

function postgresFolder(): string | undefined {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(a) - Number(b)) : [];
  const found = versions.map((version) => path.join(base, version, 'bin')).filter((bin) => existsSync(path.join(bin, 'initdb')));
  return found.at(-1);
}

/** Those that are given, else Debian's postgresql and redis-server on free ports of the loopback address. */
export async function startServers(given: { adminUrl: string | undefined; redisUrl: string | undefined }): Promise<Servers> {
  if (given.adminUrl !== undefined && given.redisUrl !== undefined) {
    return { adminUrl: given.adminUrl, redisUrl: given.redisUrl, close: async () => {} };
  }
  const bin = postgresFolder();
  if (bin === undefined) {
    throw new Error(
      'there is no PostgreSQL: install postgresql and redis-server, or set GRANTWAY_TEST_DATABASE_ADMIN_URL and GRANTWAY_TEST_REDIS_URL',
    );
  }
  const work = mkdtempSync(path.join(tmpdir(), 'grantway-faults-servers-'));
  chmodSync(work, 0o755);
  const [pgDir, redisDir] = [path.join(work, 'pg'), path.join(work, 'redis')];
  for (const dir of [pgDir, redisDir]) mkdirSync(dir);
  const [pgPort, redisPort] = [await freePort(), await freePort()];
  const log = openSync(path.join(work, 'servers.log'), 'a');
  // PostgreSQL refuses to run as root; its own account comes with the package.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const id = (what: string) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
    chownSync(pgDir, id('-u'), id('-g'));
  }
  const asPostgres = (program: string, args: string[]): [string, string[]] =>
    isRoot
      ? ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', path.join(bin, program), ...args]]
      : [path.join(bin, program), args];
  const data = path.join(pgDir, 'data');
  execFileSync(...asPostgres('initdb', ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--no-sync']), {
    stdio: ['ignore', log, log],
  });
  const adminUrl = `postgres://postgres@127.0.0.1:${pgPort}/postgres`;
  const redisUrl = `redis://127.0.0.1:${redisPort}`;
  let [postgres, redis]: [ChildProcess | undefined, ChildProcess | undefined] = [undefined, undefined];

  async function startPostgres(): Promise<void> {
    const options = ['listen_addresses=127.0.0.1', `unix_socket_directories=${pgDir}`, 'max_connections=400'];
    postgres = spawn(...asPostgres('postgres', ['-D', data, '-p', String(pgPort), ...options.flatMap((option) => ['-c', option])]), {
      stdio: ['ignore', log, log],
    });
    await answers(async () => {
      const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 1_000 });
      client.on('error', () => {});
      await client.connect().finally(() => client.end().catch(() => {}));
    });
  }
  async function startRedis(): Promise<void> {
    const args = ['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', redisDir, '--save', '', '--daemonize', 'no'];
    redis = spawn('redis-server', args, { stdio: ['ignore', log, log] });
    redis.once('error', () => {});
    await answers(async () => {
      const client = new Redis(redisUrl, { retryStrategy: () => null, lazyConnect: true });
      client.on('error', () => {});
      await client.connect().then(() => client.ping());
      client.disconnect();
    });
  }
  async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
  const close = async () => {
    await Promise.all([end(postgres, 'SIGQUIT'), end(redis, 'SIGKILL')]);
    rmSync(work, { recursive: true, force: true });
  };
  try {
    await Promise.all([startPostgres(), startRedis()]);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    adminUrl,
    redisUrl,
    own: {
      crashPostgres: async () => {
        // The documented immediate shutdown: no checkpoint, recovery at the next start.
        await end(postgres, 'SIGQUIT');
        await startPostgres();
      },
      stopRedis: () => end(redis, 'SIGKILL'),
      startRedis,
    },
    close,
  };
}

async function answers(ask: () => Promise<void>): Promise<void> {
  const giveUpAt = performance.now() + 30_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
