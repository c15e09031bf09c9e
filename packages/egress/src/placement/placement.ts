import type { Connector, Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { placeApiKey } from './api-key.ts';
import { placeOAuth2 } from './oauth2.ts';
import type { Placement } from './placed.ts';

export function place(connector: Connector, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const { auth } = connector;
  switch (auth.kind) {
    case 'oauth2':
      return placeOAuth2(credential);
    case 'api_key':
      return placeApiKey(auth, credential, fields);
  }
}
