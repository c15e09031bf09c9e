/** One token of TypeScript source: a name, a piece of punctuation, or a string. Comments and white space are gone. */
export interface Token {
  kind: 'name' | 'string' | 'punctuation';
  text: string;
  line: number;
}

/**
 * Splits source into tokens, well enough to know code from comments, strings and regular expressions. Words inside
 * strings do not count as code; expressions inside templates do.
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  const templates: number[] = [];
  let depth = 0;
  let line = 1;
  let i = 0;
  const push = (kind: Token['kind'], text: string) => tokens.push({ kind, text, line });
  const skipTo = (end: number) => {
    for (; i < end; i++) if (source[i] === '\n') line++;
  };

  const quoted = (quote: string): number => {
    let end = i + 1;
    while (end < source.length && source[end] !== quote && source[end] !== '\n') end += source[end] === '\\' ? 2 : 1;
    return end;
  };
  /** From the start of a template's text to its end or its next expression. */
  const templateText = () => {
    let end = i;
    while (end < source.length && source[end] !== '`' && !source.startsWith('${', end)) end += source[end] === '\\' ? 2 : 1;
    skipTo(end);
    if (source[i] === '`') i++;
    else {
      i += 2;
      templates.push(depth);
    }
  };
  const regexMayStart = () => {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.kind === 'string') return false;
    if (last.kind === 'name') return /^(return|typeof|case|in|of|do|else|void|delete|throw|new|await|yield)$/.test(last.text);
    return !/^[)\]}]$/.test(last.text);
  };

  while (i < source.length) {
    const c = source[i] as string;
    if (c === '\n') {
      line++;
      i++;
    } else if (/\s/.test(c)) i++;
    else if (source.startsWith('//', i)) skipTo(endOf(source, '\n', i));
    else if (source.startsWith('/*', i)) skipTo(endOf(source, '*/', i) + 2);
    else if (c === "'" || c === '"') {
      const end = quoted(c);
      push('string', source.slice(i + 1, end));
      i = end + 1;
    } else if (c === '`') {
      push('string', '`');
      i++;
      templateText();
    } else if (c === '}' && templates.at(-1) === depth) {
      templates.pop();
      i++;
      templateText();
    } else if (c === '/' && regexMayStart()) {
      let end = i + 1;
      for (let inClass = false; end < source.length && source[end] !== '\n' && (inClass || source[end] !== '/'); end++) {
        if (source[end] === '\\') end++;
        else if (source[end] === '[') inClass = true;
        else if (source[end] === ']') inClass = false;
      }
      push('string', '/');
      i = end + 1;
    } else if (/[A-Za-z_$#]/.test(c)) {
      const word = /^[\w$#]+/.exec(source.slice(i, i + 200))?.[0] ?? c;
      push('name', word);
      i += word.length;
    } else {
      if (c === '{') depth++;
      if (c === '}') depth--;
      push('punctuation', c);
      i++;
    }
  }
  return tokens;
}

function endOf(source: string, what: string, from: number): number {
  const at = source.indexOf(what, from);
  return at < 0 ? source.length : at;
}

export interface Import {
  specifier: string;
  line: number;
  /** `import type { ... }`: erased, nothing is loaded. */
  typeOnly: boolean;
}

/** What a module imports: static, re-exported and dynamic. */
export function importsOf(tokens: readonly Token[]): Import[] {
  const found: Import[] = [];
  tokens.forEach((token, at) => {
    if (token.kind !== 'string') return;
    const [before, beforeThat] = [tokens[at - 1], tokens[at - 2]];
    const isImport = before?.text === 'from' || before?.text === 'import' || (before?.text === '(' && beforeThat?.text === 'import');
    if (!isImport) return;
    let start = at;
    while (start > 0 && tokens[start]?.text !== 'import' && tokens[start]?.text !== 'export') start--;
    const typeOnly = tokens[start + 1]?.text === 'type' && tokens[start + 2]?.text !== 'from';
    found.push({ specifier: token.text, line: token.line, typeOnly });
  });
  return found;
}

/** Whether these token texts follow one another somewhere in code. */
export function linesOf(tokens: readonly Token[], sequence: readonly string[]): number[] {
  return tokens.flatMap((token, at) =>
    sequence.every((text, k) => tokens[at + k]?.text === text && tokens[at + k]?.kind !== 'string') ? [token.line] : [],
  );
}
