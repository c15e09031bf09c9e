import { createHash, randomBytes } from 'node:crypto';
import { type Json, someKeys, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser, chatCodeIn } from '../flows/browser.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../flows/identity-provider.ts';

/*
 * Attacks on the connect flow: security.md 2.4, group A. Mallory is a user of the operator's product; Bob is somebody else.
 * The phishing itself is in phishing.test.ts; others of the group are with what they attack: see `npm run attacks`.
 */
const verifyUrl = 'http://127.0.0.1:9/verify';
const connectors = ['linear', 'datadog'] as const;
const modes = ['app', 'session', 'oidc', 'chat'] as const;
let broker: TestBroker;
let rows: Rows;
let idp: TestIdentityProvider;

beforeAll(async () => {
  // oidc-provider warns on the console about its development keys and its in-memory store.
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  vi.spyOn(console, 'info').mockImplementation(() => {});
  idp = await startIdentityProvider();
  broker = await startBroker({ allowHosts: [idp.host] });
  rows = await openRows(broker);
  const verification: Record<(typeof modes)[number], Json> = {
    app: { mode: 'app', user_verify_urls: [verifyUrl] },
    session: { mode: 'session', user_verify_urls: [verifyUrl] },
    oidc: { mode: 'oidc', oidc: { issuer: idp.issuer, client_id: idp.clientId, client_secret: idp.clientSecret } },
    chat: { mode: 'chat' },
  };
  for (const connector of connectors) {
    for (const mode of modes) {
      const made = await broker.api('/v1/connections', {
        body: { name: `${connector}-${mode}`, connector, sandbox: true, verification: verification[mode] },
      });
      expect(made.status, JSON.stringify(made.body)).toBe(201);
      if (mode === 'oidc') idp.register(made.body.verification.oidc.redirect_uri);
    }
    await broker.api('/v1/connections', { body: { name: connector, connector, sandbox: true } });
  }
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await idp?.close();
});

let people = 0;
const someone = (name: string) => `${name}-${++people}`;
const keys = () => ({ ...someKeys(), site: 'datadoghq.com' });
const mint = async (connection_name: string, identifier: string, more: Json = {}): Promise<string> => {
  const made = await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier, ...more } });
  expect(made.status, JSON.stringify(made.body)).toBe(200);
  return made.body.link;
};
const verify = (body: Json) => broker.api('/v1/connected-accounts/verify', { body });
const sendCode = (connection_name: string, identifier: string, code: string) =>
  broker.api('/v1/connected-accounts/chat-code', { body: { connection_name, identifier, code } });
const pkce = () => {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
};
/** Everything that a credential costs at the provider: token requests, good or refused, and tried keys. */
const touched = async () => {
  const [oauth, key] = [await broker.control('/linear/ledger', 'GET'), await broker.control('/datadog/ledger', 'GET')];
  return [oauth.counts.tokens_issued, oauth.counts.token_refusals, oauth.counts.api_calls, key.counts.api_calls, key.counts.api_refusals];
};

