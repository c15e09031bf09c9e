import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { type Description, followed, matches, type Operation, pathNames, resolve, type Schema } from './description.ts';

/** A request as the vendor sees it, without host and credential. */
export interface WireRequest {
  method: string;
  path: string;
  query: [string, string][];
  headers: Record<string, string>;
  contentType?: string;
  body?: unknown;
}

export interface Problem {
  /** `path.id`, `query.limit`, `body.a.0.b`, `header.x`, `content-type`. */
  at: string;
  message: string;
}

const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
addFormats.default(ajv);

/** A value against a schema of ours, in which the keys named are all there are. */
export function problemsOfValue(schema: Schema, value: unknown, at: string): Problem[] {
  const description = { operations: [], root: schema, closed: true };
  return [...invalid(description, schema, value, at), ...unknownKeys(description, schema, value, at)];
}

/** What the vendor's description objects to in a request, compared with one of its operations. */
export function problemsOf(description: Description, operation: Operation, request: WireRequest): Problem[] {
  const found: Problem[] = [];
  const judged = (at: string, schema: Schema, value: unknown) => [
    ...invalid(description, schema, value, at),
    ...unknownKeys(description, schema, value, at),
  ];
  const judge = (at: string, schema: Schema, value: unknown) => found.push(...judged(at, schema, value));
  /** Text of the URL is good when one reading of it is. */
  const judgeText = (at: string, schema: Schema, texts: string[]) => {
    const all = readings(description, schema, texts).map((value) => judged(at, schema, value));
    found.push(...(all.find((problems) => problems.length === 0) ?? all[0] ?? []));
  };
  const values = matches(operation, request.path)?.slice(1) ?? [];
  pathNames(operation.path).forEach((name, i) => {
    const schema = operation.parameters.find((p) => p.in === 'path' && p.name === name)?.schema ?? { type: 'string' };
    judgeText(`path.${name}`, schema, [decodeURIComponent(values[i] ?? '')]);
  });

  if (operation.merged !== undefined) {
    const flat = { ...Object.fromEntries(request.query), ...(isObject(request.body) ? request.body : {}) };
    const shape = shapeOf(description, operation.merged);
    const args = Object.fromEntries(
      Object.entries(flat).map(([key, value]) => {
        const [one] = shape.properties.get(key) ?? [];
        if (typeof value !== 'string' || one === undefined) return [key, value];
        const all = readings(description, one, [value]);
        return [key, all.find((reading) => judged(key, one, reading).length === 0) ?? value];
      }),
    );
    judge('arguments', operation.merged, args);
    return found;
  }

  const query = operation.parameters.filter((p) => p.in === 'query');
  const seen = new Map<string, string[]>();
  for (const [name, value] of request.query) seen.set(name, [...(seen.get(name) ?? []), value]);
  for (const [name, given] of seen) {
    const exact = query.find((p) => p.name === name || p.name === `${name}[]`);
    const [outer = '', inner] = /^([^[]+)\[([^\]]+)\]$/.exec(name)?.slice(1) ?? [];
    const deep = exact === undefined ? query.find((p) => p.deep === true && p.name === outer) : undefined;
    if (exact !== undefined) judgeText(`query.${name}`, exact.schema, given);
    else if (deep !== undefined && inner !== undefined)
      judge(`query.${outer}`, { ...followed(description.root, deep.schema), required: [] }, { [inner]: given[0] });
    else found.push({ at: `query.${name}`, message: 'is no parameter of the operation' });
  }
  for (const { name, required } of query)
    if (required && !seen.has(name) && !seen.has(name.replace(/\[\]$/, ''))) found.push({ at: `query.${name}`, message: 'is required' });
  for (const { name, required, in: place, schema } of operation.parameters) {
    if (place !== 'header') continue;
    const value = request.headers[name.toLowerCase()];
    if (value !== undefined) judgeText(`header.${name}`, schema, [value]);
    else if (required && !/^(authorization|content-type|accept)$/i.test(name)) found.push({ at: `header.${name}`, message: 'is required' });
  }

  if (request.contentType === undefined) {
    if (operation.bodyRequired) found.push({ at: 'body', message: 'is required' });
  } else if (Object.keys(operation.bodies).length === 0) {
    if (!isObject(request.body) || Object.keys(request.body).length > 0) found.push({ at: 'body', message: 'the operation takes none' });
  } else {
    const schema = bodyOf(operation, request.contentType);
    if (schema === undefined)
      found.push({ at: 'content-type', message: `${request.contentType} is not one of ${Object.keys(operation.bodies).join(', ')}` });
    else judge('body', schema, request.body);
  }
  return found;
}

