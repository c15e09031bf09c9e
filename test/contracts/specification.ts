import { type Description, isNamed, type Operation, operationsOf } from './description.ts';
import { isObject, type Problem, problemsOf, type WireRequest } from './validate.ts';
import { samples, type Wishes } from './values.ts';

/**
 * T1: the vendor's current description. T2: an older one of the vendor's, with a list of what is newer. T3: the vendor's own
 * published types or client. T4: written down here from the vendor's pages. none: nothing to compare with.
 */
export type Tier = 'T1' | 'T2' | 'T3' | 'T4' | 'none';

export interface Verdict {
  /** The operation's name in the specification; undefined: it has none for this request. */
  operation: string | undefined;
  problems: Problem[];
}

export interface Mutant {
  /** The key that was renamed; `*` for places in lists. */
  at: string;
  key: string;
  request: WireRequest;
}

export interface AnswerWishes {
  named?: Wishes['named'];
  /** Keys that are never null or empty in a good answer, though the specification lets them be. */
  present?: RegExp;
  /** Alternatives, by the names of their definitions, that this connector's answers never are. */
  without?: RegExp;
}

/** What requests are held against. */
export interface Specification {
  has(operation: string): boolean;
  /** Whether an operation has this method and path. */
  covers(request: WireRequest): boolean;
  judge(request: WireRequest): Verdict;
  mutants(request: WireRequest): Mutant[];
  /** Bodies of good answers to this request, made up by the specification. */
  answers(request: WireRequest, count: number, wishes: AnswerWishes): unknown[];
  /** One line for each operation, for comparing two versions. */
  outline(): Map<string, string>;
}

export function rest(description: Description): Specification {
  const judge = (request: WireRequest): { operation: Operation | undefined; problems: Problem[] } => {
    const found = operationsOf(description, request.method, request.path);
    if (found.length === 0)
      return { operation: undefined, problems: [{ at: 'path', message: `no operation ${request.method} ${request.path}` }] };
    const judged = found.map((operation) => ({ operation, problems: problemsOf(description, operation, request) }));
    return judged.toSorted((a, b) => a.problems.length - b.problems.length)[0] as (typeof judged)[0];
  };
  return {
    has: (name) => description.operations.some((operation) => isNamed(operation, name)),
    covers: (request) => operationsOf(description, request.method, request.path).length > 0,
    judge: (request) => {
      const { operation, problems } = judge(request);
      return { operation: operation === undefined ? undefined : operation.id, problems };
    },
    mutants: renamed,
    answers: (request, count, answerWishes) => {
      const answer = judge(request).operation?.answer;
      if (answer === undefined) return [];
      const wishes = { root: description.root, free: ['made up'], ...answerWishes };
      const whole = samples(answer, count, 7, { ...wishes, full: true });
      // Types and SDKs leave open what is always there; a description that requires keys of its answers may be taken at its word.
      return description.closed === true ? whole : [...whole, ...samples(answer, count, 11, { ...wishes, full: false, wary: true })];
    },
    outline: () =>
      new Map(
        description.operations.map((o) => [
          `${o.method} ${o.path}`,
          JSON.stringify([o.parameters.map((p) => [p.name, p.in, p.required]), Object.keys(o.bodies)]),
        ]),
      ),
  };
}

/** Each key of the query and of the body, renamed. */
export function renamed(request: WireRequest): Mutant[] {
  const inQuery = [...new Set(request.query.map(([name]) => name))].map((key) => ({
    at: `query.${key}`,
    key,
    request: { ...request, query: request.query.map(([name, value]): [string, string] => [name === key ? other(key) : name, value]) },
  }));
  return [...inQuery, ...keysIn(request.body, 'body').map(({ at, key, changed }) => ({ at, key, request: { ...request, body: changed } }))];
}

export const other = (key: string) => (key.endsWith(']') ? `${key.slice(0, -1)}_renamed]` : `${key}_renamed`);

export function keysIn(value: unknown, at: string): { at: string; key: string; changed: unknown }[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => keysIn(item, `${at}.*`).map((found) => ({ ...found, changed: value.with(i, found.changed) })));
  }
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    { at: `${at}.${key}`, key, changed: Object.fromEntries(Object.entries(value).map(([k, v]) => [k === key ? other(key) : k, v])) },
    ...keysIn(inner, `${at}.${key}`).map((found) => ({ ...found, changed: { ...value, [key]: found.changed } })),
  ]);
}

/** Several documents of one vendor: each request belongs to the one that has an operation for it. */
export function either(parts: Specification[]): Specification {
  const homeOf = (request: WireRequest): Specification | undefined => parts.find((part) => part.covers(request)) ?? parts[0];
  return {
    has: (name) => parts.some((part) => part.has(name)),
    covers: (request) => parts.some((part) => part.covers(request)),
    judge: (request) => homeOf(request)?.judge(request) ?? { operation: undefined, problems: [{ at: 'path', message: 'no document' }] },
    mutants: (request) => homeOf(request)?.mutants(request) ?? [],
    answers: (request, count, wishes) => homeOf(request)?.answers(request, count, wishes) ?? [],
    outline: () => new Map(parts.flatMap((part) => [...part.outline()])),
  };
}

/** A description that says nothing of answers, with another one's. */
export const answeredBy = (requests: Specification, other: Specification): Specification => ({ ...requests, answers: other.answers });
