/**
 * Atlassian Document Format (version 1) from the plain text that people and agents write, and back. Paragraphs, headings
 * (`# `), lists (`- `, `1. `), code (between lines of three backticks) and bare links; anything else stays text.
 */

export interface AdfNode {
  type: string;
  text?: string;
  version?: number;
  attrs?: Record<string, unknown>;
  marks?: { type: string; attrs?: Record<string, unknown> }[];
  content?: AdfNode[];
}

const linkShape = /https:\/\/[^\s<>"'()]+[^\s<>"'().,;:!?]/g;

export function toDocument(text: string): AdfNode {
  const blocks: AdfNode[] = [];
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  let paragraph: string[] = [];
  const endParagraph = () => {
    if (paragraph.length > 0) blocks.push({ type: 'paragraph', content: joined(paragraph) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string;
    const heading = /^(#{1,6}) +(\S.*)$/.exec(line);
    const kind = listKind(line);
    if (line.startsWith('```')) {
      endParagraph();
      const end = lines.findIndex((other, i) => i > at && other.startsWith('```'));
      const code = lines.slice(at + 1, end === -1 ? undefined : end).join('\n');
      blocks.push({ type: 'codeBlock', ...(code === '' ? {} : { content: [{ type: 'text', text: code }] }) });
      at = end === -1 ? lines.length : end;
    } else if (heading !== null) {
      endParagraph();
      blocks.push({ type: 'heading', attrs: { level: heading[1]?.length ?? 1 }, content: inline(heading[2] as string) });
    } else if (kind !== undefined) {
      endParagraph();
      const items: AdfNode[] = [];
      for (; at < lines.length && listKind(lines[at] as string) === kind; at += 1) {
        items.push({ type: 'listItem', content: [{ type: 'paragraph', content: inline(withoutMarker(lines[at] as string)) }] });
      }
      at -= 1;
      blocks.push({ type: kind, content: items });
    } else if (line.trim() === '') {
      endParagraph();
    } else {
      paragraph.push(line);
    }
  }
  endParagraph();
  // An empty document is refused; an empty paragraph is not.
  return { type: 'doc', version: 1, content: blocks.length > 0 ? blocks : [{ type: 'paragraph', content: [] }] };
}

function listKind(line: string): 'bulletList' | 'orderedList' | undefined {
  if (/^[-*] +\S/.test(line)) return 'bulletList';
  return /^\d{1,3}[.)] +\S/.test(line) ? 'orderedList' : undefined;
}

function withoutMarker(line: string): string {
  return line.replace(/^(?:[-*]|\d{1,3}[.)]) +/, '');
}

function joined(lines: string[]): AdfNode[] {
  return lines.flatMap((line, i) => (i === 0 ? inline(line) : [{ type: 'hardBreak' }, ...inline(line)]));
}

function inline(text: string): AdfNode[] {
  const nodes: AdfNode[] = [];
  let from = 0;
  const plain = (part: string) => {
    if (part !== '') nodes.push({ type: 'text', text: part });
  };
  for (const match of text.matchAll(linkShape)) {
    plain(text.slice(from, match.index));
    nodes.push({ type: 'text', text: match[0], marks: [{ type: 'link', attrs: { href: match[0] } }] });
    from = match.index + match[0].length;
  }
  plain(text.slice(from));
  return nodes;
}

const deepest = 40;

/** What a document says, as text; what has no words (a picture, a rule) leaves none. Anything that is no document is empty. */
export function fromDocument(document: unknown): string {
  return typeof document === 'string' ? document : blockText(document, 0).trim();
}

function blockText(node: unknown, depth: number): string {
  if (typeof node !== 'object' || node === null || depth > deepest) return '';
  const { type, text, attrs = {}, content } = node as AdfNode;
  const children = (Array.isArray(content) ? content : []).map((child) => blockText(child, depth + 1));
  switch (type) {
    case 'text':
      return typeof text === 'string' ? text : '';
    case 'hardBreak':
      return '\n';
    case 'mention':
    case 'emoji':
    case 'status':
    case 'inlineCard':
    case 'blockCard':
      return wordOf(attrs);
    case 'date':
      return dateOf(attrs.timestamp);
    case 'paragraph':
      return `${children.join('')}\n\n`;
    case 'heading':
      return `${'#'.repeat(Number(attrs.level) || 1)} ${children.join('')}\n\n`;
    case 'codeBlock':
      return `\`\`\`\n${children.join('')}\n\`\`\`\n\n`;
    case 'bulletList':
      return `${children.map((item) => `- ${item}`).join('\n')}\n\n`;
    case 'orderedList':
      return `${children.map((item, i) => `${i + 1}. ${item}`).join('\n')}\n\n`;
    case 'listItem':
      return children.join('').trim();
    case 'tableRow':
      return `${children.map((cell) => cell.trim()).join(' | ')}\n`;
    default:
      return children.join('');
  }
}

function wordOf({ text, shortName, url }: Record<string, unknown>): string {
  return [text, shortName, url].find((word): word is string => typeof word === 'string') ?? '';
}

function dateOf(timestamp: unknown): string {
  const ms = Number(timestamp);
  return Number.isFinite(ms) && Math.abs(ms) < 8e15 ? new Date(ms).toISOString().slice(0, 10) : '';
}
