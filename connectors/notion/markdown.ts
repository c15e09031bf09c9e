/** One piece of text as Notion takes it. */
export interface TextPart {
  type: 'text';
  text: { content: string; link?: { url: string } };
  annotations?: Partial<Record<'bold' | 'italic' | 'code' | 'strikethrough', true>>;
}

/** A block as Notion takes it: its type names the member that holds its content. */
export type Block = { type: string; [content: string]: unknown };

export const blocksMax = 100;
const partMax = 2000;

/** Notion's names of languages that people call otherwise in a fence. */
const languages = new Map([
  ['js', 'javascript'],
  ['ts', 'typescript'],
  ['py', 'python'],
  ['rb', 'ruby'],
  ['rs', 'rust'],
  ['sh', 'shell'],
  ['yml', 'yaml'],
  ['md', 'markdown'],
  ['cs', 'c#'],
  ['cpp', 'c++'],
]);
const known = new Set(
  (
    'bash c c# c++ clojure css dart diff docker elixir elm erlang f# fortran go graphql groovy haskell html java javascript json julia ' +
    'kotlin latex less lisp lua makefile markdown matlab mermaid nix ocaml perl php powershell prolog protobuf python r ruby rust sass ' +
    'scala scss shell solidity sql swift toml typescript verilog webassembly xml yaml'
  ).split(' '),
);

/**
 * Markdown, as far as it has a counterpart among Notion's blocks: headings, lists, to-dos, quotes, fenced code, rules and
 * paragraphs; bold, italic, code, struck-out text and links within them. What is none of these stays text as it stands.
 */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) blocks.push(textBlock('paragraph', paragraph.join('\n')));
    paragraph = [];
  };
  const lines = markdown.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    const fence = /^ {0,3}```+\s*([^\s`]*)[^`]*$/.exec(line);
    if (fence !== null) {
      endParagraph();
      const code: string[] = [];
      while (++i < lines.length && !/^ {0,3}```+\s*$/.test(lines[i] as string)) code.push(lines[i] as string);
      blocks.push({ type: 'code', code: { rich_text: pieces(code.join('\n'), {}), language: languageOf(fence[1] ?? '') } });
      continue;
    }
    const block = lineBlock(line);
    if (block !== undefined) {
      endParagraph();
      blocks.push(block);
    } else if (line.trim() === '') endParagraph();
    else paragraph.push(line);
  }
  endParagraph();
  return blocks;
}

function lineBlock(line: string): Block | undefined {
  if (/^ {0,3}([-*_])( *\1){2,} *$/.test(line)) return { type: 'divider', divider: {} };
  const heading = /^(#{1,6}) +(.+)$/.exec(line);
  if (heading !== null) return textBlock(`heading_${Math.min((heading[1] as string).length, 3)}`, heading[2] as string);
  const todo = /^ *[-*+] +\[([ xX])\] +(.+)$/.exec(line);
  if (todo !== null) return textBlock('to_do', todo[2] as string, { checked: todo[1] !== ' ' });
  const bullet = /^ *[-*+] +(.+)$/.exec(line);
  if (bullet !== null) return textBlock('bulleted_list_item', bullet[1] as string);
  const numbered = /^ *\d{1,9}[.)] +(.+)$/.exec(line);
  if (numbered !== null) return textBlock('numbered_list_item', numbered[1] as string);
  const quote = /^> ?(.+)$/.exec(line);
  if (quote !== null) return textBlock('quote', quote[1] as string);
  return undefined;
}

function textBlock(type: string, text: string, more: Record<string, unknown> = {}): Block {
  return { type, [type]: { rich_text: richText(text), ...more } };
}

function languageOf(word: string): string {
  const name = word.toLowerCase();
  const own = languages.get(name) ?? name;
  return known.has(own) ? own : 'plain text';
}

const marks =
  /`([^`\n]+)`|\*\*([^*\n]+)\*\*|__([^_\n]+)__|~~([^~\n]+)~~|\*([^*\s][^*\n]*)\*|(?<![A-Za-z0-9])_([^_\s][^_\n]*)_(?![A-Za-z0-9])|\[([^\]\n]+)\]\((https?:\/\/[^\s()]+)\)/g;

/** The marks within a line; one inside another is not read, and stays as it was written. */
export function richText(text: string): TextPart[] {
  const parts: TextPart[] = [];
  let at = 0;
  for (const match of text.matchAll(marks)) {
    parts.push(...pieces(text.slice(at, match.index), {}));
    const [, code, stars, lines, struck, star, line, label, url] = match;
    if (code !== undefined) parts.push(...pieces(code, { annotations: { code: true } }));
    else if ((stars ?? lines) !== undefined) parts.push(...pieces((stars ?? lines) as string, { annotations: { bold: true } }));
    else if (struck !== undefined) parts.push(...pieces(struck, { annotations: { strikethrough: true } }));
    else if ((star ?? line) !== undefined) parts.push(...pieces((star ?? line) as string, { annotations: { italic: true } }));
    else parts.push(...pieces(label as string, {}, url));
    at = match.index + match[0].length;
  }
  parts.push(...pieces(text.slice(at), {}));
  return parts;
}

function pieces(text: string, more: Pick<TextPart, 'annotations'>, url?: string): TextPart[] {
  const found = text.match(new RegExp(`[\\s\\S]{1,${partMax}}`, 'gu')) ?? [];
  return found.map((content) => ({ type: 'text', text: url === undefined ? { content } : { content, link: { url } }, ...more }));
}
