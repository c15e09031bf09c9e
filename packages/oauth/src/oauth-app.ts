import { type Connector, fillUrl, type OAuth2Auth, parametersOf, sandboxUrl } from '@grantway/connector-kit';
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
  /** Parameters of the connector's URLs: the operator's, and those of the account that a request is about. */
  values?: Readonly<Record<string, string>>;
}

/** The URL as it is to be used for this app. @throws RangeError where a parameter is missing or does not fit */
export function endpoint(app: OAuthApp, template: string): string {
  const url = template.includes('{') ? fillUrl(template, parametersOf(app.connector.auth), app.values ?? {}).href : template;
  return app.sandboxOrigin === undefined ? url : sandboxUrl(url, app.sandboxOrigin);
}

/** The app as it is for one account: what was learned with a grant outweighs what was set since. */
export function withValues(app: OAuthApp, values: Readonly<Record<string, string>> | undefined): OAuthApp {
  return values === undefined ? app : { ...app, values: { ...app.values, ...values } };
}
