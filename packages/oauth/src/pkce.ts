import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '@grantway/contract';

/** RFC 7636 with S256: the verifier is sealed beside the consent session, the challenge travels. */
export interface Pkce {
  verifier: Secret<string>;
  challenge: string;
}

export function createPkce(): Pkce {
  // 32 octets, 43 characters: RFC 7636 section 4.1.
  const verifier = randomBytes(32).toString('base64url');
  return { verifier: new Secret(verifier), challenge: createHash('sha256').update(verifier, 'ascii').digest('base64url') };
}
