import { randomUUID } from 'node:crypto';
import type { FreshKind } from '@grantway/connector-kit';
import type { ApiMatch } from './api-routes.ts';
import { freshLink } from './files.ts';
import { type Leaf, leavesOf, mapLeaves, tokensOf, valueAt } from './json-places.ts';
import type { State } from './state.ts';

/** How long the sandbox remembers what its answers made. */
const rememberedMs = 30 * 86_400_000;

/**
 * The example's answer as if it had been given to this caller: new values where the example says that they are new each
 * time, the caller's own values where the example shows its caller's, the account's where it shows the account's. What
 * an answer made is remembered: a later call that names it is answered about it, not about the example's.
 */
export function answerBody(match: ApiMatch, options: { vendorId: string; state: State; account: Map<Leaf, Leaf> }): unknown {
  const { route, actual } = match;
  const { vendorId, state, account } = options;
  const { body } = route.receives;
  const fresh = freshValues(route.fresh, body, vendorId, state);
  const echo = echoOf(route.places, actual, body);
  const remembered = recall(actual, vendorId, state);
  const shown: Shown[] = [...fresh.shown];
  const texts = textChanges([...fresh.shown, ...remembered.shown, ...echo.shown]);
  const answer = mapLeaves(body, (leaf, pointer) => {
    const renewed = fresh.byPointer.get(pointer);
    if (renewed !== undefined) return renewed;
    const echoed = echo.read(leaf, pointer);
    const known = remembered.read(leaf, pointer);
    if (echoed !== undefined && !(known !== undefined && remembered.names.has(echoed))) {
      shown.push([leaf, echoed, nameOf(pointer)]);
      return echoed;
    }
    return known ?? account.get(leaf) ?? rewritten(leaf, texts);
  });
  const expiresAtMs = Date.now() + rememberedMs;
  for (const made of fresh.names) state.set(madeKey(vendorId, made), shown, { expiresAtMs });
  return answer;
}

function madeKey(vendorId: string, value: Leaf): string {
  return `${vendorId}/made/${value}`;
}

/** A value of the example, what stood there instead, and the member's name. */
type Shown = [example: Leaf, instead: Leaf, name: string];

/** What earlier answers made of the things that this request names. */
function recall(actual: Map<string, string | number>, vendorId: string, state: State) {
  const names = new Set<Leaf>();
  const shown: Shown[] = [];
  for (const value of actual.values()) {
    const made = state.get(madeKey(vendorId, value)) as Shown[] | undefined;
    if (made === undefined) continue;
    names.add(value);
    shown.push(...made);
  }
  const read = (leaf: Leaf, pointer: string): Leaf | undefined =>
    shown.find(([example, , name]) => example === leaf && (isTelling(leaf) || name === nameOf(pointer)))?.[1];
  return { names, shown, read };
}

/** Equal values in the example are the same thing, so they get the same new value. */
function freshValues(kinds: Record<string, FreshKind>, body: unknown, vendorId: string, state: State) {
  const byPointer = new Map<string, Leaf>();
  const known = new Map<string, Leaf>();
  const numbers = new Map<number, number>();
  const shown: Shown[] = [];
  const names = new Set<Leaf>();
  for (const [pointer, kind] of Object.entries(kinds)) {
    const example = valueAt(body, pointer);
    const key = `${kind} ${JSON.stringify(example)}`;
    const value = known.get(key) ?? freshValue(kind, example, numbers, vendorId, state);
    known.set(key, value);
    byPointer.set(pointer, value);
    if (typeof example === 'string' || typeof example === 'number') shown.push([example, value, nameOf(pointer)]);
    if (typeof value === 'string' && kind !== 'iso_now' && kind !== 'unix_now' && kind !== 'link') names.add(value);
  }
  return { byPointer, shown, names };
}

/** Longer texts that hold a changed value, or its form in a URL, change with it. */
function textChanges(shown: Shown[]): [from: string, to: string][] {
  const changes = new Map<string, string>();
  for (const [from, to] of shown) {
    if (typeof from !== 'string' || typeof to !== 'string') continue;
    if (from.length >= 6 && !changes.has(from)) changes.set(from, to);
    // Addresses hold the ids of pages without their hyphens.
    if (isUuid(from) && isUuid(to)) changes.set(from.replaceAll('-', ''), to.replaceAll('-', ''));
    if (slug(from).length >= 10 && !changes.has(slug(from))) changes.set(slug(from), slug(to));
  }
  return [...changes].sort(([a], [b]) => b.length - a.length);
}

