import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Connector, Tool } from '@grantway/connector-kit';
import { createToolFinder } from '@grantway/core';

/** What a person wants, in plain words. */
export interface Wish {
  wish: string;
  /** Names or aliases of the tools that fulfil it, the best one first. */
  tools: string[];
  /** Argument -> the words of the wish that are its value. Several spellings of a name stand between bars. */
  says: Record<string, string>;
}

export const wishes = JSON.parse(readFileSync(new URL('wishes.json', import.meta.url), 'utf8')) as Wish[];

export interface Answer {
  wish: string;
  wanted: string[];
  /** The first five, the best first. */
  found: string[];
  place: number | undefined;
  /** Required arguments of the wanted tool whose value a reader finds neither in the wish nor through a tool that is named. */
  unexplained: string[];
}

export interface Score {
  asked: number;
  first: number;
  firstFive: number;
  /** Wishes of which every required argument is explained. */
  explained: number;
}

export interface Measure {
  tools: number;
  tuning: Score;
  heldOut: Score;
  both: Score;
  byConnector: Map<string, Score>;
  answers: Answer[];
  /** Wishes of connectors that are not in this tree, and of tools that their connector does not have. */
  skipped: { wish: string; tools: string[]; reason: 'no such connector' | 'no such tool' }[];
}

const shown = 5;

export function measureWishes(asked: readonly Wish[], connectors: readonly Connector[]): Measure {
  const owned = connectors.flatMap((connector) => connector.tools.map((tool) => ({ connector, tool })));
  const byName = new Map(owned.flatMap((entry) => [entry.tool.name, ...entry.tool.aliases].map((name) => [name, entry] as const)));
  const exposed = owned.map(({ connector, tool }) => ({
    name: tool.name,
    tool,
    inputSchema: tool.inputSchema(),
    connector,
    connectionName: connector.id,
  })) as unknown as Parameters<ReturnType<typeof createToolFinder>>[0];
  const find = createToolFinder();
  const names = new Set(owned.map(({ tool }) => tool.name));
  const measure: Measure = {
    tools: owned.length,
    tuning: none(),
    heldOut: none(),
    both: none(),
    byConnector: new Map(),
    answers: [],
    skipped: [],
  };
  for (const { wish, tools, says } of asked) {
    const wanted = tools.flatMap((name) => byName.get(name) ?? []);
    const [best] = wanted;
    if (best === undefined) {
      const here = tools.some((name) => connectors.some(({ id }) => name.startsWith(`${id.replaceAll('-', '_')}_`)));
      measure.skipped.push({ wish, tools, reason: here ? 'no such tool' : 'no such connector' });
      continue;
    }
    const found = find(exposed, { query: wish, limit: shown }).map(({ tool }) => tool.name);
    const right = new Set(wanted.map(({ tool }) => tool.name));
    const at = found.findIndex((name) => right.has(name));
    const place = at < 0 ? undefined : at;
    const unexplained = unexplainedOf(best.tool, wish, says, names);
    measure.answers.push({ wish, wanted: wanted.map(({ tool }) => tool.name), found, place, unexplained });
    const ofConnector = measure.byConnector.get(best.connector.id) ?? none();
    measure.byConnector.set(best.connector.id, ofConnector);
    for (const score of [isHeldOut(wish) ? measure.heldOut : measure.tuning, measure.both, ofConnector]) {
      score.asked++;
      if (place === 0) score.first++;
      if (place !== undefined) score.firstFive++;
      if (unexplained.length === 0) score.explained++;
    }
  }
  return measure;
}

const none = (): Score => ({ asked: 0, first: 0, firstFive: 0, explained: 0 });

/** The halves are drawn by a hash, so that nobody chooses. */
export function isHeldOut(wish: string): boolean {
  return (createHash('sha256').update(wish).digest()[0] as number) % 2 === 1;
}

interface Schema {
  properties?: Record<string, { description?: string }>;
  required?: string[];
}

function unexplainedOf(tool: Tool, wish: string, says: Wish['says'], names: ReadonlySet<string>): string[] {
  const { properties = {}, required = [] } = tool.inputSchema() as Schema;
  const quotes = new Map(Object.entries(says).flatMap(([spellings, quote]) => spellings.split('|').map((name) => [name, quote] as const)));
  const pointsSomewhere = (text: string | undefined) =>
    (text ?? '').match(/\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b/g)?.some((name) => name !== tool.name && names.has(name)) === true;
  return required.filter((name) => {
    const quote = quotes.get(name);
    if (quote !== undefined && wish.toLowerCase().includes(quote.toLowerCase())) return false;
    // An argument's own words go first; the description speaks for those that are ids of something listed elsewhere.
    if (pointsSomewhere(properties[name]?.description)) return false;
    return !(/(_?ids?|Ids?|Key|key|name)$/.test(name) && pointsSomewhere(tool.description));
  });
}
