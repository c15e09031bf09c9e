import type { AppCredentials, Connector, Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { placeApiKey } from './api-key.ts';
import { placeAwsSigV4 } from './aws-sigv4.ts';
import { placeBasic } from './basic.ts';
import { placeBearer } from './bearer.ts';
import { placeServiceAccount } from './jwt-service-account.ts';
import { placeMinted } from './minted.ts';
import { placeNothing } from './none.ts';
import { placeOAuth1 } from './oauth1.ts';
import { placeOAuth2 } from './oauth2.ts';
import { placeClientCredentials } from './oauth2-client-credentials.ts';
import type { Placement, Unsigned } from './placed.ts';

/** `app` is the connection's own, for kinds that sign with it. */
export function place(
  connector: Connector,
  credential: Secret<Credential>,
  fields: Record<string, string>,
  request: Unsigned,
  app?: Secret<AppCredentials>,
): Placement {
  const { auth } = connector;
  switch (auth.kind) {
    case 'oauth2':
      return placeOAuth2(auth, credential, fields, request.token);
    case 'oauth2_client_credentials':
      return placeClientCredentials(credential);
    case 'jwt_service_account':
      return placeServiceAccount(credential);
    case 'minted':
      return placeMinted(auth, credential);
    case 'oauth1':
      return placeOAuth1(auth, credential, app, request);
    case 'api_key':
      return placeApiKey(auth, credential, fields);
    case 'basic':
      return placeBasic(auth, credential, fields);
    case 'bearer':
      return placeBearer(auth, credential, fields);
    case 'aws_sigv4':
      return placeAwsSigV4(auth, credential, fields, request);
    case 'none':
      return placeNothing(credential);
  }
}
