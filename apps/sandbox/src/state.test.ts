import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openState } from './state.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sandbox-state-'));
  file = join(folder, 'sandbox.jsonl');
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

describe('the state file', () => {
  it('holds each change before set returns, and none that is volatile', () => {
    const state = openState(folder);
    state.set('a', { n: 1 });
    state.set('b', 2, { volatile: true });
    expect(readFileSync(file, 'utf8')).toBe('{"k":"a","v":{"n":1}}\n');
    expect(state.get('b')).toBe(2);
    state.close();
  });

  it('is compacted when it is opened: deleted and expired entries are gone', () => {
    const first = openState(folder);
    first.set('kept', 1);
    first.set('kept', 2);
    first.set('deleted', 1);
    first.delete('deleted');
    first.set('expired', 1, { expiresAtMs: Date.now() + 1000 });
    first.close();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2000 });
    const second = openState(folder);
    expect(second.entries('')).toEqual([['kept', 2]]);
    expect(readFileSync(file, 'utf8')).toBe('{"k":"kept","v":2}\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    second.close();
  });

  it('an entry that expires is not seen any more', () => {
    const state = openState(undefined);
    state.set('a', 1, { expiresAtMs: Date.now() + 1000 });
    expect(state.get('a')).toBe(1);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 1000 });
    expect(state.get('a')).toBeUndefined();
    expect(state.entries('')).toEqual([]);
  });

  it('half a last line, as a killed process leaves it, is passed over', () => {
    const first = openState(folder);
    first.set('a', 1);
    first.close();
    appendFileSync(file, '{"k":"b","v"');
    const second = openState(folder);
    expect(second.entries('')).toEqual([['a', 1]]);
    second.close();
  });

  it('damage elsewhere is refused with the place, and the file is left as it is', () => {
    const text = '{"k":"a","v":1}\nnot json\n{"k":"b","v":1}\n';
    writeFileSync(file, text);
    expect(() => openState(folder)).toThrow('line 2');
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
