import type { Connector, Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { placeApiKey } from './api-key.ts';
import { placeAwsSigV4 } from './aws-sigv4.ts';
import { placeBasic } from './basic.ts';
import { placeBearer } from './bearer.ts';
import { placeNothing } from './none.ts';
import { placeOAuth2 } from './oauth2.ts';
import type { Placement, Unsigned } from './placed.ts';

export function place(connector: Connector, credential: Secret<Credential>, fields: Record<string, string>, request: Unsigned): Placement {
  const { auth } = connector;
  switch (auth.kind) {
    case 'oauth2':
      return placeOAuth2(auth, credential, fields, request.token);
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
