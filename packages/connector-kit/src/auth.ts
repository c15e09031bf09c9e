import type { AppRevocation } from './app-revocation.ts';
import type { CallbackCapture, CallbackVerification, Lookup, Parameter, TokenCapture } from './parameters.ts';
import type { ApiRequest } from './request.ts';

/**
 * How a user's account at the vendor is authorized: a closed list. Each kind has one placement file in egress and one
 * way through the hosted pages; a connector only fills in values.
 */
export type AuthSpec = OAuth2Auth | OAuth1Auth | IssuedAuth | StaticAuth;

/** Kinds whose credential is what the person enters, and stays what it is. */
export type StaticAuth = ApiKeyAuth | BasicAuth | BearerAuth | AwsSigV4Auth | NoAuth;

/** Kinds whose short-lived tokens are made of a long-lived secret that never changes: rotation class A by nature. */
export type IssuedAuth = ClientCredentialsAuth | JwtServiceAccountAuth | MintedAuth;

/** What a token endpoint's answer says, after the vendor's own shape has been read (RFC 6749 section 5.1 terms). */
export interface TokenAnswer {
  access_token: string;
  refresh_token?: string | undefined;
  token_type?: string | undefined;
  /** Seconds from now; undefined where the vendor does not say. */
  expires_in?: number | undefined;
  /** Seconds until the refresh token ends, used or not; undefined where the vendor does not say. */
  refresh_token_expires_in?: number | undefined;
  scopes?: string[] | undefined;
  id_token?: string | undefined;
  /** Further tokens of the answer, by the connector's names for them. */
  tokens?: Record<string, string> | undefined;
  /** Small values to keep beside the token, for example a team id. Sealed with it. */
  extra?: Record<string, string> | undefined;
}

/** What a token endpoint's refusal says (RFC 6749 section 5.2 terms). */
export interface TokenRefusal {
  error: string;
  error_description?: string | undefined;
}

/**
 * What happens to the old refresh token when a new one is issued.
 * A: it never changes. B: old ones stay valid. C: the old one stays usable for a while. D: single use. E: single use,
 * and reuse kills the whole grant. An unknown class is treated as E.
 */
export type RotationClass = 'A' | 'B' | 'C' | 'D' | 'E';

export interface OAuth2Auth {
  kind: 'oauth2';
  authorizeUrl: string;
  tokenUrl: string;
  /** RFC 7009, or `revocation` for a vendor's own way. */
  revokeUrl?: string;
  /** The vendor's own revocation call, made with the token to be revoked placed as for any API call. */
  revocation?: ApiRequest;
  /** The vendor's own revocation call, made by the app itself with its id and secret. */
  revocationByApp?: AppRevocation;
  /**
   * What one revocation ends at the vendor: this grant alone, or whatever the person granted this app. Not declared means
   * `account`: then a replaced credential is left alone while a newer one of the same person works.
   */
  revocationEnds?: 'grant' | 'account';
  /** Scope name -> what it lets the agent do, in plain words for the consent page. */
  scopes: Record<string, string>;
  defaultScopes: string[];
  scopeSeparator: ' ' | ',';
  /** S256 is sent always where the vendor takes it; vendors without PKCE rely on `state` and the client secret. */
  pkce: 'S256' | 'unsupported';
  /** RFC 6749 section 2.3.1; `none` is a public client (RFC 6749 section 2.1), which needs PKCE. */
  clientAuthentication: 'client_secret_post' | 'client_secret_basic' | 'none';
  /** How token requests are written. Default: `form`, as RFC 6749 wants it. */
  tokenBodyFormat?: 'form' | 'json';
  /** Extra parameters of the authorization request. */
  authorizeParams?: Record<string, string>;
  /** Where scopes do not all go into one `scope` parameter. Default: joined by `scopeSeparator`. */
  scopeParams?: (scopes: string[]) => Record<string, string>;
  /** Reads a 2xx answer whose shape is not RFC 6749's; may return a refusal (some vendors refuse with 200). */
  readTokenResponse?: (body: unknown) => TokenAnswer | TokenRefusal;
  /** How the token endpoint words its answers where that is not RFC 6749; replayed by the sandbox, read back by the kit's suite. */
  tokenExample?: TokenExample;
  /** Answers of other shapes, for grants whose scopes all stood in one of several parameters of the request. */
  otherTokenExamples?: OtherTokenExample[];
  rotationClass: RotationClass;
  /** Class C: for how long a refresh token that was used stays usable, seconds. Absent: a minute. */
  leewaySeconds?: number;
  /** What the authorization request must hold, or no refresh token is given. Absent: nothing. */
  offline?: { scope: string } | { params: Record<string, string> };
  /** Refresh tokens that nobody uses for so long stop working; they are renewed by half of it. Absent: they do not. */
  idleSeconds?: number;
  /** A grant ends so long after its consent, however often it is used. For vendors whose token answers do not say when. */
  grantSeconds?: number;
  /** Token endpoint error codes, besides invalid_grant, that mean that the grant is gone. */
  goneErrors?: string[];
  /** How long an access token lives where no answer says so, seconds. Absent: not known, so that only a 401 tells. */
  defaultLifeSeconds?: number;
  /** `app`: the vendor has the scopes at its registration of the app and takes none in the request. Default: `request`. */
  scopesAt?: 'request' | 'app';
  /** Scopes that hold others: granted name -> names that it covers, spellings of the vendor's answers included. */
  scopeCovers?: Record<string, string[]>;
  /** Scopes that are granted without being named in an answer, for example `offline_access`. */
  unlistedScopes?: string[];
  /** Asked from the person before the vendor's consent page, or fixed on the connection; never secret. */
  fields?: Field[];
  captureFromToken?: TokenCapture[];
  captureFromCallback?: CallbackCapture[];
  verifyCallback?: CallbackVerification;
  /** A call after consent whose answer says where the account is; several answers are chosen from by the person. */
  lookup?: Lookup;
  /** Header name -> template over `{access_token}`, further tokens and parameters. Default: RFC 6750's `Authorization: Bearer {access_token}`. */
  tokenHeaders?: Record<string, string>;
  /** Further tokens in the same answer: name -> JSON pointer (RFC 6901). A request that says `token: name` is sent with that one. */
  moreTokens?: Record<string, string>;
}

