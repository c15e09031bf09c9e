import { isIP } from 'node:net';
import {
  type ApiRequest,
  baseUrlsOf,
  type Connector,
  type Credential,
  fieldsOf,
  parametersOf,
  placeholders,
} from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { fillBaseUrl, isPlainPath, plainSearch } from './api-url.ts';
import { type DestinationPolicy, hostAndPort, judgeDestination, unbracketed } from './destination.ts';
import { EgressError } from './egress-error.ts';
import { checkedHeaders, connectorHeaders, isHeaderValue } from './headers.ts';
import type { Destination } from './http-exchange.ts';
import { learnedWith } from './placement/oauth2.ts';
import { placedHeaderNames, placeUnsigned, type UnsignedAuth } from './placement/placement.ts';
import { type ApiTarget, askedHeaders, contentTypes, encoded, reservedNamesOf } from './preparation.ts';

/** A request that was judged, as texts. */
export interface PlainRequest {
  to: Destination;
  /** Name, value, name, value. */
  headers: string[];
  body: string | undefined;
  secrets: string[];
}

/** What a connector alone decides, judged once: connectors do not change. */
interface Plan {
  auth: UnsignedAuth;
  /** By the name that requests say as `host`. */
  places: ReadonlyMap<string | undefined, Place>;
  reserved: readonly string[];
  /** Headers of requests that set none themselves, by content type. */
  heads: ReadonlyMap<string | undefined, readonly string[]>;
  constant: Record<string, string> | undefined;
  /** The headers that the credential is placed in, which no other one has the name of. */
  placed: readonly string[];
}

/** A URL that requests stand below. */
interface Place {
  /** The parameters in it; none of them is secret. */
  names: readonly string[];
  /** Filled in, by the values. */
  made: Map<string, Base>;
}

interface Base {
  origin: string;
  host: string;
  prefix: string;
  /** Without the sandbox, by what the host is alone: nothing about it can change. */
  isOpen: boolean;
}

const maxBases = 1000;

/**
 * Makes ready what is the rule: a path and a query of usual characters, headers that the connector fixed, a credential in headers.
 * Undefined for everything else, which `preparation.ts` then prepares or refuses. What goes out is the same byte for byte; it
 * is put together of parts that were checked instead of being written, parsed and judged as a whole with every call.
 */
