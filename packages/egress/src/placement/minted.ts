import type { Credential, MintedAuth } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { issuedToken } from './issued-token.ts';
import type { Placement } from './placed.ts';

/** The token in the headers that the connector names. */
export function placeMinted(auth: MintedAuth, credential: Secret<Credential>): Placement {
  const { token, secrets } = issuedToken('minted', credential);
  const headers = Object.entries(auth.headers).map(([name, template]) => [name.toLowerCase(), template.split('{token}').join(token)]);
  return { headers: Object.fromEntries(headers), secrets };
}
