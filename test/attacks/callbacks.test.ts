import { formatBearer, parseBearer, randomBase62 } from '@grantway/contract';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { changed, openRows, type Rows } from '../api/rows.ts';
import { Browser } from '../flows/browser.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../flows/identity-provider.ts';

/* What comes back to us by a browser, and what is tried at the addresses of links: group A, in numbers. */
const isLong = process.env['MODE'] === 'long';
const limitMs = isLong ? 3_600_000 : 180_000;
let broker: TestBroker;
let rows: Rows;
let idp: TestIdentityProvider;
const connections: Record<string, string> = {};

beforeAll(async () => {
  // oidc-provider warns on the console about its development keys and its in-memory store.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  idp = await startIdentityProvider();
  broker = await startBroker({ allowHosts: [idp.host] });
  rows = await openRows(broker);
  const oidc = { mode: 'oidc', oidc: { issuer: idp.issuer, client_id: idp.clientId, client_secret: idp.clientSecret } };
  const all: [string, Json][] = [
    ['linear', { connector: 'linear' }],
    ['second', { connector: 'linear' }],
    ['slack', { connector: 'slack' }],
    ['datadog', { connector: 'datadog' }],
    ['signed-in', { connector: 'linear', verification: oidc }],
  ];
  for (const [name, more] of all) {
    const made = await broker.api('/v1/connections', { body: { name, sandbox: true, ...more } });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    connections[name] = made.body.id;
    if (name === 'signed-in') idp.register(made.body.verification.oidc.redirect_uri);
  }
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await idp?.close();
});

