import { describe, expect, it } from 'vitest';
import { linearPattern, maxText, PatternError } from './linear-pattern.ts';

const patterns = [
  'abc',
  'a|b|',
  '(a|ab)(c|bcd)(d*)',
  'a*',
  '(a*)*',
  '(a+)+b?',
  '(?:x{2,3}|y{2}|z{1,})+',
  'C[0-9A-Z]{8,10}',
  '[^a-c]+',
  '[^\\d\\s]+',
  '[a\\-z]+',
  '[-a]+|[a-]',
  '.',
  '.{2}',
  '\\w+@\\w+\\.com',
  '\\S+\\s\\S+',
  '\\D\\W',
  '^a$|^b$',
  '(^a|b$)c?',
  'a??b*?',
  '\\u0041\\x42\\u{1F600}',
  '[\\u{1F600}-\\u{1F64F}]+',
  '[a-z&&[^b]]'.replace('&&[^b]', ''),
  'a{0}b',
  '(){3}a',
  '\\/\\.\\*\\[\\]\\{\\}',
];
const texts = [
  ...[
    '',
    'a',
    'b',
    'ab',
    'abc',
    'abcd',
    'aaaa',
    'aaab',
    'xxyy',
    'xxxyyzz',
    'xyz',
    'C0123ABCD',
    'c0123abcd',
    'ddd',
    'd d',
    'x y',
    '-',
    'a-',
  ],
  ...[
    'AB😀',
    '😀😁',
    '😀',
    '\n',
    '\u2028',
    'é',
    'ſ',
    'K',
    'joe@example.com',
    'joe@examplecom',
    '7!',
    'ac',
    'bc',
    '/.*[]{}',
    '\u{d83d}',
    'aa\n',
  ],
];

describe.each(patterns)('%s', (source) => {
  it('matches what the same JavaScript expression matches as a whole', () => {
    const ours = linearPattern(source);
    const theirs = new RegExp(`^(?:${source})$`, 'u');
    for (const text of texts) expect([text, ours.matches(text)]).toEqual([text, theirs.test(text)]);
  });
});

it('F11: a pattern that would go back exponentially ends after one pass over the text', () => {
  const text = `${'a'.repeat(5_000)}!`;
  for (const source of ['(a+)+', '(a|a)*', '(a*)*b', '(.*a){20}', '([a-z]+)*\\d']) expect(linearPattern(source).matches(text)).toBe(false);
});

it('a text that is longer than any argument of sense never matches', () => {
  expect(linearPattern('a*').matches('a'.repeat(maxText))).toBe(true);
  expect(linearPattern('a*').matches('a'.repeat(maxText + 1))).toBe(false);
});

it.each([
  ...[
    '(?=a)',
    '(?!a)',
    '(?<=a)b',
    '(?<n>a)',
    '(a)\\1',
    '\\bword',
    '\\p{L}',
    '\\k<n>',
    '(?i)a',
    '\\c',
    '\\00',
    '\\u{110000}',
    '\\u12',
    '\\xZ1',
  ],
  ...['(', ')', '(a', 'a)', '[a', '[z-a]', '[\\d-z]', '*', 'a**', 'a{2}{3}', '{', 'a{', 'a{3,2}', 'a{,3}', '}', ']', '^*', '\\', '\\ü'],
  ...['a{9999}', '((a{99}){99}){99}', '((((){9999}){9999}){9999}){9999}', `${'('.repeat(40)}a${')'.repeat(40)}`],
])('refuses %s with a reason', (source) => {
  expect(() => linearPattern(source)).toThrow(PatternError);
});
