import type { OpenInstance } from '@grantway/core';
import { describe, expect, it } from 'vitest';
import type { Exposure } from './exposure.ts';
import { messageText, resultMessage, WrittenResult } from './json-rpc.ts';
import { createWrittenLists, type WrittenLists } from './written-lists.ts';

const exchange = (more: object = {}) =>
  ({ instance: { configId: 'cfg_a', configVersion: 1, accounts: [], mappings: [], ...more } }) as unknown as { instance: OpenInstance };
const exposure = (fingerprint = 'a') => ({ fingerprint }) as Exposure;

/** What is answered, and whether it was made for it. */
function ask(
  lists: WrittenLists,
  text: string,
  more: { instance?: object; fingerprint?: string; era?: 'modern' | 'legacy'; cursor?: string } = {},
) {
  let made = false;
  const params = more.cursor === undefined ? {} : { cursor: more.cursor };
  const answer = lists.find(exchange(more.instance), exposure(more.fingerprint), more.era ?? 'modern', params, () => {
    made = true;
    return { tools: [{ name: text }] };
  });
  return { made, answer: JSON.parse(JSON.stringify(answer)) };
}

describe('a list of tools', () => {
  it('is written once, and read the same by whoever writes it into something else', () => {
    const lists = createWrittenLists();
    const first = ask(lists, 'one "two"');
    expect(first).toEqual({ made: true, answer: { tools: [{ name: 'one "two"' }] } });
    expect(ask(lists, 'another')).toEqual({ ...first, made: false });
    const message = messageText(resultMessage('an "id"', new WrittenResult(JSON.stringify(first.answer))));
    expect(JSON.parse(message)).toEqual({ jsonrpc: '2.0', id: 'an "id"', result: first.answer });
  });

  it.each([
    ['another version of the config', { instance: { configVersion: 2 } }],
    ['another config', { instance: { configId: 'cfg_b' } }],
    ['another grant or other tools', { fingerprint: 'b' }],
    ['the other era', { era: 'legacy' as const }],
    ['another page', { cursor: 'x' }],
    ['an empty cursor, which is none of ours', { cursor: '' }],
  ])('is made anew for %s', (_what, more) => {
    const lists = createWrittenLists();
    ask(lists, 'one');
    expect(ask(lists, 'two', more)).toEqual({ made: true, answer: { tools: [{ name: 'two' }] } });
    expect(ask(lists, 'three').answer).toEqual({ tools: [{ name: 'one' }] });
  });

  it('that names a user’s accounts, or comes from a server, is never kept', () => {
    const lists = createWrittenLists();
    for (const instance of [{ accounts: [{ id: 'ca_1' }] }, { mappings: [{ remote: {} }] }]) {
      expect(ask(lists, 'one', { instance }).made).toBe(true);
      expect(ask(lists, 'two', { instance })).toEqual({ made: true, answer: { tools: [{ name: 'two' }] } });
    }
  });

  it('gives way to others once too much is kept, the one that was not asked for longest first', () => {
    const lists = createWrittenLists(200);
    for (const fingerprint of ['a', 'b', 'c']) ask(lists, 'x'.repeat(30), { fingerprint });
    expect(ask(lists, 'y', { fingerprint: 'b' }).made).toBe(false);
    ask(lists, 'x'.repeat(30), { fingerprint: 'd' });
    expect(['b', 'c'].map((fingerprint) => ask(lists, 'y', { fingerprint }).made)).toEqual([false, true]);
  });
});
