import type { ApiRequest } from './request.ts';

/**
 * How a user's account at the vendor is authorized: a closed list. Each kind has one placement file in egress and one
 * way through the hosted pages; a connector only fills in values.
 */
export type AuthSpec = OAuth2Auth | StaticAuth;

/** Kinds whose credential is what the person enters, and stays what it is. */
export type StaticAuth = ApiKeyAuth | BasicAuth | BearerAuth | AwsSigV4Auth | NoAuth;

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
  clientAuthentication: 'client_secret_post' | 'client_secret_basic';
  /** Extra parameters of the authorization request. */
  authorizeParams?: Record<string, string>;
  /** Where scopes do not all go into one `scope` parameter. Default: joined by `scopeSeparator`. */
  scopeParams?: (scopes: string[]) => Record<string, string>;
  /** Reads a 2xx answer whose shape is not RFC 6749's; may return a refusal (some vendors refuse with 200). */
  readTokenResponse?: (body: unknown) => TokenAnswer | TokenRefusal;
  /** How the token endpoint words its answers where that is not RFC 6749; replayed by the sandbox, read back by the kit's suite. */
  tokenExample?: TokenExample;
  rotationClass: RotationClass;
  /** Refresh tokens that nobody uses for so long stop working; they are renewed by half of it. Absent: they do not. */
  idleSeconds?: number;
  /** A grant ends so long after its consent, however often it is used. For vendors whose token answers do not say when. */
  grantSeconds?: number;
  /** Token endpoint error codes, besides invalid_grant, that mean that the grant is gone. */
  goneErrors?: string[];
}

export interface TokenExample {
  /** A good answer as the vendor documents it, with made-up values. */
  body: Record<string, unknown>;
  /** JSON pointers (RFC 6901) into `body` where the live values stand. */
  slots: Partial<Record<'access_token' | 'refresh_token' | 'expires_in' | 'scope', string>>;
  /** A refusal, and the pointer to its error code. Default: status 400 with `{ error }`. */
  refusal?: { status: number; body: Record<string, unknown>; slot: string };
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
  default?: string;
  placeholder?: string;
}

export interface ApiKeyAuth {
  kind: 'api_key';
  fields: Field[];
  /** Header name -> template over the fields: `{api_key}`. */
  headers: Record<string, string>;
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

/** Templates of what is placed, over the fields. */
export function templatesOf(auth: StaticAuth): string[] {
  switch (auth.kind) {
    case 'api_key':
      return Object.values(auth.headers);
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

/** What the person enters; nothing where the vendor's own pages ask. */
export function fieldsOf(auth: AuthSpec): Field[] {
  return auth.kind === 'oauth2' ? [] : auth.fields;
}

/** What the vault keeps for an account, opened. Never leaves vault, oauth and egress. */
export type Credential = OAuth2Credential | StaticCredential;

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
  extra?: Record<string, string> | undefined;
}

export interface StaticCredential {
  kind: StaticAuth['kind'];
  /** The secret ones. */
  fields: Record<string, string>;
}
