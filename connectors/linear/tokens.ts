import type { TokenAnswer, TokenRefusal } from '@grantway/connector-kit';

/** RFC 6749's answer, but `scope` is a list in older answers and may be separated by spaces or commas. */
export function readTokenResponse(body: unknown): TokenAnswer | TokenRefusal {
  const b = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof b.access_token !== 'string' || b.access_token === '') {
    return { error: typeof b.error === 'string' ? b.error : 'no_access_token' };
  }
  return {
    access_token: b.access_token,
    refresh_token: typeof b.refresh_token === 'string' && b.refresh_token !== '' ? b.refresh_token : undefined,
    token_type: 'Bearer',
    expires_in: typeof b.expires_in === 'number' ? b.expires_in : undefined,
    scopes: scopesOf(b.scope),
  };
}

function scopesOf(scope: unknown): string[] | undefined {
  if (Array.isArray(scope)) return scope.filter((s): s is string => typeof s === 'string');
  return typeof scope === 'string' ? scope.split(/[\s,]+/).filter((s) => s !== '') : undefined;
}
