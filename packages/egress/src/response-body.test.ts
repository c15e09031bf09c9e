import { describe, expect, it } from 'vitest';
import { EgressError } from './egress-error.ts';
import { parseBody } from './response-body.ts';

const parsed = (text: string) => parseBody(Buffer.from(text), 'application/json', []);
const nested = (levels: number, inner = '1') => {
  const open = Array.from({ length: levels }, (_, i) => (i % 2 === 0 ? '[' : '{"a":')).join('');
  const close = Array.from({ length: levels }, (_, i) => ((levels - i) % 2 === 0 ? '}' : ']')).join('');
  return open + inner + close;
};

describe('the depth of a JSON answer', () => {
  it('is bounded at the same level, whatever else is in the answer', () => {
    const shallow = `[${Array.from({ length: 400 }, () => '{"b":[]}').join()}]`;
    const brackets = JSON.stringify(']}'.repeat(300));
    for (const [extra, more] of [
      ['1', 0],
      [shallow, 3],
      [brackets, 0],
      ['"\\n"', 0],
      ['{"__proto__":1}', 1],
    ] as const) {
      for (const levels of [1, 2, 128, 254, 255, 256, 257, 258, 259, 1000]) {
        const text = nested(levels, extra);
        const attempt = () => parsed(text);
        if (levels + more <= 257) expect(attempt, `${levels} around ${extra.slice(0, 20)}`).not.toThrow();
        else expect(attempt, `${levels} around ${extra.slice(0, 20)}`).toThrow(EgressError);
      }
    }
  });

  it('is no matter of what a later member of the same name replaced', () => {
    expect(parsed(`{"a":${nested(400)},"a":1}`)).toEqual({ a: 1 });
  });

  it('says nothing of text that only looks like an answer', () => {
    expect(parsed(`${'['.repeat(400)}`)).toBe('['.repeat(400));
  });
});
