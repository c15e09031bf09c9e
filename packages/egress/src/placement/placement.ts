import type { Connector, Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { placeApiKey } from './api-key.ts';
import { placeOAuth2 } from './oauth2.ts';

/** A credential made ready for one request. Lives as long as that request. */
export interface Placement {
  headers: Record<string, string>;
  /** Every value that must not come back to the caller. */
  secrets: string[];
}

export function place(connector: Connector, credential: Secret<Credential>, fields: Record<string, string>): Placement {
  const { auth } = connector;
  switch (auth.kind) {
    case 'oauth2':
      return placeOAuth2(credential);
    case 'api_key':
      return placeApiKey(auth, credential, fields);
  }
}
