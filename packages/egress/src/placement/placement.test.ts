import type { AuthSpec, Connector, Credential, Field, StaticCredential } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import { describe, expect, it } from 'vitest';
import { connectorHeaders } from '../headers.ts';
import { scrubText } from '../scrub.ts';
import { place } from './placement.ts';

const field = (name: string, secret = true): Field => ({ name, label: name, secret });
const plainGet = {
  method: 'GET',
  url: new URL('https://api.example/'),
  body: undefined,
  contentType: undefined,
  nowMs: Date.UTC(2015, 7, 30, 12, 36, 0),
};
const placed = (auth: AuthSpec, credential: Credential, fields: Record<string, string> = {}, request = plainGet) =>
  place({ auth } as Connector, new Secret(credential), fields, request);
const basic = (fields: Record<string, string>): StaticCredential => ({ kind: 'basic', fields });
const bearer = (token: string): StaticCredential => ({ kind: 'bearer', fields: { token } });

const userAndPassword: AuthSpec = {
  kind: 'basic',
  fields: [field('user', false), field('password')],
  username: '{user}',
  password: '{password}',
};
const tokenBehind = (scheme: string): AuthSpec => ({ kind: 'bearer', fields: [field('token')], token: '{token}', scheme });

describe('basic', () => {
  it('places user and password as RFC 7617 has it, whatever characters they are of', () => {
    // The example of RFC 7617 section 2.
    expect(placed(userAndPassword, basic({ password: 'open sesame' }), { user: 'Aladdin' }).headers).toEqual({
      authorization: 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
    });
    // And of section 2.1: the pound sign in UTF-8.
    expect(placed(userAndPassword, basic({ password: '123£' }), { user: 'test' }).headers).toEqual({
      authorization: 'Basic dGVzdDoxMjPCow==',
    });
    const { headers } = placed(userAndPassword, basic({ password: 'a:b:{user}' }), { user: 'ada' });
    expect(Buffer.from(headers['authorization']?.slice(6) as string, 'base64').toString()).toBe('ada:a:b:{user}');
  });

  it('places a vendor’s own arrangement of a key', () => {
    const zendesk: AuthSpec = {
      kind: 'basic',
      fields: [field('email', false), field('api_token')],
      username: '{email}/token',
      password: '{api_token}',
    };
    const { headers } = placed(zendesk, basic({ api_token: 'k3y-value' }), { email: 'ada@example.test' });
    expect(Buffer.from(headers['authorization']?.slice(6) as string, 'base64').toString()).toBe('ada@example.test/token:k3y-value');
    const keyAlone: AuthSpec = { kind: 'basic', fields: [field('key')], username: '{key}', password: '' };
    expect(placed(keyAlone, basic({ key: 'sk-value' })).headers).toEqual({
      authorization: `Basic ${Buffer.from('sk-value:').toString('base64')}`,
    });
  });

  it.each([
    ['a colon in the user name', { user: 'ada:x', password: 'secret-1' }],
    ['a line break in the user name', { user: 'ada\r\nx: y', password: 'secret-1' }],
    ['a line break in the password', { user: 'ada', password: 'secret\n-1' }],
    ['no password', { user: 'ada', password: '' }],
  ])('refuses %s, and does not repeat it', (_what, { user, password }) => {
    const attempt = () => placed(userAndPassword, basic({ password }), { user });
    expect(attempt).toThrow(expect.objectContaining({ kind: 'invalid', sent: false }));
    expect(attempt).not.toThrow(/secret|ada/);
  });

  it('an echo of the password or of the whole pair is removed from an answer', () => {
    const { headers, secrets } = placed(userAndPassword, basic({ password: 'open sesame' }), { user: 'Aladdin' });
    const echo = scrubText(`got ${headers['authorization']} and "open sesame" of Aladdin`, secrets);
    expect(echo).not.toMatch(/QWxhZGRpb|open sesame/);
    expect(echo).toContain('Aladdin');
  });
});

describe('bearer', () => {
  it.each([
    ['Bearer', 'Bearer tok-123456'],
    ['Token', 'Token tok-123456'],
    ['SSWS', 'SSWS tok-123456'],
    ['OAuth', 'OAuth tok-123456'],
    ['', 'tok-123456'],
  ])('behind the word “%s”', (scheme, authorization) => {
    const placement = placed(tokenBehind(scheme), bearer('tok-123456'));
    expect(placement).toEqual({ headers: { authorization }, secrets: ['tok-123456'] });
    expect(() => connectorHeaders({ authorization: 'mine' }, placement.headers)).toThrow('may not set');
  });

  it.each(['a b', 'a\r\nx-admin: 1', 'tök', 'a\0b', ''])('refuses %j', (token) => {
    expect(() => placed(tokenBehind('Bearer'), bearer(token))).toThrow(expect.objectContaining({ kind: 'invalid', sent: false }));
  });
});

