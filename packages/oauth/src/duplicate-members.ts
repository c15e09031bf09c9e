/**
 * Whether an object in this JSON text names a member twice (RFC 8259 section 4: what a reader makes of that is unpredictable).
 * Walks without recursion, so that depth costs nothing; the text must have been parsed already.
 */
export function hasDuplicateMembers(json: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;
  let text: string | undefined;
  for (let token = tokens.exec(json); token !== null; token = tokens.exec(json)) {
    const [found] = token;
    if (found === '{') open.push(new Set());
    else if (found === '[') open.push(undefined);
    else if (found === '}' || found === ']') open.pop();
    else if (found !== ':') text = found;
    else if (text !== undefined) {
      const names = open.at(-1);
      // Names that are spelled differently may be the same one.
      const name = text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
      if (names?.has(name) === true) return true;
      names?.add(name);
    }
  }
  return false;
}
