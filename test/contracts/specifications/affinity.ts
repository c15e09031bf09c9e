import { archivedText } from '../archives.ts';
import type { Operation, Parameter, Schema } from '../description.ts';
import { rest, type Specification } from '../specification.ts';
import { bare, classesIn, functionsIn, inBrackets, type PythonFunction, parts, textLiteral } from './python.ts';

const folder = 'affinity/';
const services = ['companies', 'lists', 'opportunities', 'persons', 'v1_only', '_field_listing', '_field_updates'];
const models = ['entities', 'secondary', 'pagination', 'types'];

/** The first version writes snake_case, the second camelCase. */
type Version = 1 | 2;

/**
 * affinity-sdk: each method of its services sends one request whose path, query and body stand in it, and its Pydantic models say what
 * bodies and answers hold.
 */
export function affinityClient(): Specification {
  const read = (kind: string, names: string[]) =>
    names.map((name) => bare(archivedText('affinity-sdk', `${folder}${kind}/${name}.py`))).join('\n\n');
  const types = read('models', models);
  const definitions = modelsOf(types);
  const source = read('services', services);
  const helpers = new Map(functionsIn(source, 0).map((one) => [one.name, one]));
  const operations = classesIn(source)
    // The same methods again.
    .filter(({ name }) => !name.startsWith('Async'))
    .flatMap(({ name, body }) => functionsIn(body, 4).flatMap((method) => callsOf(name, method, helpers, definitions)));
  return rest({ operations, root: { definitions: definitions.schemas }, closed: true });
}

interface Definitions {
  schemas: Record<string, Schema>;
  typeOf(annotation: string, version: Version): Schema;
}

function modelsOf(source: string): Definitions {
  const classes = new Map(classesIn(source).map((one) => [one.name, one]));
  const aliases = new Map([...source.matchAll(/^(\w+): TypeAlias = (.+)$/gm)].map((m) => [m[1] as string, m[2] as string]));
  const schemas: Record<string, Schema> = {};
  const typeOf = (annotation: string, version: Version): Schema => {
    const choices = parts(annotation, '|');
    if (choices.length > 1) return { anyOf: choices.map((choice) => typeOf(choice, version)) };
    const [type = ''] = choices;
    const [, outer, inner = ''] = /^(?:builtins\.)?(\w+)\[([\s\S]*)\]$/.exec(type) ?? [];
    if (outer !== undefined && /^(list|List|Sequence|Iterable)$/.test(outer)) return { type: 'array', items: typeOf(inner, version) };
    if (outer === 'dict' || outer === 'Mapping') return { type: 'object' };
    switch (type) {
      case 'None':
        return { type: 'null' };
      case 'int':
        return { type: 'integer' };
      case 'float':
        return { type: 'number' };
      case 'bool':
        return { type: 'boolean' };
      case 'str':
        return { type: 'string' };
      case 'datetime':
      case 'ISODatetime':
        return { type: 'string', format: 'date-time' };
    }
    const alias = aliases.get(type);
    if (alias !== undefined) return typeOf(alias, version);
    const known = classes.get(type);
    if (known === undefined) return {};
    if (/Enum/.test(known.bases)) return valuesOf(known.body, version);
    if (/^(Int|Str)Id$|Id$/.test(known.bases)) return typeOf(known.bases.startsWith('Str') ? 'str' : 'int', version);
    return { $ref: `#/definitions/${type}:${version}` };
  };
  for (const { name, bases, body } of classes.values()) {
    if (!/Model|Info/.test(bases)) continue;
    // What it leaves as it came.
    if (name === 'FieldValues') schemas['FieldValues:1'] = schemas['FieldValues:2'] = {};
    else
      for (const version of [1, 2] as const) schemas[`${name}:${version}`] = objectOf(body, (field) => inAnswer(field, version), version);
  }
  function objectOf(body: string, named: (field: ModelField) => string, version: Version): Schema {
    const fields = fieldsOf(body);
    return {
      type: 'object',
      properties: Object.fromEntries(fields.map((field) => [named(field), typeOf(field.type, version)])),
      required: fields.filter(({ required }) => required).map(named),
    };
  }
  for (const { name, body } of classes.values()) {
    if (/(Create|Update)$/.test(name)) {
      // As they are sent: what is None is left out.
      const fields = fieldsOf(body).map((field) => ({ ...field, type: field.type.replace(/ \| None$/, '') }));
      for (const [suffix, named] of [
        ['', (field: ModelField) => field.name],
        ['aliased', (field: ModelField) => field.alias ?? field.name],
      ] as const)
        schemas[`${name}:body${suffix}`] = {
          type: 'object',
          properties: Object.fromEntries(fields.map((field) => [named(field), typeOf(field.type, 1)])),
          required: fields.filter(({ required }) => required).map(named),
        };
    }
  }
  return { schemas, typeOf };
}

