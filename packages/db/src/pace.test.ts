import { expect, it } from 'vitest';
import { createPace } from './pace.ts';

function paced() {
  let at = 1000;
  const pace = createPace(() => at);
  const come = (count: number, everyMs: number) => {
    for (let i = 0; i < count; i++) {
      at += everyMs;
      pace.came();
    }
  };
  return { pace, come, pass: (ms: number) => (at += ms) };
}

it('says how many a second came, and nothing before it has seen a while', () => {
  const { pace, come } = paced();
  come(40, 1);
  expect(pace.perSecond()).toBe(0);
  come(200, 1);
  expect(pace.perSecond()).toBeGreaterThan(900);
  expect(pace.perSecond()).toBeLessThan(1100);
  come(100, 10);
  expect(pace.perSecond()).toBeGreaterThan(80);
  expect(pace.perSecond()).toBeLessThan(130);
});

it('callers who wait together and come together are not more than they are', () => {
  const { pace, come, pass } = paced();
  for (let burst = 0; burst < 20; burst++) {
    come(16, 0.01);
    pass(22);
    expect(pace.perSecond()).toBeLessThan(1000);
  }
  expect(pace.perSecond()).toBeGreaterThan(500);
});

it('a burst is over when nobody comes any more', () => {
  const { pace, come, pass } = paced();
  come(1000, 0.1);
  expect(pace.perSecond()).toBeGreaterThan(5000);
  pass(500);
  pace.perSecond();
  pass(500);
  expect(pace.perSecond()).toBe(0);
});
