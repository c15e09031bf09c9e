import { followed, type Schema } from './description.ts';
import { load } from './outside.ts';

interface Arbitrary<T> {
  map<U>(f: (value: T) => U): Arbitrary<U>;
}

interface FastCheck {
  constant<T>(value: T): Arbitrary<T>;
  constantFrom<T>(...values: T[]): Arbitrary<T>;
  oneof<T>(...arbitraries: Arbitrary<T>[]): Arbitrary<T>;
  boolean(): Arbitrary<boolean>;
  integer(bounds: { min: number; max: number }): Arbitrary<number>;
  uuid(): Arbitrary<string>;
  string(bounds: { minLength: number; maxLength: number }): Arbitrary<string>;
  stringMatching(pattern: RegExp, bounds?: { size: string }): Arbitrary<string>;
  array<T>(item: Arbitrary<T>, bounds: { minLength: number; maxLength: number }): Arbitrary<T[]>;
  uniqueArray<T>(item: Arbitrary<T>, bounds: { minLength: number; maxLength: number; selector: (value: T) => string }): Arbitrary<T[]>;
  record(properties: Record<string, Arbitrary<unknown>>, options: { requiredKeys: string[] }): Arbitrary<Record<string, unknown>>;
  sample<T>(arbitrary: Arbitrary<T>, parameters: { numRuns: number; seed: number }): T[];
}

export interface Wishes {
  /** What the schema's references are resolved in. */
  root: unknown;
  /** Every key that may be there is there. */
  full: boolean;
  /** A schema that requires nothing of an object does not mean that it may be empty: all its keys are there. */
  wary?: boolean;
  /** Values for keys whose schema says too little, by the key's name. */
  named?: [RegExp, unknown[]][];
  /** Alternatives by the name of their definition that are left out. */
  without?: RegExp;
  /** What stands where the schema says nothing; without it an optional key is left out there. */
  free?: unknown[];
  /** Keys that are not null, and lists that are not empty, though the schema lets them be. */
  present?: RegExp;
}

const fc = () => load<FastCheck>('fast-check');
const depthMax = 7;
const moments = ['2025-11-21T10:00:05Z', '2026-02-28T23:59:59Z', '2024-02-29T00:00:00Z'];

/** The same values each time, so that a run can be repeated. */
export function samples(schema: Schema, count: number, seed: number, wishes: Wishes, known: unknown[] = []): unknown[] {
  const arbitrary = arbitraryOf(schema, wishes, known, '', 0) ?? fc().constant({});
  return fc().sample(arbitrary, { numRuns: count, seed });
}

/** Undefined: nothing can be said about the value, so an optional one is left out. `known`: values that stand there in examples. */
function arbitraryOf(raw: Schema, wishes: Wishes, known: unknown[], key: string, depth: number): Arbitrary<unknown> | undefined {
  const f = fc();
  const schema = merged(raw, wishes.root);
  const named = wishes.named?.find(([pattern]) => pattern.test(key));
  if (named !== undefined) return f.constantFrom(...named[1]);
  if (schema.const !== undefined) return f.constant(schema.const);
  if (schema.enum !== undefined) return f.constantFrom(...schema.enum);
  const choices = (schema.oneOf ?? schema.anyOf)?.filter(({ $ref = '' }) => wishes.without?.test($ref.split(/[/:]/).at(-1) ?? '') !== true);
  if (choices !== undefined && choices.length > 0) {
    const { oneOf: _, anyOf: __, ...rest } = schema;
    // Alternatives that only say what is required of the whole go together with it.
    const whole: Schema[] = rest.properties === undefined ? choices : choices.map((choice) => ({ allOf: [rest, choice] }));
    const able = whole
      .filter((choice) => choice.type !== 'null' || wishes.present?.test(key) !== true)
      .map((choice) => arbitraryOf(choice, wishes, known, key, depth + 1))
      .filter((one) => one !== undefined);
    return able.length === 0 ? undefined : f.oneof(...able);
  }
  const types = [schema.type ?? []].flat();
  if (types.length > 1 || (schema.nullable === true && types.length === 1)) {
    const parts = types
      .filter((type) => type !== 'null')
      .map((type) => arbitraryOf({ ...schema, type, nullable: false }, wishes, known, key, depth));
    const able = parts.filter((one) => one !== undefined);
    const empty = (schema.nullable === true || types.includes('null')) && wishes.present?.test(key) !== true ? [f.constant(null)] : [];
    return able.length === 0 ? undefined : f.oneof(...able, ...empty);
  }
  switch (types[0] ?? (schema.properties !== undefined ? 'object' : schema.items !== undefined ? 'array' : undefined)) {
    case 'null':
      return f.constant(null);
    case 'boolean':
      return f.boolean();
    case 'integer':
      return f.integer(bounds(schema));
    case 'number':
      return f.integer(bounds(schema));
    case 'string':
      return text(schema, key, known);
    case 'array':
      return list(schema, wishes, known, key, depth);
    case 'object':
      return object(schema, wishes, known, depth);
    default:
      return known.length > 0 ? f.constantFrom(...known) : wishes.free === undefined ? undefined : f.constantFrom(...wishes.free);
  }
}

