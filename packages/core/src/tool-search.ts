import { lexicon, stemOf, wordsOf } from './tool-search-words.ts';

/** What is looked at of a tool. */
export interface Searchable {
  name: string;
  /** Names by which clients of other brokers know it. */
  aliases: readonly string[];
  title: string;
  description: string;
  effect: 'read' | 'write' | 'destructive';
  /** The connector's id and name. */
  connector: string;
  /** The connection's name; empty where the tool is not of one connection. */
  connection: string;
  /** Names of the arguments, and the values that they are limited to. */
  args: readonly { name: string; values: readonly string[] }[];
}

export interface ToolHit {
  /** The place in the list that the index was made of. */
  at: number;
  /** Greater is better; comparable within one answer only. */
  score: number;
  /** The words of the query that led here. */
  matched: string[];
}

export interface ToolIndex {
  /** The best first, equal ones in the order of the list; empty where no word of the query means anything here. */
  search(query: string, limit: number, only?: (at: number) => boolean): ToolHit[];
}

const maxQueryWords = 48;
/** A description's beginning says what a tool is; the rest are details that would only be noise. */
const maxDescribed = 600;
const maxArguments = 60;
const maxAliases = 20;
const maxValues = 20;
const maxValue = 64;

const weight = { name: 3, alias: 1.5, title: 1.2, description: 1.6, argument: 0.5, value: 0.3 } as const;
/** How much a word counts that only means the same. */
const meaningShare = 0.75;
const typoShare = 0.6;
/** Where the search words name a connector: what its tools are multiplied with, and those of all others. */
const named = { yes: 1.6, no: 0.3, kind: 1.3 } as const;
const saturation = 1.2;
/** More than words can reach. */
const asNamed = 1000;

/** The tools that have a term, in their order, and how much of it. */
interface Posting {
  docs: number[];
  weights: number[];
}

interface Term {
  /** What the caller wrote. */
  word: string;
  /** Alternatives: each document counts the best of them. */
  keys: { key: string; share: number }[];
  weight: number;
}

/** One tool, taken apart once. */
export interface ToolDocument {
  effect: Searchable['effect'];
  /** Its name and its other ones, as a whole. */
  names: readonly string[];
  /** How much of each term it has. */
  weights: ReadonlyMap<string, number>;
  /** Stems of its connector's and connection's names. */
  places: readonly string[];
  /** The words of its name with their meanings, by which it is seen how much of a name was asked for. */
  name: readonly (readonly string[])[];
}

export function documentOf(tool: Searchable): ToolDocument {
  const places = [...new Set(wordsOf(`${tool.connector} ${tool.connection}`).map(stemOf))].filter(
    (stem) => stem.length > 1 && !lexicon.idle.has(stem),
  );
  const weights = new Map<string, number>();
  const add = (terms: readonly string[], each: number) => {
    for (const term of new Set(terms)) weights.set(term, (weights.get(term) ?? 0) + each);
  };
  const own = termsOf(tool.name).filter((term) => !places.includes(term));
  add(own, weight.name);
  // What the name has already is not counted again, and what several of them have is counted once.
  const others = tool.aliases.slice(0, maxAliases).flatMap((alias) => termsOf(alias.slice(0, maxValue)));
  add(
    others.filter((term) => !places.includes(term) && !own.includes(term)),
    weight.alias,
  );
  add(termsOf(tool.title.slice(0, maxDescribed)), weight.title);
  const described = termsOf(tool.description.slice(0, maxDescribed));
  // A long description has more words by chance.
  add(described, (weight.description * 1.5) / (1 + described.length / 40));
  for (const { name, values } of tool.args.slice(0, maxArguments)) {
    add(termsOf(name.slice(0, maxValue)), weight.argument);
    for (const value of values.slice(0, maxValues)) add(termsOf(value.slice(0, maxValue)), weight.value);
  }
  const name = own.filter((term) => !term.startsWith('@')).map((term) => [term, ...meaningsOf(term)]);
  return { effect: tool.effect, names: [tool.name, ...tool.aliases], weights, places, name };
}

