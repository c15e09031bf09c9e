import { expect, it } from 'vitest';
import { createParkedCalls, type ParkedCall } from './parked-calls.ts';

const never = new Promise<string>(() => {});
const hold = () => () => {};

it('counts and keeps only calls that have asked; one more than may wait is refused', async () => {
  const calls = createParkedCalls<string>();
  let digests = 0;
  const digest = () => `digest ${++digests}`;
  const start = (run: (call: ParkedCall<string>) => Promise<string>) => calls.start('ins_1', digest, hold, run);
  for (let i = 0; i < 1500; i++) start(() => never);
  expect(digests).toBe(0);

  const ask = (call: ParkedCall<string>) => call.ask('elicitation/create', {}).then(() => 'answered');
  const waiting = Array.from({ length: 1000 }, () => start(ask));
  const refused = start(ask);
  await expect(refused.next()).rejects.toThrow('Too many calls wait for an answer.');

  const [first] = waiting as [ParkedCall<string>];
  expect((await first.next()).kind).toBe('asked');
  expect(calls.find(first.id, 'ins_1', 'digest 1')).toBe(first);
  expect(calls.find(first.id, 'ins_2', 'digest 1')).toBeUndefined();
  expect(calls.find(first.id, 'ins_1', 'digest 2')).toBeUndefined();
  first.answer({ q1: { action: 'accept' } });
  expect(await first.next()).toEqual({ kind: 'done', value: 'answered' });
  // Whoever is over waits no longer, and makes room.
  expect(calls.find(first.id, 'ins_1', 'digest 1')).toBeUndefined();
  expect((await start(ask).next()).kind).toBe('asked');
  for (const call of waiting.slice(1)) call.next().catch(() => {});
  calls.close();
});

it('closing ends every call, those that have asked nothing included', async () => {
  const calls = createParkedCalls<string>();
  const quiet = calls.start(
    'ins_1',
    () => 'digest',
    hold,
    ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve('ended'))),
  );
  calls.close();
  expect(await quiet.next()).toEqual({ kind: 'done', value: 'ended' });
});
