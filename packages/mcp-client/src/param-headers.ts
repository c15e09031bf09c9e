import { headerValue, isObject, type JsonObject } from './wire.ts';

const annotation = 'x-mcp-header';

/**
 * The arguments that a tool wants mirrored into headers (SEP-2243): path of the argument -> name behind `Mcp-Param-`.
 * Undefined where the schema breaks the rules, so that the tool must not be offered: names are tokens, unique whatever
 * their case, and stand on strings, integers or booleans that are reached through `properties` alone.
 */
export function paramHeaders(schema: unknown): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>();
  const names = new Set<string>();
  const walk = (node: unknown, path: string[], reachable: boolean): boolean => {
    if (Array.isArray(node)) return node.every((child) => walk(child, path, false));
    if (!isObject(node)) return true;
    if (annotation in node && isAnnotation(node)) {
      const name = node[annotation];
      if (!reachable || path.length === 0 || typeof name !== 'string' || !/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/.test(name)) return false;
      if (!['string', 'integer', 'boolean'].includes(node.type as string) || names.has(name.toLowerCase())) return false;
      names.add(name.toLowerCase());
      found.set(JSON.stringify(path), name);
    }
    return Object.entries(node).every(([key, child]) => {
      if (key !== 'properties') return walk(child, path, false);
      return isObject(child) && Object.entries(child).every(([name, property]) => walk(property, [...path, name], reachable));
    });
  };
  return walk(schema, [], true) ? found : undefined;
}

/** In `enum`, `default` and the like a member of this name would be data; only a schema has a type beside it. */
function isAnnotation(node: JsonObject): boolean {
  return 'type' in node || typeof node[annotation] === 'string';
}

/** The headers of one call. An argument that is absent or null has none. */
export function mirroredHeaders(params: ReadonlyMap<string, string>, args: JsonObject): Record<string, string> {
  return Object.fromEntries(
    [...mirroredValues(params, args)].flatMap(([name, value]) => (value === undefined ? [] : [[name, headerValue(value)]])),
  );
}

/** Every header that the schema names, in lower case, with what it must say about these arguments; undefined: it must not be there. */
export function mirroredValues(params: ReadonlyMap<string, string>, args: JsonObject): Map<string, string | undefined> {
  const values = new Map<string, string | undefined>();
  for (const [path, name] of params) {
    let value: unknown = args;
    for (const step of JSON.parse(path) as string[]) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    const isPlain = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
    values.set(`mcp-param-${name.toLowerCase()}`, isPlain ? String(value) : undefined);
  }
  return values;
}
