import { describe, expect, it } from 'vitest';
import { createHearingProof } from './hearing-proof.ts';

function driven({ listeners = 2 } = {}) {
  let at = 0;
  const told: string[] = [];
  const state = { listeners, fails: false };
  const proof = createHearingProof({
    tell: async (word) => {
      if (state.fails) throw new Error('away');
      told.push(word);
    },
    listeners: () => state.listeners,
    now: () => at,
  });
  const hear = (times: number) => {
    for (let i = 0; i < times; i++) expect(proof.heard(told.at(-1) as string)).toBe(true);
  };
  return { ...proof, told, state, hear, pass: (ms: number) => (at += ms) };
}

describe('hearing', () => {
  it('is proven once all have heard a word, for a second from when it was told', () => {
    const { isProven, hear, pass } = driven();
    expect(isProven()).toBe(false);
    pass(300);
    hear(1);
    expect(isProven()).toBe(false);
    hear(1);
    expect(isProven()).toBe(true);
    pass(700);
    expect(isProven()).toBe(true);
    pass(1);
    expect(isProven()).toBe(false);
  });

  it('is tried again while somebody asks, and not more often than every 400 milliseconds', () => {
    const { isProven, told, hear, pass } = driven();
    for (let i = 0; i < 40; i++) {
      isProven();
      if (told.length > i / 4) hear(2);
      pass(100);
    }
    expect(told.length).toBe(10);
    expect(isProven()).toBe(true);
  });

  it('is not proven by a word that was under way when those who listen changed', () => {
    const { isProven, reset, hear } = driven();
    isProven();
    hear(1);
    reset();
    hear(2);
    expect(isProven()).toBe(false);
  });

  it('is not proven by nobody, by a word that was never told, or by those of other processes', async () => {
    const { isProven, heard, state, tell } = driven({ listeners: 0 });
    isProven();
    expect(isProven()).toBe(false);
    expect(heard('hello-from-another')).toBe(true);
    expect(heard('ca_01')).toBe(false);
    state.fails = true;
    await expect(tell()).rejects.toThrow('away');
    expect(isProven()).toBe(false);
  });

  it('says of a word how many have heard it', async () => {
    const { tell, hear } = driven();
    const heardBy = await tell();
    hear(1);
    expect(heardBy()).toBe(1);
  });
});
