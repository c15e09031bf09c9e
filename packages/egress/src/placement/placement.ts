import type { AppCredentials, AuthSpec, Connector, Credential } from '@grantway/connector-kit';
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

export type UnsignedAuth = Exclude<AuthSpec, { kind: 'oauth1' | 'aws_sigv4' }>;

/** `app` is the connection's own, for kinds that sign with it. */
export function place(
  connector: Connector,
  credential: Secret<Credential>,
  fields: Record<string, string>,
  request: Unsigned,
  app?: Secret<AppCredentials>,
): Placement {
  const { auth } = connector;
  if (auth.kind === 'oauth1') return placeOAuth1(auth, credential, app, request);
  if (auth.kind === 'aws_sigv4') return placeAwsSigV4(auth, credential, fields, request);
  return placeUnsigned(auth, credential, fields, request.token);
}

/** Kinds that place the same whatever the request is. */
export function placeUnsigned(
  auth: UnsignedAuth,
  credential: Secret<Credential>,
  fields: Record<string, string>,
  token: string | undefined,
): Placement {
  switch (auth.kind) {
    case 'oauth2':
      return placeOAuth2(auth, credential, fields, token);
    case 'oauth2_client_credentials':
      return placeClientCredentials(credential);
    case 'jwt_service_account':
      return placeServiceAccount(credential);
    case 'minted':
      return placeMinted(auth, credential);
    case 'api_key':
      return placeApiKey(auth, credential, fields);
    case 'basic':
      return placeBasic(auth, credential, fields);
    case 'bearer':
      return placeBearer(auth, credential, fields);
    case 'none':
      return placeNothing(credential);
  }
}

/** The lower-case names of all headers that a kind can place; undefined where they are not the connector's alone to say. */
export function placedHeaderNames(auth: UnsignedAuth): string[] | undefined {
  const names = (headers: Record<string, string>) => Object.keys(headers).map((name) => name.toLowerCase());
  switch (auth.kind) {
    case 'oauth2':
      return auth.tokenHeaders === undefined ? ['authorization'] : names(auth.tokenHeaders);
    case 'minted':
      return names(auth.headers);
    case 'api_key':
      return Object.keys(auth.headers).some((name) => name.includes('{')) ? undefined : names(auth.headers);
    case 'none':
      return [];
    default:
      return ['authorization'];
  }
}
