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
export const endsByItself = ({ credential }: Lease): boolean => reveal(credential).kind === 'oauth2';

/** The only way by which a credential leaves the broker in clear; whoever calls it has counted and audited that first. */
export function readOut({ credential }: Lease): InClear {
  const value = reveal(credential);
  if (value.kind !== 'oauth2') return { accessToken: null, expiresAt: null, fields: { ...value.fields } };
  const expiresAt = value.expires_at === undefined ? null : new Date(value.expires_at).toISOString();
  return { accessToken: value.access_token, expiresAt, fields: null };
}