/** Own ranking, after BM25 over weighted fields (Robertson, Zaragoza 2009); no model, nothing leaves the process. */
export function createToolIndex(tools: readonly ToolDocument[]): ToolIndex {
  const postings = new Map<string, Posting>();
  const connectors = new Map<string, Set<number>>();
  // The documents themselves are not kept: they are the greater part of the memory.
  const known = tools.map(({ effect, name }) => ({ effect, name }));
  const called = new Map<string, number[]>();
  tools.forEach(({ names }, doc) => {
    for (const name of names) called.set(name, [...(called.get(name) ?? []), doc]);
  });
  tools.forEach(({ weights, places }, doc) => {
    for (const stem of places) connectors.set(stem, (connectors.get(stem) ?? new Set<number>()).add(doc));
    for (const [term, sum] of weights) {
      const list = postings.get(term);
      if (list === undefined) postings.set(term, { docs: [doc], weights: [sum] });
      else {
        list.docs.push(doc);
        list.weights.push(sum);
      }
    }
  });

  const vocabulary = vocabularyOf([...postings.keys(), ...connectors.keys(), ...lexicon.meanings.keys()]);
  const idf = (key: string) => {
    const found = postings.get(key)?.docs.length ?? 0;
    return Math.log(1 + (known.length - found + 0.5) / (found + 0.5));
  };

  return {
    search(query, limit, only = () => true) {
      const { terms, places, kinds, reads, does } = readQuery(query, connectors, postings, vocabulary);
      const scores = new Float64Array(known.length);
      const best = new Float64Array(known.length);
      for (const term of terms) {
        best.fill(0);
        for (const { key, share } of term.keys) {
          const worth = idf(key) * share * term.weight;
          const { docs, weights } = postings.get(key) as Posting;
          for (let i = 0; i < docs.length; i++) {
            const doc = docs[i] as number;
            const w = weights[i] as number;
            const value = (worth * w * (saturation + 1)) / (w + saturation);
            if (value > (best[doc] as number)) best[doc] = value;
          }
        }
        for (let doc = 0; doc < scores.length; doc++) (scores[doc] as number) += best[doc] as number;
      }
      // A connector alone is asked for all its tools.
      const isBare = terms.length === 0 && places.length > 0;
      const asked = new Set(terms.flatMap((term) => term.keys.map(({ key }) => key)));
      const inPlace = marked(places, known.length);
      const ofKind = marked(kinds, known.length);
      // A name given as a whole is no search.
      const meant = new Set(called.get(query.trim().toLowerCase()));
      const hits: { at: number; score: number }[] = [];
      for (let doc = 0; doc < known.length; doc++) {
        const { effect, name } = known[doc] as Pick<ToolDocument, 'effect' | 'name'>;
        let score = isBare ? 1 : (scores[doc] as number);
        if (score === 0 && (inPlace[doc] === 1 || meant.has(doc))) score = 0.01;
        if (score === 0 || !only(doc)) continue;
        if (places.length > 0) score *= inPlace[doc] === 1 ? named.yes : named.no;
        else if (ofKind[doc] === 1) score *= named.kind;
        const covered = name.filter((ways) => ways.some((term) => asked.has(term))).length;
        score *= 0.8 + (0.4 * covered) / Math.max(1, name.length);
        if (does && !reads && effect === 'read') score *= 0.75;
        if (reads && !does && effect !== 'read') score *= 0.75;
        hits.push({ at: doc, score: meant.has(doc) ? score + asNamed : score });
      }
      hits.sort((a, b) => b.score - a.score || a.at - b.at);
      return hits.slice(0, limit).map(({ at, score }) => ({
        at,
        score: Math.round(score * 100) / 100,
        matched: [
          ...new Set(terms.filter((term) => term.keys.some(({ key }) => postings.get(key)?.docs.includes(at))).map(({ word }) => word)),
          ...(meant.has(at) ? [query.trim()] : []),
        ],
      }));
    },
  };
}

function marked(sets: readonly ReadonlySet<number>[], count: number): Uint8Array {
  const marks = new Uint8Array(count);
  for (const set of sets) for (const doc of set) marks[doc] = 1;
  return marks;
}

interface Query {
  terms: Term[];
  /** Tools of connectors of a kind that was named. */
  kinds: ReadonlySet<number>[];
  /** The tools of each connector that is named. */
  places: ReadonlySet<number>[];
  reads: boolean;
  does: boolean;
}

function readQuery(
  query: string,
  connectors: ReadonlyMap<string, ReadonlySet<number>>,
  postings: ReadonlyMap<string, unknown>,
  vocabulary: Vocabulary,
): Query {
  const words = wordsOf(hintsOf(query)).slice(0, maxQueryWords);
  const read = new Set<string>();
  const terms: Term[] = [];
  const places: ReadonlySet<number>[] = [];
  const kinds: ReadonlySet<number>[] = [];
  const acts = new Set<string>();
  const seen = new Set<string>();
  for (let i = 0; i < words.length; ) {
    const phrase = phraseAt(words, i);
    const taken = phrase?.length ?? 1;
    const word = words.slice(i, i + taken).join(' ');
    i += taken;
    if (read.has(word)) continue;
    read.add(word);
    if (phrase === undefined && lexicon.idle.has(word) && !lexicon.meanings.has(word)) continue;
    let stem = phrase?.key ?? stemOf(word);
    let share = 1;
    if (!postings.has(stem) && !lexicon.meanings.has(stem) && !lexicon.kinds.has(stem) && !connectors.has(stem)) {
      const near = vocabulary.nearest(stem);
      if (near === undefined) continue;
      stem = near;
      share = typoShare;
    }
    if (seen.has(stem)) continue;
    seen.add(stem);
    const place = connectors.get(stem);
    if (place !== undefined) places.push(place);
    for (const name of lexicon.kinds.get(stem) ?? []) {
      const docs = connectors.get(name);
      if (docs !== undefined) kinds.push(docs);
    }
    const meanings = lexicon.meanings.get(stem) ?? [];
    for (const meaning of meanings) if (lexicon.deeds.has(meaning)) acts.add(meaning);
    const keys = [{ key: stem, share: 1 }, ...meanings.map((key) => ({ key, share: meaningShare }))].filter(({ key }) => postings.has(key));
    // The name of a connector says where; what else it may say counts less.
    if (keys.length > 0) terms.push({ word, keys, weight: share * (place === undefined ? 1 : 0.35) });
  }
  return { terms, places, kinds, reads: words.some((word) => lexicon.asks.has(word)), does: acts.size > 0 };
}