export interface TokenExample {
  /** A good answer as the vendor documents it, with made-up values. */
  body: Record<string, unknown>;
  /** JSON pointers (RFC 6901) into `body` where the live values stand. */
  slots: Partial<Record<'access_token' | 'refresh_token' | 'expires_in' | 'scope', string>>;
  /** A refusal, and the pointer to its error code. Default: status 400 with `{ error }`. */
  refusal?: { status: number; body: Record<string, unknown>; slot: string };
}

export interface OtherTokenExample extends Pick<TokenExample, 'body' | 'slots'> {
  /** The parameter that held the scopes. */
  scopeParam: string;
  /** Whether it answers the code, or each refresh. */
  answers: 'authorization_code' | 'refresh_token';
}

/** One value that the person enters, or that the operator fixes for the connection when it is not secret. */
export interface Field {
  name: string;
  label: string;
  /** One sentence: where to find it. */
  help?: string;
  secret: boolean;
  /** Anchored; checked before anything is sent. Fields that stand in a host name must have `pattern` or `options`. */
  pattern?: RegExp;
  options?: { value: string; label: string }[];
  /** The value is a host that is one of these or lies below one. */
  hostSuffixes?: string[];
  /** The whole base URL of the operator's own service; `setBy: 'operator'` as well. */
  operatorUrl?: true;
  /** Only the operator sets it, on the connection; no person is asked, and no agent can. Default: either of the two. */
  setBy?: 'operator';
  default?: string;
  placeholder?: string;
  /** A text of several lines, for example a key file. */
  multiline?: boolean;
  /** May be left empty. */
  optional?: boolean;
}

export interface ApiKeyAuth {
  kind: 'api_key';
  fields: Field[];
  /** Header name -> template over the fields: `{api_key}`. The name may be `{field}` of a field that the operator sets. */
  headers: Record<string, string>;
  /** Query parameter -> template, for vendors that take their key nowhere else. */
  query?: Record<string, string>;
  /** One path segment in front of the request's path, for example `/bot{token}`. */
  pathPrefix?: string;
}

/** RFC 7617. Where a vendor wants its key as user name or password, the templates say so: `{email}/token` and `{api_token}`. */
export interface BasicAuth {
  kind: 'basic';
  fields: Field[];
  username: string;
  /** May be empty, or a constant that the vendor ignores. */
  password: string;
}

/** A token that the vendor shows to its user, in the Authorization header behind a word of the vendor's choice. */
export interface BearerAuth {
  kind: 'bearer';
  fields: Field[];
  token: string;
  /** `Bearer`, or `Token`, `SSWS`, `OAuth`, `Bot`; empty where the token stands alone. */
  scheme: string;
}

/**
 * AWS Signature Version 4: nothing secret is sent, each request is signed. Templates over the fields; `service` is AWS's
 * word for the API, as it stands in the credential scope.
 */
export interface AwsSigV4Auth {
  kind: 'aws_sigv4';
  fields: Field[];
  accessKeyId: string;
  secretAccessKey: string;
  /** Of temporary credentials. */
  sessionToken?: string;
  region: string;
  service: string;
}

