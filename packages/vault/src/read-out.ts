import { reveal } from '@grantway/contract';
import type { Lease } from './lease.ts';

/** A credential in clear, for a caller who was allowed to have it. A refresh token is never in it. */
export interface InClear {
  accessToken: string | null;
  /** RFC 3339. */
  expiresAt: string | null;
  fields: Record<string, string> | null;
}

/** Whether what is leased ends by itself: an access token, and not a key or a password. */
export const endsByItself = ({ credential }: Lease): boolean => 'access_token' in reveal(credential);

/**
 * The only way by which a credential leaves the broker in clear; whoever calls it has counted and audited that first. Of what
 * tokens are made of, only the token goes.
 */
export function readOut({ credential }: Lease): InClear {
  const value = reveal(credential);
  if (value.kind === 'oauth1') {
    const fields = { token: value.token ?? '', token_secret: value.token_secret ?? '' };
    return { accessToken: null, expiresAt: null, fields };
  }
  if (!('access_token' in value)) {
    return { accessToken: null, expiresAt: null, fields: 'requested_scopes' in value ? null : { ...value.fields } };
  }
  const expiresAt = value.expires_at === undefined ? null : new Date(value.expires_at).toISOString();
  return { accessToken: value.access_token ?? null, expiresAt, fields: null };
}
