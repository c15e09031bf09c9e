import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { FileStore } from './file-store.ts';

/** Processes that share the folder see each other's files; each write is its own until it is renamed. */
export async function openDiskStore(folder: string): Promise<FileStore> {
  const parts = path.join(folder, 'parts');
  await mkdir(parts, { recursive: true, mode: 0o700 });
  await removeStale(parts);
  // Ids of one hour begin alike, and end in chance.
  const placeOf = (name: string) => path.join(folder, mustBePlain(name).slice(-2), name);
  return {
    async put(name, sealed) {
      const [part, place] = [path.join(parts, mustBePlain(name)), placeOf(name)];
      await writeWhole(part, sealed);
      try {
        await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
        await rename(part, place);
        await flushFolder(path.dirname(place));
      } catch (error) {
        await Promise.all([rm(part, { force: true }), rm(place, { force: true })]);
        throw error;
      }
    },
    async get(name) {
      return (await open(placeOf(name), 'r')).createReadStream({ highWaterMark: 262_144 });
    },
    async remove(name) {
      await Promise.all([rm(placeOf(name), { force: true }), rm(path.join(parts, name), { force: true })]);
    },
  };
}

/** Writes a new file and flushes it; what fails half way is gone again. Answers what was written. */
export async function writeWhole(at: string, bytes: AsyncIterable<Uint8Array>): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  const file = await open(at, 'wx', 0o600);
  try {
    for await (const some of bytes) {
      hash.update(some);
      size += some.length;
      await file.appendFile(some);
    }
    await file.sync();
    await file.close();
  } catch (error) {
    await file.close().catch(() => {});
    await rm(at, { force: true });
    throw error;
  }
  return { size, sha256: hash.digest('hex') };
}

const staleMs = 3_600_000;

/** What a process that died left half written: its key died with it. */
export async function removeStale(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const at = path.join(folder, name);
    const known = await stat(at).catch(() => undefined);
    if (known !== undefined && Date.now() - known.mtimeMs > staleMs) await rm(at, { force: true });
  }
}

export function mustBePlain(name: string): string {
  if (!/^[a-z0-9_]{8,64}$/.test(name)) throw new Error('a stored file has a plain name');
  return name;
}

/** The new name itself must be on the disk. Not every system can flush a folder. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
