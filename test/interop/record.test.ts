import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const at = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const vectors = at('../../packages/vault/src/record.vectors.json');
const decode = (file: string) => spawnSync('python3', [at('decode_record.py'), file], { encoding: 'utf8', timeout: 25_000 });

const first = decode(vectors);
const missing = first.error !== undefined || first.status === 77;
if (missing) process.stderr.write(`test/interop: ${first.error?.message ?? first.stdout.trim()}\n`);

it.skipIf(missing)('a decoder in Python, written from the format’s table, opens every published vector and no damaged one', () => {
  expect(first.stderr).toBe('');
  expect(first.stdout).toMatch(/^([1-9]\d*) of \1 vectors$/m);
  expect(first.status).toBe(0);
});

it.skipIf(missing)('and says so when a vector does not open', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'grantway-vectors-'));
  try {
    const published = JSON.parse(readFileSync(vectors, 'utf8'));
    published.vectors[1].context[0] += 'x';
    const file = path.join(folder, 'vectors.json');
    writeFileSync(file, JSON.stringify(published));
    const second = decode(file);
    expect([second.status, second.stdout]).toEqual([1, expect.stringContaining('FAILED: a credential in its place')]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
