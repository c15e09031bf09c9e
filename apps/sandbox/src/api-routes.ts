import {
  type ApiRequest,
  accepts,
  appRevocationRequest,
  baseUrlFor,
  baseUrlsOf,
  type Connector,
  exampleFacts,
  exampleOperatorUrl,
  exchangesOf,
  type FreshKind,
  parametersOf,
  placeholders,
  type Tool,
} from '@grantway/connector-kit';
import { type Incoming, isForm } from './exchange.ts';
import { isRecord, leavesOf } from './json-places.ts';

/** One worked example, with the requests that it stands for. */
export interface ApiRoute {
  /** The tool's name, `identify`, or `revocation` for the vendor's own way to revoke a token. */
  name: string;
  tool: Tool | undefined;
  method: string;
  /** Host and path, segment by segment, decoded. */
  segments: Segment[];
  request: ApiRequest;
  /** Values of the example's request by place: `path/2`, `query/limit`, `body/input/title`. */
  places: Map<string, string | number>;
  /** Those places whose values come from the request itself, not from the caller. */
  constants: Map<string, string>;
  operation: { document: string; name: string | undefined } | undefined;
  receives: { status?: number; headers?: Record<string, string>; body: unknown };
  fresh: Record<string, FreshKind>;
}

export interface Segment {
  /** For the list of what is served. */
  shown: string;
  /** The captured value, '' for a literal that fits, undefined when it does not fit. */
  fit: (text: string) => string | undefined;
  isLiteral: boolean;
}

export interface ApiMatch {
  route: ApiRoute;
  /** The caller's values at the example's places. */
  actual: Map<string, string | number>;
}

const known = new WeakMap<Connector, ApiRoute[]>();

/** Those of `apiRoutesOf`, made when first asked for: most vendors are never called in a run, and all of them take a while. */
export function routesOf(connector: Connector): ApiRoute[] {
  const made = known.get(connector) ?? apiRoutesOf(connector);
  known.set(connector, made);
  return made;
}

/** Every example of the connector's tools, its identify call, and its own revocation call. */
export function apiRoutesOf(connector: Connector): ApiRoute[] {
  const routes: ApiRoute[] = [];
  for (const tool of connector.tools) {
    for (const example of tool.examples) {
      const input = tool.input.parse(example.input);
      if (tool.run === undefined) {
        routes.push(
          routeOf(
            connector,
            tool.name,
            tool,
            tool.request(input, ...exampleFacts(tool, input)),
            input,
            example.receives,
            example.fresh ?? {},
          ),
        );
        continue;
      }
      // What an answer said may stand in the next request, in the place of what it says this time.
      const known: unknown[] = [input];
      for (const { request, receives, fresh } of exchangesOf(tool, example)) {
        routes.push(routeOf(connector, tool.name, tool, request, [...known], receives, fresh));
        known.push(receives.body);
      }
    }
  }
  const { identify, auth } = connector;
  routes.push(routeOf(connector, 'identify', undefined, identify.request, {}, identify.example.receives, {}));
  if ('revocation' in auth && auth.revocation !== undefined) {
    routes.push(routeOf(connector, 'revocation', undefined, auth.revocation, {}, { body: acknowledgement(connector) }, {}));
  }
  if (auth.kind === 'oauth2' && auth.revocationByApp !== undefined) {
    const named = { client_id: 'client-id', access_token: 'access-token', refresh_token: 'refresh-token' };
    const request = appRevocationRequest(auth.revocationByApp, named);
    if (request !== undefined) routes.push(routeOf(connector, 'revocation', undefined, request, named, { status: 204, body: '' }, {}));
  }
  if (auth.kind === 'oauth2' && auth.lookup !== undefined) {
    const { lookup } = auth;
    const there = lookup.baseUrl === undefined ? connector : { ...connector, api: { ...connector.api, baseUrl: lookup.baseUrl } };
    routes.push(routeOf(there, 'lookup', undefined, lookup.request, {}, lookup.example.receives, {}));
  }
  return routes;
}

/** Whether the path lies below one of the connector's URLs. */
export function isBelowBase(connector: Connector, path: string): boolean {
  return baseDepth(connector, path) !== undefined;
}

/** How many segments of the path are host and base path; undefined where it lies below none of the connector's URLs. */
export function baseDepth(connector: Connector, path: string): number | undefined {
  const given = split(path);
  if (given === undefined) return undefined;
  const isBelow = (base: Segment[]) => base.every((segment, i) => given[i] !== undefined && segment.fit(given[i]) !== undefined);
  const lookup = connector.auth.kind === 'oauth2' ? connector.auth.lookup?.baseUrl : undefined;
  const bases = [...baseUrlsOf(connector.api), ...(lookup === undefined ? [] : [lookup])].map((url) => urlSegments(connector, url));
  const depths = bases.filter(isBelow).map((base) => base.length);
  return depths.length === 0 ? undefined : Math.max(...depths);
}

