import { appendFileSync, chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** What the sandbox remembers: values by key, some of which expire, some of which outlive the process. */
export interface State {
  get(key: string): unknown;
  set(key: string, value: unknown, options?: { expiresAtMs?: number | undefined; volatile?: boolean }): void;
  delete(key: string): void;
  /** Live entries whose key begins with `prefix`. */
  entries(prefix: string): [key: string, value: unknown][];
  close(): void;
}

interface Entry {
  value: unknown;
  expiresAtMs?: number | undefined;
  volatile?: boolean | undefined;
}

/** One line of the file: `k` key, `v` value (absent: deleted), `x` expiry in milliseconds since the epoch. */
interface Line {
  k: string;
  v?: unknown;
  x?: number | undefined;
}

const sweepEvery = 2_000;

/**
 * Opens `<stateDir>/sandbox.jsonl`, or a memory when `stateDir` is undefined. The file only ever grows while open; each
 * change is one synchronous append, so an answer never leaves before its cause is written. Opening compacts it.
 */
export function openState(stateDir: string | undefined): State {
  const entries = new Map<string, Entry>();
  const file = stateDir === undefined ? undefined : join(stateDir, 'sandbox.jsonl');
  let descriptor: number | undefined;
  let changes = 0;

  if (stateDir !== undefined && file !== undefined) {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    load(file, entries);
    dropExpired(entries);
    compact(file, entries);
    descriptor = openSync(file, 'a', 0o600);
  }

  const append = (line: Line) => {
    if (descriptor !== undefined) appendFileSync(descriptor, `${JSON.stringify(line)}\n`);
    if (++changes % sweepEvery === 0) dropExpired(entries);
  };

  return {
    get(key) {
      const entry = entries.get(key);
      return entry === undefined || isExpired(entry) ? undefined : entry.value;
    },
    set(key, value, { expiresAtMs, volatile } = {}) {
      const copy = structuredClone(value);
      entries.set(key, { value: copy, expiresAtMs, volatile });
      if (volatile !== true) append({ k: key, v: copy, x: expiresAtMs });
    },
    delete(key) {
      const entry = entries.get(key);
      entries.delete(key);
      if (entry !== undefined && entry.volatile !== true) append({ k: key });
    },
    entries(prefix) {
      const found: [string, unknown][] = [];
      for (const [key, entry] of entries) {
        if (key.startsWith(prefix) && !isExpired(entry)) found.push([key, entry.value]);
      }
      return found;
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

function isExpired(entry: Entry): boolean {
  return entry.expiresAtMs !== undefined && entry.expiresAtMs <= Date.now();
}

function dropExpired(entries: Map<string, Entry>): void {
  for (const [key, entry] of entries) if (isExpired(entry)) entries.delete(key);
}

function load(file: string, entries: Map<string, Entry>): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const lines = text.split('\n');
  lines.forEach((raw, i) => {
    if (raw === '') return;
    let line: Line;
    try {
      line = JSON.parse(raw) as Line;
    } catch {
      // A process that was killed may leave half a last line; anything earlier is damage.
      if (i === lines.length - 1) return;
      throw new Error(`${file} is damaged at line ${i + 1}; remove it to start with an empty sandbox`);
    }
    if (line.v === undefined) entries.delete(line.k);
    else entries.set(line.k, { value: line.v, expiresAtMs: line.x });
  });
}

function compact(file: string, entries: Map<string, Entry>): void {
  const draft = `${file}.draft`;
  const descriptor = openSync(draft, 'w', 0o600);
  chmodSync(draft, 0o600);
  for (const [k, { value, expiresAtMs }] of entries) writeSync(descriptor, `${JSON.stringify({ k, v: value, x: expiresAtMs })}\n`);
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(draft, file);
}
