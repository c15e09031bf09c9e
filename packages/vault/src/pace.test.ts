import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

/** A pace whose clock moves only when it is told to, and that may always probe unless `probes` says otherwise. */
function paceAt(start = 1_000) {
  let at = start;
  const asked: number[] = [];
  let allowed = true;
  const pace = createPace({
    now: () => at,
    mayProbe: async () => {
      asked.push(at);
      return allowed;
    },
  });
  const enter = (urgency: 'on demand' | 'background' = 'on demand', connection = 'con_1') => pace.enter(connection, urgency);
  return {
    pace,
    enter,
    asked,
    forbid: () => {
      allowed = false;
    },
    pass: (ms: number) => {
      at += ms;
    },
    report: (answered: boolean, times = 1, connection = 'con_1') => {
      for (let i = 0; i < times; i++) pace.report(connection, answered);
    },
  };
}

describe('the breaker', () => {
  it('opens at half of twenty failures in ten seconds, and not before', async () => {
    const a = paceAt();
    a.report(true, 10);
    a.report(false, 9);
    expect(await a.enter()).toEqual({ kind: 'go' });
    a.report(false);
    expect(await a.enter()).toEqual({ kind: 'refused', why: 'provider is down', retryAfterSeconds: 5 });
  });

  it('does not count what is older than ten seconds, or another connection’s', async () => {
    const a = paceAt();
    a.report(false, 19);
    a.pass(10_001);
    a.report(false, 19);
    a.report(false, 30, 'con_2');
    expect(await a.enter()).toEqual({ kind: 'go' });
    expect(await a.enter('on demand', 'con_2')).toMatchObject({ kind: 'refused' });
  });

  it('lets one probe through in five seconds, however many ask, and none while another process probes', async () => {
    const a = paceAt();
    a.report(false, 20);
    a.pass(5_000);
    const turns = await Promise.all(Array.from({ length: 50 }, () => a.enter()));
    expect(turns.filter((turn) => turn.kind === 'go')).toHaveLength(1);
    a.report(false);
    a.pass(4_999);
    expect(await a.enter()).toMatchObject({ kind: 'refused' });
    a.forbid();
    a.pass(1);
    expect(await a.enter()).toMatchObject({ kind: 'refused' });
    expect(a.asked).toEqual([6_000, 11_000]);
  });

  it('closes with the first answer, whatever it says, and starts to count anew', async () => {
    const a = paceAt();
    a.report(false, 40);
    a.pass(5_000);
    expect(await a.enter()).toEqual({ kind: 'go' });
    a.report(true);
    a.report(false, 19);
    expect(await a.enter()).toEqual({ kind: 'go' });
  });
});

describe('the bucket', () => {
  it('gives the sweep three quarters of the burst, then ten a second; callers have the rest', async () => {
    const a = paceAt();
    const sweep = async () =>
      (await Promise.all(Array.from({ length: 100 }, () => a.enter('background')))).filter((t) => t.kind === 'go').length;
    expect(await sweep()).toBe(15);
    const callers = await Promise.all(Array.from({ length: 5 }, () => a.enter('on demand')));
    expect(callers.every((turn) => turn.kind === 'go')).toBe(true);
    a.pass(1_000);
    expect(await sweep()).toBe(5);
    a.pass(1_000);
    expect(await sweep()).toBe(10);
  });

  it('refuses a caller who would have to wait for more than ten seconds, and says how long it takes', async () => {
    const a = paceAt();
    const turns = Array.from({ length: 200 }, () => a.enter('on demand'));
    const refused = await Promise.all(turns.slice(121));
    expect(refused.every((turn) => turn.kind === 'refused' && turn.why === 'too many requests' && turn.retryAfterSeconds === 11)).toBe(
      true,
    );
    expect(await Promise.all(turns.slice(0, 20))).toEqual(Array.from({ length: 20 }, () => ({ kind: 'go' })));
  });
});
