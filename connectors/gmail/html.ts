const dropped = new Set(['style', 'script', 'head', 'title']);
const breaking = new Set(['br', 'p', 'div', 'tr', 'li', 'ul', 'ol', 'table', 'blockquote', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr']);
const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', zwnj: '', shy: '' };

/** What a person would read. Every character is looked at once, since whoever writes a mail chooses what is in it. */
export function textOfHtml(html: string): string {
  const lower = html.toLowerCase();
  let text = '';
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    text += decoded(html.slice(at, open < 0 ? undefined : open)).replace(/\s+/g, ' ');
    if (open < 0) break;
    const name = /^<\/?([a-z][a-z0-9]*)/.exec(lower.slice(open, open + 24))?.[1] ?? '';
    const isDropped = dropped.has(name) && lower[open + 1] !== '/';
    const end = lower.startsWith('<!--', open)
      ? after(lower, '-->', open)
      : after(lower, '>', isDropped ? lower.indexOf(`</${name}`, open) : open);
    if (end < 0) break;
    if (breaking.has(name)) text += '\n';
    at = end;
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

function after(text: string, mark: string, from: number): number {
  const found = from < 0 ? -1 : text.indexOf(mark, from);
  return found < 0 ? -1 : found + mark.length;
}

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[String(name).toLowerCase()] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