function bounds({ minimum, maximum, exclusiveMinimum }: Schema): { min: number; max: number } {
  const min = Math.ceil(minimum ?? (typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : 0));
  return { min, max: Math.max(min, Math.min(maximum ?? 2_000_000_000, 2_000_000_000)) };
}

function text({ format, pattern, minLength = 0, maxLength = 40 }: Schema, key: string, known: unknown[]): Arbitrary<unknown> | undefined {
  const f = fc();
  const fits = (value: string) => value.length >= minLength && value.length <= maxLength;
  if (pattern !== undefined) {
    try {
      return f.stringMatching(new RegExp(pattern), { size: 'small' }).map((value) => (fits(value) ? value : value.slice(0, maxLength)));
    } catch {
      return known.length > 0 ? f.constantFrom(...known) : undefined;
    }
  }
  if (format === 'uuid') return f.uuid();
  if (format === 'date-time' || format === 'iso8601-timestamp' || format === 'google-datetime') return f.constantFrom(...moments);
  if (format === 'date') return f.constantFrom('2025-11-21', '2024-02-29');
  if (format === 'email') return f.constantFrom('mira@acme.example', 'j.ona+x@acme.example');
  if (format === 'uri' || format === 'url') return f.constantFrom('https://acme.example/a', 'https://docs.acme.example/x?y=1#z');
  if (format === 'int64' || format === 'uint64') return f.integer({ min: 0, max: 2_000_000_000 }).map(String);
  if (format === 'byte') return f.constantFrom('aGVsbG8', 'Z3JhbnR3YXk');
  if (
    minLength <= 20 &&
    maxLength >= 20 &&
    /([_ ](at|on|date|time)|(?<=[a-z])(At|Date|Time|Timestamp))$|^(created|updated|modified|timestamp|date)$/.test(key)
  )
    return f.constantFrom(...moments);
  return f.string({ minLength: Math.max(minLength, 1), maxLength: Math.max(minLength, Math.min(maxLength, 40)) });
}

function list(schema: Schema, wishes: Wishes, known: unknown[], key: string, depth: number): Arbitrary<unknown> | undefined {
  const f = fc();
  const [item = {}] = [schema.items ?? {}].flat();
  const inner =
    depth > depthMax && (schema.minItems ?? 0) === 0
      ? undefined
      : arbitraryOf(item, wishes, known.filter(Array.isArray).flat(), key, depth + 1);
  const minLength = schema.minItems ?? (wishes.full || wishes.present?.test(key) === true ? 1 : 0);
  if (inner === undefined) return (schema.minItems ?? 0) > 0 && known.length > 0 ? f.constantFrom(...known) : f.constant([]);
  const maxLength = Math.max(minLength, Math.min(schema.maxItems ?? 3, 3));
  return schema.uniqueItems === true
    ? f.uniqueArray(inner, { minLength, maxLength, selector: JSON.stringify })
    : f.array(inner, { minLength, maxLength });
}

function object(schema: Schema, wishes: Wishes, known: unknown[], depth: number): Arbitrary<unknown> | undefined {
  const f = fc();
  const required = Array.isArray(schema.required) ? schema.required : [];
  const objects = known.filter((value): value is Record<string, unknown> => typeof value === 'object' && value !== null);
  const entries = Object.entries(schema.properties ?? {});
  if (entries.length === 0) {
    if (objects.length > 0) return f.constantFrom(...objects);
    const { additionalProperties } = schema;
    if (typeof additionalProperties !== 'object' || depth > depthMax) return depth === 0 || wishes.full ? f.constant({}) : undefined;
    const value = arbitraryOf(additionalProperties, wishes, [], '', depth + 1);
    return value === undefined ? f.constant({}) : f.record({ first_key: value, second_key: value }, { requiredKeys: ['first_key'] });
  }
  const properties: Record<string, Arbitrary<unknown>> = {};
  for (const [key, property] of entries) {
    if (depth > depthMax && !required.includes(key)) continue;
    if (depth > depthMax * 3) return wishes.free === undefined ? undefined : f.constant({});
    const there = objects.filter((value) => Object.hasOwn(value, key)).map((value) => value[key]);
    const arbitrary = arbitraryOf(property, wishes, there, key, depth + 1);
    if (arbitrary !== undefined) properties[key] = arbitrary;
    else if (required.includes(key)) return objects.length > 0 ? f.constantFrom(...objects) : undefined;
  }
  const always =
    wishes.full || (wishes.wary === true && required.length === 0)
      ? Object.keys(properties)
      : required.filter((key) => properties[key] !== undefined);
  return f.record(properties, { requiredKeys: always });
}

/** Without its reference, and all of `allOf` in one. */
function merged(raw: Schema, root: unknown): Schema {
  const schema = followed(root, raw);
  if (schema.allOf === undefined) return schema;
  const { allOf, ...own } = schema;
  const parts = [own, ...allOf.map((part) => merged(part, root))];
  return {
    ...Object.assign({}, ...parts),
    properties: Object.assign({}, ...parts.map((part) => part.properties ?? {})),
    required: parts.flatMap((part) => (Array.isArray(part.required) ? part.required : [])),
  };
}