/** An API that asks nobody who he is. The fields, where there are any, are not secret: a site, a language. */
export interface NoAuth {
  kind: 'none';
  fields: Field[];
}

/**
 * Whose long-lived secret tokens are made of. `account`: each person enters one. `connection`: the operator's app of the
 * connection, `{client_id}` and `{client_secret}` in templates; then the fields are the operator's too, because a person
 * who could choose them would choose among all that the app may reach.
 */
export type SecretOf = 'account' | 'connection';

interface IssuedBase {
  secretOf: SecretOf;
  fields: Field[];
  /** The vendor's own call that ends the token it is made with, placed as for any API call. */
  revocation?: ApiRequest;
}

interface Scoped {
  scopes: Record<string, string>;
  defaultScopes: string[];
  scopeSeparator: ' ' | ',';
}

/** RFC 6749 section 4.4: the client acts for itself. */
export interface ClientCredentialsAuth extends IssuedBase, Scoped {
  kind: 'oauth2_client_credentials';
  /** https; may hold `{field}` of non-secret fields as a base URL may. */
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  clientAuthentication: 'client_secret_post' | 'client_secret_basic';
  /** Further parameters of the token request, templates over the fields: an audience, an account id. */
  tokenParams?: Record<string, string>;
  /** Token endpoint error codes, besides those of RFC 6749, that mean that this client is gone. */
  goneErrors?: string[];
}

/** RFC 7523 section 2.1 with a service account's key file as Google issues it; RS256. */
export interface JwtServiceAccountAuth extends IssuedBase, Scoped {
  kind: 'jwt_service_account';
  /** Where the assertion goes, and its audience. Never taken from the key file. */
  tokenUrl: string;
  /** Template of the key file: a secret field, or `{client_secret}`. */
  key: string;
  /**
   * Template of the person to act as (domain-wide delegation); empty: as itself. `{user_identifier}` is the identifier of
   * the user who connects, and with `secretOf: 'connection'` the only one that differs between users.
   */
  subject?: string;
}

/** A token of the vendor's own making for a long-lived secret: one request, one answer with a token in it. */
export interface MintedAuth extends IssuedBase {
  kind: 'minted';
  mint: {
    method: 'POST' | 'GET' | 'PUT';
    /** https; the host as in a base URL, path segments may be whole `{field}`s. */
    url: string;
    /** Templates over the fields and `{jwt}`. */
    headers?: Record<string, string>;
    basic?: { username: string; password: string };
    form?: Record<string, string>;
    /** Every text in it is a template. */
    json?: Record<string, unknown>;
    /** Signed anew for each request; `iat` and `exp` are added. `key` is a PEM private key. */
    jwt?: { algorithm: 'RS256' | 'ES256'; key: string; claims: Record<string, string>; lifeSeconds: number };
  };
  /** The answer as the vendor documents it, with made-up values, and JSON pointers to what is read from it. */
  answer: { status?: number; body: Record<string, unknown>; slots: { token: string; expires_at?: string; expires_in?: string } };
  /** Where the vendor does not say how long a token lives. */
  lifeSeconds?: number;
  /** How the token is sent, `{token}` in each. */
  headers: Record<string, string>;
  /** HTTP statuses of the mint endpoint by which this account is gone, besides 401 where the secret is the account's. */
  goneStatuses?: number[];
}

/** RFC 5849 with HMAC-SHA1; the consumer key and secret are the connection's client id and secret. */
export interface OAuth1Auth {
  kind: 'oauth1';
  /** Absent: no person is asked, and requests are signed with the consumer's credentials alone. */
  authorization?: {
    requestTokenUrl: string;
    authorizeUrl: string;
    accessTokenUrl: string;
    /** Extra parameters of the authorization page. */
    authorizeParams?: Record<string, string>;
  };
  /** Non-secret ones; the operator fixes them. */
  fields: Field[];
  realm?: string;
  revocation?: ApiRequest;
}

export function isIssued(auth: AuthSpec): auth is IssuedAuth {
  return auth.kind === 'oauth2_client_credentials' || auth.kind === 'jwt_service_account' || auth.kind === 'minted';
}

/** Whether the person is sent to the vendor's own pages, instead of a form of ours. */
export function hasConsentPage(auth: AuthSpec): auth is OAuth2Auth | (OAuth1Auth & { authorization: object }) {
  return auth.kind === 'oauth2' || (auth.kind === 'oauth1' && auth.authorization !== undefined);
}

/** Whether the connection holds an app of the operator: client id and client secret. */
export function usesApp(auth: AuthSpec): boolean {
  return auth.kind === 'oauth2' || auth.kind === 'oauth1' || (isIssued(auth) && auth.secretOf === 'connection');
}

