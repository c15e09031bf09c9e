import { mayEcho } from './echo-filter.ts';

/** What stands where a provider echoed a credential. Plain enough to survive inside JSON, HTML and a header. */
export const scrubMarker = '[credential removed]';

// Shorter values would match by chance and garble honest answers.
const minSecretLength = 6;

/** Every spelling of the secrets that is looked for, longest first. Other transformations (encryption, spacing) are out of reach. */
export function spellings(secrets: string[]): string[] {
  const out = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < minSecretLength) continue;
    const bytes = Buffer.from(secret, 'utf8');
    const hex = bytes.toString('hex');
    const upper = hex.toUpperCase();
    out.add(secret).add(hex).add(upper).add(percented(hex)).add(percented(upper));
    // Most tokens hold nothing that JSON, HTML, a URL or a form would write in another way.
    if (!/^[A-Za-z0-9._-]+$/.test(secret)) {
      const json = JSON.stringify(secret).slice(1, -1);
      const percent = encodeURIComponent(secret);
      const form = new URLSearchParams({ v: secret }).toString().slice(2);
      const html = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
      for (const text of [json, json.replaceAll('/', '\\/'), html, ...[percent, form].flatMap(bothCases)]) out.add(text);
    }
    for (const text of base64Cores(bytes)) {
      out.add(text);
      if (text.includes('+') || text.includes('/')) out.add(text.replaceAll('+', '-').replaceAll('/', '_'));
    }
  }
  return [...out].filter((text) => text.length >= minSecretLength).sort((a, b) => b.length - a.length);
}

function percented(hex: string): string {
  let out = '';
  for (let i = 0; i < hex.length; i += 2) out += `%${hex.slice(i, i + 2)}`;
  return out;
}

function bothCases(text: string): string[] {
  const hexDigits = /%[0-9a-f]{2}/gi;
  return [text, text.replace(hexDigits, (h) => h.toUpperCase()), text.replace(hexDigits, (h) => h.toLowerCase())];
}

// Inside a longer base64 text ("user:token") the secret starts at one of three bit offsets; the characters that it shares
// with its neighbours differ, the ones between do not.
function base64Cores(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const shifted = Buffer.alloc(offset + bytes.length);
    bytes.copy(shifted, offset);
    const text = shifted.toString('base64').replace(/=+$/, '');
    const head = [0, 2, 3][offset] as number;
    const tail = (offset + bytes.length) % 3 === 0 ? 0 : 1;
    return text.slice(head, text.length - tail);
  });
}

/** The text without any spelling of the secrets. */
export function scrubText(text: string, secrets: string[]): string {
  return mayEcho(secrets, {}, text) ? replaced(text, spellings(secrets)) : text;
}

function replaced(text: string, patterns: string[]): string {
  let out = text;
  for (const pattern of patterns) {
    if (out.includes(pattern)) out = out.replaceAll(pattern, scrubMarker);
  }
  return out;
}

/** Beyond it a copy as text costs more than it saves. */
const shortBody = 65_536;

function holdsAny(body: Buffer, patterns: readonly string[]): boolean {
  if (body.length > shortBody) return patterns.some((pattern) => body.includes(pattern));
  // Byte for byte: one character each.
  const text = body.toString('latin1');
  return patterns.some((pattern) => text.includes(isAscii(pattern) ? pattern : Buffer.from(pattern, 'utf8').toString('latin1')));
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is what is meant
  return /^[\x00-\x7f]*$/.test(text);
}

/** An answer without any spelling of the secrets, in headers and body. Works on bytes, so that any charset is covered. */
export function scrubResponse<T extends { headers: Record<string, string>; body: Buffer }>(response: T, secrets: string[]): T {
  if (!mayEcho(secrets, response.headers, response.body)) return response;
  const patterns = spellings(secrets);
  const entries = Object.entries(response.headers);
  // A line break cannot be in a header, nor in what is looked for across two of them.
  const all = entries.map(([, value]) => value).join('\n');
  const headers = patterns.some((pattern) => all.includes(pattern))
    ? Object.fromEntries(entries.map(([name, value]) => [name, replaced(value, patterns)]))
    : response.headers;
  if (!holdsAny(response.body, patterns)) return headers === response.headers ? response : { ...response, headers };
  const body = replaced(
    response.body.toString('latin1'),
    patterns.map((pattern) => Buffer.from(pattern, 'utf8').toString('latin1')),
  );
  return { ...response, headers, body: Buffer.from(body, 'latin1') };
}
