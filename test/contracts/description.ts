/** JSON Schema as the readers of specifications leave it: references point into the document that they came from. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[] | boolean;
  items?: Schema | Schema[];
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  pattern?: string;
  nullable?: boolean;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean | number;
  exclusiveMaximum?: boolean | number;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  [keyword: string]: unknown;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: Schema;
  /** `filter[state]` and its like: a query key for each property. */
  deep?: boolean;
}

/** One operation of a vendor, whatever kind of document told of it. */
export interface Operation {
  /** As provenance names it: an operationId, or the method's own name. */
  id: string;
  /** ANY: the document does not say. */
  method: string;
  /** With the server's own path before it; `{name}` is one segment, `{+name}` may be several. */
  path: string;
  parameters: Parameter[];
  /** By media type; none: the operation takes no body. */
  bodies: Record<string, Schema>;
  bodyRequired: boolean;
  /** The query, a form and a JSON body are one set of arguments. */
  merged?: Schema;
  answer?: Schema;
}

export interface Description {
  operations: Operation[];
  /** What references are resolved in. */
  root: unknown;
  /** Says no more than that an object may have further keys, as types and SDKs do: named properties count as all there are. */
  closed?: boolean;
}

export function resolve(root: unknown, ref: string): Schema {
  let at: unknown = root;
  for (const part of ref.replace(/^#\/?/, '').split('/')) {
    const raw = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const holder = at as Record<string, unknown>;
    at = Object.hasOwn(holder ?? {}, raw) ? holder[raw] : holder?.[decodeURIComponent(raw)];
  }
  if (typeof at !== 'object' || at === null) throw new Error(`the document has no ${ref}`);
  return at as Schema;
}

export function followed(root: unknown, schema: Schema): Schema {
  let at = schema;
  for (let hops = 0; at.$ref !== undefined && hops < 20; hops++) at = resolve(root, at.$ref);
  return at;
}

/** The pattern of a path template; its groups are the parameters, in order. */
export function pathPattern(template: string): RegExp {
  const source = template
    .split(/(\{[^{}]+\})/)
    .map((part) => (/^\{\+/.test(part) ? '(.+)' : /^\{/.test(part) ? '([^/]+?)' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('');
  return new RegExp(`^${source}$`);
}

export function pathNames(template: string): string[] {
  return [...template.matchAll(/\{\+?([^{}]+)\}/g)].map((match) => match[1] as string);
}

/** Spellings of one operation: by id, with the class before it or without, or `METHOD /path` whatever its parameters are called, without the server's own path or with it. */
export function isNamed(operation: Pick<Operation, 'id' | 'method' | 'path'>, name: string): boolean {
  if (operation.id === name || name.endsWith(`.${operation.id}`)) return true;
  const [method = '', path = ''] = name.split(' ');
  const bare = (text: string) => text.replace(/\{[^{}]+\}|:[A-Za-z_]\w*/g, '{}').replace(/\/$/, '');
  const [own, given] = [bare(operation.path), bare(path)];
  return (
    operation.method === method && given !== '' && (own === given || (own.endsWith(given) && !own.slice(0, -given.length).includes('{}')))
  );
}

const known = new WeakMap<Description, Map<string, Operation[]>>();

/** The operations that a request may be: usually one. Asked many times for the same path, since mutants keep it. */
export function operationsOf(description: Description, method: string, path: string): Operation[] {
  const of = known.get(description) ?? new Map<string, Operation[]>();
  known.set(description, of);
  const key = `${method} ${path}`;
  let found = of.get(key);
  if (found === undefined) {
    const all = description.operations.filter(
      (operation) => (operation.method === 'ANY' || operation.method === method) && matches(operation, path),
    );
    // A literal segment outdoes a parameter, as it does at the vendor: /search before /{id}.
    const parameters = (operation: Operation) => pathNames(operation.path).length;
    const fewest = Math.min(...all.map(parameters));
    found = all.filter((operation) => parameters(operation) === fewest);
    of.set(key, found);
  }
  return found;
}

const patterns = new WeakMap<Operation, RegExp>();

export function matches(operation: Operation, path: string): RegExpExecArray | null {
  let pattern = patterns.get(operation);
  if (pattern === undefined) {
    pattern = pathPattern(operation.path);
    patterns.set(operation, pattern);
  }
  return pattern.exec(path);
}