describe('aws_sigv4', () => {
  const aws: AuthSpec = {
    kind: 'aws_sigv4',
    fields: [field('key_id', false), field('secret'), field('region', false)],
    accessKeyId: '{key_id}',
    secretAccessKey: '{secret}',
    region: '{region}',
    service: 'service',
  };
  const credential: StaticCredential = { kind: 'aws_sigv4', fields: { secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' } };
  const where = { key_id: 'AKIDEXAMPLE', region: 'us-east-1' };
  const signatureOf = (url: string, method = 'GET', body?: string) =>
    placed(aws, credential, where, { ...plainGet, method, url: new URL(url), body: body as undefined }).headers['authorization'];

  // The vendor's own test suite for Signature Version 4: get-vanilla, post-vanilla, get-vanilla-query-order-key-case.
  it.each([
    ['GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    ['GET', '/?Param2=value2&Param1=value1', 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500'],
  ])('%s %s is signed as the vendor’s test suite has it', (method, path, signature) => {
    expect(signatureOf(`https://example.amazonaws.com${path}`, method)).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=${signature}`,
    );
  });

  it('every part of a request that matters changes the signature; the secret is not in it', () => {
    const base = signatureOf('https://example.amazonaws.com/a', 'POST', '{}');
    const others = [
      signatureOf('https://example.amazonaws.com/b', 'POST', '{}'),
      signatureOf('https://example.amazonaws.com/a', 'PUT', '{}'),
      signatureOf('https://example.amazonaws.com/a?x=1', 'POST', '{}'),
      signatureOf('https://other.amazonaws.com/a', 'POST', '{}'),
      signatureOf('https://example.amazonaws.com/a', 'POST', '{"x":1}'),
      signatureOf('https://example.amazonaws.com/a', 'POST'),
    ];
    expect(new Set([base, ...others]).size).toBe(7);
    expect(base).not.toContain('wJalrXUtn');
  });

  it('a session token of temporary credentials is sent and signed', () => {
    const temporary: AuthSpec = { ...aws, fields: [...aws.fields, field('session')], sessionToken: '{session}' };
    const { headers, secrets } = placed(temporary, { kind: 'aws_sigv4', fields: { ...credential.fields, session: 'sess-123456' } }, where);
    expect(headers['x-amz-security-token']).toBe('sess-123456');
    expect(headers['authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token,');
    expect(secrets).toContain('sess-123456');
  });

  it.each([
    [{ key_id: 'AKID/EXAMPLE', region: 'us-east-1' }],
    [{ key_id: 'AKIDEXAMPLE, SignedHeaders=x', region: 'us-east-1' }],
    [{ key_id: 'AKIDEXAMPLE', region: 'us-east-1/iam' }],
    [{ key_id: 'AKIDEXAMPLE', region: 'us\r\nx: y' }],
  ])('refuses %j', (hostile) => {
    expect(() => placed(aws, credential, hostile)).toThrow(expect.objectContaining({ kind: 'invalid', sent: false }));
  });
});

describe('none', () => {
  it('places nothing', () => {
    expect(placed({ kind: 'none', fields: [] }, { kind: 'none', fields: {} })).toEqual({ headers: {}, secrets: [] });
  });
});

describe('every kind', () => {
  const kinds: [AuthSpec, StaticCredential][] = [
    [
      { kind: 'api_key', fields: [field('key')], headers: { 'x-key': '{key}' } },
      { kind: 'api_key', fields: { key: 'key-1234' } },
    ],
    [
      { kind: 'basic', fields: [field('key')], username: '{key}', password: '' },
      { kind: 'basic', fields: { key: 'key-1234' } },
    ],
    [
      { kind: 'bearer', fields: [field('key')], token: '{key}', scheme: 'Bearer' },
      { kind: 'bearer', fields: { key: 'key-1234' } },
    ],
    [
      { kind: 'none', fields: [] },
      { kind: 'none', fields: {} },
    ],
  ];

  it('places a credential of its own kind and refuses that of any other', () => {
    for (const [auth, own] of kinds) {
      expect(() => placed(auth, own)).not.toThrow();
      for (const [, other] of kinds) {
        if (other.kind !== auth.kind) expect(() => placed(auth, other), `${auth.kind} with ${other.kind}`).toThrow('another kind');
      }
      expect(() => placed(auth, { kind: 'oauth2', access_token: 'a', scopes: [] })).toThrow('another kind');
    }
  });

  it('takes a secret from the credential and never from what the operator fixed', () => {
    for (const [auth, own] of kinds.slice(0, 3)) {
      const { headers } = placed(auth, own, { key: 'planted-by-fields' });
      expect(JSON.stringify(headers)).not.toContain('planted');
      expect(JSON.stringify(headers)).not.toContain(Buffer.from('planted-by-fields:').toString('base64'));
    }
  });
});
