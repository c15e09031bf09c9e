import { createHash, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseBearer } from '@grantway/contract';
import { Person, startBroker, type TestBroker } from '@grantway/test/harness';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageRoutes, registerPages } from './index.ts';

let broker: TestBroker;
let connections: Record<string, string>;
const connectorsDir = fileURLToPath(new URL('../../../../connectors/', import.meta.url));

beforeAll(async () => {
  broker = await startBroker();
  connections = {};
  for (const connector of ['linear', 'slack', 'datadog']) {
    const made = await broker.api('/v1/connections', { body: { name: connector, connector, sandbox: true } });
    expect(made.status).toBe(201);
    connections[connector] = made.body.id;
  }
});
afterAll(() => broker?.close());

const someone = () => `user-${randomBytes(6).toString('hex')}`;

async function linkFor(connection: string, identifier: string = someone()): Promise<string> {
  const made = await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: connection, identifier } });
  expect(made.status).toBeLessThan(300);
  return made.body.link;
}

async function accountOf(identifier: string) {
  const found = await broker.api(`/v1/connected-accounts?identifier=${encodeURIComponent(identifier)}`);
  return found.body.items[0];
}

const rows = (text: string, values: unknown[] = []) =>
  broker.modules.db.system('sweep').query({ name: `test ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text, values });
const expire = (link: string) =>
  rows("update authorization_links set expires_at = now() - interval '1 second' where token_id = $1", [
    parseBearer('link', link.split('/').at(-1) as string)?.id,
  ]);

const formTokenIn = (html: string) => /name="_form" value="([^"]+)"/.exec(html)?.[1] as string;

interface Started {
  state: string;
  cookie: string;
  location: URL;
}

/** Presses Continue, and stays here. */
async function press(link: string, cookie = ''): Promise<Started> {
  const landing = await (await fetch(link)).text();
  const response = await fetch(`${link}/go`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin', origin: 'null', cookie },
    body: new URLSearchParams({ _form: formTokenIn(landing) }),
  });
  expect(response.status).toBe(303);
  const location = new URL(response.headers.get('location') as string);
  return {
    state: location.searchParams.get('state') as string,
    cookie: (response.headers.getSetCookie()[0] as string).split(';')[0] as string,
    location,
  };
}

function comeBack(
  connection: string,
  query: Record<string, string | undefined> | string,
  cookie?: string,
  method = 'GET',
): Promise<Response> {
  const search =
    typeof query === 'string' ? query : new URLSearchParams(Object.entries(query).filter((e): e is [string, string] => e[1] !== undefined));
  return fetch(`${broker.baseUrl}/oauth/callback/${connections[connection]}?${search}`, {
    method,
    redirect: 'manual',
    headers: cookie === undefined ? {} : { cookie },
  });
}

function expectPageHeaders(response: Response, label: string): void {
  const { headers } = response;
  const csp = headers.get('content-security-policy') ?? '';
  for (const part of [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    'form-action ',
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]) {
    expect(csp, `${label}: ${part}`).toContain(part);
  }
  expect(csp, label).not.toMatch(/unsafe|\*|script-src/);
  expect(headers.get('referrer-policy'), label).toBe('no-referrer');
  expect(headers.get('x-content-type-options'), label).toBe('nosniff');
  expect(headers.get('x-frame-options'), label).toBe('DENY');
  expect(headers.get('cache-control'), label).toBe('no-store');
  expect(headers.get('cross-origin-opener-policy'), label).toBe('same-origin');
  expect(headers.get('cross-origin-resource-policy'), label).toBe('same-origin');
}

/** Where each route of `pageRoutes` is, with something that exists in the place of its parameters. */
function addressOf(path: string, link: string): string {
  const token = link.split('/').at(-1) as string;
  return (
    broker.baseUrl +
    path
      .replace(':environmentId', 'env_x')
      .replace(':token', token)
      .replace(':connectionId', connections.linear as string)
      .replace(':connector', 'linear')
  );
}

describe('every page', () => {
  it('A14, A16: is sent with the strict headers, whatever it answers', async () => {
    const link = await linkFor('linear');
    for (const { method, path } of pageRoutes) {
      const response = await fetch(addressOf(path, link), { method, redirect: 'manual' });
      const type = response.headers.get('content-type') ?? '';
      expect(response.headers.get('x-content-type-options'), path).toBe('nosniff');
      if (type.startsWith('text/html')) expectPageHeaders(response, path);
      else expect(type, path).toMatch(/^(text\/css|image\/svg\+xml)/);
    }
    for (const path of [
      '/connect',
      '/connect/nonsense',
      '/connect/a/b/c',
      `/connect/${'x'.repeat(400)}`,
      '/oauth/callback',
      '/oauth/callback/a/b',
      '/pages/none.svg',
    ]) {
      const response = await fetch(broker.baseUrl + path);
      expect(response.status, path).toBe(404);
      expectPageHeaders(response, path);
    }
  });

  it('answers HEAD as it answers GET, and nothing else but its own method', async () => {
    const link = await linkFor('linear');
    for (const { method, path } of pageRoutes) {
      const address = addressOf(path, link);
      for (const other of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const response = await fetch(address, { method: other, redirect: 'manual' });
        const mayBe = method === other || (method === 'GET' && other === 'HEAD');
        expect(response.status === 405, `${other} ${path}`).toBe(!mayBe);
        if (!mayBe) expect(response.headers.get('allow')).toContain(method);
        if (other === 'HEAD') {
          expect(await response.text()).toBe('');
          if (method === 'GET') expect(response.status).toBe((await fetch(address, { redirect: 'manual' })).status);
        }
      }
    }
  });

  it('that is a GET sets no cookie, but for the way back from the provider', async () => {
    const link = await linkFor('slack');
    for (const { path } of pageRoutes.filter((r) => r.method === 'GET' && !r.changes)) {
      expect((await fetch(addressOf(path, link))).headers.getSetCookie(), path).toEqual([]);
    }
    expect(pageRoutes.filter((r) => r.method === 'GET' && r.changes).map((r) => r.path)).toEqual([
      '/oauth/callback/:connectionId',
      '/oauth/identity/:connectionId',
      '/oauth/signed-in/:environmentId',
    ]);
  });

  it('A16: asks for nothing from elsewhere', async () => {
    for (const connection of ['linear', 'datadog']) {
      const html = await (await fetch(await linkFor(connection))).text();
      for (const [, address] of html.matchAll(/(?:src|href|action)="([^"]*)"/g)) {
        expect(address).toMatch(/^(\/(?!\/)|#|https:\/\/docs\.datadoghq\.com\/)/);
      }
      expect(html).not.toMatch(/<script|<iframe|style="|<link rel="(?!icon|stylesheet)/);
    }
  });
});

describe('the landing page', () => {
  it('names connector, workspace, person, scopes and what happens next', async () => {
    const identifier = someone();
    const html = await (await fetch(await linkFor('linear', identifier))).text();
    for (const words of [
      'Connect Linear',
      identifier,
      'See your teams, issues',
      'Continue to Linear',
      'Not you?',
      'Sandbox.',
      'in 30 minutes',
      'What happens next',
    ]) {
      expect(html).toContain(words);
    }
  });

  it('lets the form go on to the provider, and to the sandbox where it is one', async () => {
    const csp = (await fetch(await linkFor('linear'))).headers.get('content-security-policy');
    expect(csp).toContain(`form-action 'self' https: ${broker.sandbox.origin};`);
    expect((await fetch(await linkFor('datadog'))).headers.get('content-security-policy')).toContain("form-action 'self';");
  });

  it('A17: survives 600 looks of previews and scanners: the link still works, once', { timeout: 120_000 }, async () => {
    const bots = [
      'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)',
      'Twitterbot/1.0',
      'facebookexternalhit/1.1',
      'WhatsApp/2.23.20.0',
      'TelegramBot (like TwitterBot)',
      'LinkedInBot/1.0',
      'Discordbot/2.0',
      'Mozilla/5.0 (compatible; Googlebot/2.1)',
      'Mozilla/5.0 (Windows NT 10.0) SkypeUriPreview Preview/0.5',
      'Microsoft Office/16.0 (Microsoft Outlook Mail)',
      'Barracuda Sentinel (EE)',
      'Proofpoint URL Defense',
    ];
    const identifier = someone();
    const link = await linkFor('linear', identifier);
    for (const [i, bot] of bots.entries()) {
      const looks = Array.from({ length: 50 }, (_, n) =>
        fetch(link, { method: n % 2 === 0 ? 'GET' : 'HEAD', headers: { 'user-agent': bot, purpose: i % 2 === 0 ? 'prefetch' : '' } }),
      );
      for (const response of await Promise.all(looks)) {
        expect(response.status).toBe(200);
        expect(response.headers.getSetCookie()).toEqual([]);
        await response.arrayBuffer();
      }
    }
    expect((await accountOf(identifier)).status).toBe('PENDING_AUTH');
    expect((await broker.connect(link)).html).toContain('Linear is connected');
    expect((await accountOf(identifier)).status).toBe('ACTIVE');
    const again = await fetch(link);
    expect(again.status).toBe(410);
    expect(await again.text()).toContain('Linear is already connected');
  });

  it('of an expired link says so, and its form leads nowhere', async () => {
    const link = await linkFor('linear');
    const token = formTokenIn(await (await fetch(link)).text());
    await expire(link);
    const response = await fetch(link);
    expect(response.status).toBe(410);
    expect(await response.text()).toContain('ask it for a new link');
    const pressed = await fetch(`${link}/go`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ _form: token }) });
    expect([pressed.status, new URL(pressed.headers.get('location') as string, link).href]).toEqual([303, link]);
    expect(pressed.headers.getSetCookie()).toEqual([]);
  });

  it('A20: of a link that never was, and of one with a changed secret, are the same', async () => {
    const link = await linkFor('linear');
    const changed = link.replace(/.(?=.{7}$)/, (c) => (c === 'a' ? 'b' : 'a'));
    const answers = await Promise.all(
      [changed, `${broker.baseUrl}/connect/gwln_x`].map(async (url) => {
        const response = await fetch(url);
        return [response.status, await response.text()];
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.[0]).toBe(404);
  });
});

describe('hostile text', () => {
  it('A15: in workspace, identifier and provider label is shown as text', async () => {
    const hostile = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;
    const [workspace] = (await rows('select name from workspaces limit 1')) as { name: string }[];
    await rows('update workspaces set name = $1', [hostile]);
    try {
      const identifier = `${hostile}${someone()}`;
      const link = await linkFor('linear', identifier);
      const done = await broker.connect(link, { account: hostile });
      const pages = [await (await fetch(await linkFor('slack', identifier))).text(), done.html, await (await fetch(link)).text()];
      for (const html of pages) {
        expect(html).toContain('&lt;script&gt;');
        expect(html).not.toMatch(/<script|<img src=x/);
      }
    } finally {
      await rows('update workspaces set name = $1', [workspace?.name]);
    }
  });
});

describe('A19: a form that did not come from our page', () => {
  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['a sibling site', { 'sec-fetch-site': 'same-site', origin: 'http://sub.127.0.0.1' }],
    ['a typed address', { 'sec-fetch-site': 'none' }],
    ['our site, says the one, another, says the other', { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }],
    ['another site, in a browser without Sec-Fetch-Site', { origin: 'https://evil.example' }],
    ['a sandboxed frame, in a browser without Sec-Fetch-Site', { origin: 'null' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
  ])('%s: is refused with its token, and nothing starts', async (_name, headers) => {
    const link = await linkFor('linear');
    const keyLink = await linkFor('datadog');
    const before = await rows('select count(*)::int as n from consent_sessions');
    const go = await fetch(`${link}/go`, {
      method: 'POST',
      redirect: 'manual',
      headers: headers as Record<string, string>,
      body: new URLSearchParams({ _form: formTokenIn(await (await fetch(link)).text()) }),
    });
    const key = await fetch(`${keyLink}/key`, {
      method: 'POST',
      redirect: 'manual',
      headers: headers as Record<string, string>,
      body: new URLSearchParams({
        _form: formTokenIn(await (await fetch(keyLink)).text()),
        api_key: 'k'.repeat(20),
        application_key: 'k'.repeat(20),
        site: 'datadoghq.com',
      }),
    });
    for (const response of [go, key]) {
      expect(response.status).toBe(403);
      expect(await response.text()).toContain('This form is out of date');
      expect(response.headers.getSetCookie()).toEqual([]);
    }
    expect(await rows('select count(*)::int as n from consent_sessions')).toEqual(before);
  });

  it('without a token, or with the token of another link, is refused', async () => {
    const [mine, other, keyLink] = await Promise.all([linkFor('linear'), linkFor('linear'), linkFor('datadog')]);
    const tokens = await Promise.all([other, keyLink].map(async (l) => formTokenIn(await (await fetch(l)).text())));
    for (const token of [undefined, '', 'x', ...tokens]) {
      const response = await fetch(`${mine}/go`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(token === undefined ? {} : { _form: token }),
      });
      expect(response.status).toBe(403);
    }
  });

  it('from a client that is no browser passes with its token', async () => {
    const link = await linkFor('linear');
    const token = formTokenIn(await (await fetch(link)).text());
    const response = await fetch(`${link}/go`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ _form: token }) });
    expect([response.status, new URL(response.headers.get('location') as string).origin]).toEqual([303, broker.sandbox.origin]);
  });

  it('is refused as anything but a small form', async () => {
    const link = await linkFor('datadog');
    const json = await fetch(`${link}/key`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect([json.status, await json.text()]).toEqual([415, expect.stringContaining('The form was not understood')]);
    const large = await fetch(`${link}/key`, { method: 'POST', body: new URLSearchParams({ api_key: 'x'.repeat(70_000) }) });
    expect([large.status, await large.text()]).toEqual([413, expect.stringContaining('The form is too large')]);
  });
});

describe('the way back from the provider', () => {
  it('A10: ends connected, and reload changes nothing', async () => {
    const identifier = someone();
    const done = await broker.connect(await linkFor('linear', identifier), { account: 'grace@example.test' });
    expect(done.status).toBe(200);
    expect(done.url).toMatch(/\/done$/);
    expect(done.html).toContain('Connected as');
    const account = await accountOf(identifier);
    expect(done.html).toContain(account.provider_account.label);
    const ledger = await broker.control('/linear/ledger', 'GET');
    expect((await fetch(done.url)).status).toBe(200);
    expect((await broker.control('/linear/ledger', 'GET')).counts).toEqual(ledger.counts);
  });

  it('A08, A24: in another browser is refused, and the right one can still finish', async () => {
    const link = await linkFor('linear');
    const { state, cookie } = await press(link);
    const stranger = await press(await linkFor('linear'));
    for (const wrong of [
      undefined,
      'gw_flow=',
      'gw_flow=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      stranger.cookie,
      cookie.replace('gw_flow=', '__Host-gw_flow='),
    ]) {
      const response = await comeBack('linear', { state, code: 'x' }, wrong);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('browser you started in');
      expectPageHeaders(response, 'wrong browser');
    }
    const right = await comeBack('linear', { state, error: 'access_denied' }, cookie);
    expect(right.headers.get('location')).toBe(`${new URL(link).pathname}/done?r=consent_denied`);
  });

  it('A08: with a state used before, forged, missing, doubled or of another connection is refused', async () => {
    const link = await linkFor('linear');
    const { state, cookie } = await press(link);
    const ledger = (await broker.control('/linear/ledger', 'GET')).counts;
    for (const query of [
      { code: 'x' },
      { state: '', code: 'x' },
      { state: `${state}x`, code: 'x' },
      { state: 'x'.repeat(5000), code: 'x' },
      `state=${state}&state=${state}&code=x`,
      `state=${state}&code=x&code=y`,
      'state[a]=b',
    ]) {
      const response = await comeBack('linear', query, cookie);
      expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('cannot be continued')]);
    }
    const elsewhere = await comeBack('slack', { state, code: 'x' }, cookie);
    expect([elsewhere.status, await elsewhere.text()]).toEqual([400, expect.stringContaining('cannot be continued')]);
    expect((await broker.control('/linear/ledger', 'GET')).counts).toEqual(ledger);

    const first = await comeBack('linear', { state, error: 'server_error' }, cookie);
    expect(first.headers.get('location')).toContain('r=consent_failed');
    const replayed = await comeBack('linear', { state, code: 'x' }, cookie);
    expect([replayed.status, await replayed.text()]).toEqual([400, expect.stringContaining('cannot be continued')]);
  });

  it('by HEAD uses nothing up', async () => {
    const { state, cookie } = await press(await linkFor('linear'));
    expect((await comeBack('linear', { state, error: 'access_denied' }, cookie, 'HEAD')).status).toBe(400);
    expect((await comeBack('linear', { state, error: 'access_denied' }, cookie)).status).toBe(303);
  });

  it('A07, A15: with a refusal never shows the provider’s text, and offers another try', async () => {
    const link = await linkFor('linear');
    const { state, cookie } = await press(link);
    const text = 'visit evil.example <script>alert(1)</script>';
    const response = await comeBack(
      'linear',
      { state, error: 'access_denied', error_description: text, error_uri: 'https://evil.example' },
      cookie,
    );
    const page = await fetch(new URL(response.headers.get('location') as string, link));
    const html = await page.text();
    expect(html).toContain('You did not give access');
    expect(html).not.toContain('evil');
    const person = new Person();
    const denied = { url: page.url, status: page.status, html, headers: page.headers };
    const consent = await person.submit(denied, {}, '/go');
    const done = await person.submit(consent, { account: 'ada@example.test', decision: 'allow' });
    expect(done.html).toContain('Linear is connected');
    // What is stored now decides, whatever the old address says.
    expect(await (await fetch(page.url)).text()).toContain('Linear is connected');
  });

  it('finishes six flows of one browser in any order: the last five', async () => {
    let cookie = '';
    const flows: { link: string; state: string }[] = [];
    for (let i = 0; i < 6; i++) {
      const link = await linkFor('linear');
      const started = await press(link, cookie);
      cookie = started.cookie;
      flows.push({ link, state: started.state });
    }
    const statuses: number[] = [];
    for (const { state } of flows) statuses.push((await comeBack('linear', { state, error: 'access_denied' }, cookie)).status);
    expect(statuses).toEqual([400, 303, 303, 303, 303, 303]);
  });

  it('forgets the flow’s cookie', async () => {
    const first = await press(await linkFor('linear'));
    const second = await press(await linkFor('linear'), first.cookie);
    const one = await comeBack('linear', { state: first.state, error: 'access_denied' }, second.cookie);
    const left = one.headers.getSetCookie()[0] ?? '';
    expect(left.split(';')[0]?.split('=')[1]?.split('.')).toHaveLength(1);
    const two = await comeBack('linear', { state: second.state, error: 'access_denied' }, left.split(';')[0]);
    expect(two.headers.getSetCookie()[0]).toMatch(/^gw_flow=; Max-Age=0/);
  });
});

describe('the result page', () => {
  it('claims no success that is not there', async () => {
    const identifier = someone();
    const link = await linkFor('linear', identifier);
    for (const r of [
      '',
      '?r=connected',
      '?r=',
      '?r=link_used',
      '?r=link_expired',
      '?r=toString',
      '?r=%3Cscript%3E',
      '?r=name_taken',
      '?r=a&r=b',
    ]) {
      const html = await (await fetch(`${link}/done${r}`)).text();
      expect(html, r).toContain('Linear is not connected yet');
      expect(html, r).not.toMatch(/<script|toString/);
    }
    await broker.connect(link);
    expect(await (await fetch(`${link}/done?r=link_used`)).text()).toContain('already connected');
    const account = await accountOf(identifier);
    expect((await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' })).status).toBeLessThan(300);
    for (const r of ['', '?r=connected', '?r=link_used']) {
      const html = await (await fetch(`${link}/done${r}`)).text();
      expect(html).toContain('This link was already used');
      expect(html).not.toContain('is connected');
    }
  });

  it('of an expired link offers no other try', async () => {
    const link = await linkFor('linear');
    await expire(link);
    expect(await (await fetch(`${link}/done`)).text()).toContain('This link has expired');
    const denied = await (await fetch(`${link}/done?r=consent_denied`)).text();
    expect(denied).toContain('ask it for a new link');
    expect(denied).not.toContain('<form');
  });

  it('says that a different account answered, and keeps the one from before', async () => {
    const identifier = someone();
    await broker.connect(await linkFor('linear', identifier), { account: 'ada@example.test' });
    const before = await accountOf(identifier);
    const done = await broker.connect(await linkFor('linear', identifier), { account: 'mallory@example.test' });
    expect(done.url).toContain('r=account_changed');
    expect(done.html).toContain('That was a different account');
    expect(done.html).toContain(before.provider_account.label);
    expect((await accountOf(identifier)).provider_account).toEqual(before.provider_account);
  });
});

describe('the key form', () => {
  it('refuses a bad key beside the field, echoes no secret, keeps the rest, and takes a good one', async () => {
    const identifier = someone();
    const link = await linkFor('datadog', identifier);
    const person = new Person();
    const canaries = Array.from({ length: 2 }, () => `invalid-${randomBytes(12).toString('hex')}`);
    const [badKey = '', badApplicationKey = ''] = canaries;

    const landing = await person.open(link);
    expect(landing.html).toMatch(/type="password" autocomplete="off"/);
    // As the browser's `v` flag wants it.
    expect(landing.html).toContain('pattern="\\s*(?:[A-Za-z0-9_\\-]{16,128})\\s*"');
    const missing = await person.submit(landing, { api_key: `short!${badKey}`, application_key: '', site: 'datadoghq.eu' });
    expect(missing.status).toBe(422);
    expect(missing.html).toContain('role="alert"');
    expect(missing.html).toContain('id="e-application_key">Application key is missing');
    expect(missing.html).toMatch(/aria-describedby="h-application_key e-application_key" aria-invalid="true"/);
    expect(missing.html).toMatch(/value="datadoghq\.eu" selected/);

    const rejected = await person.submit(missing, { api_key: badKey, application_key: badApplicationKey, site: 'datadoghq.eu' });
    expect(rejected.status).toBe(422);
    expect(rejected.html).toContain('Datadog did not accept this');
    expect(rejected.html).toMatch(/value="datadoghq\.eu" selected/);
    expect((await accountOf(identifier)).status).toBe('PENDING_AUTH');

    const good = [randomBytes(16).toString('hex'), randomBytes(20).toString('hex')] as const;
    const done = await person.submit(rejected, { api_key: good[0], application_key: ` ${good[1]}\n`, site: 'datadoghq.eu' });
    expect([done.status, done.html]).toEqual([200, expect.stringContaining('Datadog is connected')]);
    expect((await accountOf(identifier)).status).toBe('ACTIVE');

    const again = await person.submit(rejected, { api_key: good[0], application_key: good[1] });
    expect(again.html).toContain('already connected');
    for (const canary of [...canaries, ...good]) {
      for (const page of [missing, rejected, done, again]) expect(page.html).not.toContain(canary);
      expect(broker.logLines.join('')).not.toContain(canary);
    }
  });

  it('comes back when the provider is down', async () => {
    const link = await linkFor('datadog');
    await broker.control('/datadog/knobs', 'PUT', { fail: '500' });
    try {
      const page = await broker.connectKey(link);
      expect([page.status, page.html]).toEqual([502, expect.stringContaining('could not be reached just now')]);
    } finally {
      await broker.control('/datadog/knobs', 'DELETE');
    }
    expect((await broker.connectKey(link)).html).toContain('Datadog is connected');
  });
});

describe('logos', () => {
  it('are served for connectors of this build only, and cannot run anything', async () => {
    const logo = await fetch(`${broker.baseUrl}/pages/logos/linear.svg`);
    expect([logo.status, logo.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8']);
    expect(logo.headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox$/);
    for (const name of ['nope', '..%2flinear%2flogo', '%2e%2e', '__proto__', 'constructor', 'linear%00']) {
      expect((await fetch(`${broker.baseUrl}/pages/logos/${name}.svg`)).status, name).toBeOneOf([400, 404]);
    }
  });

  it('that are missing are drawn', async () => {
    const bare = await served({ connectorsDir: '/nonexistent' });
    const svg = await (await fetch(`${bare.origin}/pages/logos/linear.svg`)).text();
    expect(svg).toMatch(/^<svg.*>L<\/text><\/svg>$/);
    await bare.app.close();
  });
});

describe('behind https', () => {
  it('A24: the cookie is a __Host- one, HttpOnly, Secure, Lax, for the whole site and as long as a consent', async () => {
    const { app } = await served({ baseUrl: 'https://broker.example' });
    // Off loopback nobody goes on unverified.
    const verification = { mode: 'app', user_verify_urls: ['https://app.example/verify'] };
    const made = await broker.api('/v1/connections', { body: { name: 'verified', connector: 'linear', sandbox: true, verification } });
    expect(made.status).toBe(201);
    const link = new URL(await linkFor('verified')).pathname;
    const token = formTokenIn((await app.inject(link)).body);
    const post = (headers: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: `${link}/go`,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: `_form=${token}`,
      });
    const response = await post({ origin: 'https://broker.example' });
    expect(response.statusCode).toBe(303);
    const { consentLifeSeconds } = broker.modules.settings;
    expect(response.headers['set-cookie']).toMatch(
      new RegExp(`^__Host-gw_flow=[\\w-]{43}; Max-Age=${consentLifeSeconds}; Path=/; HttpOnly; Secure; SameSite=Lax$`),
    );
    expect((await post({ origin: broker.baseUrl })).statusCode).toBe(403);
    await app.close();
  });
});

describe('the stylesheet', () => {
  it('is named by its content and may be kept', async () => {
    const html = await (await fetch(`${broker.baseUrl}/connect/none`)).text();
    const path = /href="(\/pages\/style\.[0-9a-f]{16}\.css)"/.exec(html)?.[1];
    const response = await fetch(`${broker.baseUrl}${path}`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
    expect((await fetch(`${broker.baseUrl}/pages/style.0000000000000000.css`)).status).toBe(404);
  });
});

it('no link and no cookie reached the log', () => {
  const log = broker.logLines.join('');
  expect(log.length).toBeGreaterThan(1000);
  expect(log).not.toMatch(/gwln_[0-9A-Za-z]{16}_[0-9A-Za-z]{6}|gw_flow=/);
});

/** The pages alone, on the broker's own modules, with one thing different. */
async function served(options: { connectorsDir?: string; baseUrl?: string }): Promise<{ app: FastifyInstance; origin: string }> {
  const app = Fastify();
  registerPages(
    app,
    { ...broker.modules, baseUrl: () => options.baseUrl ?? broker.baseUrl },
    { connectorsDir: options.connectorsDir ?? connectorsDir },
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { app, origin: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}` };
}
