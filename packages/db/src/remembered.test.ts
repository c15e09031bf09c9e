import { describe, expect, it } from 'vitest';
import { createRemembered } from './remembered.ts';

function driven() {
  let at = 0;
  const state = { isProven: true };
  const remembered = createRemembered<number>(
    () => state.isProven,
    () => at,
  );
  return { ...remembered, state, pass: (ms: number) => (at += ms) };
}

describe('what was read', () => {
  it('is recalled for a second in any case, with its age', () => {
    const { keep, recall, state, pass } = driven();
    state.isProven = false;
    keep('a', 1);
    expect(recall('a')).toEqual({ value: 1, ageMs: 0 });
    pass(1_000);
    expect(recall('a')).toEqual({ value: 1, ageMs: 1_000 });
    pass(1);
    expect(recall('a')).toBeUndefined();
  });

  it('is recalled for longer while it is proven that changes are heard of, and no longer than changes are known', () => {
    const { keep, recall, state, pass } = driven();
    keep('a', 1);
    keep('b', 2);
    pass(20_000);
    expect(recall('a')).toEqual({ value: 1, ageMs: 20_000 });
    state.isProven = false;
    expect(recall('a')).toBeUndefined();
    state.isProven = true;
    // What was not recalled once was not read since.
    expect(recall('a')).toBeUndefined();
    pass(5_001);
    expect(recall('b')).toBeUndefined();
  });

  it('is not recalled after its own life, and not once it was forgotten', () => {
    const { keep, recall, forget, pass } = driven();
    keep('a', 1, 300);
    keep('b', 2, 60_000);
    pass(301);
    expect(recall('a')).toBeUndefined();
    expect(recall('b')?.value).toBe(2);
    forget('b');
    expect(recall('b')).toBeUndefined();
  });

  it('asks whether changes are heard of with each recall, so that it is known when it matters', () => {
    let asked = 0;
    const { keep, recall } = createRemembered<number>(() => ++asked > 0);
    keep('a', 1);
    recall('a');
    recall('a');
    expect(asked).toBe(2);
  });

  it('is bounded, and what was read first goes first', () => {
    const { keep, recall } = driven();
    for (let i = 0; i < 20_000; i++) keep(`${i}`, i);
    keep('0', 0);
    expect(recall('1')?.value).toBe(1);
    keep('another', 0);
    expect(recall('1')).toBeUndefined();
    expect(recall('0')?.value).toBe(0);
    expect(recall('2')?.value).toBe(2);
    expect(recall('another')?.value).toBe(0);
  });
});
