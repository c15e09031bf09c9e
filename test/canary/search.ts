/** Something that must be nowhere. */
export interface Planted {
  /** What it is, for the report; never the value. */
  name: string;
  value: string;
  /** Answers that hand it out on purpose; by method and path. Everything else may not hold it. */
  handedOutBy?: RegExp;
}

export interface Place {
  kind: 'log' | 'row' | 'answer' | 'queue';
  /** Which line, table or request; never its contents. */
  name: string;
  text: string;
}

/** Every spelling that is looked for: raw, in JSON, percent-encoded, hex, and base64 at each of its three offsets. */
export function spellings(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const out = new Set([
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ]);
  for (const offset of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The characters that share bits with the neighbours are left out.
    const core = text.slice([0, 2, 3][offset], (offset + bytes.length) % 3 === 0 ? text.length : -1);
    out.add(core);
    out.add(core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...out];
}

/** What was found where, without a word of it. */
export function hits(planted: readonly Planted[], places: readonly Place[]): string[] {
  const found = new Set<string>();
  for (const { name, value, handedOutBy } of planted) {
    if (value.length < 16) throw new Error(`${name} is too short to be told from chance`);
    const forms = spellings(value);
    for (const place of places) {
      if (place.kind === 'answer' && handedOutBy?.test(place.name)) continue;
      if (forms.some((form) => place.text.includes(form))) found.add(`${name} in ${place.kind} ${place.name}`);
    }
  }
  return [...found];
}
