import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  type ApiRequest,
  type AppRevocation,
  appRevocationRequest,
  type Connector,
  type Credential,
  type OAuth2Credential,
  parametersOf,
  type TokenAnswer,
} from '@grantway/connector-kit';
import { reveal, Secret } from '@grantway/contract';
import { scrubText } from '@grantway/egress';
import {
  type ClientAuth,
  ClientSecretPost,
  type Configuration,
  genericGrantRequest,
  None,
  refreshTokenGrant,
  tokenRevocation,
} from 'openid-client';
import { type OAuthApp, withValues } from './oauth-app.ts';

// The only file of this package that opens secrets: the client's own, and what a request must carry.

/** RFC 6749 section 2.3.1. */
export function clientAuthentication(app: OAuthApp): ClientAuth {
  const { clientSecret, connector } = app;
  return (_server, client, body, headers) => {
    if (clientSecret === undefined || connector.auth.clientAuthentication === 'none') {
      body.set('client_id', client.client_id);
    } else if (connector.auth.clientAuthentication === 'client_secret_basic') {
      const pair = `${formEncoded(client.client_id)}:${formEncoded(reveal(clientSecret))}`;
      headers.set('authorization', `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`);
    } else {
      body.set('client_id', client.client_id);
      body.set('client_secret', reveal(clientSecret));
    }
  };
}

/** For the operator's identity provider. */
export function identityClientAuthentication(secret: Secret<string> | undefined): ClientAuth {
  return secret === undefined ? None() : ClientSecretPost(reveal(secret));
}

export function pkceCheck(verifier: Secret<string>): { pkceCodeVerifier: string } {
  return { pkceCodeVerifier: reveal(verifier) };
}

// RFC 6749 appendix B. Letters, digits and *-._ stay as they are, so that vendors who do not decode understand usual ids too.
function formEncoded(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2);
}

/**
 * RFC 6749 section 4.1.3. The general grant is used because openid-client would otherwise rebuild the redirect URI, and
 * compare `iss` with an issuer that is not known for most vendors.
 */
export async function requestByCode(
  config: Configuration,
  app: OAuthApp,
  code: Secret<string>,
  verifier: Secret<string> | undefined,
): Promise<void> {
  await genericGrantRequest(config, 'authorization_code', {
    code: reveal(code),
    redirect_uri: app.redirectUri,
    ...(verifier === undefined ? {} : { code_verifier: reveal(verifier) }),
  });
}

/** RFC 6749 section 6. The scope is left out, which asks for what was granted. */
export async function requestByRefreshToken(config: Configuration, current: Secret<OAuth2Credential>): Promise<void> {
  await refreshTokenGrant(config, reveal(current).refresh_token ?? '');
}

/** RFC 7009 section 2.1. */
export async function requestRevocation(
  config: Configuration,
  current: Secret<OAuth2Credential>,
  hint: 'refresh_token' | 'access_token',
): Promise<void> {
  await tokenRevocation(config, reveal(current)[hint] ?? '', { token_type_hint: hint });
}

/**
 * The connector's own revocation call, authenticated by the app: as of a connector whose credential is the app's. Undefined where the
 * app has no secret, or the grant no token of the kind that the call names.
 */
export function revocationByApp(
  app: OAuthApp,
  spec: AppRevocation,
  current: Secret<OAuth2Credential>,
): { connector: Connector; request: ApiRequest; credential: Secret<Credential> } | undefined {
  if (app.clientSecret === undefined) return undefined;
  const { access_token, refresh_token } = reveal(current);
  const request = appRevocationRequest(spec, { client_id: app.clientId, access_token, refresh_token });
  if (request === undefined) return undefined;
  const { connector } = app;
  return {
    request,
    connector: {
      ...connector,
      auth: {
        kind: 'basic',
        fields: [
          // The base URL may depend on what was learned with the grant.
          ...parametersOf(connector.auth).map(({ options, ...parameter }) => ({
            ...parameter,
            label: parameter.name,
            secret: false,
            ...(options === undefined ? {} : { options: options.map(({ value }) => ({ value, label: value })) }),
          })),
          { name: 'client_id', label: 'Client id', secret: false },
          { name: 'client_secret', label: 'Client secret', secret: true },
        ],
        username: '{client_id}',
        password: '{client_secret}',
      },
    },
    credential: new Secret<Credential>({ kind: 'basic', fields: { client_id: app.clientId, client_secret: reveal(app.clientSecret) } }),
  };
}

