import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fetch, WebSocket } from 'undici';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { sinceMark } from './marks.ts';

/** No file takes longer, not on a busy machine either: the longest take two minutes. */
const limitSeconds = 600;
const lookEveryMs = 10_000;
const inspectorPort = randomInt(20_000, 30_000);

/** For the workers of vitest: where a stuck one listens for a debugger, once SIGUSR1 has asked it to. */
export const inspectable = [`--inspect-port=127.0.0.1:${inspectorPort}`];

interface Process {
  pid: number;
  parent: number;
  /** Since its start, in seconds. */
  age: number;
  line: string;
}

/**
 * Time limits of tests and hooks run in the worker, so that nothing ends a worker that is itself stuck: in a loop that never
 * ends, in a child process that is waited for synchronously, in a module that never loads. This ends it, and says where it was.
 */
export class Watchdog implements Reporter {
  #open = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #ended = new Set<number>();

  onTestRunStart(): void {
    this.#timer = setInterval(() => void this.#look(), lookEveryMs);
    this.#timer.unref();
  }
  onTestModuleQueued(module: TestModule): void {
    this.#open.set(module.relativeModuleId, 'loading');
  }
  onTestCaseReady(test: TestCase): void {
    this.#open.set(test.module.relativeModuleId, test.fullName);
  }
  onTestModuleEnd(module: TestModule): void {
    this.#open.delete(module.relativeModuleId);
  }
  onTestRunEnd(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const all = processes();
    for (const worker of all.filter(({ parent, age }) => parent === process.pid && age > limitSeconds)) {
      // A process that is older than its file has run others before.
      const atIt = Math.round(sinceMark(worker.pid) ?? worker.age);
      if (atIt <= limitSeconds || this.#ended.has(worker.pid) || !worker.line.includes('vitest')) continue;
      this.#ended.add(worker.pid);
      const say = (line: string) => process.stderr.write(`${line}\n`);
      say(`a worker has been at one file for ${atIt} s, and is ended. Files under way, with the last test that began:`);
      for (const [file, test] of this.#open) say(`  ${file} > ${test}`);
      say('its processes:');
      for (const { line } of descendants(all, worker.pid)) say(`  ${line}`);
      process.kill(worker.pid, 'SIGUSR1');
      say(`it was at:\n  ${await Promise.race([whereItIs(), tooLate()]).catch((error: Error) => error.message)}`);
      for (const { pid } of descendants(all, worker.pid).reverse()) end(pid);
    }
  }
}

/** Itself included. Linux and macOS; elsewhere nobody is watched. */
function processes(): Process[] {
  if (process.platform === 'win32') return [];
  const text = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,etime=,stat=,wchan=,time=,args='], { encoding: 'utf8', timeout: 5_000 });
  return text.split('\n').flatMap((line) => {
    const [, pid, parent, days, hours, minutes, seconds] = /^\s*(\d+)\s+(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)\s/.exec(line) ?? [];
    if (pid === undefined) return [];
    const age = ((Number(days ?? 0) * 24 + Number(hours ?? 0)) * 60 + Number(minutes)) * 60 + Number(seconds);
    return [{ pid: Number(pid), parent: Number(parent), age, line }];
  });
}

function descendants(all: Process[], of: number): Process[] {
  return all.filter(({ pid }) => pid === of).concat(all.filter(({ parent }) => parent === of).flatMap(({ pid }) => descendants(all, pid)));
}

/** The frames of its JavaScript, innermost first. A loop can be paused; what waits in the kernel does not answer. */
async function whereItIs(): Promise<string> {
  const [target] = await soon(async () => (await (await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)).json()) as [Target]);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const scripts = new Map<string, string>();
  const paused = new Promise<Frame[]>((resolve) =>
    socket.addEventListener('message', ({ data }) => {
      const { method, params } = JSON.parse(data) as { method?: string; params: Script & { callFrames: Frame[] } };
      if (method === 'Debugger.scriptParsed') scripts.set(params.scriptId, params.url);
      if (method === 'Debugger.paused') resolve(params.callFrames);
    }),
  );
  for (const [id, method] of ['Debugger.enable', 'Debugger.pause'].entries()) socket.send(JSON.stringify({ id, method }));
  const frames = await paused;
  return frames
    .map(({ functionName, location: { scriptId, lineNumber } }) => `${functionName} ${scripts.get(scriptId)}:${lineNumber + 1}`)
    .join('\n  ');
}
interface Target {
  webSocketDebuggerUrl: string;
}
interface Script {
  scriptId: string;
  url: string;
}
interface Frame {
  functionName: string;
  location: { scriptId: string; lineNumber: number };
}

const tooLate = () => new Promise<string>((resolve) => setTimeout(() => resolve('(no JavaScript is running)'), 5_000));

async function soon<T>(what: () => Promise<T>): Promise<T> {
  for (let i = 0; i < 30; i++) {
    const found = await what().catch(() => undefined);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return what();
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
