import { createHash } from 'node:crypto';
import { connector, get, type OAuth2Auth } from '@grantway/connector-kit';
import { reveal, Secret } from '@grantway/contract';
import { describe, expect, it } from 'vitest';
import { authorizationUrl, createPkce, type OAuthApp } from './index.ts';

function app(auth: Partial<OAuth2Auth> = {}, sandboxOrigin?: string): OAuthApp {
  const plain = connector({
    id: 'plain',
    name: 'Plain',
    description: 'A vendor by the book.',
    docs: 'https://plain.example/docs',
    auth: {
      kind: 'oauth2',
      authorizeUrl: 'https://plain.example/authorize',
      tokenUrl: 'https://plain.example/token',
      scopes: {},
      defaultScopes: [],
      scopeSeparator: ' ',
      pkce: 'S256',
      clientAuthentication: 'client_secret_post',
      rotationClass: 'A',
      ...auth,
    },
    api: { baseUrl: 'https://api.plain.example' },
    identify: {
      request: get('/me'),
      subject: () => ({ id: '1', label: 'one' }),
      example: { receives: { body: {} }, gives: { id: '1', label: 'one' } },
    },
    tools: [],
  });
  return {
    connector: plain as OAuthApp['connector'],
    clientId: 'id&x=1',
    clientSecret: new Secret('unused'),
    redirectUri: 'https://broker.example/cb?a=b&c',
    sandboxOrigin,
  };
}

describe('the authorization request', () => {
  const pkce = createPkce();
  const request = { state: 's#&?', scopes: ['a:read', 'b', 'b'], pkce };

  it('carries what RFC 6749 and RFC 7636 ask for, escaped', () => {
    const url = new URL(authorizationUrl(app(), request));
    expect(url.origin + url.pathname).toBe('https://plain.example/authorize');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: 'code',
      client_id: 'id&x=1',
      redirect_uri: 'https://broker.example/cb?a=b&c',
      state: 's#&?',
      scope: 'a:read b',
      code_challenge: pkce.challenge,
      code_challenge_method: 'S256',
    });
  });

  it('the challenge is the SHA-256 of the verifier, new each time', () => {
    expect(pkce.challenge).toBe(createHash('sha256').update(reveal(pkce.verifier)).digest('base64url'));
    expect(reveal(pkce.verifier)).toMatch(/^[\w-]{43}$/);
    expect(createPkce().challenge).not.toBe(pkce.challenge);
  });

  it('scopes follow the connector: separator, parameters of their own, none at all', () => {
    expect(new URL(authorizationUrl(app({ scopeSeparator: ',' }), request)).searchParams.get('scope')).toBe('a:read,b');
    const split = app({ scopeParams: (scopes) => ({ scope: scopes[0] ?? '', user_scope: scopes.slice(1).join(',') }) });
    const url = new URL(authorizationUrl(split, request));
    expect([url.searchParams.get('scope'), url.searchParams.get('user_scope')]).toEqual(['a:read', 'b']);
    expect(new URL(authorizationUrl(app(), { ...request, scopes: [] })).searchParams.has('scope')).toBe(false);
  });

  it('nothing that a connector adds replaces what binds the answer', () => {
    const hostile = { state: 'fixed', redirect_uri: 'https://evil.example', code_challenge: 'x', prompt: 'consent' };
    const authorizeUrl = 'https://plain.example/authorize?state=fixed&tenant=1';
    for (const of of [app({ authorizeParams: hostile, authorizeUrl }), app({ scopeParams: () => hostile, authorizeUrl })]) {
      const url = new URL(authorizationUrl(of, request));
      expect(url.searchParams.getAll('state')).toEqual(['s#&?']);
      expect(url.searchParams.get('redirect_uri')).toBe('https://broker.example/cb?a=b&c');
      expect(url.searchParams.get('code_challenge')).toBe(pkce.challenge);
      expect(url.searchParams.get('tenant')).toBe('1');
      expect(url.searchParams.get('prompt')).toBe('consent');
      expect(url.hash).toBe('');
    }
  });

  it('a vendor without PKCE gets no challenge', () => {
    const url = new URL(authorizationUrl(app({ pkce: 'unsupported' }), { ...request, pkce: undefined }));
    expect(url.searchParams.has('code_challenge')).toBe(false);
  });

  it('only https, except at the sandbox', () => {
    expect(() => authorizationUrl(app({ authorizeUrl: 'http://plain.example/authorize' }), request)).toThrow(/https/);
    expect(() => authorizationUrl(app({ authorizeUrl: 'javascript:alert(1)' }), request)).toThrow(/https/);
    const url = authorizationUrl(app({}, 'http://127.0.0.1:5000'), request);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:5000\/plain\.example\/authorize\?/);
  });
});
