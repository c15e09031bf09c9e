import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { KillPoint } from '@grantway/vault';
import type { Order, ProcessSettings, Report } from './vault-process.ts';

/** A process of its own, from here. */
export interface Child {
  lease(accounts: string[], callers?: number): void;
  go(): void;
  kill(): Promise<void>;
  /** Takes the processor away from it, as a paused machine does, and gives it back. */
  stop(): void;
  resume(): void;
  /** It holds so many accounts at the point where it was told to. */
  holding(count: number): Promise<void>;
  done: Promise<Extract<Report, { kind: 'done' }>>;
  exited: Promise<void>;
}

const file = fileURLToPath(new URL('./vault-process.ts', import.meta.url));

export async function startChild(settings: ProcessSettings, points: { holdAt?: KillPoint; dieAt?: KillPoint } = {}): Promise<Child> {
  const child: ChildProcess = fork(file, ['serve'], { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const exited = once(child, 'exit').then(() => {});
  let held = 0;
  let look = () => {};
  let ready = () => {};
  let finish: (report: Extract<Report, { kind: 'done' }>) => void = () => {};
  const started = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const done = new Promise<Extract<Report, { kind: 'done' }>>((resolve) => {
    finish = resolve;
  });
  child.on('message', (report: Report) => {
    if (report.kind === 'ready') ready();
    if (report.kind === 'done') finish(report);
    if (report.kind === 'holding') {
      held += 1;
      look();
    }
  });
  const send = (order: Order) => void child.send(order);
  send({ kind: 'open', settings, holdAt: points.holdAt, dieAt: points.dieAt });
  await Promise.race([
    started,
    exited.then(() => {
      throw new Error('a process of the fault run did not start');
    }),
  ]);
  return {
    lease: (accounts, callers = 1) => send({ kind: 'lease', accounts, callers }),
    go: () => send({ kind: 'go' }),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    stop: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    holding: (count) =>
      new Promise((resolve) => {
        look = () => {
          if (held >= count) resolve();
        };
        look();
      }),
    done,
    exited,
  };
}