function rewritten(leaf: Leaf, changes: [from: string, to: string][]): Leaf {
  return typeof leaf === 'string' ? changes.reduce((text, [from, to]) => text.replaceAll(from, to), leaf) : leaf;
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

function freshValue(kind: FreshKind, example: unknown, numbers: Map<number, number>, vendorId: string, state: State): Leaf {
  const nowMs = Date.now();
  switch (kind) {
    case 'uuid':
      return randomUUID();
    case 'link':
      return freshLink(String(example), vendorId, state);
    case 'iso_now':
      return new Date(nowMs).toISOString();
    case 'unix_now': {
      const seconds = Math.floor(nowMs / 1000);
      return typeof example === 'string' ? String(seconds) : seconds;
    }
    case 'unix_micros': {
      // Never the same twice: vendors that use such times use them as ids
      const micros = nextOf(state, `${vendorId}/micros`, nowMs * 1000);
      return `${Math.floor(micros / 1_000_000)}.${String(micros % 1_000_000).padStart(6, '0')}`;
    }
    default: {
      const prefix = kind.slice('sequence:'.length);
      const shown = Number(typeof example === 'string' && example.startsWith(prefix) ? example.slice(prefix.length) : example);
      const from = Number.isFinite(shown) ? shown : 0;
      const next = numbers.get(from) ?? nextOf(state, `${vendorId}/sequence/${prefix}`, from + 1);
      numbers.set(from, next);
      return typeof example === 'number' ? next : `${prefix}${next}`;
    }
  }
}

/** The next number of a counter that never goes back, also over a restart. */
function nextOf(state: State, key: string, atLeast: number): number {
  const next = Math.max(Number(state.get(key) ?? 0) + 1, atLeast);
  state.set(key, next);
  return next;
}

/**
 * The caller's value in the place of the example's caller's. A short value (`2`, `en`) is only taken for the caller's
 * own where it stands under the same name, and an id is not put where a name of another form stood. A member that the
 * example's caller did not send is shown where the answer has exactly one of that name.
 */
function echoOf(example: Map<string, string | number>, actual: Map<string, string | number>, body: unknown) {
  const anywhere = new Map<string, string | number>();
  const byName = new Map<string, string | number>();
  for (const [place, shown] of example) {
    const given = actual.get(place);
    if (given === undefined) continue;
    byName.set(`${nameOf(`/${place}`)} ${shown}`, given);
    if (isTelling(shown) && isUuid(shown) === isUuid(given) && !anywhere.has(String(shown))) anywhere.set(String(shown), given);
  }
  const extra = new Map<string, string | number>();
  const leafNames = leavesOf(body).map(([pointer, leaf]) => `${nameOf(pointer)} ${typeof leaf}`);
  for (const [place, given] of actual) {
    const name = `${nameOf(`/${place}`)} ${typeof given}`;
    if (!example.has(place) && place.startsWith('body/') && leafNames.filter((known) => known === name).length === 1)
      extra.set(name, given);
  }
  const read = (leaf: Leaf, pointer: string): Leaf | undefined => {
    if (typeof leaf !== 'string' && typeof leaf !== 'number') return undefined;
    const name = nameOf(pointer);
    const given = byName.get(`${name} ${leaf}`) ?? anywhere.get(String(leaf)) ?? extra.get(`${name} ${typeof leaf}`);
    if (given === undefined) return undefined;
    if (typeof leaf === 'number') return Number.isFinite(Number(given)) ? Number(given) : undefined;
    return String(given);
  };
  return { read, shown: [...anywhere].map(([from, to]): Shown => [from, to, '']) };
}

/** Whether a value says by itself what it stands for, wherever it appears. */
function isTelling(value: Leaf): boolean {
  return typeof value === 'number' ? Math.abs(value) >= 1000 : typeof value === 'string' && value.length >= 4;
}

function isUuid(value: string | number): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(String(value));
}

/** `/variables/input/teamId` -> `teamid`; list positions are skipped. */
function nameOf(pointer: string): string {
  const name = tokensOf(pointer).findLast((token) => !/^\d+$/.test(token)) ?? '';
  return name.replace(/[_-]/g, '').toLowerCase();
}
