import { allPermissions, newId } from '@grantway/contract';
import { createClient, createCtx } from '@grantway/core';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changed, openRows, type Rows } from './rows.ts';

let broker: TestBroker;
let rows: Rows;
beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

async function makeClient(scopes = allPermissions): Promise<{ clientId: string; clientSecret: string }> {
  const ctx = createCtx(broker.modules, {
    environmentId: broker.broker.environmentId,
    actor: { kind: 'system', id: null },
    requestId: newId('request'),
  });
  return ctx.tx((tx) => createClient(ctx, tx, { name: 'one of several', scopes }));
}

interface Asked {
  form?: Record<string, string> | string;
  headers?: Record<string, string>;
}
async function ask({ form = {}, headers = {} }: Asked): Promise<{ status: number; headers: Headers; body: Json; text: string }> {
  const response = await fetch(`${broker.baseUrl}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text), text };
}
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});
const grant = { grant_type: 'client_credentials' };
let post: Record<string, string>;
beforeEach(() => {
  post = { ...grant, client_id: broker.client.clientId, client_secret: broker.client.clientSecret };
});

describe('the token endpoint', () => {
  it.each(['basic', 'post'])('takes client_secret_%s and answers as RFC 6749 says', async (way) => {
    const { clientId, clientSecret } = broker.client;
    const answer = way === 'basic' ? await ask({ form: grant, headers: basic(clientId, clientSecret) }) : await ask({ form: post });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 900,
      scope: allPermissions.join(' '),
    });
    expect([answer.headers.get('cache-control'), answer.headers.get('pragma')]).toEqual(['no-store', 'no-cache']);
    const used = await broker.api('/v1/connectors', { token: answer.body.access_token });
    expect(used.status).toBe(200);
    const [event] = await rows.query<{ action: string; details: Json; target_id: string }>(
      'select * from audit_events where request_id = $1',
      [answer.headers.get('x-request-id')],
    );
    expect(event).toMatchObject({ action: 'access_token.issued', target_id: clientId });
    expect(JSON.stringify(event)).not.toContain(answer.body.access_token);
  });

  it('gives a part of the scopes when asked, and never more than the client has', async () => {
    const part = await ask({ form: { ...post, scope: 'connections:read tools:execute' } });
    expect(part.body.scope).toBe('connections:read tools:execute');
    const reader = await makeClient(['connections:read']);
    const own = { ...grant, client_id: reader.clientId, client_secret: reader.clientSecret };
    expect((await ask({ form: own })).body.scope).toBe('connections:read');
    for (const scope of ['connections:write', 'connections:read connections:write', 'nonsense', '*']) {
      const more = await ask({ form: { ...own, scope } });
      expect([more.status, more.body.error]).toEqual([400, 'invalid_scope']);
    }
    const token = (await ask({ form: own })).body.access_token;
    await rows.query("update clients set scopes = '{}' where id = $1", [reader.clientId]);
    // What was taken from the client is gone from tokens that are out already.
    expect((await broker.api('/v1/connections', { token })).body.code).toBe('insufficient_scope');
  });

  it('refuses two ways of authentication at once', async () => {
    const answer = await ask({ form: post, headers: basic(broker.client.clientId, broker.client.clientSecret) });
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_request']);
  });

  it('answers alike to a wrong secret and to a client that does not exist', async () => {
    const other = await makeClient();
    const missing = `${broker.client.clientId.slice(0, -4)}0000`;
    const plain = (answer: { status: number; headers: Headers; text: string }) => [
      answer.status,
      answer.text.replaceAll(/req_\w+/g, 'REQUEST'),
      [...answer.headers].filter(([name]) => !['date', 'x-request-id'].includes(name)),
    ];
    const wrong = plain(await ask({ form: { ...post, client_secret: other.clientSecret } }));
    expect(wrong[0]).toBe(401);
    expect(wrong[1]).toContain('"error":"invalid_client"');
    for (const client_id of [missing, 'nonsense', 'x'.repeat(5000), '\0', "' or true --"]) {
      expect(plain(await ask({ form: { ...post, client_id } }))).toEqual(wrong);
    }
    for (const client_secret of ['x', '\0', 'x'.repeat(5000), broker.client.clientSecret.slice(0, -1)]) {
      expect(plain(await ask({ form: { ...post, client_secret } }))).toEqual(wrong);
    }
    expect(plain(await ask({ form: grant, headers: basic(missing, 'x') }))).toEqual(
      plain(await ask({ form: grant, headers: basic(broker.client.clientId, 'x') })),
    );
  });

  it.each<[string, () => Asked, number, string]>([
    ['an unknown grant', () => ({ form: { ...post, grant_type: 'password' } }), 400, 'unsupported_grant_type'],
    ['no grant', () => ({ form: { client_id: 'a', client_secret: 'b' } }), 400, 'unsupported_grant_type'],
    ['a grant given twice', () => ({ form: 'grant_type=client_credentials&grant_type=client_credentials' }), 400, 'invalid_request'],
    ['nothing', () => ({ form: '' }), 400, 'unsupported_grant_type'],
    ['no secret', () => ({ form: { ...grant, client_id: broker.client.clientId } }), 401, 'invalid_client'],
    ['an empty secret', () => ({ form: { ...post, client_secret: '' } }), 401, 'invalid_client'],
    ['a Basic header that is none', () => ({ form: grant, headers: { authorization: 'Basic !!!' } }), 401, 'invalid_client'],
    [
      'a Basic header without a colon',
      () => ({ form: grant, headers: { authorization: `Basic ${Buffer.from('abc').toString('base64')}` } }),
      401,
      'invalid_client',
    ],
    [
      'a Basic header with broken escapes',
      () => ({ form: grant, headers: { authorization: `Basic ${Buffer.from('a%zz:b').toString('base64')}` } }),
      401,
      'invalid_client',
    ],
    ['a bearer instead', () => ({ form: grant, headers: { authorization: 'Bearer abc' } }), 401, 'invalid_client'],
    ['a form that is too large', () => ({ form: { ...post, scope: 'x'.repeat(1_100_000) } }), 413, 'invalid_request'],
    ['broken JSON', () => ({ form: '{"grant_type"', headers: { 'content-type': 'application/json' } }), 400, 'invalid_request'],
    ['XML', () => ({ form: '<grant/>', headers: { 'content-type': 'application/xml' } }), 415, 'invalid_request'],
  ])('refuses %s', async (_, asked, status, error) => {
    const before = await rows.checksums();
    const answer = await ask(asked());
    expect([answer.status, answer.body.error]).toEqual([status, error]);
    expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
    expect(answer.headers.get('cache-control')).toBe('no-store');
    if (status === 401) expect(answer.headers.get('www-authenticate')).toContain('Basic');
    expect(changed(before, await rows.checksums())).toEqual([]);
  });
});

describe('a suspended client', () => {
  it('gets no token, and its valid ones end with the next call', async () => {
    const client = await makeClient();
    const form = { ...grant, client_id: client.clientId, client_secret: client.clientSecret };
    const token = (await ask({ form })).body.access_token;
    expect((await broker.api('/v1/connections', { token })).status).toBe(200);
    await rows.query('update clients set suspended_at = now() where id = $1', [client.clientId]);
    const call = await broker.api('/v1/connections', { token });
    expect([call.status, call.body.code]).toEqual([403, 'client_suspended']);
    const again = await ask({ form });
    expect([again.status, again.body.error, again.body.code]).toEqual([403, 'invalid_client', 'client_suspended']);
    // Only who knows the secret learns that.
    expect((await ask({ form: { ...form, client_secret: 'x' } })).body.code).toBe('invalid_client');
    await rows.query('update clients set suspended_at = null where id = $1', [client.clientId]);
    expect((await broker.api('/v1/connections', { token })).status).toBe(200);
  });

  it('that was deleted is a stranger', async () => {
    const client = await makeClient();
    const token = (await ask({ form: { ...grant, client_id: client.clientId, client_secret: client.clientSecret } })).body.access_token;
    await rows.query('delete from clients where id = $1', [client.clientId]);
    expect((await broker.api('/v1/connections', { token })).status).toBe(401);
  });
});

describe('what others need to know', () => {
  it('is in the metadata of RFC 8414, and every address in it answers', async () => {
    const metadata = (await (await fetch(`${broker.baseUrl}/.well-known/oauth-authorization-server`)).json()) as Json;
    expect(metadata).toMatchObject({
      issuer: broker.baseUrl,
      token_endpoint: `${broker.baseUrl}/oauth/token`,
      grant_types_supported: expect.arrayContaining(['client_credentials', 'authorization_code', 'refresh_token']),
      token_endpoint_auth_methods_supported: expect.arrayContaining(['client_secret_basic', 'client_secret_post']),
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    });
    expect((await fetch(metadata.authorization_endpoint)).status).toBe(400);
    expect((await fetch(metadata.registration_endpoint, { method: 'POST' })).status).toBe(415);
    expect((await fetch(metadata.revocation_endpoint, { method: 'POST' })).status).toBe(400);
    expect((await fetch(metadata.token_endpoint, { method: 'POST' })).status).toBe(400);
    expect((await fetch(metadata.jwks_uri)).status).toBe(200);
    expect((await fetch(metadata.service_documentation)).status).toBe(200);
  });

  it('is in the JWKS: public keys alone, and tokens are checked with them by the Web Crypto of anybody', async () => {
    const { keys } = (await (await fetch(`${broker.baseUrl}/.well-known/jwks.json`)).json()) as Json;
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' });
    for (const key of keys) expect(['d', 'p', 'q', 'k'].filter((name) => name in key)).toEqual([]);
    const [header = '', payload = '', signature = ''] = (await broker.token('connections:read')).split('.');
    const read = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(header)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: keys[0].kid });
    expect(read(payload)).toMatchObject({
      iss: broker.baseUrl,
      aud: broker.baseUrl,
      sub: broker.client.clientId,
      client_id: broker.client.clientId,
      scope: 'connections:read',
    });
    expect(read(payload).exp - read(payload).iat).toBe(900);
    const key = await crypto.subtle.importKey('jwk', keys[0], { name: 'Ed25519' }, false, ['verify']);
    const verify = (text: string) => crypto.subtle.verify({ name: 'Ed25519' }, key, Buffer.from(signature, 'base64url'), Buffer.from(text));
    expect(await verify(`${header}.${payload}`)).toBe(true);
    expect(await verify(`${header}.${payload.slice(0, -2)}xx`)).toBe(false);
  });
});