/** The first version counts, the second has words. */
function valuesOf(body: string, version: Version): Schema {
  const members = [...body.matchAll(/^ {4}([A-Z_]+) = (?:"([^"]+)"|(\d+))/gm)];
  return {
    enum: members.map(([, name = '', text, number]) => text ?? (version === 1 ? Number(number) : name.toLowerCase())),
  };
}

interface ModelField {
  name: string;
  type: string;
  required: boolean;
  alias: string | undefined;
  choices: string[];
}

function fieldsOf(body: string): ModelField[] {
  return [...body.matchAll(/^ {4}([a-z]\w*): ([^=\n]+?)(?: = (.*(?:\n {5,}.*)*(?:\n {4}\))?))?$/gm)].flatMap(
    ([, name = '', type = '', value]): ModelField[] => {
      if (value !== undefined && /exclude=True/.test(value)) return [];
      const args = value?.startsWith('Field(') === true ? parts(inBrackets(value, 5), ',') : [];
      const given = (key: string) => args.find((arg) => arg.startsWith(`${key}=`))?.slice(key.length + 1);
      const optional =
        value !== undefined &&
        (args.length === 0 || !/^\w+=/.test(args[0] as string) || args.some((arg) => /^default(_factory)?=/.test(arg)));
      return [
        {
          name,
          type,
          required: !optional,
          alias: textLiteral(given('serialization_alias') ?? given('alias') ?? ''),
          choices: [...(given('validation_alias') ?? '').matchAll(/"(\w+)"/g)].map((m) => m[1] as string),
        },
      ];
    },
  );
}

function inAnswer({ name, alias, choices }: ModelField, version: Version): string {
  if (choices.length > 0) return (version === 1 ? choices[0] : choices.at(-1)) as string;
  if (version === 2) return alias ?? name;
  // The first version knows companies as organizations.
  return alias !== undefined && /organization/i.test(alias) ? alias.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`) : name;
}

function callsOf(service: string, method: PythonFunction, helpers: Map<string, PythonFunction>, definitions: Definitions): Operation[] {
  const { body, args } = method;
  return [...body.matchAll(/self\._client\.(get|post|put|patch|delete|get_all_pages)\(/g)].flatMap((match): Operation[] => {
    const at = match.index;
    const given = parts(inBrackets(body, at + match[0].length - 1), ',');
    const named = (key: string) => given.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1);
    const [first = ''] = given;
    const path = textLiteral(/^\w+$/.test(first) ? (new RegExp(`\\b${first} = (f?"[^"]*")`).exec(body)?.[1] ?? '') : first);
    if (path === undefined || path === '') return [];
    const version: Version = named('v1') === 'True' ? 1 : 2;
    const context = { body, args, at, helpers, definitions, version };
    const query = named('params');
    const json = named('json');
    const answer = answerOf(body.slice(at), context);
    return [
      {
        id: `${service}.${method.name}`,
        method: match[1] === 'get_all_pages' ? 'GET' : (match[1] as string).toUpperCase(),
        path: version === 1 ? path : `/v2${path}`,
        parameters: query === undefined ? [] : parametersOf(objectIn(query.replace(/ or None$/, ''), context)),
        bodies: json === undefined ? {} : { 'application/json': objectIn(json, context) },
        bodyRequired: json !== undefined,
        ...(answer === undefined ? {} : { answer }),
      },
    ];
  });
}

interface Context {
  body: string;
  args: Map<string, string>;
  /** Where the call stands. */
  at: number;
  helpers: Map<string, PythonFunction>;
  definitions: Definitions;
  version: Version;
}

function parametersOf(schema: Schema): Parameter[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties ?? {}).map(([name, inner]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: inner,
  }));
}

