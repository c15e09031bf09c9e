import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

export interface DataDirLock {
  /** Gives the folder free; a second call does nothing. */
  release(): void;
}

interface Owner {
  pid: number;
  /** Tells a process from a later one with the same pid; 'unknown' where the system does not say. */
  startedAt: string;
  /** Unique for ever, so that the successor of one stale lock is never mistaken for the successor of another. */
  nonce: string;
}

/**
 * Takes the data folder for this process; creates it (mode 0700) when it is missing.
 *
 * A lock is stale when its process is dead or its pid has gone to another process. Deleting a stale lock and creating a new one
 * leaves a gap in which a slower starter deletes the winner's lock, so a stale lock is never deleted: it gets at most one
 * successor, a hard link named after the stale lock's nonce, and whoever creates that link renames its own lock over `lock`.
 * A starter that died between the two steps is itself a stale link of the chain and gets a successor in turn.
 *
 * @throws Error with one line naming the folder and the process when a live process holds it.
 */
export function lockDataDir(dataDir: string, name = 'lock'): DataDirLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const folder = realpathSync(dataDir);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    throw new Error(`the data folder ${folder} belongs to another user: this one may not write to it`);
  }
  const lockPath = path.join(folder, name);
  const me: Owner = { pid: process.pid, startedAt: processStartedAt(process.pid), nonce: randomBytes(16).toString('hex') };
  const draft = path.join(folder, `${name}.draft.${me.nonce}`);
  writeFileSync(draft, JSON.stringify(me), { mode: 0o600 });
  try {
    // A round is repeated only when another starter changed the lock meanwhile; each change has a winner, so this ends.
    for (let round = 0; round < 100; round++) {
      const outcome = take(folder, name, draft, me);
      if (outcome === 'taken') return { release: () => releaseLock(lockPath, me) };
      if (outcome !== 'changed') throw new Error(`the data folder ${folder} is in use by another Grantway (process ${outcome.pid})`);
    }
    throw new Error(`the lock of the data folder ${folder} keeps changing hands`);
  } finally {
    rmSync(draft, { force: true });
  }
}

function take(folder: string, name: string, draft: string, me: Owner): 'taken' | 'changed' | Owner {
  const lockPath = path.join(folder, name);
  if (linkIfAbsent(draft, lockPath)) {
    clearLeftovers(folder, name);
    return 'taken';
  }
  const chain = readChain(folder, name);
  const tail = chain.at(-1);
  if (tail === undefined) return 'changed';
  if (isOwnerAlive(tail)) return tail;

  const successorPath = path.join(folder, `${name}.after.${tail.nonce}`);
  if (!linkIfAbsent(draft, successorPath)) return 'changed';
  // The chain that was read may be history: its winner may have moved its lock into place and swept the links meanwhile.
  if (readChain(folder, name).at(-1)?.nonce !== me.nonce) {
    rmSync(successorPath, { force: true });
    return 'changed';
  }
  renameSync(draft, lockPath);
  clearLeftovers(folder, name);
  return 'taken';
}

/** The lock and its successors in order; empty when nobody holds or held it. A copy of a lock, put where its successor would be, ends it. */
function readChain(folder: string, name: string): Owner[] {
  const chain: Owner[] = [];
  const seen = new Set<string>();
  let owner = readOwner(path.join(folder, name));
  while (owner !== undefined && !seen.has(owner.nonce)) {
    seen.add(owner.nonce);
    chain.push(owner);
    owner = readOwner(path.join(folder, `${name}.after.${owner.nonce}`));
  }
  return chain;
}

function readOwner(file: string): Owner | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<Owner>;
    if (Number.isInteger(value.pid) && typeof value.startedAt === 'string' && /^[0-9a-f]{32}$/.test(value.nonce ?? ''))
      return value as Owner;
  } catch {}
  // Locks are linked into place complete, so a broken one is what a power cut left: nobody's, and stale. Known by its name as well:
  // a power cut leaves several with the same bytes, and none may be taken for its own successor.
  const nonce = createHash('sha256')
    .update(`${path.basename(file)}\n${text}`)
    .digest('hex')
    .slice(0, 32);
  return { pid: 0, startedAt: '', nonce };
}

function linkIfAbsent(source: string, target: string): boolean {
  try {
    linkSync(source, target);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Called by the holder only: drafts and links of starters that died. */
function clearLeftovers(folder: string, name: string): void {
  for (const entry of readdirSync(folder)) {
    if (entry.startsWith(`${name}.after.`)) rmSync(path.join(folder, entry), { force: true });
    if (!entry.startsWith(`${name}.draft.`)) continue;
    const owner = readOwner(path.join(folder, entry));
    // pid 0: it may be a starter's draft that is still being written.
    if (owner !== undefined && owner.pid !== 0 && !isOwnerAlive(owner)) rmSync(path.join(folder, entry), { force: true });
  }
}

function releaseLock(lockPath: string, me: Owner): void {
  if (readOwner(lockPath)?.nonce === me.nonce) rmSync(lockPath, { force: true });
}

function isOwnerAlive(owner: Owner): boolean {
  if (!isProcessAlive(owner.pid)) return false;
  const startedAt = processStartedAt(owner.pid);
  return startedAt === owner.startedAt || startedAt === 'unknown' || owner.startedAt === 'unknown';
}

/** Whether the process runs; a zombie, which only waits for its parent to collect it, does not. */
export function isProcessAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if (!isCode(error, 'EPERM')) return false;
  }
  const state = process.platform === 'linux' ? procStat(pid)?.[0] : psField(pid, 'stat');
  return !state?.startsWith('Z');
}

/** When the process started, in the system's own terms; 'unknown' where it cannot be told. */
function processStartedAt(pid: number): string {
  if (process.platform !== 'linux') return psField(pid, 'lstart') || 'unknown';
  const ticksSinceBoot = procStat(pid)?.[19];
  if (ticksSinceBoot === undefined) return 'unknown';
  // Ticks count from boot: without the boot's id a process of an earlier boot could look the same.
  return `${ticksSinceBoot}@${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`;
}

/** Fields of /proc/<pid>/stat from the third (state) on; the second, the name, may contain spaces and parentheses. */
function procStat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function psField(pid: number, field: 'stat' | 'lstart'): string {
  if (process.platform === 'win32') return '';
  return (
    spawnSync('ps', ['-o', `${field}=`, '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      timeout: 20_000,
    }).stdout?.trim() ?? ''
  );
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
