import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One process of the run. It prints one line of JSON when it is ready, and ends when its input ends. */
export interface Started<Ready> {
  pid: number;
  ready: Ready;
  stop(): Promise<void>;
}

const running = new Set<ChildProcess>();

export async function start<Ready>(file: string, input: unknown = {}): Promise<Started<Ready>> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL(file, import.meta.url)), JSON.stringify(input)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  running.add(child);
  const ended = once(child, 'exit').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const line = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line').then(([text]) => String(text)),
    ended.then((code) => Promise.reject(new Error(`${file} ended with ${code}`))),
  ]);
  const stop = async () => {
    child.stdin.end();
    await ended;
  };
  return { pid: child.pid as number, ready: JSON.parse(line) as Ready, stop };
}

/** For the process itself: says what it has to say and stays until nobody needs it. */
export function ready(answer: unknown, close: () => Promise<unknown> | unknown = () => {}): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.stdin.resume();
  process.stdin.on('end', async () => {
    await close();
    process.exit(0);
  });
}

export const input = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T;

/** Whatever still runs after a failure: each closes what it opened, and ends. */
export async function endAll(): Promise<void> {
  const ended = [...running].map((child) => once(child, 'exit'));
  for (const child of running) child.stdin?.end();
  await Promise.all(ended);
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * CPU seconds of a process and of its children, those that ended included (proc(5), /proc/pid/stat: utime, stime, cutime,
 * cstime).
 */
export function cpuSeconds(pid: number, withChildren = false): number {
  let ticks = ticksOf(pid, withChildren);
  if (withChildren) for (const child of childrenOf(pid)) ticks += ticksOf(child, true);
  return ticks / ticksPerSecond;
}

function ticksOf(pid: number, ended: boolean): number {
  const fields = statOf(pid);
  if (fields === undefined) return 0;
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number);
  return user + system + (ended ? endedUser + endedSystem : 0);
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** Fields from the third on: the second, the name, may hold spaces. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Resident memory in MiB. */
export function residentMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}
