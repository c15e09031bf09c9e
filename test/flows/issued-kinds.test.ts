import { generateKeyPairSync } from 'node:crypto';
import type { AuthSpec, Field, IssuedAuth } from '@grantway/connector-kit';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { Browser } from './browser.ts';
import { kindVendor } from './kind-vendor.ts';

const scoped = { scopes: { 'items:read': 'See your items' }, defaultScopes: ['items:read'], scopeSeparator: ' ' as const };
const clientFields: Field[] = [
  { name: 'id', label: 'Client id', secret: true },
  { name: 'secret', label: 'Client secret', secret: true },
];
const end = { method: 'DELETE', path: '/token' } as const;
const mintedAnswer = { body: { token: 'x', expires_at: '2026-01-01T00:00:00Z' }, slots: { token: '/token', expires_at: '/expires_at' } };

const kinds = {
  ccuser: {
    kind: 'oauth2_client_credentials',
    secretOf: 'account',
    fields: [...clientFields, { name: 'tenant', label: 'Tenant', secret: false, pattern: /^[a-z0-9-]{1,40}$/ }],
    tokenUrl: 'https://{tenant}.ccuser.example/oauth/token',
    clientId: '{id}',
    clientSecret: '{secret}',
    clientAuthentication: 'client_secret_post',
    tokenParams: { audience: 'https://{tenant}.ccuser.example/api' },
    ...scoped,
  },
  ccapp: {
    kind: 'oauth2_client_credentials',
    secretOf: 'connection',
    fields: [{ name: 'audience', label: 'Audience', secret: false, pattern: /^[a-z]+$/, default: 'main' }],
    tokenParams: { audience: '{audience}' },
    tokenUrl: 'https://auth.ccapp.example/token',
    clientId: '{client_id}',
    clientSecret: '{client_secret}',
    clientAuthentication: 'client_secret_basic',
    ...scoped,
  },
  robot: {
    kind: 'jwt_service_account',
    secretOf: 'account',
    fields: [
      { name: 'key_file', label: 'Key file', secret: true, multiline: true },
      { name: 'person', label: 'Act as', secret: false, optional: true, pattern: /^[^\s@]+@[a-z.]+$/ },
    ],
    key: '{key_file}',
    subject: '{person}',
    tokenUrl: 'https://tokens.robot.example/token',
    ...scoped,
  },
  delegated: {
    kind: 'jwt_service_account',
    secretOf: 'connection',
    fields: [],
    key: '{client_secret}',
    subject: '{user_identifier}',
    tokenUrl: 'https://tokens.delegated.example/token',
    ...scoped,
  },
  appmint: {
    kind: 'minted',
    secretOf: 'connection',
    fields: [{ name: 'installation', label: 'Installation', secret: false, pattern: /^[0-9]{1,20}$/ }],
    mint: {
      method: 'POST',
      url: 'https://api.appmint.example/v1/installations/{installation}/tokens',
      headers: { Authorization: 'Bearer {jwt}' },
      jwt: { algorithm: 'RS256', key: '{client_secret}', claims: { iss: '{client_id}' }, lifeSeconds: 540 },
    },
    answer: mintedAnswer,
    headers: { Authorization: 'token {token}' },
    goneStatuses: [404],
    revocation: end,
  },
  login: {
    kind: 'minted',
    secretOf: 'account',
    fields: [
      { name: 'name', label: 'Token name', secret: false, pattern: /^[a-z ]+$/ },
      { name: 'value', label: 'Token value', secret: true },
    ],
    mint: {
      method: 'POST',
      url: 'https://api.login.example/v1/signin',
      json: { credentials: { name: '{name}', secret: '{value}', site: { url: '' } } },
    },
    answer: { status: 200, body: { credentials: { token: 'x' } }, slots: { token: '/credentials/token' } },
    lifeSeconds: 7200,
    headers: { 'X-Auth': '{token}' },
    revocation: end,
  },
} satisfies Record<string, AuthSpec>;