/**
 * The example that a request comes closest to, or undefined when it is none of the connector's calls. The tool is the one
 * whose request has the same constants and the same members; among its examples the one with the most equal values counts.
 */
export function matchApiRoute(routes: ApiRoute[], request: Incoming): ApiMatch | undefined {
  const segments = split(request.path);
  if (segments === undefined) return undefined;
  const body = bodyOf(request);
  const operation = operationOf(body);
  let best: { match: ApiMatch; likeness: Likeness } | undefined;
  for (const route of routes) {
    if (route.method !== request.method || route.segments.length !== segments.length) continue;
    const captured = route.segments.map((segment, i) => segment.fit(segments[i] as string));
    if (captured.some((value) => value === undefined)) continue;
    if (route.operation !== undefined && !isSameOperation(route.operation, operation)) continue;
    const actual = placesOf(captured as string[], request.query, body);
    const likeness: Likeness = {
      call: [
        route.segments.filter((segment) => segment.isLiteral).length,
        route.operation !== undefined && route.operation.document === operation?.document ? 1 : 0,
        count(route.constants, (value, place) => String(actual.get(place)) === value),
      ],
      members: sharedMembers(route.places, actual),
      values: count(route.places, (value, place) => String(actual.get(place)) === String(value)),
    };
    if (best === undefined || isCloser(likeness, best.likeness, best.match.route.name === route.name)) {
      best = { match: { route, actual }, likeness };
    }
  }
  return best?.match;
}

interface Likeness {
  call: number[];
  members: number;
  values: number;
}

function isCloser(a: Likeness, b: Likeness, isSameTool: boolean): boolean {
  const rank = ({ call, members, values }: Likeness) => (isSameTool ? [values, members] : [...call, members, values]);
  const [first, second] = [rank(a), rank(b)];
  const i = first.findIndex((value, at) => value !== second[at]);
  return i >= 0 && (first[i] as number) > (second[i] as number);
}

/** Members that both requests have, less those that only one has; positions in lists do not count. */
function sharedMembers(example: Map<string, unknown>, actual: Map<string, unknown>): number {
  const names = (places: Map<string, unknown>) => new Set([...places.keys()].map((place) => place.replace(/\/\d+(?=\/|$)/g, '')));
  const [expected, given] = [names(example), names(actual)];
  const both = [...expected].filter((name) => given.has(name)).length;
  return both * 2 - (expected.size - both) - (given.size - both);
}

/** `POST /api.linear.app/graphql` */
export function describeRoute(route: ApiRoute): string {
  return `${route.method} /${route.segments.map((segment) => segment.shown).join('/')}`;
}

function routeOf(
  connector: Connector,
  name: string,
  tool: Tool | undefined,
  request: ApiRequest,
  input: unknown,
  receives: ApiRoute['receives'],
  fresh: ApiRoute['fresh'],
): ApiRoute {
  const fromCaller = new Set(
    leavesOf(input)
      .filter(([, leaf]) => typeof leaf === 'string' || typeof leaf === 'number')
      .map(([, leaf]) => String(leaf))
      .filter((value) => value !== ''),
  );
  const own = request.path
    .split('/')
    .slice(1)
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const segments = [...baseSegments(connector, request), ...own.map((part) => segmentOf(part, fromCaller))];
  const query = new URLSearchParams();
  for (const [parameter, value] of Object.entries(request.query ?? {})) {
    for (const text of value === undefined ? [] : [value].flat()) query.append(parameter, String(text));
  }
  const body = request.json ?? (request.form === undefined ? undefined : stringified(request.form));
  const captured = segments.map((segment, i) =>
    segment.fit(i < segments.length - own.length ? '' : (own[i - segments.length + own.length] as string)),
  );
  const places = placesOf(
    captured.map((value) => value ?? ''),
    query,
    body,
  );
  const constants = new Map<string, string>();
  for (const [place, value] of places)
    if (!place.startsWith('path/') && !fromCaller.has(String(value))) constants.set(place, String(value));
  return { name, tool, method: request.method, segments, request, places, constants, operation: operationOf(body), receives, fresh };
}

