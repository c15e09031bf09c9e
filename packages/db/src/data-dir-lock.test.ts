import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isProcessAlive, lockDataDir } from './data-dir-lock.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const moduleUrl = new URL('./data-dir-lock.ts', import.meta.url).href;

let base: string;
let folder: string;
const started: ReturnType<typeof spawn>[] = [];

beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'grantway-lock-'));
  folder = path.join(base, 'data');
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(base, { recursive: true, force: true });
});

/** A process that tries the lock whenever it is sent a line, answers with "held" or the refusal, and then keeps what it got. */
function starter() {
  const script = `
    import { createInterface } from 'node:readline';
    import { lockDataDir } from ${JSON.stringify(moduleUrl)};
    process.stdout.write('up\\n');
    for await (const line of createInterface({ input: process.stdin })) {
      try { lockDataDir(${JSON.stringify(folder)}); process.stdout.write('held\\n'); }
      catch (error) { process.stdout.write(error.message + '\\n'); }
    }`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: repository,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  started.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    next: async () => (await lines.next()).value as string,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('a second taker in the same process is refused until the first releases', () => {
  const first = lockDataDir(folder);
  expect(() => lockDataDir(folder)).toThrow(`in use by another Grantway (process ${process.pid})`);
  first.release();
  const second = lockDataDir(folder);
  first.release();
  expect(() => lockDataDir(folder)).toThrow('in use');
  second.release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a lock held by another live process is refused with its process id, and free once that process was killed', async () => {
  const other = starter();
  expect(await other.next()).toBe('up');
  other.child.stdin?.write('go\n');
  expect(await other.next()).toBe('held');
  expect(() => lockDataDir(folder)).toThrow(`in use by another Grantway (process ${other.child.pid})`);
  await other.kill();
  const mine = lockDataDir(folder);
  expect(JSON.parse(readFileSync(path.join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  mine.release();
});

test('a live process that merely got the pid of the dead holder does not hold the folder', () => {
  lockDataDir(folder);
  const file = path.join(folder, 'lock');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  expect(lock.pid).toBe(process.pid);
  writeFileSync(file, JSON.stringify({ ...lock, startedAt: 'another time' }));
  lockDataDir(folder).release();
  expect(existsSync(file)).toBe(false);
});

test('a lock file emptied by a power cut does not brick the folder', () => {
  lockDataDir(folder).release();
  writeFileSync(path.join(folder, 'lock'), '');
  lockDataDir(folder).release();
  expect(readdirSync(folder)).toEqual([]);
});

test('a taker that died half-way through taking over a stale lock is itself taken over', () => {
  lockDataDir(folder).release();
  const nonce = (digit: string) => digit.repeat(32);
  const dead = (digit: string) => JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'never', nonce: nonce(digit) });
  writeFileSync(path.join(folder, 'lock'), dead('a'));
  writeFileSync(path.join(folder, `lock.after.${nonce('a')}`), dead('b'));
  writeFileSync(path.join(folder, `lock.draft.${nonce('b')}`), dead('b'));
  const mine = lockDataDir(folder);
  expect(() => lockDataDir(folder)).toThrow(`process ${process.pid}`);
  expect(readdirSync(folder)).toEqual(['lock']);
  mine.release();
});

test('a live taker between its two steps already holds the folder', () => {
  const mine = lockDataDir(folder);
  const live = readFileSync(path.join(folder, 'lock'), 'utf8');
  writeFileSync(path.join(folder, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'never', nonce: 'a'.repeat(32) }));
  writeFileSync(path.join(folder, `lock.after.${'a'.repeat(32)}`), live);
  expect(() => lockDataDir(folder)).toThrow(`process ${process.pid}`);
  mine.release();
});

test('of several starters that race for one stale lock exactly one gets it, in every round', async () => {
  const starters = [starter(), starter(), starter(), starter()];
  for (const each of starters) expect(await each.next()).toBe('up');
  lockDataDir(folder).release();
  for (let round = 0; round < 25; round++) {
    // Every round leaves the lock of a process that no longer exists, as after a kill -9.
    const nonce = round.toString(16).padStart(32, '0');
    writeFileSync(path.join(folder, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, startedAt: 'never', nonce }));
    for (const each of starters) each.child.stdin?.write('go\n');
    const answers = await Promise.all(starters.map((each) => each.next()));
    expect(answers.filter((answer) => answer === 'held')).toHaveLength(1);
    expect(answers.filter((answer) => answer.includes('in use by another Grantway'))).toHaveLength(3);
    expect(readdirSync(folder)).toEqual(['lock']);
  }
});

test('the folder and the lock are private', () => {
  lockDataDir(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(path.join(folder, 'lock')).mode & 0o777).toBe(0o600);
});

test('a zombie counts as dead', async () => {
  // The shell starts a child, becomes a program that never collects it, and the child ends.
  const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(parent);
  const pid = Number((await createInterface({ input: parent.stdout })[Symbol.asyncIterator]().next()).value);
  await expect.poll(() => isProcessAlive(pid), { timeout: 5000 }).toBe(false);
  expect(() => process.kill(pid, 0)).not.toThrow();
});

test('broken locks that follow each other, as a power cut leaves them, are nobody’s: the next process takes the folder', async () => {
  mkdirSync(folder, { recursive: true });
  const nonceOf = (name: string) => createHash('sha256').update(`${name}\n`).digest('hex').slice(0, 32);
  const broken = ['lock'];
  for (let i = 0; i < 3; i++) broken.push(`lock.after.${nonceOf(broken.at(-1) as string)}`);
  // By its bytes alone an empty lock would be its own successor.
  broken.push(`lock.after.${createHash('sha256').update('').digest('hex').slice(0, 32)}`);
  for (const name of broken) writeFileSync(path.join(folder, name), '');
  const next = starter();
  expect(await next.next()).toBe('up');
  next.child.stdin?.write('\n');
  expect(await next.next()).toBe('held');
  expect(readdirSync(folder)).toEqual(['lock']);
}, 60_000);

test('a lock whose copy stands in its successor’s place is refused, not followed for ever', async () => {
  mkdirSync(folder, { recursive: true });
  const nonce = 'ab'.repeat(16);
  const dead = JSON.stringify({ pid: 0, startedAt: '', nonce });
  for (const name of ['lock', `lock.after.${nonce}`]) writeFileSync(path.join(folder, name), dead);
  const next = starter();
  expect(await next.next()).toBe('up');
  next.child.stdin?.write('\n');
  expect(await next.next()).toContain('keeps changing hands');
}, 60_000);