let broker: TestBroker;
let rows: Rows;
/** What the vendor's console gave out, and what the person types for it. */
const forms: Record<string, Record<string, string>> = {};

const register = async (id: string): Promise<{ client_id: string; client_secret: string }> => broker.control(`/${id}/register`, 'POST', {});
const linkFor = async (connection_name: string, identifier: string): Promise<string> => {
  const made = await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } });
  expect([made.status, made.body.detail]).toEqual([200, undefined]);
  return made.body.link;
};
const accountOf = async (connection: string, identifier: string): Promise<Json> =>
  (await broker.api(`/v1/connected-accounts?identifier=${encodeURIComponent(identifier)}&connection_name=${connection}`)).body.items[0];
const list = (id: string, identifier: string, connection_name = id) =>
  broker.api(`/v1/tools/${id}_item_list/execute`, { body: { identifier, connection_name, arguments: { query: 'x' } } });
const issuedBy = async (id: string): Promise<number> => (await broker.control(`/${id}/ledger`, 'GET')).counts.tokens_issued;
const userOf = (id: string, who = 'ada') => `${who}-${id}@example.test`;
const connect = async (id: string, identifier: string, form: Record<string, string> = forms[id] ?? {}) =>
  broker.connectKey(await linkFor(id, identifier), form);
const expire = (accountId: string) =>
  rows.query(
    `update connected_accounts set access_obtained_at = clock_timestamp() - interval '1 hour', access_expires_at = clock_timestamp() - interval '1 second',
       next_refresh_at = clock_timestamp() - interval '1 second' where id = $1`,
    [accountId],
  );
const incidentOf = async (id: string) =>
  (await rows.query<{ at: Date | null }>('select incident_at as at from connections where name = $1', [id]))[0]?.at;
const end_ = (id: string, what: 'grants' | 'tokens') => broker.control(`/${id}/revoke`, 'POST', { what });

