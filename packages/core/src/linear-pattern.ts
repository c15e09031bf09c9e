/**
 * Regular expressions whose cost is bounded by the length of the text times the length of the pattern, whatever both are:
 * all states are carried along at once, and nothing is ever tried again (Thompson, "Regular Expression Search Algorithm",
 * CACM 11(6), 1968). JavaScript's own matcher goes back, and a text that an agent wrote could hold up everybody.
 *
 * Taken: literals, `.`, classes, `\d \w \s` and their opposites, `\n \r \t \f \v \0`, `\xHH`, `\uHHHH`, `\u{...}`, groups, alternatives,
 * `* + ? {n} {n,} {n,m}` (lazy or not), `^` and `$`. With the meaning that they have in a JavaScript expression with the flag `u`.
 */
export interface LinearPattern {
  /** Whether the whole text matches. A text of over `maxText` characters never does. */
  matches(text: string): boolean;
}

export const maxText = 10_000;
const maxStates = 2_000;

/** What is wrong with a pattern, for whoever wrote it. */
export class PatternError extends Error {}

type Range = readonly [from: number, to: number];
type Node =
  | { kind: 'class'; ranges: readonly Range[]; negated: boolean }
  | { kind: 'start' | 'end' | 'empty' }
  | { kind: 'all' | 'any'; parts: Node[] }
  | { kind: 'repeat'; node: Node; min: number; max: number };

/** `split` goes on at both places; `accept` is the end. */
type State =
  | { op: 'class'; ranges: readonly Range[]; negated: boolean; next: number }
  | { op: 'split'; next: number; other: number }
  | { op: 'start' | 'end'; next: number }
  | { op: 'accept' };