export function createPlainRequests(
  policy: DestinationPolicy,
  fixed: { before: Record<string, string>; after: Record<string, string> },
): (target: ApiTarget, request: ApiRequest, credential: Secret<Credential>) => PlainRequest | undefined {
  const plans = new WeakMap<Connector, Plan | null>();
  const last = Object.entries(fixed.after).flat();

  return ({ connector, fields: given, sandbox }, request, credential) => {
    let plan = plans.get(connector);
    if (plan === undefined) {
      plan = planOf(connector);
      plans.set(connector, plan);
    }
    if (plan === null || request.upload !== undefined || !methods.has(request.method) || !isPlainPath(request.path)) return undefined;
    const place = plan.places.get(request.host);
    if (place === undefined) return undefined;
    const learned = plan.auth.kind === 'oauth2' ? learnedWith(credential) : undefined;
    const fields = learned === undefined ? given : { ...given, ...learned };
    const base = place.made.get(keyOf(place.names, fields)) ?? newBase(connector, request, place, fields);
    const search = plainSearch(request.query, plan.reserved);
    const origin = sandbox ? policy.sandbox.origin() : base.origin;
    if (search === undefined || origin === undefined) return undefined;
    if (!sandbox && (!base.isOpen || policy.sandbox.origin() === origin)) return undefined;

    const { contentType, body } = encoded(request);
    const placement = placeUnsigned(plan.auth, credential, fields, request.token);
    if (placement.query !== undefined || placement.pathPrefix !== undefined) return undefined;
    const headers = (request.headers === undefined ? plan.heads.get(contentType) : headOf(plan, contentType, request.headers))?.slice();
    if (headers === undefined) return undefined;
    for (const name in placement.headers) {
      const value = placement.headers[name] as string;
      if (!plan.placed.includes(name) || !isHeaderValue(value)) return undefined;
      headers.push(name, value);
    }
    for (const text of last) headers.push(text);
    const below = base.prefix + request.path;
    const path = sandbox ? `/${base.host}${below === '/' ? '' : below}${search}` : below + search;
    return {
      to: { origin, host: sandbox ? origin.slice(origin.indexOf('//') + 2) : base.host, path },
      headers,
      body,
      secrets: placement.secrets,
    };
  };

  function planOf(connector: Connector): Plan | null {
    const { auth, api } = connector;
    if (auth.kind === 'oauth1' || auth.kind === 'aws_sigv4') return null;
    // Where a URL is sealed with the credential, it is looked at with every call.
    if (fieldsOf(auth).some((field) => field.operatorUrl === true)) return null;
    const known = parametersOf(auth).map(({ name }) => name);
    if (baseUrlsOf(api).some((url) => placeholders(url).some((name) => !known.includes(name)))) return null;
    if (Object.values(api.headers ?? {}).some((template) => template.includes('{'))) return null;
    const placed = placedHeaderNames(auth);
    if (placed === undefined || placed.includes('user-agent')) return null;
    const place = (template: string): Place => ({ names: placeholders(template), made: new Map() });
    const plan = {
      auth,
      places: new Map([
        [undefined, place(api.baseUrl)],
        ...Object.entries(api.hosts ?? {}).map(([name, url]): [string, Place] => [name, place(url)]),
      ]),
      reserved: reservedNamesOf(connector),
      constant: api.headers,
      placed,
    };
    const heads = [undefined, contentTypes.json, contentTypes.form].map((type) => [type, headOf(plan, type, undefined)] as const);
    return heads.some(([, head]) => head === undefined) ? null : { ...plan, heads: new Map(heads as [string | undefined, string[]][]) };
  }

  /** Undefined where a header may not be sent. */
  function headOf(
    { constant, placed }: Pick<Plan, 'constant' | 'placed'>,
    contentType: string | undefined,
    own: Record<string, string> | undefined,
  ): string[] | undefined {
    const asked = askedHeaders(contentType, constant, own);
    try {
      connectorHeaders(asked, Object.fromEntries(placed.map((name) => [name, 'value'])));
      return Object.entries({ ...fixed.before, ...checkedHeaders(asked) }).flat();
    } catch (error) {
      if (error instanceof EgressError) return undefined;
      throw error;
    }
  }

  /** @throws EgressError where a value does not fit */
  function newBase(connector: Connector, request: ApiRequest, { names, made }: Place, fields: Record<string, string>): Base {
    const url = fillBaseUrl(connector, request, fields);
    const base = { origin: url.origin, host: url.host, prefix: url.pathname.replace(/\/$/, ''), isOpen: isOpen(url) };
    // Values are of people's own choice in some connectors.
    if (made.size >= maxBases) made.clear();
    made.set(keyOf(names, fields), base);
    return base;
  }

  function isOpen(url: URL): boolean {
    // Addresses of this machine come and go; a name's are judged with every connection.
    if (isIP(unbracketed(url.hostname)) !== 0 && !policy.allowHosts.has(hostAndPort(url))) return false;
    try {
      judgeDestination(url.href, policy, { sandbox: false, port: url.port });
      return true;
    } catch (error) {
      if (error instanceof EgressError) return false;
      throw error;
    }
  }
}

const methods: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** The values with their lengths, so that no two lists of values have the same key. */
function keyOf(names: readonly string[], fields: Record<string, string>): string {
  let key = '';
  for (const name of names) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    key += value === undefined ? '-' : `${value.length}:${value}`;
  }
  return key;
}
