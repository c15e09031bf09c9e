import type { TokenAnswer, TokenRefusal } from '@grantway/connector-kit';

/** RFC 6749's answer, but the scopes are a list under `scopes`; a refusal is told by `status`, as everywhere at HubSpot. */
export function readTokenResponse(body: unknown): TokenAnswer | TokenRefusal {
  const b = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof b.access_token !== 'string' || b.access_token === '') {
    const error = [b.status, b.error].find((word) => typeof word === 'string');
    return { error: typeof error === 'string' ? error : 'no_access_token' };
  }
  return {
    access_token: b.access_token,
    refresh_token: typeof b.refresh_token === 'string' && b.refresh_token !== '' ? b.refresh_token : undefined,
    token_type: 'Bearer',
    expires_in: typeof b.expires_in === 'number' ? b.expires_in : undefined,
    scopes: scopesOf(b.scopes),
  };
}

function scopesOf(scopes: unknown): string[] | undefined {
  if (Array.isArray(scopes)) return scopes.filter((scope): scope is string => typeof scope === 'string');
  return typeof scopes === 'string' ? scopes.split(' ') : undefined;
}