beforeAll(async () => {
  broker = await startBroker({
    connectors: Object.entries(kinds).map(([id, auth]) => kindVendor(id, auth, id === 'robot' ? { headers: { 'X-Version': '1' } } : {})),
  });
  rows = await openRows(broker);
  for (const id of Object.keys(kinds)) {
    const auth = id === 'appmint' ? { fields: { installation: '4711' } } : undefined;
    const made = await broker.api('/v1/connections', { body: { name: id, connector: id, sandbox: true, ...(auth && { auth }) } });
    expect([made.status, made.body.status]).toEqual([201, 'COMPLETED']);
  }
  const [cc, robot] = [await register('ccuser'), await register('robot')];
  forms['ccuser'] = { id: cc.client_id, secret: cc.client_secret, tenant: 'acme' };
  forms['robot'] = { key_file: robot.client_secret };
  forms['login'] = { name: 'my token', value: 'pat+/=0123456789' };
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

describe.each(Object.keys(kinds) as (keyof typeof kinds)[])('%s', (id) => {
  const auth: IssuedAuth = kinds[id];
  const identifier = userOf(id);

  it('is entered on the hosted form, proven by one token, sealed, and used by a tool call', async () => {
    const before = await issuedBy(id);
    const page = await connect(id, identifier);
    expect([page.status, page.html.includes('is connected')]).toEqual([200, true]);
    expect(await issuedBy(id)).toBe(before + 1);
    const account = await accountOf(id, identifier);
    expect(account).toMatchObject({ status: 'ACTIVE', reason: null, scopes: 'scopes' in auth ? ['items:read'] : [] });
    expect(account.access_token_expires_at).not.toBeNull();
    const call = await list(id, identifier);
    expect([call.status, call.body.output]).toEqual([200, { items: ['one'] }]);
    const write = await broker.api(`/v1/tools/${id}_item_rename/execute`, {
      body: { identifier, connection_name: id, arguments: { item: 'it-1', title: 'Two' } },
    });
    expect([write.status, write.body.output?.title]).toEqual([200, 'Two']);
    expect(await issuedBy(id)).toBe(before + 1);
    expect((await broker.api(`/v1/connectors/${id}`)).body.auth).toMatchObject({
      kind: auth.kind,
      secret_of: auth.secretOf,
      rotation_class: 'A',
    });
    const [row] = await rows.query<{ text: string }>('select a::text as text from connected_accounts a where id = $1', [account.id]);
    for (const secret of Object.entries(forms[id] ?? {}).flatMap(([name, value]) =>
      ['tenant', 'name'].includes(name) ? [] : [value.slice(-60)],
    )) {
      expect(row?.text).not.toContain(secret);
      expect(page.html).not.toContain(secret);
      expect(broker.logLines.some((line) => line.includes(secret))).toBe(false);
    }
  });

  it('its token is renewed before a call that needs it, in one request however many call', async () => {
    const account = await accountOf(id, identifier);
    const before = await issuedBy(id);
    await expire(account.id);
    const calls = await Promise.all(Array.from({ length: 8 }, () => list(id, identifier)));
    expect(calls.map((call) => call.status)).toEqual(Array(8).fill(200));
    expect(await issuedBy(id)).toBe(before + 1);
    const [row] = await rows.query<{ generation: string }>('select generation from connected_accounts where id = $1', [account.id]);
    expect(Number(row?.generation)).toBe(2);
  });

  it('is renewed by the sweep when its time has come', async () => {
    const account = await accountOf(id, identifier);
    const before = await issuedBy(id);
    await expire(account.id);
    expect(await broker.modules.leases.dueForRefresh(100)).toContain(account.id);
    await broker.modules.leases.refresh(account.id, { due: true });
    expect(await issuedBy(id)).toBe(before + 1);
    expect((await accountOf(id, identifier)).last_refreshed_at).not.toBeNull();
  });

  it('a token that the provider no longer takes is renewed once, and the call repeated', async () => {
    const before = await issuedBy(id);
    await end_(id, 'tokens');
    expect((await list(id, identifier)).status).toBe(200);
    expect(await issuedBy(id)).toBe(before + 1);
  });

  it('is renewed by POST /v1/connected-accounts/{id}/refresh', async () => {
    const account = await accountOf(id, identifier);
    const before = await issuedBy(id);
    expect((await broker.api(`/v1/connected-accounts/${account.id}/refresh`, { method: 'POST' })).status).toBe(200);
    expect(await issuedBy(id)).toBe(before + 1);
  });

  it('survives an outage of the token endpoint: no account ends, the next call is served', async () => {
    const account = await accountOf(id, identifier);
    await expire(account.id);
    await broker.control(`/${id}/knobs`, 'PUT', { fail: '500', fail_times: 1, where: 'token' });
    expect((await list(id, identifier)).body.code).toBe('provider_unavailable');
    expect((await accountOf(id, identifier)).status).toBe('ACTIVE');
    await rows.query('update connected_accounts set not_before = null where id = $1', [account.id]);
    expect((await list(id, identifier)).status).toBe(200);
  });

  it('is not used for a suspended user, and goes on when he is resumed', async () => {
    const path = `/v1/users/${encodeURIComponent(identifier)}`;
    expect((await broker.api(path, { method: 'PATCH', body: { suspended: true } })).status).toBe(200);
    expect((await list(id, identifier)).body.code).toBe('user_suspended');
    expect((await broker.api(path, { method: 'PATCH', body: { suspended: false } })).status).toBe(200);
    expect((await list(id, identifier)).status).toBe(200);
  });

  it('A18: with verification by the operator’s app nothing is asked of the provider before the right user is named', async () => {
    const name = `${id}-app`;
    const verification = { mode: 'app', user_verify_urls: ['https://app.example/verify'] };
    const fields = id === 'appmint' ? { auth: { fields: { installation: '4711' } } } : {};
    const made = await broker.api('/v1/connections', { body: { name, connector: id, sandbox: true, verification, ...fields } });
    expect([made.status, made.body.status]).toEqual([201, 'COMPLETED']);
    const before = await issuedBy(id);
    const park = async () => {
      const browser = new Browser();
      const landing = await browser.follow(await linkFor(name, identifier), () => false);
      const sent = await browser.submit(landing, forms[id] ?? {}, '/key');
      return new URL(sent.headers.get('location') ?? '').searchParams.get('auth_request_id');
    };
    const verify = (auth_request_id: string | null, who: string) =>
      broker.api('/v1/connected-accounts/verify', { body: { auth_request_id, identifier: who } });
    expect((await verify(await park(), 'somebody@example.test')).body.code).toBe('verification_failed');
    expect((await accountOf(name, identifier)).status).not.toBe('ACTIVE');
    expect(await issuedBy(id)).toBe(before);
    expect((await verify(await park(), identifier)).status).toBe(200);
    expect((await accountOf(name, identifier)).status).toBe('ACTIVE');
    expect(await issuedBy(id)).toBe(before + 1);
  });

  it('a disconnect ends what can be ended, and says what cannot', async () => {
    const other = userOf(id, 'grace');
    expect((await connect(id, other)).status).toBe(200);
    const account = await accountOf(id, other);
    expect((await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' })).status).toBe(204);
    const ended = await accountOf(id, other);
    const isProven = auth.secretOf === 'connection' && 'revocation' in auth && auth.revocation !== undefined;
    expect([ended.status, ended.revocation.status]).toEqual(['DISCONNECTED', isProven ? 'proven' : 'unproven']);
    expect(ended.revocation.detail).toContain(auth.secretOf === 'connection' ? 'no more are made' : 'only by its owner');
    expect((await accountOf(id, identifier)).status).toBe('ACTIVE');
  });

  it('what the provider has ended is found at the next renewal: the account, or the connection, by whose secret it is', async () => {
    const account = await accountOf(id, identifier);
    // Nothing rotates, so that an earlier request whose outcome is unknown has lost nothing.
    await rows.query('update connected_accounts set uncertain = true where id = $1', [account.id]);
    await end_(id, 'grants');
    const call = await list(id, identifier);
    const after = await accountOf(id, identifier);
    // A key file of the operator's that was deleted looks like a deleted service account: `invalid_grant`.
    const isGone = auth.secretOf === 'account' || auth.kind === 'jwt_service_account';
    if (isGone) {
      expect([call.status, call.body.code]).toEqual([409, 'authorization_required']);
      expect(after).toMatchObject({ status: 'REVOKED', reason: auth.secretOf === 'account' ? 'key_rejected' : 'revoked_by_provider' });
      expect(await incidentOf(id)).toBeNull();
    } else {
      expect([call.status, call.body.code]).toEqual([502, 'connection_incident']);
      expect(after.status).toBe('ACTIVE');
      expect(await incidentOf(id)).not.toBeNull();
    }
    expect(account.id).toBe(after.id);
  });
});

describe('what is entered', () => {
  it.each([
    ['not JSON', 'is not JSON', () => '-----BEGIN PRIVATE KEY-----'],
    ['the key of a person', 'is not the key of a service account', () => JSON.stringify({ type: 'authorized_user', client_id: 'x' })],
    ['no private key', 'has no private_key', () => JSON.stringify({ type: 'service_account', client_email: 'a@b.example' })],
    [
      'a key of another kind',
      'is no RSA key',
      () => keyFile(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    ],
    [
      'a short key',
      'fewer than 2048 bits',
      () => keyFile(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    ],
  ])('a key file that is %s is refused before anything is sent', async (_what, words, file) => {
    const { counts: before } = await broker.control('/robot/ledger', 'GET');
    const page = await connect('robot', 'malformed@example.test', { key_file: file() });
    expect([page.status, page.html.includes(words)]).toEqual([422, true]);
    expect(page.html).not.toContain('PRIVATE KEY');
    expect((await broker.control('/robot/ledger', 'GET')).counts).toEqual(before);
  });

  it('a key that the vendor does not know is not stored', async () => {
    const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const page = await connect('robot', 'stranger@example.test', { key_file: keyFile(pem) });
    expect([page.status, page.html.includes('did not accept')]).toEqual([422, true]);
    expect((await accountOf('robot', 'stranger@example.test')).status).toBe('PENDING_AUTH');
  });

  it('addresses in a key file are never asked: the token request goes where the connector says', async () => {
    const file = JSON.parse((await register('robot')).client_secret) as Json;
    const evil = 'https://169.254.169.254/latest';
    const page = await connect('robot', 'ssrf@example.test', {
      key_file: JSON.stringify({ ...file, token_uri: evil, auth_uri: evil, client_x509_cert_url: evil, universe_domain: 'evil.example' }),
    });
    expect(page.status).toBe(200);
    expect(broker.logLines.some((line) => line.includes('169.254') || line.includes('evil.example'))).toBe(false);
    const account = await accountOf('robot', 'ssrf@example.test');
    const [row] = await rows.query<{ text: string }>('select a::text as text from connected_accounts a where id = $1', [account.id]);
    expect(row?.text).not.toContain('169.254');
  });

  it('A05: the key of another service account is no silent swap, and the first one goes on working', async () => {
    const [first, second] = [await register('robot'), await register('robot')];
    expect((await connect('robot', 'swap@example.test', { key_file: first.client_secret })).status).toBe(200);
    const page = await connect('robot', 'swap@example.test', { key_file: second.client_secret });
    expect(page.url).toContain('r=account_changed');
    expect((await accountOf('robot', 'swap@example.test')).provider_account.label).toBe(first.client_id);
    expect((await list('robot', 'swap@example.test')).status).toBe(200);
  });

  it('a wrong client secret of one person is refused at entry, and touches nobody else', async () => {
    const { client_id } = await register('ccuser');
    const page = await connect('ccuser', 'wrong@example.test', {
      id: client_id,
      secret: 'not the secret'.replaceAll(' ', '-'),
      tenant: 'acme',
    });
    expect([page.status, page.html.includes('did not accept')]).toEqual([422, true]);
    expect(await incidentOf('ccuser')).toBeNull();
  });

  it('a tenant that would change the host is refused by its field', async () => {
    const { client_id, client_secret } = await register('ccuser');
    for (const tenant of ['evil.example/', 'a@b', 'a.b', '127.0.0.1:80']) {
      expect((await connect('ccuser', 'host@example.test', { id: client_id, secret: client_secret, tenant })).status).toBe(422);
    }
  });
});

describe('domain-wide delegation', () => {
  it('acts as the person who was entered, and as the service account where none was', async () => {
    const { client_secret } = await register('robot');
    await connect('robot', 'as-person@example.test', { key_file: client_secret, person: 'grace@example.test' });
    expect((await accountOf('robot', 'as-person@example.test')).provider_account.label).toBe('grace@example.test');
    await connect('robot', 'as-itself@example.test', { key_file: client_secret });
    expect((await accountOf('robot', 'as-itself@example.test')).provider_account.label).toContain('iam.example.test');
    await expire((await accountOf('robot', 'as-person@example.test')).id);
    expect((await list('robot', 'as-person@example.test')).status).toBe(200);
  });

  it('for a person who has delegated nothing, nothing is stored', async () => {
    const { client_secret } = await register('robot');
    const page = await connect('robot', 'outside@example.test', { key_file: client_secret, person: 'ceo@elsewhere.example' });
    expect(page.status).toBe(422);
    expect((await accountOf('robot', 'outside@example.test')).status).toBe('PENDING_AUTH');
  });

  it('A03: with the operator’s key each user acts as himself, whatever his form says', async () => {
    const made = await broker.api('/v1/connections', { body: { name: 'delegated-again', connector: 'delegated', sandbox: true } });
    expect(made.body.status).toBe('COMPLETED');
    const page = await broker.connectKey(await linkFor('delegated-again', 'lin@example.test'), {
      user_identifier: 'boss@example.test',
      subject: 'boss@example.test',
    });
    expect(page.status).toBe(200);
    expect((await accountOf('delegated-again', 'lin@example.test')).provider_account.label).toBe('lin@example.test');
  });
});

describe('an app of the operator', () => {
  it('A03: a person cannot choose what it is used for: the form’s installation is not taken', async () => {
    const made = await broker.api('/v1/connections', { body: { name: 'appmint-open', connector: 'appmint', sandbox: true } });
    expect([made.status, made.body.status]).toEqual([201, 'IN_PROGRESS']);
    const refused = await broker.api('/v1/connected-accounts/authorization-link', {
      body: { connection_name: 'appmint-open', identifier: 'eve@example.test' },
    });
    expect([refused.status, refused.body.code]).toEqual([409, 'connection_not_ready']);
    const fixed = await broker.api(`/v1/connections/${made.body.id}`, {
      method: 'PATCH',
      body: { auth: { fields: { installation: '42' } } },
    });
    expect(fixed.body.status).toBe('COMPLETED');
    await broker.control('/appmint/revoke', 'POST', { account: '42' });
    // Had the form's 4711 been used, it would have been connected.
    const page = await broker.connectKey(await linkFor('appmint-open', 'eve@example.test'), { installation: '4711' });
    expect(page.url).toContain('r=consent_failed');
    expect((await accountOf('appmint-open', 'eve@example.test')).status).toBe('PENDING_AUTH');
  });

  it('A03: nor what the operator has left at its default', async () => {
    await broker.api('/v1/connections', { body: { name: 'ccapp-open', connector: 'ccapp', sandbox: true } });
    await connect('ccapp-open', 'chooser@example.test', { audience: 'other' });
    const { id, status } = await accountOf('ccapp-open', 'chooser@example.test');
    expect(status).toBe('ACTIVE');
    const [row] = await rows.query<{ fields: Json }>('select fields from connected_accounts where id = $1', [id]);
    expect(row?.fields).toEqual({ audience: 'main' });
  });

  it('an installation that was removed ends its account alone', async () => {
    const made = await broker.api('/v1/connections', {
      body: { name: 'appmint-two', connector: 'appmint', sandbox: true, auth: { fields: { installation: '77' } } },
    });
    expect((await broker.connectKey(await linkFor('appmint-two', 'ira@example.test'), {})).status).toBe(200);
    await broker.control('/appmint/revoke', 'POST', { account: '77' });
    await expire((await accountOf('appmint-two', 'ira@example.test')).id);
    const call = await broker.api('/v1/tools/appmint_item_list/execute', {
      body: { identifier: 'ira@example.test', connection_name: 'appmint-two', arguments: {} },
    });
    expect(call.body.code).toBe('authorization_required');
    expect(await accountOf('appmint-two', 'ira@example.test')).toMatchObject({ status: 'REVOKED', reason: 'revoked_by_provider' });
    expect(await incidentOf('appmint-two')).toBeNull();
    expect(made.status).toBe(201);
  });

  it.each([
    ['key file', 'delegated', '{"type":"service_account"}'],
    ['private key', 'appmint', '-----BEGIN PRIVATE KEY-----'],
  ])('a %s of the operator’s is read before it is kept', async (_what, connector, client_secret) => {
    const body = { name: `own-${connector}`, connector, auth: { client_id: 'app', client_secret } };
    const refused = await broker.api('/v1/connections', { body });
    expect([refused.status, refused.body.code, refused.body.errors?.[0]?.pointer]).toEqual([400, 'invalid_request', '/auth/client_secret']);
  });
});

function keyFile(private_key: string): string {
  return JSON.stringify({ type: 'service_account', client_email: 'robot@project.iam.example.test', private_key_id: 'abc', private_key });
}