/** A segment that holds one of the caller's values stands for any value there. */
function segmentOf(text: string, fromCaller: Set<string>): Segment {
  const held = fromCaller.has(text) ? text : longest([...fromCaller].filter((value) => value.length >= 3 && text.includes(value)));
  if (held === undefined) return literal(text);
  const [before, after] = [text.slice(0, text.indexOf(held)), text.slice(text.indexOf(held) + held.length)];
  return {
    shown: `${before}{…}${after}`,
    isLiteral: false,
    fit: (given) =>
      given.length > before.length + after.length && given.startsWith(before) && given.endsWith(after)
        ? given.slice(before.length, given.length - after.length)
        : undefined,
  };
}

function literal(text: string): Segment {
  return { shown: text, isLiteral: true, fit: (given) => (given === text ? '' : undefined) };
}

/** Host and base path. A `{field}` stands for the values that the connector allows there. */
function baseSegments(connector: Connector, request: ApiRequest): Segment[] {
  return urlSegments(connector, baseUrlFor(connector.api, request) ?? connector.api.baseUrl);
}

/** The operator's own service has one address in the sandbox. */
function settled(connector: Connector, template: string): string {
  const isWhole = parametersOf(connector.auth).some((p) => p.operatorUrl === true && template === `{${p.name}}`);
  return isWhole ? exampleOperatorUrl(connector) : template;
}

/** Host and path of a URL template of the connector. */
export function urlSegments(connector: Connector, template: string): Segment[] {
  const [host = '', ...path] = settled(connector, template)
    .replace(/^https:\/\//, '')
    .replace(/\?.*$/, '')
    .split('/')
    .filter((part) => part !== '');
  return [host, ...path].map((part) => {
    const names = placeholders(part);
    if (names.length === 0) return literal(part);
    const parameters = parametersOf(connector.auth);
    const pattern = new RegExp(
      `^${part
        .split(/\{[a-z][a-z0-9_]*\}/)
        .map(escaped)
        .join('(.+)')}$`,
    );
    const fit = (given: string) => {
      const values = pattern.exec(given)?.slice(1);
      const allowed = names.every((name, i) => {
        const parameter = parameters.find((candidate) => candidate.name === name);
        return parameter !== undefined && accepts(parameter, values?.[i] ?? '');
      });
      return values !== undefined && allowed ? '' : undefined;
    };
    return { shown: part, isLiteral: true, fit };
  });
}

function placesOf(captured: string[], query: URLSearchParams, body: unknown): Map<string, string | number> {
  const places = new Map<string, string | number>();
  captured.forEach((value, i) => {
    if (value !== '') places.set(`path/${i}`, value);
  });
  for (const [name, value] of query) places.set(`query/${name}`, value);
  const isGraphql = operationOf(body) !== undefined;
  for (const [pointer, leaf] of leavesOf(body)) {
    if (isGraphql && !pointer.startsWith('/variables/')) continue;
    if (typeof leaf === 'string' || typeof leaf === 'number') places.set(`body${pointer}`, leaf);
  }
  return places;
}

function bodyOf(request: Incoming): unknown {
  const text = request.body.toString('utf8');
  if (text === '') return undefined;
  if (isForm(request)) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** GraphQL over HTTP: the document with its white space evened out, and its operation's name. */
function operationOf(body: unknown): ApiRoute['operation'] {
  if (!isRecord(body) || typeof body.query !== 'string') return undefined;
  const document = body.query.replace(/\s+/g, ' ').trim();
  const start = /^(?:(?:query|mutation)\b\s*([A-Za-z_]\w*)?[^{]*)?\{/.exec(document);
  return start === null || !document.endsWith('}') ? undefined : { document, name: start[1] };
}

function isSameOperation(route: { document: string; name: string | undefined }, given: ApiRoute['operation']): boolean {
  return given !== undefined && (given.document === route.document || (given.name !== undefined && given.name === route.name));
}

/** What a vendor's own revocation call is answered with: the least that the connector's judge takes for a good answer. */
function acknowledgement(connector: Connector): unknown {
  const { body } = connector.identify.example.receives;
  const flags = isRecord(body) ? Object.fromEntries(Object.entries(body).filter(([, value]) => typeof value === 'boolean')) : {};
  const isGood = (candidate: unknown) => connector.api.fault?.({ status: 200, headers: {}, body: candidate }) === undefined;
  return [{}, flags].find(isGood) ?? body;
}

function split(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .slice(1)
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function stringified(values: Record<string, string | number | boolean | undefined> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, String(value)]),
  );
}

function count<V>(map: Map<string, V>, holds: (value: V, key: string) => boolean): number {
  let n = 0;
  for (const [key, value] of map) if (holds(value, key)) n++;
  return n;
}

function longest(values: string[]): string | undefined {
  return values.sort((a, b) => b.length - a.length)[0];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
