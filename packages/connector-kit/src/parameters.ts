import { isOperatorUrl } from './operator-url.ts';
import type { ApiRequest } from './request.ts';

/**
 * A named value, no secret, that a connector's URLs and constant headers may hold as `{name}`. What it may be is declared:
 * `options`, an anchored `pattern`, or hosts below `hostSuffixes`. A `Field` is one as well.
 */
export interface Parameter {
  name: string;
  pattern?: RegExp;
  options?: { value: string }[];
  /** Registrable domains of the vendor, lower case: `salesforce.com` takes that host and those below it. */
  hostSuffixes?: string[];
  /** A whole base URL, of any host: a field that only the operator sets, and that stands alone in `api.baseUrl`. */
  operatorUrl?: true;
  default?: string;
}

/** Taken from the token endpoint's answer, anew with every refresh. A URL stands for its host where `hostSuffixes` are declared. */
export interface TokenCapture extends Parameter {
  /** JSON pointer (RFC 6901) into the answer. */
  pointer: string;
  /** True where an answer to a code may come without it. */
  optional?: boolean;
}

/** Taken from the query of the vendor's redirect back. */
export interface CallbackCapture extends Parameter {
  /** The vendor's name of the query parameter. */
  parameter: string;
  optional?: boolean;
  /** A value for the sandbox to send. */
  example: string;
}

/** What the query of the redirect back must prove before the code is looked at. */
export interface CallbackVerification {
  /** Query parameter -> template over the fields that it must equal. */
  equals?: Record<string, string>;
  /**
   * hmac_sha256_hex: HMAC-SHA-256 with the client secret over the other parameters, sorted, as `name=value` joined by `&`
   * (Shopify, "Authorization code grant", step 4).
   */
  signature?: { kind: 'hmac_sha256_hex'; parameter: string };
}

/** One answer of a lookup: its values by parameter name, and how a person recognises it. */
export interface Choice {
  values: Record<string, string>;
  label: string;
  /** For example the address of the site. */
  detail?: string;
}

/** A call with the new token, before whose answer the account is not complete: which site, tenant or account it is for. */
export interface Lookup {
  /** What is chosen, as people call it: `site`, `organization`. */
  noun: string;
  /** Where `api.baseUrl` needs the answer itself. https, without placeholders of the lookup. */
  baseUrl?: string;
  request: ApiRequest;
  captures: Parameter[];
  /** All that the account has. One is taken, several are chosen from, none is an error. */
  choices: (body: never) => Choice[];
  example: { receives: { status?: number; body: unknown }; gives: Choice[] };
}

const maxLength = 512;

/** Whether the value is one that the parameter's declaration allows, as a whole. */
export function accepts(parameter: Parameter, value: string): boolean {
  if (value === '' || value.length > maxLength) return false;
  if (parameter.operatorUrl === true) return isOperatorUrl(value);
  if (parameter.hostSuffixes !== undefined) return isBelow(value, parameter.hostSuffixes);
  if (parameter.options !== undefined) return parameter.options.some((option) => option.value === value);
  if (parameter.pattern === undefined) return false;
  return new RegExp(`^(?:${parameter.pattern.source})$`, parameter.pattern.flags.replace(/[gym]/g, '')).test(value);
}

/** What a vendor said, as the parameter's value; undefined where it does not fit. Hosts come as hosts or as https URLs. */
export function captured(parameter: Parameter, said: unknown): string | undefined {
  const text = typeof said === 'number' && Number.isSafeInteger(said) ? String(said) : said;
  if (typeof text !== 'string' || text.length > maxLength) return undefined;
  const value = parameter.hostSuffixes === undefined ? text : hostOf(text);
  return value !== undefined && accepts(parameter, value) ? value : undefined;
}

/** Values for the parameters out of what was said, and the names of those that did not fit or were missing. */
export function capture<P extends Parameter & { optional?: boolean }>(
  parameters: readonly P[],
  said: (parameter: P) => unknown,
): { values: Record<string, string>; missing: string[] } {
  const values: Record<string, string> = {};
  const missing: string[] = [];
  for (const parameter of parameters) {
    const found = said(parameter);
    const value = captured(parameter, found);
    if (value !== undefined) values[parameter.name] = value;
    else if (found !== undefined || parameter.optional !== true) missing.push(parameter.name);
  }
  return { values, missing };
}

const hostShape = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/;

function isBelow(host: string, suffixes: readonly string[]): boolean {
  return hostShape.test(host) && suffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}

function hostOf(text: string): string | undefined {
  if (!/^https:\/\//i.test(text)) return text.toLowerCase();
  // What another reader could take for something else is none: no port, no user, no path.
  return /^https:\/\/([a-z0-9.-]+)\/?$/i.exec(text)?.[1]?.toLowerCase();
}

/** Registrable names only: a suffix of one label would allow a whole top-level domain. */
export function isHostSuffix(text: string): boolean {
  return hostShape.test(text) && text === text.toLowerCase();
}
