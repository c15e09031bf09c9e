import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import path from 'node:path';

/** What came from a provider, sealed, and the row it belongs to. */
export interface JournalEntry {
  environmentId: string;
  accountId: string;
  grantId: string;
  /** The generation whose refresh token was spent for it, and the fence of the claim that spent it. */
  basedOn: number;
  fence: number;
  record: Buffer;
}

/**
 * The durable place between a provider's answer and our commit: a credential that was received survives the death of
 * the process, also while the database is away. Local files, one folder for each machine.
 */
export interface Journal {
  /** Resolves when the entry is on the disk; answers its id. */
  append(entry: JournalEntry): Promise<string>;
  /** The database holds it. Not flushed: an entry that looks unsettled after a crash is only looked at once more. */
  settle(id: string): Promise<void>;
  /** What earlier processes left unsettled. Lines that were cut off in a crash are passed over; they were never acted on. */
  unsettled(): Promise<{ id: string; entry: JournalEntry }[]>;
  /** Removes what is settled and older than ten minutes. */
  truncate(): Promise<void>;
  close(): Promise<void>;
}

/** A file takes entries for this long; after `keptMs` without a write nobody can be writing to it any more. */
const segmentMs = 5 * 60_000;
const keptMs = 10 * 60_000;

type Line = { id: string; entry?: Omit<JournalEntry, 'record'> & { record: string }; settled?: true };

export async function openJournal(folder: string): Promise<Journal> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  let segment: { file: FileHandle; name: string; startedAt: number } | undefined;
  let waiting: { text: string; durable: boolean; done: () => void; failed: (error: unknown) => void }[] = [];
  let writing: Promise<void> | undefined;
  const pending = new Set<string>();

  async function currentSegment(): Promise<FileHandle> {
    if (segment !== undefined && performance.now() - segment.startedAt < segmentMs) return segment.file;
    await segment?.file.close();
    const name = `${Date.now()}-${randomUUID()}.jsonl`;
    const file = await open(path.join(folder, name), 'ax', 0o600);
    // The file's name must outlive a power cut as its content does.
    const directory = await open(folder, 'r');
    await directory.sync().finally(() => directory.close());
    const isFirst = segment === undefined;
    segment = { file, name, startedAt: performance.now() };
    if (!isFirst) await truncate().catch(() => {});
    return file;
  }

  /** One write and one flush for everything that came while the last one was under way. */
  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const file = await currentSegment();
        await file.appendFile(batch.map(({ text }) => text).join(''));
        if (batch.some(({ durable }) => durable)) await file.datasync();
        for (const { done } of batch) done();
      } catch (error) {
        // Part of a line may stand there: the next line begins on a new one, in a new file.
        await segment?.file.close().catch(() => {});
        segment = undefined;
        for (const { failed } of batch) failed(error);
      }
    }
  }

  function write(line: Line, durable: boolean): Promise<void> {
    const written = new Promise<void>((done, failed) => waiting.push({ text: `${JSON.stringify(line)}\n`, durable, done, failed }));
    writing ??= flush().finally(() => {
      writing = undefined;
    });
    return written;
  }

  async function read(): Promise<{ name: string; idleMs: number; entries: Map<string, JournalEntry>; settled: string[] }[]> {
    const segments = [];
    for (const name of (await readdir(folder)).filter((file) => file.endsWith('.jsonl')).sort()) {
      const file = path.join(folder, name);
      const [found, text] = await Promise.all([stat(file), readFile(file, 'utf8')]).catch(() => [undefined, ''] as const);
      if (found === undefined) continue;
      const entries = new Map<string, JournalEntry>();
      const settled: string[] = [];
      for (const line of text.split('\n').map(parsed)) {
        if (line?.settled === true) settled.push(line.id);
        if (line?.entry !== undefined) entries.set(line.id, { ...line.entry, record: Buffer.from(line.entry.record, 'base64') });
      }
      segments.push({ name, idleMs: Date.now() - found.mtimeMs, entries, settled });
    }
    return segments;
  }

  async function truncate(): Promise<void> {
    const segments = await read();
    const settled = new Set(segments.flatMap((s) => s.settled));
    for (const { name, idleMs, entries } of segments) {
      if (name === segment?.name || idleMs < keptMs) continue;
      if ([...entries.keys()].every((id) => settled.has(id))) await unlink(path.join(folder, name)).catch(() => {});
    }
  }

  return {
    async append({ record, ...rest }) {
      const id = randomUUID();
      pending.add(id);
      await write({ id, entry: { ...rest, record: record.toString('base64') } }, true);
      return id;
    },
    async settle(id) {
      pending.delete(id);
      await write({ id, settled: true }, false);
    },
    async unsettled() {
      const segments = await read();
      const settled = new Set(segments.flatMap((s) => s.settled));
      return segments
        .flatMap((s) => [...s.entries].map(([id, entry]) => ({ id, entry })))
        .filter(({ id }) => !settled.has(id) && !pending.has(id));
    },
    truncate,
    async close() {
      while (writing !== undefined) await writing;
      await segment?.file.close();
      segment = undefined;
    },
  };
}

function parsed(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Line | null;
    return typeof line?.id === 'string' ? line : undefined;
  } catch {
    return undefined;
  }
}
