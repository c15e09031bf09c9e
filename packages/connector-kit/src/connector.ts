import { type AuthSpec, hasConsentPage, isIssued, reservedNames, scopesOf, templatesOf } from './auth.ts';
import { authProblems } from './auth-problems.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import type { Tool } from './tool.ts';
import { placeholders } from './url-template.ts';
import { idAliasesOf, variantIdShape, variantOf } from './variants.ts';

/**
 * What a vendor's answer means when it is not a good one.
 * rejected: the credential was not accepted (a refresh may help). revoked: the grant is gone for certain.
 * missing_scope: the credential is fine but lacks scopes. rate_limited: later. error: this request was refused.
 * unavailable: the vendor is failing.
 */
export type ApiFault =
  | { kind: 'rejected'; message: string }
  | { kind: 'revoked'; message: string }
  | { kind: 'missing_scope'; message: string; needed: string[] }
  | { kind: 'rate_limited'; message: string; retryAfterSeconds?: number | undefined }
  | { kind: 'error'; message: string }
  | { kind: 'unavailable'; message: string };

export interface ProviderAccount {
  /** The vendor's own stable id of the account. */
  id: string;
  /** For people: a name, an e-mail address, a workspace. */
  label: string;
  /** An address that the vendor has verified; left out where it does not say so or does not tell one. */
  email?: string;
  /** The vendor's own stable id of the workspace, organization or tenant that the account is in. */
  team?: string;
}

export interface Connector {
  id: string;
  name: string;
  /** One sentence for the catalogue. */
  description: string;
  docs: string;
  /** Ids by which clients of other brokers know this connector. */
  aliases?: string[];
  auth: AuthSpec;
  /** Other ways in besides `auth`, by an id that operators choose them by: `personal_token`. */
  authVariants?: Record<string, AuthVariant>;
  /** Which of them this is (`variantOf`); not for authors to set. */
  variant?: string;
  api: {
    /** https; may hold `{name}` of any parameter: a field, a value of the token answer or the redirect back, the answer of the lookup. */
    baseUrl: string;
    /** Further hosts of the vendor's, by a name that requests say as `host`: https with a path at most, no parameters. They get the same credential. */
    hosts?: Record<string, string>;
    /** Headers sent with every request, for example a version; values may hold `{name}` as well. */
    headers?: Record<string, string>;
    /** Undefined when the answer is a good one. Default: judge by the HTTP status. */
    fault?: (response: ApiResponse) => ApiFault | undefined;
    /** The vendor's documented answers by kind of fault; replayed by the sandbox, judged by `fault` in the kit's suite. */
    refusals?: Partial<Record<ApiFault['kind'], { status: number; headers?: Record<string, string>; body: unknown }>>;
  };
  /** A harmless call that proves the credential and says whose it is; also the test of a key before it is stored. */
  identify: {
    request: ApiRequest;
    subject: (body: never, response: ApiResponse) => ProviderAccount;
    example: { receives: { status?: number; body: unknown }; gives: ProviderAccount };
    /** Judges the answer to this call where `api.fault` would be too strict, for example because nothing needs to be there. */
    fault?: (response: ApiResponse) => ApiFault | undefined;
  };
  tools: Tool[];
}

/**
 * Another way in to the same vendor, with the same tools: a personal token where the default is an OAuth app. The operator
 * chooses it for a connection, once; everything that is not named here is as the connector says.
 */
export interface AuthVariant {
  /** In plain words, for whoever chooses: `Personal access token`. */
  label: string;
  /** One sentence: when to choose it, and what is different then. */
  description: string;
  auth: AuthSpec;
  /** Only what differs: another host, other headers, refusals in other words. */
  api?: Partial<Connector['api']>;
  identify?: Connector['identify'];
  /** Ids of connectors by which clients of other brokers mean this way in; their tools' names begin with them. */
  aliases?: string[];
}

const idPattern = /^[a-z][a-z0-9-]{1,30}$/;

/** Declares a connector and refuses one that is not well formed, at load time. */
export function connector(definition: Connector): Connector {
  const problems: string[] = [];
  if (!idPattern.test(definition.id)) problems.push('id');
  const prefix = `${definition.id.replaceAll('-', '_')}_`;
  const seen = new Set<string>();
  for (const t of definition.tools) {
    if (!t.name.startsWith(prefix) || !/^[a-z0-9_]{3,64}$/.test(t.name)) problems.push(`tool name ${t.name}`);
    if (seen.has(t.name)) problems.push(`tool ${t.name} twice`);
    seen.add(t.name);
    for (const alias of t.aliases) {
      if (!/^[a-zA-Z0-9_-]{3,64}$/.test(alias) || seen.has(alias)) problems.push(`alias ${alias} of ${t.name}`);
      seen.add(alias);
    }
    if (t.examples.length === 0) problems.push(`tool ${t.name} has no example`);
  }
  problems.push(...wayProblems(definition), ...variantProblems(definition));
  if (problems.length > 0) throw new TypeError(`connector ${definition.id}: ${problems.join('; ')}`);
  const slugs = Object.values(definition.authVariants ?? {}).flatMap(({ aliases = [] }) => aliases);
  return slugs.length === 0 ? definition : { ...definition, tools: definition.tools.map((t) => alsoOf(t, prefix, slugs)) };
}

