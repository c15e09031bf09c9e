import type { Connector, Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { placeApiKey } from './api-key.ts';
import { placeBasic } from './basic.ts';
import { placeBearer } from './bearer.ts';
import { placeNothing } from './none.ts';
import { placeOAuth2 } from './oauth2.ts';
import type { Placement } from './placed.ts';

export function place(connector: Connector, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const { auth } = connector;
  switch (auth.kind) {
    case 'oauth2':
      return placeOAuth2(credential);
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