function bodyOf({ bodies }: Operation, contentType: string): Schema | undefined {
  const fits = (type: string) => {
    const [bare = ''] = type.split(';');
    return bare === contentType || new RegExp(`^${bare.replace(/[.+/]/g, '\\$&').replaceAll('*', '.*')}$`).test(contentType);
  };
  return Object.entries(bodies).find(([type]) => fits(type))?.[1];
}

/** What the text of a URL may be by the parameter's type, the likeliest first: `1,2` is a list where the type has lists. */
function readings(description: Description, schema: Schema, values: string[]): unknown[] {
  const types = typesOf(description, schema);
  const [text = ''] = values;
  const found: unknown[] = [];
  if ((types.has('integer') || types.has('number')) && /^-?\d+(\.\d+)?$/.test(text)) found.push(Number(text));
  if (types.has('boolean') && /^(true|false)$/.test(text)) found.push(text === 'true');
  if (types.has('object') && text.startsWith('{')) found.push(JSON.parse(text));
  if (types.has('array')) {
    const { items } = shapeOf(description, schema);
    const item: Schema = items.length === 1 ? (items[0] as Schema) : { anyOf: items };
    for (const parts of values.length > 1 ? [values] : [[text], text.split(',')])
      found.push(parts.map((part) => (items.length === 0 ? part : readings(description, item, [part])[0])));
  }
  if (found.length === 0 || types.has('string') || types.size === 0) found.push(text);
  return found;
}

function typesOf(description: Description, schema: Schema): Set<string> {
  const at = followed(description.root, schema);
  return new Set([
    ...[at.type ?? []].flat(),
    ...(at.enum ?? []).map((value) => typeof value),
    ...[...(at.allOf ?? []), ...(at.oneOf ?? []), ...(at.anyOf ?? [])].flatMap((part) => [...typesOf(description, part)]),
  ]);
}

const compiled = new WeakMap<Schema, ValidateFunction>();

function invalid(description: Description, schema: Schema, value: unknown, at: string): Problem[] {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = ajv.compile(bundled(description.root, schema));
    compiled.set(schema, validate);
  }
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) => ({
    at: `${at}${instancePath.replaceAll('/', '.')}`,
    message: `${message}${params['allowedValues'] === undefined ? '' : ` (${(params['allowedValues'] as unknown[]).slice(0, 8).join(', ')})`}`,
  }));
}