/** The object that an expression builds: a literal, a model's own, or a name with the keys that are set on it. */
function objectIn(expression: string, context: Context): Schema {
  const { body, args, at, helpers, definitions } = context;
  if (expression.startsWith('{')) return literalObject(expression, context);
  const before = body.slice(0, at);
  const schema: Schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
  const set = (key: string, value: Schema, always: boolean) => {
    (schema.properties as Record<string, Schema>)[key] = value;
    if (always) (schema.required as string[]).push(key);
  };
  const assigned = [...before.matchAll(new RegExp(`^( +)${expression}(?:: [^=\\n]+|, \\w+)? = `, 'gm'))].at(-1);
  if (assigned !== undefined) {
    const value = before.slice(assigned.index + assigned[0].length);
    const [, dumped] = /^(\w+)\.model_dump\(/.exec(value) ?? [];
    if (dumped !== undefined) {
      const kind = /by_alias=True/.test(inBrackets(value, value.indexOf('('))) ? 'bodyaliased' : 'body';
      return definitions.schemas[`${args.get(dumped)}:${kind}`] ?? schema;
    }
    const helper = helpers.get(/^(\w+)\(/.exec(value)?.[1] ?? '');
    if (helper !== undefined) return returnedBy(helper, context);
    if (value.startsWith('{')) {
      const literal = literalObject(`{${inBrackets(value, 0)}}`, context);
      for (const [key, inner] of Object.entries(literal.properties ?? {})) set(key, inner, true);
    }
  }
  for (const match of before.matchAll(new RegExp(`^( +)${expression}\\["(\\w+)"\\] = (.+(?:\\n(?:\\1 +.*|\\1[)\\]}].*))*)`, 'gm'))) {
    const [whole, indent = '', key = '', value = ''] = match;
    // In no branch that the call is not in as well.
    const between = before.slice(match.index + whole.length);
    const always = !new RegExp(`^ {0,${indent.length - 1}}\\S`, 'm').test(between);
    set(key, valueIn(value, context), always);
  }
  return schema;
}

function literalObject(literal: string, context: Context): Schema {
  const entries = parts(inBrackets(literal, 0), ',').map((entry): [string, string] => {
    const [, key = '', value = ''] = /^"(\w+)": ([\s\S]*)$/.exec(entry) ?? [];
    return [key, value];
  });
  return {
    type: 'object',
    properties: Object.fromEntries(
      entries.map(([key, value]) => [
        key,
        /^[a-z]\w*$/.test(value) && !context.args.has(value) ? objectOrAny(value, context) : valueIn(value, context),
      ]),
    ),
    required: entries.map(([key]) => key),
    additionalProperties: false,
  };
}

function objectOrAny(name: string, context: Context): Schema {
  const schema = objectIn(name, context);
  return Object.keys(schema.properties ?? {}).length === 0 ? {} : schema;
}

function returnedBy(helper: PythonFunction, context: Context): Schema {
  const at = helper.body.lastIndexOf('return ');
  const returned = helper.body.slice(at + 'return '.length);
  // With the start of the statement itself, which says where it stands.
  const inner = { ...context, body: helper.body, args: helper.args, at: at + 1 };
  return objectIn(returned.startsWith('{') ? `{${inBrackets(returned, 0)}}` : (/^\w+/.exec(returned)?.[0] ?? ''), inner);
}

function valueIn(expression: string, { args, definitions, version }: Context): Schema {
  const annotated = (name: string | undefined) => args.get(name ?? '')?.replace(/ \| None$/, '');
  const of = (name: string | undefined): Schema => {
    const annotation = annotated(name);
    return annotation === undefined ? {} : definitions.typeOf(annotation, version);
  };
  if (/^\w+$/.test(expression)) return /^(True|False)$/.test(expression) ? { type: 'boolean' } : of(expression);
  if (/\.isoformat\(\)$/.test(expression)) return { type: 'string', format: 'date-time' };
  const [, call, inner] = /^(int|str)\((\w+)\)$/.exec(expression) ?? [];
  if (call === 'str') return { type: 'string' };
  if (call === 'int') return of(inner).enum === undefined ? { type: 'integer' } : of(inner);
  const [, item = '', list] = /^\[(.+) for \w+ in (\w+)\]$/.exec(expression) ?? [];
  if (item.startsWith('int(')) return { type: 'array', items: { type: 'integer' } };
  if (item.startsWith('str(')) return { type: 'array', items: { type: 'string' } };
  if (item.endsWith('.value')) return of(list);
  return {};
}

/** What the method makes of the answer, as far as it is one model, or lists of one under keys of its own. */
function answerOf(after: string, { definitions, version }: Context): Schema | undefined {
  const model = (name: string): Schema | undefined =>
    definitions.schemas[`${name}:${version}`] === undefined ? undefined : { $ref: `#/definitions/${name}:${version}` };
  // Up to the next request of the same method.
  const [here = ''] = after.slice(1).split('self._client.');
  const read = /(?:(\w+)\.model_validate\(|_safe_model_validate\((\w+), )\w+(\) for |\)|,)/.exec(here.replace(/\n\s*/g, ' '));
  const item = model(read?.[1] ?? read?.[2] ?? '');
  if (read === null || item === undefined) return undefined;
  if (read[3] !== ') for ') return item;
  const keys = [...new Set([...here.matchAll(/\bdata\.get\("(\w+)"/g)].map((m) => m[1] as string))];
  const lists = keys.filter((key) => !/token|pagination/i.test(key));
  // A bare list is put under this key by the client.
  if (version === 1 && lists.length === 1 && lists[0] === 'data') return { type: 'array', items: item };
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(lists.map((key) => [key, { type: 'array', items: item }])),
      ...(keys.includes('pagination') || version === 2 ? { pagination: { $ref: `#/definitions/PaginationInfo:${version}` } } : {}),
      ...(keys.includes('next_page_token') ? { next_page_token: { anyOf: [{ type: 'string' }, { type: 'null' }] } } : {}),
    },
    required: lists.length === 1 ? [...lists, ...(version === 2 ? ['pagination'] : [])] : [],
  };
}
