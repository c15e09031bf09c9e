import { createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import {
  type AppCredentials,
  type ClientCredentialsAuth,
  type Credential,
  type IssuedCredential,
  isIssued,
  type JwtServiceAccountAuth,
  type MintedAuth,
  type OAuth1Credential,
} from '@grantway/connector-kit';
import { reveal, Secret } from '@grantway/contract';
import { fillTemplate, oauth1Authorization, scrubText } from '@grantway/egress';
import { SignJWT } from 'jose';
import type { Consumer, Issuer } from './connection-app.ts';
import { readServiceAccountKey, type ServiceAccountKey } from './service-account-key.ts';

// Where long-lived secrets become the one request that each is for. Nothing here sends.

/** The secret is of a shape that nothing can be asked with; nothing was sent. */
export class UnusableSecret extends Error {}

/** A request that carries or proves a secret. `url` is the vendor's own. */
export interface SecretRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** An assertion is good from a little before now, because clocks differ, and not for long. */
const assertionEarlySeconds = 30;
const assertionLifeSeconds = 300;

/** The token request of a credential. @throws EgressError when a field does not fit its place */
export async function tokenRequest(issuer: Issuer, current: Secret<IssuedCredential>, nowMs: number): Promise<SecretRequest> {
  const { connector, app, fields } = issuer;
  const { auth } = connector;
  const opened = reveal(current);
  const values = { ...defaultsOf(auth.fields), ...fields, ...opened.fields, ...(app === undefined ? {} : reveal(app)) };
  const credential = { ...opened, values };
  switch (auth.kind) {
    case 'oauth2_client_credentials':
      return byClientCredentials(issuer, auth, credential);
    case 'jwt_service_account':
      return byAssertion(auth, credential, nowMs);
    case 'minted':
      return byMinting(issuer, auth, credential, nowMs);
  }
}

type Opened = IssuedCredential & { values: Record<string, string> };

function byClientCredentials(issuer: Issuer, auth: ClientCredentialsAuth, { values, requested_scopes }: Opened): SecretRequest {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (requested_scopes.length > 0) form.set('scope', requested_scopes.join(auth.scopeSeparator));
  for (const [name, template] of Object.entries(auth.tokenParams ?? {})) form.set(name, filled(template, values));
  const [id, secret] = [filled(auth.clientId, values), filled(auth.clientSecret, values)];
  const headers: Record<string, string> = formHeaders();
  if (auth.clientAuthentication === 'client_secret_basic') {
    // RFC 6749 section 2.3.1 has both encoded as in a form first.
    headers.authorization = `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`, 'utf8').toString('base64')}`;
  } else {
    form.set('client_id', id);
    form.set('client_secret', secret);
  }
  return { method: 'POST', url: fillTemplate(issuer.connector, auth.tokenUrl, values).href, headers, body: form.toString() };
}

/** RFC 7523 section 2.1; claims as Google's "Using OAuth 2.0 for Server to Server Applications" lists them. */
async function byAssertion(auth: JwtServiceAccountAuth, credential: Opened, nowMs: number): Promise<SecretRequest> {
  const key = keyFile(filled(auth.key, credential.values));
  const claims = {
    ...(credential.requested_scopes.length === 0 ? {} : { scope: credential.requested_scopes.join(auth.scopeSeparator) }),
    ...(credential.subject === undefined ? {} : { sub: credential.subject }),
  };
  const at = Math.floor(nowMs / 1000) - assertionEarlySeconds;
  const assertion = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(key.private_key_id === undefined ? {} : { kid: key.private_key_id }) })
    .setIssuer(key.client_email)
    .setAudience(auth.tokenUrl)
    .setIssuedAt(at)
    .setExpirationTime(at + assertionLifeSeconds)
    .sign(privateKey(key.private_key));
  const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion });
  return { method: 'POST', url: auth.tokenUrl, headers: formHeaders(), body: body.toString() };
}

async function byMinting(issuer: Issuer, auth: MintedAuth, credential: Opened, nowMs: number): Promise<SecretRequest> {
  const { method, url, headers, basic, form, json, jwt } = auth.mint;
  const values = { ...credential.values, ...(jwt === undefined ? {} : { jwt: await signedJwt(jwt, credential.values, nowMs) }) };
  const fill = (template: string) => filled(template, values);
  const request: SecretRequest = {
    method,
    url: fillTemplate(issuer.connector, url, credential.values).href,
    headers: {
      accept: 'application/json',
      ...Object.fromEntries(Object.entries(headers ?? {}).map(([name, template]) => [name.toLowerCase(), fill(template)])),
    },
  };
  if (basic !== undefined) {
    request.headers.authorization = `Basic ${Buffer.from(`${fill(basic.username)}:${fill(basic.password)}`, 'utf8').toString('base64')}`;
  }
  if (form !== undefined) {
    request.headers['content-type'] = 'application/x-www-form-urlencoded';
    request.body = new URLSearchParams(Object.entries(form).map(([name, template]): [string, string] => [name, fill(template)])).toString();
  } else if (json !== undefined) {
    request.headers['content-type'] = 'application/json';
    request.body = JSON.stringify(filledDeep(json, fill));
  }
  return request;
}

function signedJwt(jwt: NonNullable<MintedAuth['mint']['jwt']>, values: Record<string, string>, nowMs: number): Promise<string> {
  const at = Math.floor(nowMs / 1000) - assertionEarlySeconds;
  return new SignJWT(Object.fromEntries(Object.entries(jwt.claims).map(([name, template]) => [name, filled(template, values)])))
    .setProtectedHeader({ alg: jwt.algorithm, typ: 'JWT' })
    .setIssuedAt(at)
    .setExpirationTime(at + jwt.lifeSeconds)
    .sign(privateKey(filled(jwt.key, values)));
}

/** RFC 5849 sections 2.1 and 2.3: a request for temporary or token credentials. */
export function oauth1TokenRequest(
  consumer: Consumer,
  url: string,
  more: Record<string, string>,
  temporary: Secret<OAuth1Credential> | undefined,
  nowMs: number,
): SecretRequest {
  const { client_id: key, client_secret: secret } = reveal(consumer.app);
  const opened = temporary === undefined ? undefined : reveal(temporary);
  const authorization = oauth1Authorization({
    method: 'POST',
    url: new URL(url),
    realm: consumer.connector.auth.realm,
    consumer: { key, secret },
    token: opened?.token === undefined ? undefined : { token: opened.token, secret: opened.token_secret ?? '' },
    nonce: randomBytes(16).toString('hex'),
    timestamp: Math.floor(nowMs / 1000),
    more,
  });
  return { method: 'POST', url, headers: { authorization, accept: 'application/x-www-form-urlencoded' } };
}

/** The verifier that came back, for the token request alone. */
export function verifierParameter(verifier: Secret<string>): Record<string, string> {
  return { oauth_verifier: reveal(verifier) };
}

/** Whether a token that came back in the browser is the one that was sent out. */
export function isToken(credential: Secret<OAuth1Credential>, token: string | undefined): boolean {
  return token !== undefined && reveal(credential).token === token;
}

/** The temporary token, which the vendor's page needs in its address (RFC 5849 section 2.2). */
export function publicToken(credential: Secret<OAuth1Credential>): string {
  return reveal(credential).token ?? '';
}

/** The credential with the token that was just issued. */
export function withToken(
  current: Secret<IssuedCredential>,
  issued: Pick<IssuedCredential, 'access_token' | 'expires_at' | 'scopes'>,
): Secret<IssuedCredential> {
  return new Secret<IssuedCredential>({ ...reveal(current), ...issued });
}

/** What a token is asked for, where the answer names no scopes (RFC 6749 section 5.1). */
export function requestedScopes(current: Secret<IssuedCredential>): string[] {
  return reveal(current).requested_scopes;
}

/** A vendor's own words: shortened, on one line, without the secrets of the request that they answer. */
export function wordsWithout(secrets: {
  app?: Secret<AppCredentials> | undefined;
  credential?: Secret<Credential> | undefined;
}): (text: string) => string {
  return (text) => {
    const app = secrets.app === undefined ? [] : [reveal(secrets.app).client_secret];
    const opened = secrets.credential === undefined ? undefined : reveal(secrets.credential);
    const values =
      opened === undefined ? [] : Object.values('fields' in opened ? opened.fields : opened).filter((v) => typeof v === 'string');
    return scrubText(
      text,
      [...app, ...values].filter((value) => value.length <= 1024),
    )
      .replace(/[^\x20-\x7e]+/g, ' ')
      .replace(/[<>&"'`]/g, ' ')
      .trim()
      .slice(0, 200);
  };
}

export function isOAuth1(credential: Secret<Credential>): credential is Secret<OAuth1Credential> {
  return reveal(credential).kind === 'oauth1';
}

export function isIssuedCredential(credential: Secret<Credential>): credential is Secret<IssuedCredential> {
  return isIssued({ kind: reveal(credential).kind } as never);
}

function keyFile(text: string): ServiceAccountKey {
  const read = readServiceAccountKey(text);
  if ('problem' in read) throw new UnusableSecret('the key file cannot be used');
  return JSON.parse(read.key) as ServiceAccountKey;
}

function privateKey(pem: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    throw new UnusableSecret('the private key cannot be read');
  }
}

function formHeaders(): Record<string, string> {
  return { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
}

function defaultsOf(fields: { name: string; default?: string }[]): Record<string, string> {
  return Object.fromEntries(fields.flatMap((f) => (f.default === undefined ? [] : [[f.name, f.default]])));
}

/** One pass: a value that looks like a placeholder stays a value. */
function filled(template: string, values: Record<string, string>): string {
  return template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] as string) : '',
  );
}

function filledDeep(value: unknown, fill: (template: string) => string): unknown {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((one) => filledDeep(one, fill));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, filledDeep(one, fill)]));
}

function formEncoded(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2);
}
