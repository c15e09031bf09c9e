import type { Parameter, Schema } from '../description.ts';
import { shapeOf } from '../validate.ts';

type Convert = (schema: object) => unknown;

/** JSON Schemas out of Zod's, in one document; `convert` is the package's own or one that fits its version of Zod. */
export function zodDocument(convert: Convert) {
  const root: { docs: Schema[] } = { docs: [] };
  const known = new Map<object, Schema>();
  return {
    root,
    add(schema: object): Schema {
      let there = known.get(schema);
      if (there === undefined) {
        const index = root.docs.length;
        root.docs.push({});
        root.docs[index] = rooted(convert(schema), `#/docs/${index}`) as Schema;
        there = { $ref: `#/docs/${index}` };
        known.set(schema, there);
      }
      return there;
    },
    /** Keys of an object as parameters of the query, under the names that `wire` gives them. */
    query(schema: object, wire?: Map<string, string>): Parameter[] {
      const { properties } = shapeOf({ operations: [], root, closed: true }, this.add(schema));
      const required = root.docs[Number(this.add(schema).$ref?.split('/')[2])]?.required;
      return [...properties]
        .filter(([name]) => wire === undefined || wire.has(name))
        .map(([name, schemas]) => ({
          name: wire?.get(name) ?? name,
          in: 'query',
          required: Array.isArray(required) && required.includes(name),
          schema: schemas.length === 1 ? (schemas[0] as Schema) : { anyOf: schemas },
        }));
    },
  };
}

function rooted(value: unknown, at: string): unknown {
  if (Array.isArray(value)) return value.map((item) => rooted(item, at));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? `${at}${inner.replace(/^#/, '')}` : rooted(inner, at),
    ]),
  );
}