const digits: Range[] = [[0x30, 0x39]];
const words: Range[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const spaces: Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const lineEnds: Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const lastCodePoint = 0x10ffff;

/** @throws PatternError */
export function linearPattern(source: string): LinearPattern {
  const states: State[] = [];
  let built = 0;
  const entry = build(parse(source), add({ op: 'accept' }));

  function add(state: State): number {
    if (states.length >= maxStates) throw new PatternError('it is too large; use smaller counts');
    return states.push(state) - 1;
  }

  /** Back to front: every state knows where it goes on. */
  function build(node: Node, next: number): number {
    // Counts of counts of nothing make no states, and work all the same.
    if (++built > maxStates * 5) throw new PatternError('it is too large; use smaller counts');
    switch (node.kind) {
      case 'empty':
        return next;
      case 'start':
      case 'end':
        return add({ op: node.kind, next });
      case 'class':
        return add({ op: 'class', ranges: node.ranges, negated: node.negated, next });
      case 'all':
        return node.parts.reduceRight((after, part) => build(part, after), next);
      case 'any':
        return node.parts.map((part) => build(part, next)).reduceRight((other, first) => add({ op: 'split', next: first, other }));
      case 'repeat': {
        let after = next;
        if (node.max === Number.POSITIVE_INFINITY) {
          const loop = { op: 'split' as const, next: 0, other: next };
          after = add(loop);
          loop.next = build(node.node, after);
        } else {
          for (let i = node.min; i < node.max; i++) after = add({ op: 'split', next: build(node.node, after), other: next });
        }
        for (let i = 0; i < node.min; i++) after = build(node.node, after);
        return after;
      }
    }
  }

  return {
    matches(text) {
      if (text.length > maxText) return false;
      // The step at which a state was last reached: a state is taken up once in each.
      const reached = new Int32Array(states.length).fill(-1);
      let step = 0;
      let atStart = true;
      let atEnd = text.length === 0;
      let accepted = false;
      let live: number[] = [];
      const reach = (into: number[], first: number): void => {
        const open = [first];
        for (let id = open.pop(); id !== undefined; id = open.pop()) {
          if (reached[id] === step) continue;
          reached[id] = step;
          const state = states[id] as State;
          if (state.op === 'class') into.push(id);
          else if (state.op === 'accept') accepted = true;
          else if (state.op === 'split') open.push(state.other, state.next);
          else if (state.op === 'start' ? atStart : atEnd) open.push(state.next);
        }
      };
      reach(live, entry);
      for (let at = 0; at < text.length; ) {
        const point = text.codePointAt(at) as number;
        at += point > 0xffff ? 2 : 1;
        step++;
        atStart = false;
        atEnd = at === text.length;
        accepted = false;
        const next: number[] = [];
        for (const id of live) {
          const state = states[id] as State & { op: 'class' };
          if (isIn(point, state.ranges) !== state.negated) reach(next, state.next);
        }
        if (next.length === 0 && !accepted) return false;
        live = next;
      }
      return accepted;
    },
  };
}

function isIn(point: number, ranges: readonly Range[]): boolean {
  for (const [from, to] of ranges) if (point >= from && point <= to) return true;
  return false;
}

function opposite(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const rest: Range[] = [];
  let from = 0;
  for (const [low, high] of sorted) {
    if (low > from) rest.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  if (from <= lastCodePoint) rest.push([from, lastCodePoint]);
  return rest;
}

const maxDepth = 30;

/** Recursive descent over code points. */
function parse(source: string): Node {
  const points = [...source];
  let at = 0;
  const root = alternatives(0);
  if (at < points.length) throw new PatternError(`there is a "${points[at]}" too many`);
  return root;

  function alternatives(depth: number): Node {
    if (depth > maxDepth) throw new PatternError('groups are nested too deeply');
    const parts = [sequence(depth)];
    while (points[at] === '|') {
      at++;
      parts.push(sequence(depth));
    }
    return parts.length === 1 ? (parts[0] as Node) : { kind: 'any', parts };
  }

  function sequence(depth: number): Node {
    const parts: Node[] = [];
    while (at < points.length && points[at] !== '|' && points[at] !== ')') parts.push(repeated(depth));
    return parts.length === 0 ? { kind: 'empty' } : { kind: 'all', parts };
  }

  function repeated(depth: number): Node {
    const node = atom(depth);
    const counts = quantifier();
    if (counts === undefined) return node;
    if (node.kind === 'start' || node.kind === 'end') throw new PatternError('an anchor cannot be repeated');
    if (quantifier() !== undefined) throw new PatternError('there is nothing to repeat');
    const [min, max] = counts;
    if (min > max) throw new PatternError('the numbers of a count are out of order');
    return { kind: 'repeat', node, min, max };
  }

  function quantifier(): [number, number] | undefined {
    const sign = points[at];
    let counts: [number, number];
    if (sign === '*') counts = [0, Number.POSITIVE_INFINITY];
    else if (sign === '+') counts = [1, Number.POSITIVE_INFINITY];
    else if (sign === '?') counts = [0, 1];
    else if (sign === '{') {
      const close = points.indexOf('}', at);
      const match = /^(\d{1,4})(,)?(\d{1,4})?$/.exec(close < 0 ? '' : points.slice(at + 1, close).join(''));
      if (match === null || (match[2] === undefined && match[3] !== undefined)) throw new PatternError('a "{" must begin a count');
      const min = Number(match[1]);
      counts = [min, match[3] !== undefined ? Number(match[3]) : match[2] === undefined ? min : Number.POSITIVE_INFINITY];
      at = close;
    } else return undefined;
    at++;
    // Lazy or not decides which match is found, never whether the whole text is one.
    if (points[at] === '?') at++;
    return counts;
  }

  function atom(depth: number): Node {
    const char = points[at++] as string;
    switch (char) {
      case '(': {
        if (points[at] === '?') {
          if (points[at + 1] !== ':') throw new PatternError('lookaround, named groups and flags are not taken');
          at += 2;
        }
        const inner = alternatives(depth + 1);
        if (points[at++] !== ')') throw new PatternError('a group is not closed');
        return inner;
      }
      case '[':
        return characterClass();
      case '.':
        return { kind: 'class', ranges: lineEnds, negated: true };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '\\':
        return { kind: 'class', ranges: escaped(false), negated: false };
      case '*':
      case '+':
      case '?':
      case '{':
        throw new PatternError('there is nothing to repeat');
      case '}':
      case ']':
        throw new PatternError(`a "${char}" must have a backslash before it`);
      default:
        return { kind: 'class', ranges: [single(char.codePointAt(0) as number)], negated: false };
    }
  }

  function characterClass(): Node {
    const negated = points[at] === '^';
    if (negated) at++;
    const ranges: Range[] = [];
    while (points[at] !== ']') {
      const first = member();
      // A "-" is a range between two single characters, and itself at either end.
      if (points[at] === '-' && points[at + 1] !== ']') {
        at++;
        const last = member();
        if (first.length !== 1 || last.length !== 1 || first[0]?.[0] !== first[0]?.[1] || last[0]?.[0] !== last[0]?.[1]) {
          throw new PatternError('a range in a class must be between two characters');
        }
        const [from, to] = [(first[0] as Range)[0], (last[0] as Range)[0]];
        if (from > to) throw new PatternError('a range in a class is out of order');
        ranges.push([from, to]);
      } else ranges.push(...first);
    }
    at++;
    return { kind: 'class', ranges, negated };
  }

  function member(): Range[] {
    const char = points[at++];
    if (char === undefined) throw new PatternError('a class is not closed');
    return char === '\\' ? escaped(true) : [single(char.codePointAt(0) as number)];
  }

  function escaped(inClass: boolean): Range[] {
    const char = points[at++];
    switch (char) {
      case 'd':
        return digits;
      case 'D':
        return opposite(digits);
      case 'w':
        return words;
      case 'W':
        return opposite(words);
      case 's':
        return spaces;
      case 'S':
        return opposite(spaces);
      case 'n':
        return [single(0x0a)];
      case 'r':
        return [single(0x0d)];
      case 't':
        return [single(0x09)];
      case 'f':
        return [single(0x0c)];
      case 'v':
        return [single(0x0b)];
      case '0':
        if (/\d/.test(points[at] ?? '')) break;
        return [single(0)];
      case 'x':
        return [single(hex(2))];
      case 'u': {
        if (points[at] !== '{') return [single(hex(4))];
        const close = points.indexOf('}', at);
        const digitsOf = close < 0 ? '' : points.slice(at + 1, close).join('');
        const point = /^[0-9a-fA-F]{1,6}$/.test(digitsOf) ? Number.parseInt(digitsOf, 16) : Number.NaN;
        if (!(point <= lastCodePoint)) throw new PatternError('a \\u{...} must be a code point');
        at = close + 1;
        return [single(point)];
      }
      default:
        if (char !== undefined && /[\^$\\.*+?()[\]{}|/]/.test(char)) return [single(char.codePointAt(0) as number)];
        if (inClass && char === '-') return [single(0x2d)];
    }
    throw new PatternError(char === undefined ? 'it ends with a backslash' : `"\\${char}" is not taken`);
  }

  function hex(length: number): number {
    const text = points.slice(at, at + length).join('');
    if (!new RegExp(`^[0-9a-fA-F]{${length}}$`).test(text)) throw new PatternError(`${length} hexadecimal digits must follow`);
    at += length;
    return Number.parseInt(text, 16);
  }
}

function single(point: number): Range {
  return [point, point];
}
