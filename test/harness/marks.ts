import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folderOf = (run: number) => path.join(tmpdir(), `grantway-workers-${run}`);

/** In a worker: it begins a file now. */
export function mark(): void {
  mkdirSync(folderOf(process.ppid), { recursive: true });
  writeFileSync(path.join(folderOf(process.ppid), String(process.pid)), '');
}

/** In the run's own process: for how many seconds a worker has been at its file; undefined before its first. */
export function sinceMark(worker: number): number | undefined {
  const marked = statSync(path.join(folderOf(process.pid), String(worker)), { throwIfNoEntry: false });
  return marked === undefined ? undefined : (Date.now() - marked.mtimeMs) / 1000;
}

export function removeMarks(): void {
  rmSync(folderOf(process.pid), { recursive: true, force: true });
}
