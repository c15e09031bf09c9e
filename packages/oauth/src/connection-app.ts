import type { AppCredentials } from '@grantway/connector-kit';
import { type Connector, type IssuedAuth, type OAuth1Auth, sandboxUrl } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';

/** Who asks the vendor for tokens of an issued kind. */
export interface Issuer {
  connector: Connector & { auth: IssuedAuth };
  /** The connection's app, where tokens are made of its secret. */
  app: Secret<AppCredentials> | undefined;
  /** Non-secret fields: fixed by the operator, or entered by the person. */
  fields: Record<string, string>;
  /** Set: the endpoint is the sandbox's stand-in. */
  sandboxOrigin: string | undefined;
}

/** The operator's app at a vendor that speaks OAuth 1.0a. */
export interface Consumer {
  connector: Connector & { auth: OAuth1Auth };
  app: Secret<AppCredentials>;
  sandboxOrigin: string | undefined;
}

/** The URL as it is to be used. What is signed or named as an audience is always the vendor's own. */
export function reachable(of: { sandboxOrigin: string | undefined }, url: string): string {
  return of.sandboxOrigin === undefined ? url : sandboxUrl(url, of.sandboxOrigin);
}