/** Bob does everything the pages ask of him, in his own browser and as himself; answers where he ends. */
async function bobCompletes(connector: string, link: string, bob: Browser): Promise<URL> {
  const page = await bob.follow(link, () => false);
  if (connector === 'linear' && page.html.includes('/go"')) {
    const end = await bob.request(await bob.toCallback(link, 'allow', 'bob@acme.example'));
    return new URL(end.headers.get('location') ?? '', link);
  }
  const path = connector === 'linear' ? '/go' : '/key';
  // Where the page has no such form yet, he sends it all the same.
  const forced = page.html.includes(`${path}"`) ? page : { ...page, html: page.html.replace(/\/(ready|sign-in)"/, `${path}"`) };
  const end = await bob.submit(forced, keys(), path);
  return new URL(end.headers.get('location') ?? '', link);
}

describe('A02: the page of a chat link', () => {
  it('names whose agent asks, and warns of codes that others ask for', async () => {
    const identifier = someone('mallory');
    const { html } = await new Browser().follow(await mint('linear-chat', identifier), () => false);
    expect(html).toContain('Default workspace');
    expect(html).toContain(identifier);
    expect(html).toContain('Did somebody else send you this link');
  });
});

describe('A04: Mallory’s provider account under Bob’s identifier', () => {
  it('the provider’s answer to her own browser is refused in Bob’s', async () => {
    const mallory = new Browser();
    const callback = await mallory.toCallback(await mint('linear', someone('bob')), 'allow', 'mallory@evil.example');
    const before = await touched();
    expect((await new Browser().request(callback)).status).toBe(400);
    expect(await touched()).toEqual(before);
  });
});

describe('A06: a connection that was edited mid-flow', () => {
  it.each([
    ['to a weaker way of verifying', 'linear-app', 'verification = null'],
    ['to another app', 'linear-app', "client_id = 'mallory-app'"],
    ['to a weaker way of verifying, while nobody checked', 'linear-chat', 'verification = null'],
  ])('%s ends it without a token request', async (_name, connection, change) => {
    const identifier = someone('bob');
    const link = await mint(connection, identifier);
    const browser = new Browser();
    if (connection === 'linear-chat') {
      await browser.submit(await browser.follow(link, () => false), {}, '/ready');
      const code = chatCodeIn((await browser.follow(link, () => false)).html) as string;
      expect((await sendCode(connection, identifier, code)).status).toBe(200);
    }
    const callback = await browser.toCallback(link);
    const [kept] = await rows.query<Json>('select client_id, verification from connections where name = $1', [connection]);
    const before = await touched();
    await rows.query(`update connections set ${change} where name = $1`, [connection]);
    try {
      const page = await browser.request(callback);
      expect(page.headers.get('location')).toMatch(/r=consent_failed/);
      expect(await touched()).toEqual(before);
    } finally {
      await rows.query('update connections set client_id = $2, verification = $3 where name = $1', [
        connection,
        kept.client_id,
        JSON.stringify(kept.verification),
      ]);
    }
  });

  it('between the parking and the word of the app: nothing is redeemed', async () => {
    const identifier = someone('bob');
    const end = await bobCompletes('linear', await mint('linear-app', identifier), new Browser());
    const [kept] = await rows.query<Json>("select client_id from connections where name = 'linear-app'");
    const before = await touched();
    await rows.query("update connections set client_id = 'mallory-app' where name = 'linear-app'");
    try {
      const answer = await verify({ auth_request_id: end.searchParams.get('auth_request_id'), identifier });
      expect(answer.body).toMatchObject({ status: 502, code: 'consent_failed' });
      expect(await touched()).toEqual(before);
    } finally {
      await rows.query("update connections set client_id = $1 where name = 'linear-app'", [kept.client_id]);
    }
  });
});

describe('A10: a parked request, asked for many times at once', () => {
  it('is redeemed once', async () => {
    const identifier = someone('carol');
    const end = await bobCompletes('linear', await mint('linear-app', identifier), new Browser());
    const [tokens] = await touched();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => verify({ auth_request_id: end.searchParams.get('auth_request_id'), identifier })),
    );
    expect(answers.map((a) => a.status).sort()).toEqual([200, ...Array.from({ length: 19 }, () => 403)]);
    expect((await touched())[0]).toBe(tokens + 1);
  });
});

describe('A12: the auth_request_id', () => {
  it('is worth nothing without credentials, and stands in no log, row or audit', async () => {
    const identifier = someone('bob');
    const end = await bobCompletes('linear', await mint('linear-app', identifier), new Browser());
    const id = end.searchParams.get('auth_request_id') as string;
    const stolen = await fetch(`${broker.baseUrl}/v1/connected-accounts/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ auth_request_id: id, identifier }),
    });
    expect(stolen.status).toBe(401);
    const limited = await broker.api('/v1/connected-accounts/verify', {
      body: { auth_request_id: id, identifier },
      token: await broker.token('connected_accounts:read'),
    });
    expect(limited.status).toBe(403);
    expect((await verify({ auth_request_id: id, identifier })).status).toBe(200);
    expect(broker.logLines.join('\n')).not.toContain(id);
    for (const table of ['verifications', 'audit_events', 'consent_sessions', 'authorization_links']) {
      expect(JSON.stringify(await rows.query(`select * from ${table}`)), table).not.toContain(id);
    }
  });
});

describe('A12: an operator who changed his mind', () => {
  it('has disconnected the account: a parked code does not bring it back', async () => {
    const identifier = someone('bob');
    const end = await bobCompletes('linear', await mint('linear-app', identifier), new Browser());
    const { id } = (await broker.api(`/v1/connected-accounts?identifier=${identifier}`)).body.items[0];
    expect((await broker.api(`/v1/connected-accounts/${id}`, { method: 'DELETE' })).status).toBe(204);
    const before = await touched();
    const answer = await verify({ auth_request_id: end.searchParams.get('auth_request_id'), identifier });
    // It was erased with the account's end: the answer is that to any request that is over.
    expect(answer.body).toMatchObject({ status: 403, code: 'verification_failed' });
    expect(await touched()).toEqual(before);
    expect((await broker.api(`/v1/connected-accounts/${id}`)).body.status).toBe('DISCONNECTED');
  });
});

