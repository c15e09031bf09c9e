/** The few things about Python that are needed to read a client as text: it is neither run nor compiled. */

/** Without comments and without documentation, whose examples look like calls. */
export const bare = (source: string): string => source.replace(/"""[\s\S]*?"""/g, '""').replace(/^\s*#.*$|(?<=[\s,({[])# .*$/gm, '');

/** What stands between the bracket at this place and its partner. */
export function inBrackets(source: string, open: number): string {
  let depth = 0;
  let quote = '';
  for (let i = open; i < source.length; i++) {
    const c = source[i] as string;
    if (quote !== '') {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c) && --depth === 0) return source.slice(open + 1, i);
  }
  return source.slice(open + 1);
}

/** Split where the separator is in no bracket and no text. */
export function parts(source: string, separator: string): string[] {
  const found: string[] = [];
  let from = 0;
  for (let i = 0, depth = 0, quote = ''; i < source.length; i++) {
    const c = source[i] as string;
    if (quote !== '') {
      if (c === '\\') i++;
      else if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if ('([{'.includes(c)) depth++;
    else if (')]}'.includes(c)) depth--;
    else if (c === separator && depth === 0) {
      found.push(source.slice(from, i));
      from = i + 1;
    }
  }
  return [...found, source.slice(from)].map((part) => part.trim()).filter((part) => part !== '');
}

export interface PythonFunction {
  name: string;
  /** Annotations by argument. */
  args: Map<string, string>;
  body: string;
}

/** Functions with this indentation: 0 is a module's own, 4 a class's. */
export function functionsIn(source: string, indent: 0 | 4): PythonFunction[] {
  const margin = ' '.repeat(indent);
  return source
    .split(new RegExp(`^${margin}(?:async )?def `, 'm'))
    .slice(1)
    .map((text) => {
      const signature = inBrackets(text, text.indexOf('('));
      const after = text.slice(text.indexOf('(') + signature.length + 2);
      // Up to the next thing beside it.
      const end = new RegExp(`^${margin}\\S`, 'm').exec(after.slice(after.indexOf('\n')))?.index;
      const body = after.slice(after.indexOf('\n'));
      return {
        name: /^\w+/.exec(text)?.[0] ?? '',
        args: new Map(
          parts(signature, ',')
            .map((arg) => /^(\w+): ([\s\S]+?)(?: = [\s\S]*)?$/.exec(arg))
            .filter((match) => match !== null)
            .map((match): [string, string] => [match[1] as string, match[2] as string]),
        ),
        body: end === undefined ? body : body.slice(0, end),
      };
    });
}

export interface PythonClass {
  name: string;
  bases: string;
  body: string;
}

export function classesIn(source: string): PythonClass[] {
  return [...source.matchAll(/^class (\w+)(?:\(([^)]*)\))?:\n((?:(?: {4}.*)?\n)*)/gm)].map(([, name = '', bases = '', body = '']) => ({
    name,
    bases,
    body,
  }));
}

/** The text that a literal stands for; of an f-string, `{name}` for each value in it. */
export function textLiteral(source: string): string | undefined {
  const literal = /^f?"([^"]*)"$/.exec(source)?.[1];
  return literal?.replace(/\{[^}]*?(\w+)\)?\}/g, (_, name: string) => `{${name.replace(/^_/, '')}}`);
}
