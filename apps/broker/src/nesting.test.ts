import { expect, it } from 'vitest';
import { isTooDeep } from './http.ts';

const nested = (levels: number, [open, close]: readonly [string, string]) => open.repeat(levels) + close.repeat(levels);

it.each([
  ['as deep as may be', nested(64, ['[', ']']), false],
  ['one level deeper', nested(65, ['[', ']']), true],
  ['one level deeper in objects', nested(65, ['{"a":', '}']), true],
  ['one level deeper, half of each kind', `${'[{"a":'.repeat(33)}1${'}]'.repeat(33)}`, true],
  ['many brackets side by side', `[${'[{}],'.repeat(200)}1]`, false],
  ['many brackets in a text', JSON.stringify({ text: '[{'.repeat(200) }), false],
  ['a quote in a text before the brackets', `["\\"",${nested(64, ['[', ']'])}]`, true],
  ['none', '1', false],
])('JSON is too deep or not, however many brackets it has: %s', (_what, json, tooDeep) => {
  expect(isTooDeep(json)).toBe(tooDeep);
});
