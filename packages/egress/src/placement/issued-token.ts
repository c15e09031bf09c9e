import type { Credential, IssuedAuth, IssuedCredential } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';

// A key file is never sent, so that nobody can echo it; looking for its many spellings would only cost.
const longestSent = 1024;

/** The token of an issued credential, and every value of it that a provider has seen. */
export function issuedToken(kind: IssuedAuth['kind'], credential: Secret<Credential>): { token: string; secrets: string[] } {
  const opened = reveal(credential);
  if (opened.kind !== kind) throw malformed('the credential is of another kind than the connector');
  const { access_token: token, fields } = opened as IssuedCredential;
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) throw malformed('there is no access token that can stand in a header');
  return { token, secrets: [token, ...Object.values(fields).filter((value) => value.length <= longestSent)] };
}