let people = 0;
const someone = () => `person-${++people}`;
const mint = async (connection_name: string, identifier = someone()): Promise<string> =>
  (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body.link;
/** Token requests at both vendors, good and refused, and calls. */
const touched = async () => {
  const of = async (connector: string) => {
    const { tokens_issued, token_refusals, api_calls } = (await broker.control(`/${connector}/ledger`, 'GET')).counts;
    return [tokens_issued, token_refusals, api_calls];
  };
  return [await of('linear'), await of('slack')];
};

describe('A06: the answer for one connection at the address of another', () => {
  it('is refused in 64 variants: nothing is asked of either provider, and both answers are still good at their own', async () => {
    const browser = new Browser();
    const answers = {
      linear: new URL(await browser.toCallback(await mint('linear'))),
      slack: new URL(await browser.toCallback(await mint('slack'))),
    };
    const before = await touched();
    const sessions = await rows.checksums();
    const statuses: number[] = [];
    for (const flow of ['linear', 'slack'] as const) {
      for (const elsewhere of ['linear', 'slack', 'second', 'datadog', 'none'].filter((name) => name !== flow)) {
        for (const codeOf of ['linear', 'slack'] as const) {
          for (const iss of [undefined, `https://${flow}.example`]) {
            for (const more of [{}, { client_id: 'x', redirect_uri: `${broker.baseUrl}/oauth/callback/${connections[flow]}` }]) {
              const url = new URL(`${broker.baseUrl}/oauth/callback/${connections[elsewhere] ?? 'con_none'}`);
              const { searchParams } = url;
              searchParams.set('state', answers[flow].searchParams.get('state') as string);
              searchParams.set('code', answers[codeOf].searchParams.get('code') as string);
              if (iss !== undefined) searchParams.set('iss', iss);
              for (const [name, value] of Object.entries(more)) searchParams.set(name, value);
              statuses.push((await browser.request(url.href)).status);
            }
          }
        }
      }
    }
    expect(statuses).toEqual(Array.from({ length: 64 }, () => 400));
    expect(await touched()).toEqual(before);
    expect(changed(sessions, await rows.checksums())).toEqual([]);
    for (const answer of Object.values(answers)) expect((await browser.arrive(answer.href)).html).toContain('is connected');
  }, 60_000);
});

describe('A07: the answer of an identity provider', () => {
  const marker = 'words-of-the-provider';
  async function answer(): Promise<{ browser: Browser; url: URL }> {
    const identifier = someone();
    idp.person = { sub: identifier };
    const browser = new Browser();
    const started = await browser.submit(await browser.follow(await mint('signed-in', identifier), () => false), {}, '/sign-in');
    const isOurs = (url: string) => new URL(url).pathname.startsWith('/oauth/identity/');
    return { browser, url: new URL((await browser.follow(started.headers.get('location') ?? '', isOurs)).url) };
  }

  it('with another issuer is refused in 20 variants, and in 20 more as an error: no code is used, no word of it is shown', async () => {
    const right = idp.issuer;
    const { port } = new URL(right);
    const wrong: (string | undefined)[] = [
      undefined,
      '',
      'null',
      'https://evil.example',
      `${right}/`,
      `${right}//`,
      `${right}/.`,
      `${right}?`,
      `${right}#`,
      `${right}?x=1`,
      ` ${right}`,
      `${right} `,
      `${right}\n`,
      right.toUpperCase(),
      right.replace('127.0.0.1', '127.1'),
      right.replace('http:', 'https:'),
      right.replace('127.0.0.1', 'localhost'),
      right.replace('127.0.0.1', '127.0.0.1.'),
      right.replace(port, `0${port}`),
      right.replace('http://', 'http://user@'),
    ];
    expect(new Set(wrong).size).toBe(20);
    for (const iss of wrong) {
      for (const error of [undefined, 'access_denied']) {
        const { browser, url } = await answer();
        if (iss === undefined) url.searchParams.delete('iss');
        else url.searchParams.set('iss', iss);
        if (error !== undefined) {
          url.searchParams.delete('code');
          url.searchParams.set('error', error);
          url.searchParams.set('error_description', marker);
        }
        const asked = idp.tokens;
        const page = await browser.arrive(url.href);
        expect([iss, new URL(page.url).searchParams.get('r')]).toEqual([iss, 'verification_failed']);
        expect(page.html).not.toContain(marker);
        expect(idp.tokens, iss).toBe(asked);
      }
    }
    // Twice is neither of the two.
    const { browser, url } = await answer();
    url.searchParams.append('iss', right);
    const asked = idp.tokens;
    expect((await browser.request(url.href)).status).toBe(400);
    expect(idp.tokens).toBe(asked);
    // The very same without a change is taken.
    const good = await answer();
    expect((await good.browser.arrive(good.url.href)).html).toMatch(/action="[^"]*\/go"/);
    expect(idp.tokens).toBe(asked + 1);
  }, 120_000);
});

describe('A08: state', () => {
  it('is refused in over 30 variants that are not the very one, in the right browser, and none of them uses it up', async () => {
    const browser = new Browser();
    const answer = new URL(await browser.toCallback(await mint('linear')));
    const state = answer.searchParams.get('state') as string;
    const another = new URL(await new Browser().toCallback(await mint('linear'))).searchParams.get('state') as string;
    const flip = (at: number) => state.slice(0, at) + (state[at] === 'A' ? 'B' : 'A') + state.slice(at + 1);
    const search = (change: (q: URLSearchParams) => void) => {
      const url = new URL(answer);
      change(url.searchParams);
      return url.href;
    };
    const set = (value: string) => search((q) => q.set('state', value));
    const variants = [
      search((q) => q.delete('state')),
      search((q) => q.append('state', state)),
      search((q) => q.append('state', 'x')),
      search((q) => q.append('code', 'x')),
      search((q) => q.append('error', 'x')).concat('&error=y'),
      search((q) => {
        q.delete('state');
        q.set('state[]', state);
      }),
      search((q) => {
        q.delete('state');
        q.set('State', state);
      }),
      ...[0, 1, 10, 21, 42].map((at) => set(flip(at))),
      ...[1, 20, 42].map((length) => set(state.slice(0, length))),
      // None that a beginning of the state could be.
      ...['', ' ', 'x.y', '\0', '\n', '=', '%', '*', "' or 1=1 --", '../', '{}', 'null', 'undefined', '\u202e'].map((text) => set(text)),
      set(`${state}A`),
      set(`${state} `),
      set(` ${state}`),
      set(state.toUpperCase() === state ? state.toLowerCase() : state.toUpperCase()),
      set([...state].reverse().join('')),
      set(Buffer.from(state, 'base64url').toString('hex')),
      set('A'.repeat(43)),
      set(another),
    ];
    expect(new Set(variants).size).toBe(variants.length);
    expect(variants.length).toBeGreaterThan(30);
    const [before, sessions] = [await touched(), await rows.checksums()];
    for (const url of variants) expect([url, (await browser.request(url)).status]).toEqual([url, 400]);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) expect((await browser.request(answer.href, { method })).status).toBe(405);
    for (const stranger of [new Browser(), new Browser()]) expect((await stranger.request(answer.href)).status).toBe(400);
    expect(await touched()).toEqual(before);
    expect(changed(sessions, await rows.checksums())).toEqual([]);
    expect((await browser.arrive(answer.href)).html).toContain('is connected');
  }, 60_000);

  it('that comes 200 times at once makes one token request', async () => {
    const browser = new Browser();
    const answer = await browser.toCallback(await mint('linear'));
    const [[tokens, refusals] = []] = await touched();
    const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await browser.request(answer)).status));
    expect(statuses.filter((status) => status === 303)).toHaveLength(1);
    expect(statuses.filter((status) => status === 400)).toHaveLength(199);
    expect((await touched())[0]?.slice(0, 2)).toEqual([tokens + 1, refusals]);
  }, 60_000);
});

