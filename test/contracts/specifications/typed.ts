import { followed, type Operation, type Parameter, pathNames, type Schema } from '../description.ts';
import { rest, type Specification } from '../specification.ts';
import { shapeOf } from '../validate.ts';
import { schemasOfTypes, type TypeName } from './types.ts';

/** An operation whose keys are told by TypeScript types. */
export interface TypedOperation {
  id?: string;
  method: string;
  path: string;
  query?: TypeName;
  body?: TypeName;
  answer?: TypeName;
  /** The media type of the body, where it is not JSON. */
  bodyType?: string;
  /** One type has them all: which of its keys go where. Keys of the path are neither. */
  split?: { from: TypeName; query: string[]; body: string[] };
}

export function typed(rows: TypedOperation[], version: string): Specification {
  const types: Record<string, TypeName> = {};
  rows.forEach(({ query, body, answer, split }, i) => {
    for (const [kind, type] of Object.entries({ query, body, answer, split: split?.from }))
      if (type !== undefined) types[`Of${i}${kind}`] = type;
  });
  const root = schemasOfTypes(types, version);
  const at = (i: number, kind: string): Schema | undefined =>
    types[`Of${i}${kind}`] === undefined ? undefined : { $ref: `#/definitions/Of${i}${kind}` };
  const operations = rows.map(({ id, method, path, split, bodyType = 'application/json' }, i): Operation => {
    const whole = at(i, 'split');
    const body =
      at(i, 'body') ?? (split === undefined || split.body.length === 0 || whole === undefined ? undefined : only(root, whole, split.body));
    const query = at(i, 'query') ?? (split === undefined || whole === undefined ? undefined : only(root, whole, split.query));
    const answer = at(i, 'answer');
    return {
      id: id ?? `${method} ${path}`,
      method,
      path,
      parameters: query === undefined ? [] : parametersOf(root, query, pathNames(path)),
      bodies: body === undefined ? {} : { [bodyType]: body },
      bodyRequired: false,
      ...(answer === undefined ? {} : { answer }),
    };
  });
  return rest({ operations, root, closed: true });
}

/** The same alternatives with some of their keys. */
function only(root: unknown, raw: Schema, keys: string[]): Schema {
  const schema = followed(root, raw);
  const out: Schema = { ...schema };
  for (const word of ['allOf', 'anyOf', 'oneOf'] as const)
    if (schema[word] !== undefined) out[word] = schema[word].map((part) => only(root, part, keys));
  if (schema.properties !== undefined) {
    out.properties = Object.fromEntries(Object.entries(schema.properties).filter(([key]) => keys.includes(key)));
    if (Object.keys(out.properties).length === 0) out.additionalProperties = false;
  }
  if (Array.isArray(schema.required)) out.required = schema.required.filter((key) => keys.includes(key));
  return out;
}

function parametersOf(root: unknown, schema: Schema, inPath: string[]): Parameter[] {
  const { properties } = shapeOf({ operations: [], root, closed: true }, schema);
  const required = requiredOf(root, schema);
  return [...properties]
    .filter(([name]) => !inPath.includes(name))
    .map(([name, schemas]) => ({
      name,
      in: 'query',
      required: required.has(name),
      schema: schemas.length === 1 ? (schemas[0] as Schema) : { anyOf: schemas },
    }));
}

function requiredOf(root: unknown, raw: Schema): Set<string> {
  const schema = followed(root, raw);
  return new Set([
    ...(Array.isArray(schema.required) ? schema.required : []),
    ...(schema.allOf ?? []).flatMap((part) => [...requiredOf(root, part)]),
  ]);
}
