import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { bundled } from './bundle.ts';

/**
 * One process of the run. It prints one line of JSON when it is ready, one for each line that it is sent, and ends when its
 * input ends; so nothing outlives the run, however that ends.
 */
export interface Started<Ready> {
  pid: number;
  ready: Ready;
  /** One at a time. @throws Error with the child's words where it failed */
  ask<Answer>(command: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Numbers of processors; undefined: all that this process may use. Without `taskset` it has no effect. */
  cores?: readonly number[] | undefined;
}

const running = new Set<ChildProcess>();
let isEnding = false;

export async function start<Ready>(file: string, input: unknown = {}, { cores }: StartOptions = {}): Promise<Started<Ready>> {
  if (isEnding) throw new Error('the run is ending');
  const command = [process.execPath, path.join(await bundled(), file.replace(/\.ts$/, '.js')), JSON.stringify(input)];
  if (isEnding) throw new Error('the run is ending');
  const [program, ...args] = (cores === undefined || !hasTaskset ? command : ['taskset', '-c', cores.join(','), ...command]) as [
    string,
    ...string[],
  ];
  const child = spawn(program, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    // A group of its own: a terminal's Ctrl-C reaches the first process alone, which ends the others in order.
    detached: true,
    env: { ...process.env, NODE_ENV: 'production' },
  });
  running.add(child);
  child.stdin.on('error', () => {});
  const waiting: { resolve(text: string): void; reject(error: Error): void }[] = [];
  const ended = once(child, 'exit').then(([code, signal]) => {
    running.delete(child);
    for (const { reject } of waiting.splice(0)) reject(new Error(`${file} ended with ${code ?? signal}`));
  });
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  const nextLine = () => new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
  const answered = (line: string): unknown => {
    const answer = JSON.parse(line) as { answer?: unknown; failure?: string };
    if (answer.failure !== undefined) throw new Error(`${file}: ${answer.failure}`);
    return answer.answer;
  };
  return {
    ready: answered(await nextLine()) as Ready,
    pid: child.pid as number,
    async ask<Answer>(command: unknown) {
      const line = nextLine();
      child.stdin.write(`${JSON.stringify(command)}\n`);
      return answered(await line) as Answer;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}

/** For the process itself: says what it has to say, answers what it is asked, and stays until nobody needs it. */
export function ready(
  answer: unknown,
  close: () => Promise<unknown> | unknown = () => {},
  onCommand: (command: never) => Promise<unknown> | unknown = () => {},
): void {
  const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
  say({ answer });
  createInterface({ input: process.stdin })
    .on('line', async (line) => {
      try {
        say({ answer: await onCommand(JSON.parse(line) as never) });
      } catch (error) {
        say({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      }
    })
    .on('close', async () => {
      await close();
      process.exit(0);
    });
}

export const input = <T>(): T => JSON.parse(process.argv[2] ?? '{}') as T;

/** Whatever still runs, the last first, since it needs those before it: each closes what it opened, and ends. */
export async function endAll(): Promise<void> {
  isEnding = true;
  for (const child of [...running].reverse()) {
    const ended = once(child, 'exit');
    if (!running.has(child)) continue;
    child.stdin?.end();
    await ended;
  }
}

const hasTaskset = (() => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** The numbers of the processors that this process may use (proc(5), Cpus_allowed_list). */
export function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((part) => {
    const [first = 0, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

/**
 * CPU seconds of a process, of the threads that it has; with `withChildren` of all below it as well, those that ended
 * included. Nanoseconds of /proc/pid/task/tid/schedstat (Documentation/scheduler/sched-stats.rst), since a tick of
 * /proc/pid/stat is as long as a hundred requests; of what ended there are only ticks (cutime, cstime).
 */
export function cpuSeconds(pid: number, withChildren = false): number {
  const own = tasksOf(pid).reduce((sum, task) => sum + Number(textOf(`/proc/${pid}/task/${task}/schedstat`).split(' ')[0] || 0), 0) / 1e9;
  if (!withChildren) return own;
  const ended = statOf(pid).slice(13, 15).map(Number);
  return childrenOf(pid).reduce((sum, child) => sum + cpuSeconds(child, true), own + ended.reduce((a, b) => a + b, 0) / ticksPerSecond);
}

/** Empty where the process or thread has ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function tasksOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Children belong to the thread that made them. */
function childrenOf(pid: number): number[] {
  return tasksOf(pid).flatMap((task) => textOf(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number));
}

/** Fields from the third on: the second, the name, may hold spaces. */
function statOf(pid: number): string[] {
  const text = textOf(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Resident memory in MiB: now, and the most since `forgetPeak`. */
export function residentMiB(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

/** proc(5), /proc/pid/clear_refs: 5 sets the peak of the resident memory back to what it is now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