/** The schema and what it refers to, as JSON Schema 2019 for Ajv: without the words of OpenAPI that Ajv does not know. */
export function bundled(root: unknown, schema: Schema): Record<string, unknown> {
  const definitions: Record<string, unknown> = {};
  const names = new Map<string, string>();
  const convert = (raw: unknown): unknown => {
    if (typeof raw !== 'object' || raw === null) return raw;
    const s = raw as Schema;
    if (typeof s.$ref === 'string') {
      let name = names.get(s.$ref);
      if (name === undefined) {
        name = `d${names.size}`;
        names.set(s.$ref, name);
        definitions[name] = convert(resolve(root, s.$ref));
      }
      const there = { $ref: `#/definitions/${name}` };
      return s.nullable === true ? { anyOf: [there, { type: 'null' }] } : there;
    }
    const out: Record<string, unknown> = {};
    const part = (value: unknown) => (Array.isArray(value) ? value.map(convert) : convert(value));
    for (const key of [
      'type',
      'const',
      'pattern',
      'minLength',
      'maxLength',
      'minimum',
      'maximum',
      'minItems',
      'maxItems',
      'uniqueItems',
      'minProperties',
      'maxProperties',
      'multipleOf',
    ])
      if (s[key] !== undefined) out[key] = s[key];
    if (Array.isArray(s.required) && s.required.length > 0) out['required'] = s.required;
    if (Array.isArray(s.enum)) out['enum'] = s.nullable === true ? [...new Set([...s.enum, null])] : s.enum;
    if (s.format !== undefined && ['date-time', 'date', 'email', 'uuid', 'uri'].includes(s.format) && [s.type].flat().includes('string'))
      out['format'] = s.format;
    for (const key of ['items', 'additionalProperties', 'not', 'allOf', 'anyOf']) if (s[key] !== undefined) out[key] = part(s[key]);
    // Vendors' alternatives overlap, and their servers take what fits any.
    if (Array.isArray(s.oneOf)) out['anyOf'] = s.oneOf.map(convert);
    if (s.properties !== undefined) out['properties'] = Object.fromEntries(Object.entries(s.properties).map(([k, v]) => [k, convert(v)]));
    for (const [key, bound] of [
      ['exclusiveMinimum', 'minimum'],
      ['exclusiveMaximum', 'maximum'],
    ] as const) {
      if (typeof s[key] === 'number') out[key] = s[key];
      else if (s[key] === true) {
        out[key] = s[bound];
        delete out[bound];
      }
    }
    if (typeof s.pattern === 'string' && !isPattern(s.pattern)) delete out['pattern'];
    if (s.type === 'file' || s.format === 'binary') delete out['type'];
    if (s.nullable === true && s.type !== undefined) out['type'] = [s.type, 'null'].flat();
    else if (s.nullable === true && s.enum === undefined) return { anyOf: [out, { type: 'null' }] };
    return out;
  };
  const top = convert(schema) as Record<string, unknown>;
  return { ...top, definitions };
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

interface Shape {
  properties: Map<string, Schema[]>;
  items: Schema[];
  /** What keys of these names hold. */
  patterns: [RegExp, Schema][];
  /** What further keys hold; undefined where there are none. */
  others: Schema[] | undefined;
}

/** What an object of this schema may hold: the union over all its alternatives. */
export function shapeOf(description: Description, schema: Schema, depth = 0): Shape {
  const at = followed(description.root, schema);
  const shape: Shape = { properties: new Map(), items: [], patterns: [], others: undefined };
  const parts = [...(at.allOf ?? []), ...(at.oneOf ?? []), ...(at.anyOf ?? [])];
  for (const [key, property] of Object.entries(at.properties ?? {})) shape.properties.set(key, [property]);
  const patterns = Object.entries((at['patternProperties'] ?? {}) as Record<string, Schema>);
  shape.patterns.push(...patterns.map(([source, schema]): [RegExp, Schema] => [new RegExp(source), schema]));
  if (at.items !== undefined) shape.items.push(...[at.items].flat());
  const named = Object.keys(at.properties ?? {}).length > 0;
  if (typeof at.additionalProperties === 'object') {
    if (!(named && description.closed === true)) shape.others = [at.additionalProperties];
  } else if (at.additionalProperties === true) {
    if (!(named && description.closed === true)) shape.others = [{}];
  } else if (!named && patterns.length === 0 && parts.length === 0 && at.additionalProperties !== false && isFree(at)) shape.others = [{}];
  if (depth > 12) return shape;
  const shapes = parts.map((part) => shapeOf(description, part, depth + 1));
  const anyNamed = shapes.some(({ properties }) => properties.size > 0);
  for (const [i, part] of parts.entries()) {
    const more = shapes[i] as Shape;
    // `anyOf: [reference, any object or null]` is how generators write that it may be null.
    if (description.closed === true && anyNamed && more.properties.size === 0 && more.others !== undefined) continue;
    // A part that only requires something says nothing about which keys there are.
    if (Object.keys(followed(description.root, part)).every((key) => key === 'required' || key === 'not')) continue;
    for (const [key, schemas] of more.properties) shape.properties.set(key, [...(shape.properties.get(key) ?? []), ...schemas]);
    shape.items.push(...more.items);
    shape.patterns.push(...more.patterns);
    if (more.others !== undefined) shape.others = [...(shape.others ?? []), ...more.others];
  }
  return shape;
}

function isFree({ type, enum: values, const: value, items }: Schema): boolean {
  return values === undefined && value === undefined && items === undefined && (type === undefined || [type].flat().includes('object'));
}

export function unknownKeys(description: Description, schema: Schema, value: unknown, at: string): Problem[] {
  if (Array.isArray(value)) {
    const { items } = shapeOf(description, schema);
    return items.length === 0 ? [] : value.flatMap((one, i) => unknownKeys(description, { anyOf: items }, one, `${at}.${i}`));
  }
  if (!isObject(value)) return [];
  const shape = shapeOf(description, schema);
  return Object.entries(value).flatMap(([key, inner]): Problem[] => {
    const patterned = shape.patterns.filter(([pattern]) => pattern.test(key)).map(([, inside]) => inside);
    const known = shape.properties.get(key) ?? (patterned.length > 0 ? patterned : shape.others);
    if (known === undefined) return [{ at: `${at}.${key}`, message: 'is no key of this object' }];
    return unknownKeys(description, known.length === 1 ? (known[0] as Schema) : { anyOf: known }, inner, `${at}.${key}`);
  });
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
