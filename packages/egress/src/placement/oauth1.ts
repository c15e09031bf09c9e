import { randomBytes } from 'node:crypto';
import type { AppCredentials, Credential, OAuth1Auth } from '@grantway/connector-kit';
import { reveal, type Secret } from '@grantway/contract';
import { malformed } from '../egress-error.ts';
import { oauth1Authorization } from '../oauth1-signature.ts';
import type { Placement, Unsigned } from './placed.ts';

/** RFC 5849: the request as it will be sent, signed for the connection's consumer and, where there is one, the person's token. */
export function placeOAuth1(
  auth: OAuth1Auth,
  credential: Secret<Credential>,
  app: Secret<AppCredentials> | undefined,
  request: Unsigned,
): Placement {
  const opened = reveal(credential);
  if (opened.kind !== 'oauth1') throw malformed('the credential is of another kind than the connector');
  if (app === undefined) throw malformed('the connection has no consumer credentials');
  const { client_id: key, client_secret: secret } = reveal(app);
  const { token, token_secret } = opened;
  if (auth.authorization !== undefined && token === undefined) throw malformed('the credential has no token');
  const header = oauth1Authorization({
    method: request.method,
    url: request.url,
    form: request.contentType === 'application/x-www-form-urlencoded' ? request.body : undefined,
    realm: auth.realm,
    consumer: { key, secret },
    token: token === undefined ? undefined : { token, secret: token_secret ?? '' },
    nonce: randomBytes(16).toString('hex'),
    timestamp: Math.floor(request.nowMs / 1000),
  });
  return {
    headers: { authorization: header },
    secrets: [secret, token, token_secret].filter((value) => value !== undefined && value !== '') as string[],
  };
}
