import { describe, expect, it } from 'vitest';
import { type AppRevocation, appRevocationProblems, appRevocationRequest, namesRefreshToken } from './app-revocation.ts';

const byToken: AppRevocation = { method: 'DELETE', path: '/apps/{client_id}/token', json: { access_token: '{access_token}' } };

describe('a revocation by the app', () => {
  it('names app and token, each in its place', () => {
    expect(appRevocationRequest(byToken, { client_id: 'a/b?c', access_token: '{client_id}' })).toEqual({
      method: 'DELETE',
      path: '/apps/a%2Fb%3Fc/token',
      // A value that looks like a placeholder stays a value.
      json: { access_token: '{client_id}' },
    });
  });

  it('is none where the grant has no such token', () => {
    const refresh: AppRevocation = { method: 'POST', path: '/revoke', form: { token: '{refresh_token}' } };
    expect(appRevocationRequest(refresh, { client_id: 'c', access_token: 't' })).toBeUndefined();
    expect(appRevocationRequest(refresh, { client_id: 'c', access_token: 't', refresh_token: '' })).toBeUndefined();
    expect(appRevocationRequest(refresh, { client_id: 'c', access_token: 't', refresh_token: 'r' })).toMatchObject({
      form: { token: 'r' },
    });
    expect([namesRefreshToken(refresh), namesRefreshToken(byToken)]).toEqual([true, false]);
  });

  it.each<[string, Partial<AppRevocation>, RegExp]>([
    ['a token in its path', { path: '/apps/{access_token}' }, /\{access_token\} stands in its path/],
    ['half a segment', { path: '/apps/app-{client_id}/token' }, /stands in its path/],
    ['no token', { json: { client: '{client_id}' } }, /names no token/],
    ['something unknown', { json: { token: '{access_token}', secret: '{client_secret}' } }, /\{client_secret\} is nothing known/],
    ['two bodies', { form: { token: '{access_token}' } }, /either json or form/],
  ])('with %s is refused', (_, changes, words) => {
    expect(appRevocationProblems({ ...byToken, ...changes }).join('; ')).toMatch(words);
    expect(appRevocationProblems(byToken)).toEqual([]);
  });
});
