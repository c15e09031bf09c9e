import { EgressError } from './egress-error.ts';
import { scrubText } from './scrub.ts';

const maxDepth = 256;

/** JSON where the content type says so or the text is an object or an array; otherwise the text. Empty is ''. */
export function parseBody(body: Buffer, contentType: string | undefined, secrets: string[]): unknown {
  const whole = body.toString('utf8');
  const text = whole.charCodeAt(0) === 0xfeff ? whole.slice(1) : whole;
  if (!saysJson(contentType) && !/^\s*[[{]/.test(text)) return text;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return text;
  }
  // Without an escape every string is as it came, and what came was scrubbed.
  const hides = text.includes('\\');
  if (hides || text.includes('__proto__')) return cleaned(parsed, hides ? secrets : []);
  if (!isShallow(text)) mustBeShallow(parsed);
  return parsed;
}

function saysJson(contentType: string | undefined): boolean {
  // First what nearly every answer says.
  if (contentType === 'application/json' || contentType === 'application/json; charset=utf-8') return true;
  return contentType !== undefined && /^\s*(application|text)\/([\w.-]+\+)?json\b/i.test(contentType);
}

/**
 * Whether the text alone proves that it is not nested too deeply: whatever is open is closed again, so that there are at least as many
 * closing brackets as levels. A text with more of them may be shallow as well.
 */
function isShallow(json: string): boolean {
  let left = maxDepth;
  for (const bracket of ['}', ']']) {
    for (let at = json.indexOf(bracket); at !== -1; at = json.indexOf(bracket, at + 1)) {
      left -= 1;
      if (left < 0) return false;
    }
  }
  return true;
}

function mustBeShallow(root: unknown): void {
  const open: { value: object; depth: number }[] = typeof root === 'object' && root !== null ? [{ value: root, depth: 0 }] : [];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { value, depth } = node;
    if (depth > maxDepth) throw tooDeep();
    for (const child of Object.values(value)) {
      if (typeof child === 'object' && child !== null) open.push({ value: child, depth: depth + 1 });
    }
  }
}

const tooDeep = () => new EgressError('invalid', true, 'the answer is nested too deeply');

/**
 * Drops `__proto__` members, which JSON.parse makes own properties and a later copy would turn into a prototype, and the
 * secrets that only JSON's own escapes had hidden. Without recursion: the depth is the sender's choice.
 */
function cleaned(root: unknown, secrets: string[]): unknown {
  const clean = (value: unknown) => (typeof value === 'string' ? scrubbed(value, secrets) : value);
  const open: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { value, depth } = node;
    if (typeof value !== 'object' || value === null) continue;
    if (depth > maxDepth) throw tooDeep();
    const object = value as Record<string, unknown>;
    for (const key of Object.keys(object)) {
      const child = object[key];
      const name = Array.isArray(value) ? key : scrubbed(key, secrets);
      if (key === '__proto__' || name !== key) delete object[key];
      if (key === '__proto__') continue;
      object[name] = clean(child);
      open.push({ value: child, depth: depth + 1 });
    }
  }
  return clean(root);
}

function scrubbed(text: string, secrets: string[]): string {
  return secrets.some((secret) => text.includes(secret)) ? scrubText(text, secrets) : text;
}
