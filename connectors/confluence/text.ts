const entities: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  mdash: '—',
  ndash: '–',
  hellip: '…',
};
const blocks = new Set(['p', 'div', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'table', 'pre', 'blockquote']);
const lines = new Set(['tr', 'ul', 'ol', 'br', 'hr']);

/**
 * What a page that was rendered as HTML says: lines for blocks, dashes for list items, nothing of scripts and styles. Read
 * from left to right, each character once, since pages are as long as their authors like.
 */
export function textOfHtml(html: string): string {
  const lower = html.toLowerCase();
  let text = '';
  let at = 0;
  let isItem = false;
  let cellEnded = false;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    if (open === -1) break;
    text += html.slice(at, open);
    const close = html.indexOf('>', open);
    // A tag that never ends hides the rest, as it does in a browser.
    if (close === -1) return tidied(text);
    const [, slash, name = ''] = /^<(\/?)([a-z][a-z0-9]*)/.exec(lower.slice(open, Math.min(close, open + 20))) ?? [];
    at = close + 1;
    if (slash === '' && (name === 'script' || name === 'style')) {
      const end = lower.indexOf(`</${name}`, at);
      if (end === -1) return tidied(text);
      at = end;
    } else if (slash === '') {
      if (name === 'li') text += '\n- ';
      else if (/^h[1-6]$/.test(name)) text += `\n\n${'#'.repeat(Number(name[1]))} `;
      else if (cellEnded && (name === 'td' || name === 'th')) text += ' | ';
      else if (lines.has(name)) text += '\n';
      else if (name === 'p' && !isItem && !text.endsWith(' | ')) text += '\n\n';
      isItem = name === 'li';
    } else {
      if (name === 'td' || name === 'th') text = trimmedEnd(text);
      else if (blocks.has(name)) text += '\n\n';
      else if (lines.has(name)) text += '\n';
      isItem = false;
    }
    cellEnded = slash !== '' && (name === 'td' || name === 'th');
  }
  return tidied(text + html.slice(at));
}

/** The end of a cell, without what its last paragraph left. */
function trimmedEnd(text: string): string {
  return text.endsWith('\n\n') ? text.slice(0, -2) : text;
}

function tidied(text: string): string {
  return text
    .replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|[a-z]{2,8});/gi, (whole, name: string) => decoded(name.toLowerCase()) ?? whole)
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function decoded(name: string): string | undefined {
  if (!name.startsWith('#')) return Object.hasOwn(entities, name) ? entities[name] : undefined;
  const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
}
