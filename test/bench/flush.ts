import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const samples = 200;

/**
 * Milliseconds, median: how long the disk of the temporary folder, where the run's databases are, takes to have 8 KiB for good. A call
 * waits for one such flush before it is answered, so that this bounds what 16 callers can have in a second.
 */
export function measureFlush(): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'grantway-flush-'));
  try {
    const file = openSync(path.join(folder, 'log'), 'w');
    const page = Buffer.alloc(8192, 1);
    // Written before, as PostgreSQL's log is, so that no file grows.
    for (let i = 0; i < samples; i++) writeSync(file, page, 0, page.length, i * page.length);
    fdatasyncSync(file);
    const times = Array.from({ length: samples }, (_, i) => {
      writeSync(file, page, 0, page.length, i * page.length);
      const began = performance.now();
      fdatasyncSync(file);
      return performance.now() - began;
    });
    closeSync(file);
    return times.sort((a, b) => a - b)[samples / 2] as number;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
