import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Journal, type JournalEntry, openJournal } from './journal.ts';

let folder: string;
const opened: Journal[] = [];
beforeEach(() => {
  folder = path.join(mkdtempSync(path.join(tmpdir(), 'grantway-journal-')), 'journal');
});
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
  rmSync(path.dirname(folder), { recursive: true, force: true });
});
const start = async () => {
  const journal = await openJournal(folder);
  opened.push(journal);
  return journal;
};
const entry = (): JournalEntry => ({
  environmentId: 'env_1',
  accountId: `ca_${randomBytes(4).toString('hex')}`,
  grantId: 'gr_1',
  basedOn: 1,
  fence: 1,
  record: randomBytes(300),
});
const files = () => readdirSync(folder).map((name) => path.join(folder, name));
const elevenMinutesAgo = () => {
  const then = Date.now() / 1000 - 660;
  for (const file of files()) utimesSync(file, then, then);
};

describe('the journal', () => {
  it('gives the next process what was appended and not settled, byte for byte', async () => {
    const journal = await start();
    const kept = [entry(), entry()];
    const ids = await Promise.all([...kept, entry()].map((e) => journal.append(e)));
    await journal.settle(ids[2] as string);
    const found = await (await start()).unsettled();
    expect(found.map((f) => f.entry)).toEqual(kept);
  });

  it('is readable by its owner alone', async () => {
    await (await start()).append(entry());
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(files().map((file) => statSync(file).mode & 0o777)).toEqual([0o600]);
  });

  it('keeps many entries that come at once, each on a line of its own', async () => {
    const journal = await start();
    const many = Array.from({ length: 200 }, entry);
    await Promise.all(many.map((e) => journal.append(e)));
    const found = await (await start()).unsettled();
    expect(found.map((f) => f.entry.accountId).sort()).toEqual(many.map((e) => e.accountId).sort());
  });

  it('passes over a line that a crash cut off, and over foreign text', async () => {
    const kept = entry();
    await (await start()).append(kept);
    const [file] = files() as [string];
    const line = readFileSync(file, 'utf8').trim();
    appendFileSync(file, `not json\n42\n${line.slice(0, 120)}`);
    expect((await (await start()).unsettled()).map((f) => f.entry)).toEqual([kept]);
  });

  it('is truncated after ten minutes, but never of what is not settled', async () => {
    const first = await start();
    await first.settle(await first.append(entry()));
    const second = await start();
    const kept = entry();
    await second.append(kept);
    const third = await start();
    await third.truncate();
    expect(files()).toHaveLength(2);
    elevenMinutesAgo();
    await third.truncate();
    expect(files()).toHaveLength(1);
    expect((await third.unsettled()).map((f) => f.entry)).toEqual([kept]);
  });

  it('says so when it cannot be written, and works again when it can', async () => {
    const journal = await start();
    rmSync(folder, { recursive: true });
    await expect(journal.append(entry())).rejects.toThrow(/ENOENT/);
    const again = await start();
    const kept = entry();
    await journal.append(kept);
    expect((await again.unsettled()).map((f) => f.entry)).toEqual([kept]);
  });
});
