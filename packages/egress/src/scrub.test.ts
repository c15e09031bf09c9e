import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { mayEcho } from './echo-filter.ts';
import { scrubMarker, scrubResponse, scrubText } from './scrub.ts';

/* What every answer was held against before there was a cheap look at it, written once more: the reference that it must never miss. */
function referenceSpellings(secrets: string[]): string[] {
  const out = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < 6) continue;
    const bytes = Buffer.from(secret, 'utf8');
    const hex = bytes.toString('hex');
    const percents = (text: string) => text.replace(/../g, '%$&');
    const json = JSON.stringify(secret).slice(1, -1);
    const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
    const urls = [encodeURIComponent(secret), new URLSearchParams({ v: secret }).toString().slice(2)];
    const cased = urls.flatMap((text) => [
      text,
      text.replace(/%[0-9a-f]{2}/gi, (h) => h.toUpperCase()),
      text.replace(/%[0-9a-f]{2}/gi, (h) => h.toLowerCase()),
    ]);
    const cores = [0, 1, 2].map((offset) => {
      const text = Buffer.concat([Buffer.alloc(offset), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      return text.slice([0, 2, 3][offset], text.length - ((offset + bytes.length) % 3 === 0 ? 0 : 1));
    });
    const urlSafe = cores.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
    for (const text of [secret, hex, hex.toUpperCase(), percents(hex), percents(hex.toUpperCase()), json, json.replaceAll('/', '\\/')])
      out.add(text);
    for (const text of [html, ...cased, ...cores, ...urlSafe]) out.add(text);
  }
  return [...out].filter((text) => text.length >= 6).sort((a, b) => b.length - a.length);
}

function referenceAnswer(response: { headers: Record<string, string>; body: Buffer }, secrets: string[]) {
  const patterns = referenceSpellings(secrets);
  const replaced = (text: string, all: string[]) => all.reduce((out, pattern) => out.replaceAll(pattern, scrubMarker), text);
  return {
    headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, replaced(value, patterns)])),
    body: Buffer.from(
      replaced(
        response.body.toString('latin1'),
        patterns.map((pattern) => Buffer.from(pattern, 'utf8').toString('latin1')),
      ),
      'latin1',
    ),
  };
}

/** The same numbers in every run. */
function numbers(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return { next, below: (n: number) => Math.floor(next() * n), pick: <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T };
}

const alphabets = [
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  '0123456789abcdef',
  '0123456789',
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-',
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=',
  'abcABC012?~>\u007f~?>?',
  'abcABC012 "\\/&<>%+=:;\'!*()[]{}|^`',
  'abcdefghijklmnop0123456789ABCDEF/%"',
  'abcäöü€0123😀',
];

function randomSecret({ below, pick }: ReturnType<typeof numbers>): string {
  const letters = [...pick(alphabets)];
  const length = pick([0, 3, 6, 7, 12, 15, 16, 17, 20, 32, 40, 41, 42, 64, 100, 600]) + below(3);
  return Array.from({ length }, () => pick(letters)).join('');
}

const bytesOf = (random: ReturnType<typeof numbers>, n: number) => Buffer.from(Array.from({ length: n }, () => random.below(256)));
const fillers = [
  (n: number) => Buffer.alloc(n, '{"id":"18342011","name":"Error rate of checkout","url":"https://acme.example/a/b-c_d?x=1%2F2"},'),
  (n: number, random: ReturnType<typeof numbers>) => Buffer.from(bytesOf(random, n).toString('base64').slice(0, n)),
  (n: number, random: ReturnType<typeof numbers>) => Buffer.from(bytesOf(random, n).toString('hex').slice(0, n)),
  (n: number, random: ReturnType<typeof numbers>) => bytesOf(random, n),
  (n: number) => Buffer.alloc(n, 'ä€%3D😀'),
];

describe('an answer with and without an echo of a secret', () => {
  it('is what it would be without the cheap look, whichever spelling stands wherever', () => {
    const random = numbers(7);
    let [echoed, untouched] = [0, 0];
    for (let round = 0; round < 4000; round += 1) {
      const secrets = Array.from({ length: random.below(4) + (random.below(50) === 0 ? 5 : 0) }, () => randomSecret(random));
      const all = referenceSpellings(secrets);
      const body = random.pick(fillers)(random.below(900), random);
      const where = random.below(body.length + 1);
      const planted = all.length > 0 && random.below(3) > 0 ? Buffer.from(random.pick(all)) : Buffer.alloc(0);
      const whole = Buffer.concat([body.subarray(0, where), planted, body.subarray(where)]);
      const inHeader = all.length > 0 && random.below(4) === 0 ? `x${'-'.repeat(random.below(30))}${random.pick(all)} ` : 'plain';
      const response = {
        headers: { 'content-type': 'application/json', 'x-echo': inHeader, date: 'Sun, 22 Nov 2026 09:40:59 GMT' },
        body: whole,
      };
      const expected = referenceAnswer(response, secrets);
      const actual = scrubResponse(response, secrets);
      expect({ headers: actual.headers, body: actual.body.toString('latin1') }, JSON.stringify(secrets)).toEqual({
        headers: expected.headers,
        body: expected.body.toString('latin1'),
      });
      if (actual === response) untouched += 1;
      else echoed += 1;
    }
    expect(Math.min(echoed, untouched)).toBeGreaterThan(500);
  });

  it('a text is as well', () => {
    const random = numbers(11);
    for (let round = 0; round < 1500; round += 1) {
      const secrets = [randomSecret(random), randomSecret(random)];
      const all = referenceSpellings(secrets);
      const text = `${'ä'.repeat(random.below(9))}${'a b'.repeat(random.below(30))}${all.length === 0 ? '' : random.pick(all)}${'z'.repeat(random.below(9))}`;
      expect(scrubText(text, secrets)).toBe(all.reduce((out, pattern) => out.replaceAll(pattern, scrubMarker), text));
    }
  });

  it('every spelling is met at every place of a text and of a header', () => {
    const secrets = [
      'made-up-access-token',
      '0123456789abcdef0123456789abcdef01234567',
      '1//made?up&"refresh<token',
      '~~~???>>>made-up-token-value>>>',
    ];
    for (const secret of secrets) {
      for (const spelling of referenceSpellings([secret])) {
        for (let before = 0; before < 30; before += 1) {
          const text = '{'.repeat(before) + spelling;
          expect(mayEcho([secret], {}, Buffer.from(text)), `${before} before ${spelling}`).toBe(true);
          expect(mayEcho([secret], {}, `${text}}}`)).toBe(true);
          expect(mayEcho(['other-made-up-value-00', secret], { a: 'b', 'x-echo': text }, Buffer.alloc(0))).toBe(true);
        }
      }
    }
  });

  it('the cheap look suffices for honest answers, also where they are full of tokens, numbers and links', () => {
    const secrets = [randomBytes(20).toString('hex'), randomBytes(40).toString('base64'), `ya29.${randomBytes(60).toString('base64url')}`];
    const honest = fillers.map((fill) => fill(20_000, numbers(3)));
    honest.push(Buffer.from(JSON.stringify(Array.from({ length: 2000 }, (_, i) => 1_700_000_000_000 + i * 7919))));
    const looks = honest.map((body) => mayEcho(secrets, { date: 'Sun, 22 Nov 2026 09:40:59 GMT' }, body));
    expect(looks.filter((may) => may).length).toBeLessThanOrEqual(1);
  });
});
