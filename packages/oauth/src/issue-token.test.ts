import { generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Connector, connector, get, type IssuedAuth, type IssuedCredential, type SecretOf } from '@grantway/connector-kit';
import { reveal, Secret } from '@grantway/contract';
import { createEgress, type Egress } from '@grantway/egress';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type IssueOutcome, type Issuer, issueToken } from './index.ts';

type Answer = { status?: number; body?: unknown; headers?: Record<string, string>; date?: string };

let server: Server;
let origin: string;
let egress: Egress;
let answer: Answer;
let seen: { url: string; headers: IncomingHttpHeaders; body: string }[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    seen.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
    if (answer.date !== undefined) response.sendDate = false;
    const headers = { 'content-type': 'application/json', ...(answer.date === undefined ? {} : { date: answer.date }), ...answer.headers };
    response.writeHead(answer.status ?? 200, headers);
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  egress = createEgress({ sandboxOrigin: () => origin });
});
beforeEach(() => {
  seen = [];
});
afterAll(async () => {
  await egress.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const keyFile = JSON.stringify({ type: 'service_account', client_email: 'robot@p.example', private_key_id: 'kid-1', private_key: pem });
const scoped = { scopes: { a: 'Read the first', b: 'Read the second' }, defaultScopes: ['a'], scopeSeparator: ' ' as const };

const auths: Record<IssuedAuth['kind'], (secretOf: SecretOf) => IssuedAuth> = {
  oauth2_client_credentials: (secretOf) => ({
    kind: 'oauth2_client_credentials',
    secretOf,
    fields:
      secretOf === 'account'
        ? [
            { name: 'id', label: 'Id', secret: true },
            { name: 'secret', label: 'Secret', secret: true },
          ]
        : [],
    tokenUrl: 'https://odd.example/token',
    clientId: secretOf === 'account' ? '{id}' : '{client_id}',
    clientSecret: secretOf === 'account' ? '{secret}' : '{client_secret}',
    clientAuthentication: 'client_secret_basic',
    ...scoped,
  }),
  jwt_service_account: (secretOf) => ({
    kind: 'jwt_service_account',
    secretOf,
    fields: secretOf === 'account' ? [{ name: 'file', label: 'File', secret: true, multiline: true }] : [],
    tokenUrl: 'https://odd.example/token',
    key: secretOf === 'account' ? '{file}' : '{client_secret}',
    ...scoped,
  }),
  minted: (secretOf) => ({
    kind: 'minted',
    secretOf,
    fields: secretOf === 'account' ? [{ name: 'key', label: 'Key', secret: true, multiline: true }] : [],
    mint: {
      method: 'POST',
      url: 'https://odd.example/mint',
      headers: { Authorization: 'Bearer {jwt}' },
      jwt: { algorithm: 'RS256', key: secretOf === 'account' ? '{key}' : '{client_secret}', claims: { iss: 'app-1' }, lifeSeconds: 300 },
    },
    answer: { body: { token: 'x', expires_at: '2026-01-01T00:00:00Z' }, slots: { token: '/token', expires_at: '/expires_at' } },
    headers: { Authorization: 'token {token}' },
    goneStatuses: [404],
  }),
};

function issuerOf(
  auth: IssuedAuth,
  app = { client_id: 'app', client_secret: auth.kind === 'jwt_service_account' ? keyFile : auth.kind === 'minted' ? pem : 'app-secret' },
): Issuer {
  const odd = connector({
    id: 'odd',
    name: 'Odd',
    description: 'A vendor with ways of its own.',
    docs: 'https://odd.example/docs',
    auth,
    api: { baseUrl: 'https://api.odd.example' },
    identify: {
      request: get('/me'),
      subject: () => ({ id: '1', label: 'one' }),
      example: { receives: { body: {} }, gives: { id: '1', label: 'one' } },
    },
    tools: [],
  });
  return {
    connector: odd as Connector & { auth: IssuedAuth },
    app: auth.secretOf === 'connection' ? new Secret(app) : undefined,
    fields: {},
    sandboxOrigin: origin,
  };
}

const secrets = { id: 'person-client', secret: `s-${randomBytes(12).toString('hex')}`, file: keyFile, key: pem };
function credentialOf(auth: IssuedAuth, more: Partial<IssuedCredential> = {}): Secret<IssuedCredential> {
  const fields = Object.fromEntries(auth.fields.map((f) => [f.name, secrets[f.name as keyof typeof secrets]]));
  return new Secret<IssuedCredential>({ kind: auth.kind, fields, requested_scopes: ['a'], scopes: [], ...more });
}
const issue = (auth: IssuedAuth, more?: Partial<IssuedCredential>): Promise<IssueOutcome> =>
  issueToken(egress, issuerOf(auth), credentialOf(auth, more));

describe('what a token endpoint answers', () => {
  const cases: [what: string, answer: Answer, account: string, connection: string][] = [
    ['invalid_client', { status: 401, body: { error: 'invalid_client' } }, 'gone', 'app_refused'],
    ['unauthorized_client', { status: 400, body: { error: 'unauthorized_client' } }, 'gone', 'app_refused'],
    ['invalid_grant', { status: 400, body: { error: 'invalid_grant' } }, 'gone', 'gone'],
    ['invalid_scope', { status: 400, body: { error: 'invalid_scope' } }, 'transient', 'app_refused'],
    ['invalid_request', { status: 400, body: { error: 'invalid_request' } }, 'transient', 'app_refused'],
    ['a bare 401', { status: 401, body: '' }, 'gone', 'app_refused'],
    ['a 401 of some gateway’s page', { status: 401, body: '<html>no</html>' }, 'transient', 'transient'],
    ['429', { status: 429, body: { error: 'invalid_grant' }, headers: { 'retry-after': '7' } }, 'transient', 'transient'],
    ['500', { status: 500, body: { error: 'invalid_client' } }, 'transient', 'transient'],
    ['503 with a page', { status: 503, body: '<html>' }, 'transient', 'transient'],
    ['200 without a token', { status: 200, body: { ok: true } }, 'unknown', 'unknown'],
    ['200 with a page', { status: 200, body: '<html>' }, 'unknown', 'unknown'],
    ['another kind of token', { status: 200, body: { access_token: 'x', token_type: 'mac' } }, 'unknown', 'unknown'],
  ];
  for (const kind of ['oauth2_client_credentials', 'jwt_service_account'] as const) {
    for (const [what, given, account, connection] of cases) {
      it(`${kind}: ${what} means ${account} where the secret is the account’s, ${connection} where it is the connection’s`, async () => {
        answer = given;
        expect((await issue(auths[kind]('account'))).kind).toBe(account);
        expect((await issue(auths[kind]('connection'))).kind).toBe(connection);
        expect(seen.length).toBe(2);
      });
    }
  }

  it.each([
    ['401', { status: 401, body: {} }, 'gone', 'app_refused'],
    ['404', { status: 404, body: {} }, 'gone', 'gone'],
    ['403', { status: 403, body: {} }, 'transient', 'transient'],
    ['429', { status: 429, body: {} }, 'transient', 'transient'],
    ['500', { status: 500, body: {} }, 'transient', 'transient'],
    ['201 without a token', { status: 201, body: {} }, 'unknown', 'unknown'],
    ['201 with a token that cannot stand in a header', { status: 201, body: { token: 'a\nb' } }, 'unknown', 'unknown'],
  ])('minted: %s', async (_what, given, account, connection) => {
    answer = given;
    expect((await issue(auths.minted('account'))).kind).toBe(account);
    expect((await issue(auths.minted('connection'))).kind).toBe(connection);
  });

  it('a refused assertion says nothing while the clocks differ: ours may be the wrong one', async () => {
    for (const date of [new Date(Date.now() - 600_000), new Date(Date.now() + 600_000)].map((d) => d.toUTCString())) {
      answer = { status: 400, body: { error: 'invalid_grant' }, date };
      expect((await issue(auths.jwt_service_account('account'))).kind).toBe('transient');
      answer = { status: 401, body: {}, date };
      expect((await issue(auths.minted('account'))).kind).toBe('transient');
      answer = { status: 401, body: { error: 'invalid_client' }, date };
      expect((await issue(auths.oauth2_client_credentials('account'))).kind).toBe('gone');
    }
  });

  it('a key that cannot be used ends nothing but its own, and nothing is sent', async () => {
    for (const [secretOf, kind] of [
      ['account', 'gone'],
      ['connection', 'app_refused'],
    ] as const) {
      const auth = auths.minted(secretOf);
      const issuer = issuerOf(auth, { client_id: 'app', client_secret: 'no pem' });
      const outcome = await issueToken(egress, issuer, credentialOf(auth, { fields: secretOf === 'account' ? { key: 'no pem' } : {} }));
      expect(outcome.kind).toBe(kind);
    }
    expect(seen).toEqual([]);
  });

  it('nobody’s secret stands in what an error says', async () => {
    const auth = auths.oauth2_client_credentials('account');
    const issuer = issuerOf({ ...auth, goneErrors: [`unknown:${secrets.secret}`] } as IssuedAuth);
    answer = { status: 400, body: { error: `unknown:${secrets.secret}` } };
    const outcome = await issueToken(egress, issuer, credentialOf(auth));
    expect(outcome).toEqual({ kind: 'gone', error: 'unknown:[credential removed]' });
  });

  it('keeps the long-lived secret and what is asked for beside each new token', async () => {
    answer = { status: 200, body: { access_token: 'tok-1', token_type: 'bearer', expires_in: 3600, scope: 'b' } };
    const outcome = await issue(auths.oauth2_client_credentials('account'), { access_token: 'tok-0', scopes: ['a'] });
    if (outcome.kind !== 'refreshed') throw new Error(outcome.kind);
    const opened = reveal(outcome.credential);
    expect(opened).toMatchObject({
      access_token: 'tok-1',
      scopes: ['b'],
      requested_scopes: ['a'],
      fields: { id: secrets.id, secret: secrets.secret },
    });
    expect(Math.abs((opened.expires_at ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000);
  });
});

describe('what is sent', () => {
  it('RFC 6749 sections 2.3.1 and 4.4.2: the client by HTTP Basic, as the RFC’s example has it', async () => {
    const auth = auths.oauth2_client_credentials('connection');
    answer = { status: 200, body: { access_token: 'tok', token_type: 'bearer' } };
    const app = { client_id: 's6BhdRkqt3', client_secret: 'gX1fBat3bV' };
    expect((await issueToken(egress, issuerOf(auth, app), credentialOf(auth, { requested_scopes: [] }))).kind).toBe('refreshed');
    expect(seen[0]).toMatchObject({
      url: '/odd.example/token',
      body: 'grant_type=client_credentials',
      headers: { authorization: 'Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW' },
    });
  });

  it('RFC 7523 section 3: issuer, audience, times and subject, signed with the key of the file', async () => {
    answer = { status: 200, body: { access_token: 'tok', token_type: 'Bearer' } };
    await issue(auths.jwt_service_account('account'), { subject: 'ada@p.example', requested_scopes: ['a', 'b'] });
    const form = new URLSearchParams(seen[0]?.body);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    const [head = '', body = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
    expect(read(head)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'kid-1' });
    const claims = read(body) as Record<string, number>;
    // The audience is the vendor's own endpoint, also where the sandbox stands in for it.
    expect(claims).toMatchObject({ iss: 'robot@p.example', sub: 'ada@p.example', aud: 'https://odd.example/token', scope: 'a b' });
    expect((claims['exp'] as number) - (claims['iat'] as number)).toBeLessThanOrEqual(3600);
    expect(claims['iat'] as number).toBeLessThan(Date.now() / 1000);
    expect(verify('sha256', Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('without a subject the service account acts as itself', async () => {
    answer = { status: 200, body: { access_token: 'tok', token_type: 'Bearer' } };
    await issue(auths.jwt_service_account('connection'));
    const assertion = new URLSearchParams(seen[0]?.body).get('assertion') ?? '';
    expect(JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString())).not.toHaveProperty('sub');
  });
});
