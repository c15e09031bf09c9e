import { describe, expect, it } from 'vitest';
import { createChanges } from './changes.ts';

const keptMs = 30_000;

function driven() {
  let at = 0;
  const changes = createChanges(() => at);
  return { changes, pass: (ms: number) => (at += ms) };
}

describe('changes', () => {
  it('are those heard of after the moment at which rows were read, and of those rows alone', () => {
    const { changes } = driven();
    changes.heard('a');
    const moment = changes.moment();
    expect(changes.since({ moment, ids: ['a', 'b'] })).toBe(false);
    changes.heard('b');
    expect(changes.since({ moment, ids: ['a'] })).toBe(false);
    expect(changes.since({ moment, ids: ['a', 'b'] })).toBe(true);
    expect(changes.since({ moment: changes.moment(), ids: ['a', 'b'] })).toBe(false);
  });

  it('leave nothing to be believed that was read before some may have been missed', () => {
    const { changes } = driven();
    const moment = changes.moment();
    changes.missed();
    expect(changes.since({ moment, ids: [] })).toBe(true);
    expect(changes.since({ moment: changes.moment(), ids: ['a'] })).toBe(false);
  });

  it('are forgotten after a while, and with them whatever was read before: never the other way round', () => {
    const { changes, pass } = driven();
    const moment = changes.moment();
    changes.heard('a');
    pass(keptMs + 1);
    const later = changes.moment();
    changes.heard('b');
    expect(changes.since({ moment, ids: ['a'] })).toBe(true);
    expect(changes.since({ moment, ids: ['c'] })).toBe(true);
    expect(changes.since({ moment: later, ids: ['a'] })).toBe(false);
  });

  it('are counted up to a bound: of a flood of them nothing that was read before is believed', () => {
    const { changes } = driven();
    const moment = changes.moment();
    for (let i = 0; i <= 50_000; i++) changes.heard(`id-${i}`);
    expect(changes.since({ moment, ids: ['another'] })).toBe(true);
    expect(changes.since({ moment: changes.moment(), ids: ['another'] })).toBe(false);
  });

  it('are not known to be heard of before that was tried', () => {
    const { changes } = driven();
    expect(changes.hears()).toBe(false);
    changes.setHears(true);
    expect(changes.hears()).toBe(true);
  });
});