describe('A14, A19: the steps of a check', () => {
  it('cannot be framed, and cannot be taken from another site', async () => {
    for (const [connection, path] of [
      ['linear-chat', '/ready'],
      ['linear-oidc', '/sign-in'],
      ['linear', '/replace'],
      ['linear-app', '/go'],
      ['datadog-app', '/key'],
    ] as const) {
      const link = await mint(connection, someone('bob'));
      const browser = new Browser();
      const page = await fetch(link);
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      const form = /name="_form" value="([^"]+)"/.exec(await page.text())?.[1] as string;
      const before = await rows.checksums();
      const foreign: [Record<string, string>, string][] = [
        [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, form],
        [{ 'sec-fetch-site': 'cross-site', origin: 'null' }, form],
        [{ origin: 'null' }, form],
        [{ origin: 'https://evil.example' }, form],
        [{ 'sec-fetch-site': 'same-origin', origin: new URL(link).origin }, 'forged'],
      ];
      for (const [headers, _form] of foreign) {
        const answer = await browser.request(`${link}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
          body: new URLSearchParams({ _form, ...keys() }).toString(),
        });
        expect([path, answer.status, answer.headers.getSetCookie()]).toEqual([path, 403, []]);
      }
      const after = await rows.checksums();
      expect(Object.keys(after).filter((table) => after[table] !== before[table])).toEqual([]);
    }
  });
});

describe('A17: scanners and chat previews', () => {
  const bots = [
    'Slackbot-LinkExpanding 1.0',
    'WhatsApp/2.23',
    'TelegramBot (like TwitterBot)',
    'facebookexternalhit/1.1',
    'Discordbot/2.0',
    'Twitterbot/1.0',
    'LinkedInBot/1.0',
    'Googlebot/2.1',
    'bingbot/2.0',
    'Mimecast',
    'ms-office; MSOffice 16',
    'Barracuda Sentinel',
  ];

  it.each(connectors.flatMap((connector) => ['', ...modes.map((mode) => `-${mode}`)].map((mode) => `${connector}${mode}`)))(
    '%s: fifty looks by twelve bots change nothing, and the link still works',
    async (connection) => {
      const identifier = someone('ada');
      const session = connection.endsWith('-session') ? { code_challenge: pkce().challenge } : {};
      const link = await mint(connection, identifier, session);
      const before = await rows.checksums();
      for (let i = 0; i < 50; i++) {
        const url = i % 3 === 2 ? `${link}/done` : link;
        const look = await fetch(url, {
          method: i % 2 === 0 ? 'GET' : 'HEAD',
          redirect: 'manual',
          headers: { 'user-agent': bots[i % bots.length] as string },
        });
        expect([look.status, look.headers.getSetCookie()]).toEqual([200, []]);
      }
      const after = await rows.checksums();
      expect(Object.keys(after).filter((table) => after[table] !== before[table])).toEqual([]);
      expect((await new Browser().follow(link, () => false)).html).toMatch(/action="[^"]*\/(go|key|ready|sign-in)"/);
    },
  );
});

describe('A20: links and requests that do not exist', () => {
  it('are told in the same words as those that are over', async () => {
    const identifier = someone('bob');
    const over = (await bobCompletes('linear', await mint('linear-app', identifier), new Browser())).searchParams.get('auth_request_id');
    await verify({ auth_request_id: over, identifier: someone('eve') });
    const plain = (answer: { status: number; body: Json }) => ({ ...answer.body, request_id: '', status: answer.status });
    const refusals = await Promise.all([
      verify({ auth_request_id: over, identifier }),
      verify({ auth_request_id: 'A'.repeat(43), identifier }),
      verify({ auth_request_id: over, identifier: someone('nobody') }),
      verify({ auth_request_id: "' or 1=1 --", identifier }),
    ]);
    expect(new Set(refusals.map((r) => JSON.stringify(plain(r)))).size).toBe(1);
  });
});

describe('A22: parameters that want more', () => {
  it('change nothing about what is asked of the provider', async () => {
    const link = await mint('linear', someone('ada'));
    const plain = new Browser();
    const asked = async (url: string, values: Record<string, string>) => {
      const started = await plain.submit(await plain.follow(url, () => false), values, '/go');
      return new URL(started.headers.get('location') ?? '').searchParams.get('scope');
    };
    const usual = await asked(link, {});
    for (const more of ['scope', 'scopes', 'connection', 'redirect_uri', 'client_id', 'state', 'mode', 'verification']) {
      expect(await asked(`${link}?${more}=admin`, { [more]: 'admin' })).toBe(usual);
    }
  });
});

describe('A26: identifiers that look alike', () => {
  const pairs: [string, string][] = [
    ['ada@acme.example', 'Ada@acme.example'],
    ['ada@acme.example', 'ada@ACME.example'],
    ['ada', 'ada '],
    ['ada', ' ada'],
    ['ada', 'аda'],
    ['josé', 'jose'],
    ['josé', 'jose\u0301'],
    ['ada', 'ada\u200b'],
    ['ada', 'ada\u200d'],
    ['ada', '\u202eada'],
    ['ada', 'ada\u0000'],
    ['ada', 'ada\n'],
    ['ada', 'a\u00adda'],
    ['ﬁona', 'fiona'],
    ['straße', 'strasse'],
    ['ada', 'ａｄａ'],
    ['1', '١'],
    ['ada+x@acme.example', 'ada@acme.example'],
    ['a.da@acme.example', 'ada@acme.example'],
    ['İda', 'ida'],
    ['ada', 'Ada'],
    ['ada', 'ADA'],
    ['ada', 'ada\u2060'],
    ['ada', 'ada\ufeff'],
    ['ada', 'ada\u200e'],
    ['ada', 'ada\u2066'],
    ['ada', 'a\u034fda'],
    ['ada', 'ada\u00a0'],
    ['ada', 'ada\u3000'],
    ['ada', 'ada\t'],
    ['ada', 'ada\r'],
    ['ada', 'ada\u0085'],
    ['ada', 'ada\u2028'],
    ['ada', 'ada\ufe0f'],
    ['ada@acme.example', 'ada@acme.example.'],
    ['ada@acme.example', 'ada@acme。example'],
    ['ada@acme.example', 'ada%40acme.example'],
    ['paypal', 'paypaI'],
    ['0001', '1'],
    ['ſam', 'sam'],
    ['K2', '\u212a2'],
  ];
  it.each(pairs)('%j never stands for %j: a request of the one is not verified by the other', async (one, other) => {
    const link = await mint('linear-app', one);
    const end = await bobCompletes('linear', link, new Browser());
    const answer = await verify({ auth_request_id: end.searchParams.get('auth_request_id'), identifier: other });
    // Refused as another user's, or not even an identifier.
    expect([400, 403]).toContain(answer.status);
    const found = await rows.query<{ status: string }>(
      'select a.status from connected_accounts a join users u on u.id = a.user_id where u.identifier = $1',
      [one],
    );
    expect(found.every((a) => a.status !== 'ACTIVE')).toBe(true);
  });
});

describe('nobody checks', () => {
  it('on loopback only: elsewhere it is refused when a connection is made, changed and used', async () => {
    const far = await startBroker({ baseUrl: 'https://broker.example' });
    try {
      const inject = async (method: 'GET' | 'POST' | 'PATCH', url: string, payload?: Json, headers: Record<string, string> = {}) => {
        const answer = await far.broker.app.inject({
          method,
          url,
          headers: { host: 'broker.example', ...headers },
          ...(payload === undefined ? {} : { payload }),
        });
        return {
          status: answer.statusCode,
          text: answer.body,
          body: answer.headers['content-type']?.includes('json') ? answer.json() : {},
        };
      };
      const { clientId, clientSecret } = far.client;
      const token = await inject(
        'POST',
        '/oauth/token',
        new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }).toString(),
        { 'content-type': 'application/x-www-form-urlencoded' },
      );
      expect(token.status, token.text).toBe(200);
      const authorization = { authorization: `Bearer ${token.body.access_token}` };
      const none = { verification: { mode: 'none' } };
      const body = { name: 'linear', connector: 'linear', sandbox: true };
      expect((await inject('POST', '/v1/connections', { ...body, ...none }, authorization)).body).toMatchObject({
        status: 422,
        code: 'verification_not_allowed',
      });
      // Left to the default, the operator's app must verify.
      const made = await inject('POST', '/v1/connections', body, authorization);
      expect(made.body.verification).toMatchObject({ mode: 'app', inherited: true });
      expect((await inject('PATCH', `/v1/connections/${made.body.id}`, none, authorization)).body.code).toBe('verification_not_allowed');
      const ask = () =>
        inject('POST', '/v1/connected-accounts/authorization-link', { connection_name: 'linear', identifier: 'bob' }, authorization);
      expect((await ask()).body.code).toBe('connection_not_ready');

      // A row from before the base URL was moved.
      const farRows = await openRows(far);
      await farRows.query(`update connections set verification = '{"mode":"app","userVerifyUrls":["https://app.example/v"]}'`);
      const { link } = (await ask()).body;
      await farRows.query(`update connections set verification = '{"mode":"none"}'`);
      await farRows.close();
      const path = new URL(link).pathname;
      const page = await inject('GET', path);
      expect(page.text).not.toContain('/go"');
      expect((await ask()).body.code).toBe('verification_not_allowed');
    } finally {
      await far.close();
    }
  });

  it('is said on the page', async () => {
    expect((await new Browser().follow(await mint('linear', someone('ada')), () => false)).html).toContain(
      'Nobody checks who is at the keyboard',
    );
    expect((await new Browser().follow(await mint('linear-app', someone('ada')), () => false)).html).not.toContain('Nobody checks');
  });
});
