import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ChildSettings, Order, Ready } from './heap-child.ts';
import { spellings } from './search.ts';

/** A broker in a process of its own, whose heap can be looked into. */
export interface ObservedBroker extends Ready {
  /** The strings of its heap after a collection, as a heap snapshot has them. */
  strings(): Promise<Buffer>;
  /** Makes it hold on to a value, as a fault in its code would. */
  keep(value: string): Promise<void>;
  stop(): Promise<void>;
}

/** @param file where a snapshot of some 100 MB may stand for a moment */
export async function startObservedBroker(settings: ChildSettings, file: string): Promise<ObservedBroker> {
  const { GRANTWAY_TEST_SERVER: _, ...env } = process.env;
  const child: ChildProcess = fork(fileURLToPath(new URL('./heap-child.ts', import.meta.url)), {
    execArgv: ['--expose-gc', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env,
  });
  const exited = once(child, 'exit');
  const ended = exited.then(() => {
    throw new Error('the broker ended');
  });
  // After a stop nobody waits for it.
  ended.catch(() => {});
  const tell = async <T>(order: Order): Promise<T> => {
    const answer = once(child, 'message');
    child.send(order);
    return (await Promise.race([answer, ended]))[0] as T;
  };
  const ready = await tell<Ready>({ start: settings });
  return {
    ...ready,
    async strings() {
      // The answer comes when the file is whole: nothing is guessed from its size.
      await tell({ snapshot: file });
      const whole = readFileSync(file);
      rmSync(file);
      return stringsOf(whole);
    },
    keep: (value) => tell({ keep: value }),
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** The part of a heap snapshot that has the text of every string. */
export function stringsOf(snapshot: Buffer): Buffer {
  const at = snapshot.lastIndexOf('"strings":[');
  if (at < 0 || !snapshot.subarray(-16).toString().trimEnd().endsWith('}')) throw new Error('the snapshot is not whole');
  return snapshot.subarray(at);
}

/** A heap snapshot is JSON in ASCII, and has a space for NUL. */
const inSnapshot = (text: string) =>
  JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\u0000', ' ')
    .replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`)
    .replace(/[\x80-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`);

/** What must not be there, by name, each in every spelling that is looked for. */
export class Canaries {
  readonly #forms = new Map<string, Set<string>>();

  text(name: string, value: string): void {
    if (value.length < 16) throw new Error(`${name} is too short to be told from chance`);
    this.#add(name, spellings(value).map(inSnapshot));
  }

  bytes(name: string, value: Buffer): void {
    const base64 = value.toString('base64').replace(/=+$/, '');
    const hex = value.toString('hex');
    this.#add(name, [hex, hex.toUpperCase(), base64, value.toString('base64url'), inSnapshot(value.toString('latin1'))]);
  }

  get names(): string[] {
    return [...this.#forms.keys()];
  }

  foundIn(strings: Buffer): string[] {
    return this.names.filter((name) => [...(this.#forms.get(name) ?? [])].some((form) => strings.includes(form)));
  }

  #add(name: string, forms: string[]): void {
    this.#forms.set(name, new Set([...(this.#forms.get(name) ?? []), ...forms]));
  }
}