/** Whether nobody but the operator may choose the fields' values. */
export function fieldsAreTheOperators(auth: AuthSpec): boolean {
  return auth.kind !== 'oauth2' && usesApp(auth);
}

/** Whether nobody but the operator may choose this field's value. */
export function isTheOperators(auth: AuthSpec, field: Pick<Field, 'setBy'>): boolean {
  return field.setBy === 'operator' || fieldsAreTheOperators(auth);
}

/** Scope name -> plain words; nothing where the vendor knows none. */
export function scopesOf(auth: AuthSpec): Record<string, string> {
  return 'scopes' in auth ? auth.scopes : {};
}

/** Templates of what is placed or sent, over the fields. */
export function templatesOf(auth: StaticAuth | IssuedAuth | OAuth1Auth): string[] {
  switch (auth.kind) {
    case 'oauth1':
      return [];
    case 'oauth2_client_credentials':
      return [auth.clientId, auth.clientSecret, ...Object.values(auth.tokenParams ?? {})];
    case 'jwt_service_account':
      return [auth.key, auth.subject ?? ''];
    case 'minted': {
      const { headers, basic, form, json, jwt } = auth.mint;
      const texts = [headers, basic, form, json, jwt?.claims].flatMap((part) => textsIn(part));
      return [...texts, jwt?.key ?? ''];
    }
    case 'api_key':
      return [...Object.entries(auth.headers).flat(), ...Object.values(auth.query ?? {}), auth.pathPrefix ?? ''];
    case 'basic':
      return [auth.username, auth.password];
    case 'bearer':
      return [auth.token];
    case 'aws_sigv4':
      return [auth.accessKeyId, auth.secretAccessKey, auth.sessionToken ?? '', auth.region];
    case 'none':
      return [];
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** Names that templates may use beside the fields. */
export function reservedNames(auth: AuthSpec): string[] {
  if (!isIssued(auth)) return [];
  return [
    ...(auth.secretOf === 'connection' ? ['client_id', 'client_secret'] : []),
    ...(auth.kind === 'jwt_service_account' ? ['user_identifier'] : []),
    ...(auth.kind === 'minted' ? ['jwt'] : []),
  ];
}

/** What the person enters; for OAuth what must be known before the vendor's own pages can ask. */
export function fieldsOf(auth: AuthSpec): Field[] {
  return auth.fields ?? [];
}

/** Everything that templates may name, whoever says it. */
export function parametersOf(auth: AuthSpec): Parameter[] {
  const fields: Parameter[] = fieldsOf(auth).filter((field) => !field.secret);
  if (auth.kind !== 'oauth2') return fields;
  return [...fields, ...(auth.captureFromToken ?? []), ...(auth.captureFromCallback ?? []), ...(auth.lookup?.captures ?? [])];
}

/** What the vault keeps for an account, opened. Never leaves vault, oauth and egress. */
export type Credential = RenewableCredential | OAuth1Credential | StaticCredential;

/** Those whose access token is renewed by a request to the provider. */
export type RenewableCredential = OAuth2Credential | IssuedCredential;

export interface OAuth2Credential {
  kind: 'oauth2';
  access_token: string;
  refresh_token?: string | undefined;
  /** Milliseconds since the epoch; undefined where the vendor does not say. */
  expires_at?: number | undefined;
  /** When the refresh token ends, in milliseconds since the epoch; undefined where no answer said. */
  refresh_expires_at?: number | undefined;
  scopes: string[];
  id_token?: string | undefined;
  /** Further tokens of the same grant, by the connector's names. */
  tokens?: Record<string, string> | undefined;
  /** What was learned with the grant, parameters included: an API host, a tenant. They change with it, in one write. */
  extra?: Record<string, string> | undefined;
}

export interface StaticCredential {
  kind: StaticAuth['kind'];
  /** The secret ones. */
  fields: Record<string, string>;
}

export interface IssuedCredential {
  kind: IssuedAuth['kind'];
  /** The secret fields of which tokens are made; empty where the secret is the connection's. */
  fields: Record<string, string>;
  /** Whom the service account acts as. */
  subject?: string | undefined;
  /** What each token is asked for; what it got is in `scopes`. */
  requested_scopes: string[];
  /** Absent until the first token was issued. */
  access_token?: string | undefined;
  /** Milliseconds since the epoch; undefined where the vendor does not say. */
  expires_at?: number | undefined;
  scopes: string[];
}

/** RFC 5849 token credentials; without a token where the consumer signs alone. */
export interface OAuth1Credential {
  kind: 'oauth1';
  token?: string | undefined;
  token_secret?: string | undefined;
}

/** The operator's app of a connection, opened. */
export interface AppCredentials {
  client_id: string;
  client_secret: string;
}