describe('A20: guesses at links', () => {
  const guesses = isLong ? 100_000 : 1_000;
  it(`are answered alike, ${guesses} of them: no link, a wrong secret for a live, a used or an expired one, a broken checksum`, {
    timeout: limitMs,
  }, async () => {
    const [live, used, expired] = [await mint('linear'), await mint('linear'), await mint('linear')];
    await broker.connect(used);
    const idOf = (link: string) => parseBearer('link', link.split('/').at(-1) as string)?.id as string;
    await rows.query("update authorization_links set expires_at = now() - interval '1 second' where token_id = $1", [idOf(expired)]);
    const guess = (id: string) => formatBearer({ kind: 'link', id, secret: randomBase62(43) });
    const kinds: [string, () => string][] = [
      ['unknown', () => guess(randomBase62(16))],
      ['live', () => guess(idOf(live))],
      ['used', () => guess(idOf(used))],
      ['expired', () => guess(idOf(expired))],
      ['checksum', () => guess(idOf(live)).slice(0, -1).concat('!')],
    ];
    const seen = new Map<string, string[]>();
    const times = new Map<string, number[]>(kinds.map(([kind]) => [kind, []]));
    const inject = broker.broker.app;
    const one = async (n: number) => {
      const [kind, make] = kinds[n % kinds.length] as (typeof kinds)[number];
      const post = n % 10 >= 5;
      const startedAt = performance.now();
      const { host } = new URL(broker.baseUrl);
      const token = make();
      const url = `/connect/${token}${post ? '/go' : ''}`;
      const answer = await inject.inject({ method: post ? 'POST' : 'GET', url, headers: { host } });
      if (!post) times.get(kind)?.push(performance.now() - startedAt);
      const headers = Object.entries(answer.headers).filter(([name]) => !['date', 'x-request-id'].includes(name));
      // The number of the request, and the way back to where the guess was.
      const body = answer.body.replace(/<code>req_\w+<\/code>/, '').replaceAll(token, '');
      const text = JSON.stringify([post, answer.statusCode, body, headers]);
      const by = seen.get(text) ?? [];
      if (!by.includes(kind)) seen.set(text, [...by, kind]);
    };
    // In turn, so that what is measured besides is one answer at a time.
    for (let n = 0; n < guesses; n++) await one(n);
    const groups = [...seen].map(([text, by]) => [...JSON.parse(text).slice(0, 2), ...by.sort()]);
    expect(groups).toEqual([
      [false, 404, 'checksum', 'expired', 'live', 'unknown', 'used'],
      [true, 403, 'expired', 'live', 'unknown', 'used'],
      // What is no link by its own form tells nothing about links.
      [true, 404, 'checksum'],
    ]);
    expect((await fetch(live)).status).toBe(200);
    const unknown = times.get('unknown') ?? [];
    const compared = ['live', 'used', 'expired'].map((kind) => `${kind} ${welch(unknown, times.get(kind) ?? []).toFixed(1)}`);
    process.stdout.write(`guesses: time against unknown links, Welch's t: ${compared.join(', ')}\n`);
  });
});

/** Of the middle nine tenths of both: a collection of garbage is no message. */
function welch(a: readonly number[], b: readonly number[]): number {
  const cut = (x: readonly number[]) => [...x].sort((p, q) => p - q).slice(0, Math.floor(x.length * 0.9));
  const of = (x: readonly number[]) => {
    const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
    return { mean, error: x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (x.length - 1) / x.length };
  };
  const [p, q] = [of(cut(a)), of(cut(b))];
  return (p.mean - q.mean) / Math.sqrt(p.error + q.error);
}
