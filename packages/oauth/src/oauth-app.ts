import { type Connector, type OAuth2Auth, sandboxUrl } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';

/** A connector together with the credentials of the operator's own app at the vendor. */
export interface OAuthApp {
  connector: Connector & { auth: OAuth2Auth };
  clientId: string;
  /** Undefined for a public client. */
  clientSecret: Secret<string> | undefined;
  redirectUri: string;
  /** Set: every endpoint is the sandbox's stand-in, and http on loopback is allowed. */
  sandboxOrigin: string | undefined;
}

/** The URL as it is to be used for this app. */
export function endpoint(app: OAuthApp, url: string): string {
  return app.sandboxOrigin === undefined ? url : sandboxUrl(url, app.sandboxOrigin);
}
