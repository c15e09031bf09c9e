/** A leaf of a JSON value: anything that is neither an object nor an array. */
export type Leaf = string | number | boolean | null;

/** Every leaf of `value` by its JSON pointer (RFC 6901). */
export function leavesOf(value: unknown, pointer = ''): [pointer: string, leaf: Leaf][] {
  if (Array.isArray(value)) return value.flatMap((item, i) => leavesOf(item, `${pointer}/${i}`));
  if (isRecord(value)) return Object.entries(value).flatMap(([key, item]) => leavesOf(item, `${pointer}/${escapeToken(key)}`));
  return value === undefined ? [] : [[pointer, value as Leaf]];
}

/** The same value with every leaf passed through `change`. */
export function mapLeaves(value: unknown, change: (leaf: Leaf, pointer: string) => unknown, pointer = ''): unknown {
  if (Array.isArray(value)) return value.map((item, i) => mapLeaves(item, change, `${pointer}/${i}`));
  if (isRecord(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapLeaves(item, change, `${pointer}/${escapeToken(key)}`)]));
  }
  return change(value as Leaf, pointer);
}

export function valueAt(value: unknown, pointer: string): unknown {
  let here = value;
  for (const token of tokensOf(pointer)) {
    if (Array.isArray(here)) here = here[Number(token)];
    else if (isRecord(here) && Object.hasOwn(here, token)) here = here[token];
    else return undefined;
  }
  return here;
}

/** Sets, or with `undefined` removes, what stands at the pointer. The parent must exist; otherwise nothing happens. */
export function setAt(value: unknown, pointer: string, to: unknown): void {
  const tokens = tokensOf(pointer);
  const last = tokens.pop();
  const parent = valueAt(value, tokens.map((token) => `/${escapeToken(token)}`).join(''));
  if (last === undefined || typeof parent !== 'object' || parent === null) return;
  if (Array.isArray(parent)) parent[Number(last)] = to;
  else if (to === undefined) delete (parent as Record<string, unknown>)[last];
  else (parent as Record<string, unknown>)[last] = to;
}

export function tokensOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function escapeToken(token: string): string {
  return token.replaceAll('~', '~0').replaceAll('/', '~1');
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
