import { expect, it } from 'vitest';
import { measureIncident, complaints as ofIncident } from './incident-run.ts';
import { startRedis } from './processes.ts';
import { measureSuspension, complaints as ofSuspension } from './suspension-run.ts';

const say = () => {};

it('E23: everything that matches is revoked, also when the process dies by kill -9 in the middle; the provider says so', {
  timeout: 400_000,
}, async () => {
  const measure = await measureIncident({ grants: 200, kill: true, say });
  expect(measure.killedAt?.remaining).toBeGreaterThan(0);
  expect(ofIncident(measure)).toEqual([]);
});

it('B06: over four whole processes no call is accepted that began after the suspension, also with Redis stopped, and nobody else notices', {
  timeout: 400_000,
}, async () => {
  const probe = await startRedis();
  await probe?.kill();
  const measure = await measureSuspension({ perKind: 2, redis: probe === undefined ? 'none' : 'down', baselineMs: 500, say });
  expect(measure.suspensions.map(({ kind, lastAcceptedMs }) => [kind, lastAcceptedMs.length])).toEqual([
    ['client', 2],
    ['user', 2],
    ['environment', 2],
  ]);
  expect(ofSuspension(measure)).toEqual([]);
});
