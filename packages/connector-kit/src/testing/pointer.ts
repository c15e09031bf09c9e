/** The tokens of a JSON pointer (RFC 6901). */
function tokens(pointer: string): string[] {
  if (pointer !== '' && !pointer.startsWith('/')) throw new TypeError(`${pointer} is not a JSON pointer`);
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The value at a JSON pointer, or undefined where there is none. */
export function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const token of tokens(pointer)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return undefined;
    value = (value as Record<string, unknown>)[token];
  }
  return value;
}

/** A deep copy of `document` with the values at the pointers replaced; a pointer that leads nowhere is a TypeError. */
export function withValues(document: unknown, values: Record<string, unknown>): unknown {
  const copy = structuredClone(document);
  for (const [pointer, value] of Object.entries(values)) {
    if (valueAt(copy, pointer) === undefined) throw new TypeError(`nothing stands at ${pointer}`);
    const parent = valueAt(copy, pointer.slice(0, pointer.lastIndexOf('/'))) as Record<string, unknown>;
    parent[tokens(pointer).at(-1) as string] = value;
  }
  return copy;
}

/** Every string in a document, changed; a deep copy. */
export function withStrings(document: unknown, change: (text: string) => string): unknown {
  if (typeof document === 'string') return change(document);
  if (Array.isArray(document)) return document.map((item) => withStrings(item, change));
  if (typeof document === 'object' && document !== null) {
    return Object.fromEntries(Object.entries(document).map(([key, value]) => [key, withStrings(value, change)]));
  }
  return document;
}

/** Every string in a document, keys left out. */
export function stringsIn(document: unknown): string[] {
  const found: string[] = [];
  withStrings(document, (text) => {
    found.push(text);
    return text;
  });
  return found;
}