/** The tool under the names that it has with brokers that count each way in as a connector of its own. */
function alsoOf(tool: Tool, prefix: string, slugs: string[]): Tool {
  const names = [tool.name, ...tool.aliases].filter((name) => name.startsWith(prefix));
  const others = slugs.flatMap((slug) => names.map((name) => `${slug.replaceAll('-', '_')}_${name.slice(prefix.length)}`));
  return { ...tool, aliases: [...new Set([...tool.aliases, ...others.filter((name) => name.length <= 64)])] };
}

/** What is wrong with one way in. */
function wayProblems(definition: Connector): string[] {
  const problems: string[] = [];
  if ('scopes' in definition.auth) {
    for (const scope of [...definition.auth.defaultScopes, ...definition.tools.flatMap((t) => t.scopes)]) {
      if (scopesOf(definition.auth)[scope] === undefined) problems.push(`scope ${scope} has no plain words`);
    }
  }
  if (definition.auth.kind !== 'oauth2') {
    const { auth } = definition;
    const reserved = reservedNames(auth);
    for (const name of templatesOf(auth).flatMap(placeholders)) {
      if (!auth.fields.some((f) => f.name === name) && !reserved.includes(name)) problems.push(`{${name}} is no field`);
    }
    for (const { name } of auth.fields) if (reserved.includes(name)) problems.push(`${name} is no name of a field`);
    problems.push(...issuingProblems(auth));
    if (auth.kind === 'bearer' && !/^[A-Za-z0-9._-]*$/.test(auth.scheme)) problems.push('auth.scheme');
    if (auth.kind === 'none' && auth.fields.some((f) => f.secret)) problems.push('no authentication takes no secret');
  }
  return [...problems, ...authProblems(definition)];
}

function variantProblems(definition: Connector): string[] {
  const problems: string[] = [];
  if (definition.variant !== undefined) problems.push('a variant is declared in authVariants');
  for (const [id, { label, description }] of Object.entries(definition.authVariants ?? {})) {
    const of = (problem: string) => problems.push(`authVariants.${id}: ${problem}`);
    if (!variantIdShape.test(id)) of('the id');
    if (label.length < 3 || label.length > 60) of('the label');
    if (description.length < 20 || description.length > 200) of(`the description has ${description.length} characters`);
    for (const problem of wayProblems(variantOf(definition, id) as Connector)) of(problem);
  }
  const others = idAliasesOf(definition).map(({ alias }) => alias);
  for (const alias of others) {
    if (!/^[a-z][a-z0-9_-]{1,62}$/.test(alias) || alias === definition.id) problems.push(`the other id ${alias}`);
    if (others.filter((other) => other === alias).length > 1) problems.push(`the other id ${alias} is there twice`);
  }
  return problems;
}

/** What is wrong with a kind that asks the vendor for tokens. */
function issuingProblems(auth: AuthSpec): string[] {
  const found: string[] = [];
  const mustBeUrl = (name: string, url: string, fields: string[] = []) => {
    const odd = placeholders(url).filter((field) => !fields.includes(field));
    if (!url.startsWith('https://') || url.includes('#') || odd.length > 0) found.push(`${name} must be https, over non-secret fields`);
  };
  if (auth.kind === 'oauth1') {
    if (hasConsentPage(auth))
      for (const name of ['requestTokenUrl', 'authorizeUrl', 'accessTokenUrl'] as const) mustBeUrl(name, auth.authorization[name]);
    if (auth.fields.some((f) => f.secret)) found.push('OAuth 1.0a takes its secrets from the connection');
  }
  if (!isIssued(auth)) return found;
  const open = auth.fields.filter((f) => !f.secret && (f.options !== undefined || f.pattern !== undefined)).map((f) => f.name);
  mustBeUrl('the token endpoint', auth.kind === 'minted' ? auth.mint.url : auth.tokenUrl, auth.kind === 'jwt_service_account' ? [] : open);
  if ((auth.secretOf === 'account') !== auth.fields.some((f) => f.secret)) found.push('secretOf and the secret fields disagree');
  if (auth.kind === 'jwt_service_account' && auth.secretOf === 'account') {
    const key = auth.fields.find((f) => `{${f.name}}` === auth.key);
    if (key?.secret !== true || key.multiline !== true) found.push('the key file must be a secret field of several lines');
  }
  return found;
}

/** Judges an answer by its HTTP status alone (RFC 9110); connectors with their own error shapes refine it. */
export function faultByStatus(response: ApiResponse): ApiFault | undefined {
  const { status } = response;
  if (status >= 200 && status < 300) return undefined;
  const message = `HTTP ${status}`;
  if (status === 401) return { kind: 'rejected', message };
  if (status === 429) return { kind: 'rate_limited', message, retryAfterSeconds: retryAfter(response.headers['retry-after']) };
  if (status >= 500) return { kind: 'unavailable', message };
  return { kind: 'error', message };
}

/** Retry-After (RFC 9110 section 10.2.3) in seconds, at most 15 minutes; undefined when absent or unreadable. */
export function retryAfter(value: string | undefined, nowMs: number = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - nowMs) / 1000);
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 900) : undefined;
}
