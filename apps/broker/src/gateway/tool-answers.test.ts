import { Fault } from '@grantway/contract';
import { describe, expect, it } from 'vitest';
import type { ToolAnswer } from './answers.ts';
import { toolResult, writtenToolResult } from './tool-answers.ts';

const call = { name: 'a_tool', args: {} };
const answered = (output: Record<string, unknown>): ToolAnswer => ({ kind: 'output', output: { toolCallId: 'tc_1', output } });

describe('the result of a tool', () => {
  it.each([
    ['nothing', {}],
    ['values of every kind', { text: 'a', number: 1.5, yes: true, nothing: null, left_out: undefined, list: [1, undefined, { a: [] }] }],
    ['what JSON escapes', { 'a "name"': 'back\\slash, "quotes"\n\t\u0001\u2028', nested: '{"a":"\\"b\\""}' }],
    ['other scripts, and half of a pair', { text: 'žluťoučký 日本 🦄', half: 'a\ud83d' }],
    ['a name that an object has anyway', JSON.parse('{"constructor":1,"toString":"x","__proto__":{"a":1}}')],
  ])('is written byte for byte as JSON.stringify writes it: %s', (_what, output) => {
    const answer = answered(output as Record<string, unknown>);
    expect(writtenToolResult(answer)?.text).toBe(JSON.stringify(toolResult(answer, call)));
    expect(writtenToolResult(answer, '"first":1,', ',"last":2')?.text).toBe(
      JSON.stringify({ first: 1, ...toolResult(answer, call), _meta: { 'grantway/tool_call_id': 'tc_1', last: 2 } }),
    );
  });

  it('is not written beforehand where it is more than an output', () => {
    const file = {
      file_id: 'file_1',
      name: 'a.txt',
      content_type: 'text/plain',
      size: 1,
      sha256: 'ab',
      expires_at: '2026-01-01T00:00:00.000Z',
    };
    expect(writtenToolResult({ kind: 'fault', fault: new Fault('rate_limited') })).toBeUndefined();
    expect(writtenToolResult({ kind: 'output', output: { toolCallId: 'tc_1', output: {}, file } as never })).toBeUndefined();
  });
});
