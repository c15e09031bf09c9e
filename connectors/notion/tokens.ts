import type { TokenAnswer, TokenRefusal } from '@grantway/connector-kit';

/** RFC 6749's answer, but it says no expiry, `refresh_token` may be null, and the workspace stands beside. */
export function readTokenResponse(body: unknown): TokenAnswer | TokenRefusal {
  const b = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (!isText(b.access_token)) return { error: isText(b.error) ? b.error : 'no_access_token' };
  const extra = ['workspace_id', 'bot_id'].flatMap((name) => (isText(b[name]) ? [[name, b[name]] as const] : []));
  return {
    access_token: b.access_token,
    refresh_token: isText(b.refresh_token) ? b.refresh_token : undefined,
    token_type: 'Bearer',
    expires_in: typeof b.expires_in === 'number' ? b.expires_in : undefined,
    extra: Object.fromEntries(extra),
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
