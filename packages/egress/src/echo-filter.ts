/**
 * A cheap proof that a text holds none of the secrets in any spelling of `scrub.ts`, for every answer that comes in: making the
 * spellings costs far more than the whole look at an answer.
 *
 * Every spelling holds one of a few windows of `windowLength` characters: a run of characters that no escaping changes, or the
 * beginning of the secret in hexadecimal, percent-encoded bytes or base64 at each of its three offsets. A window holds `stride`
 * groups of four characters in a row, so that looking at every `stride`-th group of a text meets each window that is in it.
 * What is met there by chance is no second time four characters further on or back, where a window still is.
 */
const stride = 12;
const windowLength = stride + 3;
/** Shorter ones have no whole window in some of their spellings. */
const shortest = 16;
/** More would fill the table; they are looked for in the long way. */
const mostSecrets = 6;

const slots = 2048;
// Used by one look at a time and emptied after it: nothing of a secret outlives the look.
const table = new Int32Array(slots);
const window = new Uint8Array(windowLength);
const letters = codesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const lower = codesOf('0123456789abcdef');
const upper = codesOf('0123456789ABCDEF');
const percent = 0x25;
// What JSON, HTML, a URL and a form write as it is.
const isPlain = Uint8Array.from({ length: 128 }, (_, code) => (/[A-Za-z0-9._-]/.test(String.fromCharCode(code)) ? 1 : 0));

/** Whether one of the texts may hold a spelling of one of the secrets. False is certain. */
export function mayEcho(secrets: readonly string[], headers: Readonly<Record<string, string>>, body: Uint8Array | string): boolean {
  if (secrets.length > mostSecrets) return true;
  try {
    for (const secret of secrets) if (!addWindows(secret)) return true;
    for (const name in headers) if (textMeets(headers[name] as string)) return true;
    return typeof body === 'string' ? textMeets(body) : bytesMeet(body);
  } finally {
    table.fill(0);
    window.fill(0);
  }
}

/** False where the windows would not stand for every spelling. */
function addWindows(secret: string): boolean {
  // Too short for `scrub.ts` as well.
  if (secret.length < 6) return true;
  if (secret.length < shortest) return false;
  for (let i = 0; i < shortest; i += 1) if (secret.charCodeAt(i) > 0x7f) return false;
  const from = plainRun(secret);
  if (from === -1) return false;
  for (let i = 0; i < windowLength; i += 1) window[i] = secret.charCodeAt(from + i);
  addWindow();
  for (const digits of [lower, upper]) {
    for (let i = 0; i < windowLength; i += 1) {
      const code = secret.charCodeAt(i >> 1);
      window[i] = digits[i % 2 === 0 ? code >> 4 : code & 15] as number;
    }
    addWindow();
    for (let i = 0; i < windowLength; i += 3) {
      const code = secret.charCodeAt(i / 3);
      window[i] = percent;
      window[i + 1] = digits[code >> 4] as number;
      window[i + 2] = digits[code & 15] as number;
    }
    addWindow();
  }
  // Wherever the secret begins in a longer text, one of its first three bytes begins a group of three there.
  for (let offset = 0; offset < 3; offset += 1) {
    let hasSign = false;
    for (let i = 0; i < windowLength; i += 1) {
      const number = sextet(secret, offset, i);
      window[i] = letters[number] as number;
      hasSign ||= number > 61;
    }
    addWindow();
    if (!hasSign) continue;
    for (let i = 0; i < windowLength; i += 1) window[i] = urlSafe(window[i] as number);
    addWindow();
  }
  return true;
}

/** The number that the base64 digit `index` stands for, of the bytes from `from` on. */
function sextet(secret: string, from: number, index: number): number {
  const at = from + 3 * (index >> 2);
  const three = (secret.charCodeAt(at) << 16) | (secret.charCodeAt(at + 1) << 8) | secret.charCodeAt(at + 2);
  return (three >> (18 - 6 * (index & 3))) & 63;
}

/** RFC 4648 section 5. */
function urlSafe(code: number): number {
  return code === 0x2b ? 0x2d : code === 0x2f ? 0x5f : code;
}

/** Where the first run of plain characters begins that is long enough; -1 where there is none. */
function plainRun(secret: string): number {
  let run = 0;
  for (let i = 0; i < secret.length; i += 1) {
    run = isPlain[secret.charCodeAt(i)] === 1 ? run + 1 : 0;
    if (run === windowLength) return i + 1 - windowLength;
  }
  return -1;
}

function addWindow(): void {
  for (let i = 0; i < stride; i += 1) {
    const group = groupIn(window, i);
    let slot = slotOf(group);
    while (table[slot] !== 0 && table[slot] !== group) slot = (slot + 1) & (slots - 1);
    table[slot] = group;
  }
}

// Twice the same, so that each meets one kind of text only and is compiled for it.
function bytesMeet(bytes: Uint8Array): boolean {
  const end = bytes.length - 3;
  for (let i = 0; i < end; i += stride) {
    if (isThere(groupIn(bytes, i)) && ((i >= 4 && isThere(groupIn(bytes, i - 4))) || (i + 4 < end && isThere(groupIn(bytes, i + 4)))))
      return true;
  }
  return false;
}

function textMeets(text: string): boolean {
  const end = text.length - 3;
  for (let i = 0; i < end; i += stride) {
    if (isThere(groupAt(text, i)) && ((i >= 4 && isThere(groupAt(text, i - 4))) || (i + 4 < end && isThere(groupAt(text, i + 4)))))
      return true;
  }
  return false;
}

function isThere(group: number): boolean {
  // An empty slot is 0, which no window's group is.
  for (let slot = slotOf(group); table[slot] !== 0; slot = (slot + 1) & (slots - 1)) if (table[slot] === group) return true;
  return false;
}

function groupIn(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24);
}

function groupAt(text: string, at: number): number {
  return text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8) | (text.charCodeAt(at + 2) << 16) | (text.charCodeAt(at + 3) << 24);
}

function slotOf(group: number): number {
  return Math.imul(group, 0x9e3779b1) >>> 21;
}

function codesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