export function hasRefreshToken(current: Secret<OAuth2Credential>): boolean {
  return (reveal(current).refresh_token ?? '') !== '';
}

/**
 * What is to be stored after an answer. What the answer leaves out is carried over from before: an answer without a
 * refresh token means that the old one stays (RFC 6749 section 6), one without scopes that they are unchanged (section 5.1).
 */
export function credentialFrom(
  answer: TokenAnswer,
  requestedAtMs: number,
  before: Secret<OAuth2Credential> | { scopes: string[]; extra?: Record<string, string> },
): Secret<OAuth2Credential> {
  const old: Partial<OAuth2Credential> = before instanceof Secret ? reveal(before) : before;
  const extra = { ...old.extra, ...answer.extra };
  const tokens = { ...old.tokens, ...answer.tokens };
  return new Secret<OAuth2Credential>({
    kind: 'oauth2',
    access_token: answer.access_token,
    refresh_token: answer.refresh_token ?? old.refresh_token,
    // Counted from before the request was sent, so that our clock errs on the early side.
    expires_at: answer.expires_in === undefined ? undefined : requestedAtMs + answer.expires_in * 1000,
    refresh_expires_at:
      answer.refresh_token_expires_in === undefined ? old.refresh_expires_at : requestedAtMs + answer.refresh_token_expires_in * 1000,
    scopes: answer.scopes ?? old.scopes ?? [],
    id_token: answer.id_token ?? old.id_token,
    ...(Object.keys(tokens).length === 0 ? {} : { tokens }),
    extra: Object.keys(extra).length === 0 ? undefined : extra,
  });
}

/** The app as the grant's own parameters make it: where its token endpoint is. */
export function appOfGrant(app: OAuthApp, current: Secret<OAuth2Credential>): OAuthApp {
  return withValues(app, reveal(current).extra);
}

/** The credential with more parameters: what a lookup found. */
export function withLearned(current: Secret<Credential>, values: Readonly<Record<string, string>>): Secret<Credential> {
  const opened = reveal(current);
  return opened.kind === 'oauth2' ? new Secret<Credential>({ ...opened, extra: { ...opened.extra, ...values } }) : current;
}

/** Whether the signature fits: HMAC-SHA-256 of the text with the client secret, in hexadecimal. */
export function isSignedByClientSecret(app: OAuthApp, text: string, signature: string): boolean {
  if (app.clientSecret === undefined) return false;
  const made = createHmac('sha256', reveal(app.clientSecret)).update(text, 'utf8').digest();
  const given = Buffer.from(/^[0-9a-f]{64}$/i.test(signature) ? signature : '', 'hex');
  return given.length === made.length && timingSafeEqual(made, given);
}

/** For a vendor's own words: shortened, on one line, and without the secrets of the request that they answer. */
export function vendorWords(app: OAuthApp, secrets: (Secret<string> | Secret<OAuth2Credential> | undefined)[]): (text: string) => string {
  return (text) => {
    const values = [app.clientSecret, ...secrets].flatMap((secret): string[] => {
      if (secret === undefined) return [];
      const opened = reveal<string | Credential>(secret as Secret<string | Credential>);
      if (typeof opened === 'string') return [opened];
      return opened.kind === 'oauth2'
        ? [opened.access_token, opened.refresh_token ?? '', opened.id_token ?? '', ...Object.values(opened.tokens ?? {})]
        : [];
    });
    // Only printable ASCII: nothing in it can break a line, a terminal or a page's direction of writing.
    return scrubText(
      text,
      values.filter((value) => value !== ''),
    )
      .replace(/[^\x20-\x7e]+/g, ' ')
      .replace(/[<>&"'`]/g, ' ')
      .trim()
      .slice(0, 200);
  };
}