/** Terms of a text: stems of its words, and what they and its phrases mean. */
function termsOf(text: string): string[] {
  const words = wordsOf(text);
  const terms: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const phrase = phraseAt(words, i);
    if (phrase !== undefined) terms.push(...meaningsOf(phrase.key));
    const word = words[i] as string;
    if (lexicon.idle.has(word)) continue;
    const stem = stemOf(word);
    terms.push(stem, ...meaningsOf(stem));
  }
  return terms;
}

function meaningsOf(stem: string): readonly string[] {
  return lexicon.meanings.get(stem) ?? [];
}

function phraseAt(words: readonly string[], at: number): { key: string; length: number } | undefined {
  const first = stemOf(words[at] as string);
  for (let length = Math.min(lexicon.phrases.get(first) ?? 0, words.length - at); length > 1; length--) {
    const key = words
      .slice(at, at + length)
      .map(stemOf)
      .join(' ');
    if (lexicon.meanings.has(key)) return { key, length };
  }
  return undefined;
}

/** What stands for a kind of thing without naming it. */
function hintsOf(query: string): string {
  return query
    .replaceAll(/[^\s@]{1,64}@[^\s@]{1,255}/g, ' email ')
    .replaceAll(/\bhttps?:\S{1,2000}/gi, ' url ')
    .replaceAll(/(^|\s)#[a-z][\w-]{0,80}/gi, ' channel ')
    .replaceAll(/\b[A-Z][A-Z\d]{1,9}-\d{1,7}\b/g, ' issue ');
}

// ---- words that are written wrong ---------------------------------------------------------------------------------

interface Vocabulary {
  /** The known word that is nearest, where one is near enough. */
  nearest(word: string): string | undefined;
}

interface Word {
  text: string;
  /** One bit for each letter of a to z that is in it. */
  letters: number;
}

function vocabularyOf(all: readonly string[]): Vocabulary {
  const byLength = new Map<number, Word[]>();
  for (const text of new Set(all)) {
    if (!/^\p{L}{3,24}$/u.test(text)) continue;
    const list = byLength.get(text.length);
    const word = { text, letters: lettersOf(text) };
    if (list === undefined) byLength.set(text.length, [word]);
    else list.push(word);
  }
  return {
    nearest(word) {
      if (!/^\p{L}{4,24}$/u.test(word)) return undefined;
      const letters = lettersOf(word);
      const most = word.length < 8 ? 1 : 2;
      let found: string | undefined;
      let least = most;
      for (let length = word.length - most; length <= word.length + most; length++) {
        for (const { text, letters: others } of byLength.get(length) ?? []) {
          // Each edit changes two letters of the set at most, which is told without a table.
          if (bitsOf(letters ^ others) > 2 * least) continue;
          const distance = distanceOf(word, text, least);
          if (distance > least) continue;
          if (found === undefined || distance < least || likeness(word, text) > likeness(word, found)) found = text;
          least = distance;
        }
      }
      return found;
    },
  };
}

function lettersOf(word: string): number {
  let letters = 0;
  for (let i = 0; i < word.length; i++) {
    const at = word.charCodeAt(i) - 97;
    if (at >= 0 && at < 26) letters |= 1 << at;
  }
  return letters;
}

function bitsOf(set: number): number {
  let count = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Between equally near words: a first letter is seldom wrong, and a word with a meaning is likelier than one without. */
function likeness(word: string, candidate: string): number {
  return (candidate[0] === word[0] ? 2 : 0) + (lexicon.meanings.has(candidate) ? 1 : 0);
}

/** Edits between two words, neighbours that changed places counted once; anything over `most` is `most + 1`. */
function distanceOf(a: string, b: string, most: number): number {
  if (most < 0 || Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) value = Math.min(value, (before[j - 2] as number) + 1);
      row.push(value);
      if (value < least) least = value;
    }
    if (least > most) return most + 1;
    before = last;
    last = row;
  }
  return last[b.length] as number;
}
