/** Something that must be nowhere. */
export interface Planted {
  /** What it is, for the report; never the value. */
  name: string;
  value: string;
  /** Answers that hand it out on purpose; by method and path. Everything else may not hold it. */
  handedOutBy?: RegExp;
}

export interface Place {
  kind: 'log' | 'row' | 'answer' | 'queue' | 'webhook';
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

/** Forms are looked up by their last characters: those are the random ones, and a text is read once for all of them. */
const tailLength = 12;

/** What was found where, without a word of it. */
export function hits(planted: readonly Planted[], places: readonly Place[]): string[] {
  const byTail = new Map<string, { form: string; it: Planted }[]>();
  for (const it of planted) {
    if (it.value.length < 16) throw new Error(`${it.name} is too short to be told from chance`);
    for (const form of spellings(it.value)) {
      const tail = form.slice(-tailLength);
      const others = byTail.get(tail);
      if (others === undefined) byTail.set(tail, [{ form, it }]);
      else others.push({ form, it });
    }
  }
  const found = new Set<string>();
  for (const place of places) {
    const { text } = place;
    for (let end = tailLength; end <= text.length; end++) {
      for (const { form, it } of byTail.get(text.slice(end - tailLength, end)) ?? []) {
        if (place.kind === 'answer' && it.handedOutBy?.test(place.name)) continue;
        if (text.startsWith(form, end - form.length)) found.add(`${it.name} in ${place.kind} ${place.name}`);
      }
    }
  }
  return [...found];
}
