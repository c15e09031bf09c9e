import { describe, expect, it } from 'vitest';
import { areAddressesOf, ruleDomain } from './email-domains.ts';

const allowed = new Set(['example.com', 'xn--bcher-kva.example']);

describe('an address of the domain', () => {
  it.each(['joe@example.com', 'Joe.Doe+tag@EXAMPLE.com', "o'neil@example.com", 'a@xn--bcher-kva.example', 'a@example.com, b@example.com'])(
    '%j',
    (text) => expect(areAddressesOf(text, allowed)).toBe(true),
  );
});

describe('F14: whatever another reader could take to lead elsewhere is refused', () => {
  it.each([
    ...['', ' ', ',', 'joe', 'joe@', '@example.com', 'joe@example.com.evil.com', 'joe@evil.com', 'joe@sub.example.com', 'joe@example.com.'],
    ...['a@example.com,', ',a@example.com', 'a@example.com,b@evil.com', 'a@example.com;b@evil.com', 'a@example.com b@evil.com'],
    ...[
      'Joe <joe@example.com>',
      'joe@example.com <joe@evil.com>',
      '<joe@example.com>',
      '"joe@evil.com" <joe@example.com>',
      'group: a@example.com;',
    ],
    ...['joe@evil.com(@example.com', 'joe(comment)@example.com', 'joe@(x)example.com', '"joe"@example.com', '"a@evil.com,"@example.com'],
    ...['joe@evil.com@example.com', 'joe%evil.com@example.com', 'evil.com!joe@example.com', '@evil.com:joe@example.com'],
    ...['joe\n@example.com', 'joe@example.com\r\nBcc: x@evil.com', 'joe@example.com\t', '\u00a0joe@example.com', 'joe@example.com\0'],
    ...[
      'joe@ｅxample.com',
      'joe@exаmple.com',
      'joe@example。com',
      'joe@bücher.example',
      'jоe\u200b@example.com',
      'joé@example.com',
      '\u202ejoe@example.com',
    ],
    ...[
      'joe@[127.0.0.1]',
      'joe@example.com%00',
      'joe@example.com?bcc=x@evil.com',
      'mailto:joe@example.com,x@evil.com',
      '.joe@example.com',
      'j..d@example.com',
    ],
    ...[`${'a'.repeat(65)}@example.com`, 'joe@example.co\u212a', `${'a@example.com,'.repeat(4_000)}a@example.com`],
  ])('%j', (text) => expect(areAddressesOf(text, allowed)).toBe(false));

  it('a capital that becomes an ASCII letter only in other alphabets stays another domain', () => {
    expect(areAddressesOf('a@\u212aelvin.com', new Set(['kelvin.com']))).toBe(false);
  });
});

it('a rule takes domains and nothing else', () => {
  expect(['Example.COM', 'xn--bcher-kva.example', 'a.b.c'].map(ruleDomain)).toEqual(['example.com', 'xn--bcher-kva.example', 'a.b.c']);
  for (const text of [
    '',
    'com',
    '*.example.com',
    '.example.com',
    'example.com.',
    'bücher.example',
    'a@example.com',
    'ex ample.com',
    '-a.com',
    '[::1]',
  ]) {
    expect(ruleDomain(text)).toBeUndefined();
  }
});
