import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Connector, Tool } from '@grantway/connector-kit';
import { argumentsOf, hasPlace, type Sought, sourcesOf } from '@grantway/connector-kit/testing/sources';
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
  /** Where each of the others is found. */
  explained: Record<string, Found>;
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
    // As a connection is called is the operator's choice; the connector's own name is looked at anyway.
    connectionName: '',
  })) as unknown as Parameters<ReturnType<typeof createToolFinder>>[0];
  const find = createToolFinder();
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
    const explained = explainedOf(best, wish, says);
    const unexplained = argumentsOf(best.tool).flatMap(({ name, required }) => (required && explained[name] === undefined ? [name] : []));
    measure.answers.push({ wish, wanted: wanted.map(({ tool }) => tool.name), found, place, unexplained, explained });
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

/** In words of the wish, in another tool's answer, where the description says that a person looks, or as it says if the wish is silent. */
export type Found = 'wish' | `tool ${string}` | 'place' | 'silence';

interface Owned {
  connector: Connector;
  tool: Tool;
}

/** What a reader finds of the required arguments. */
function explainedOf({ connector, tool }: Owned, wish: string, says: Wish['says']): Record<string, Found> {
  const quotes = new Map(Object.entries(says).flatMap(([spellings, quote]) => spellings.split('|').map((name) => [name, quote] as const)));
  const found = argumentsOf(tool)
    .filter(({ required }) => required)
    .flatMap((argument): [string, Found][] => {
      const quote = quotes.get(argument.name);
      if (quote !== undefined && wish.toLowerCase().includes(quote.toLowerCase())) return [[argument.name, 'wish']];
      const source = reachable(connector, tool, argument, [tool.name]);
      if (source !== undefined) return [[argument.name, `tool ${source.name}`]];
      if (hasPlace(argument)) return [[argument.name, 'place']];
      return /\bunless\b|\bmostly\b/.test(argument.description) ? [[argument.name, 'silence']] : [];
    });
  return Object.fromEntries(found);
}

/**
 * A tool that is named, whose worked example has a value that the argument takes, and that can be called itself: its own required
 * arguments are found likewise, or say what to look for.
 */
function reachable(connector: Connector, tool: Tool, argument: Sought, way: readonly string[]): Tool | undefined {
  return sourcesOf(tool, argument, connector).find(
    (source) =>
      !way.includes(source.name) &&
      argumentsOf(source).every(
        (next) =>
          !next.required ||
          isSearch(source, next) ||
          hasPlace(next) ||
          reachable(connector, source, next, [...way, source.name]) !== undefined,
      ),
  );
}

/** What to look for, or in which span of time, a reader chooses. */
function isSearch({ effect, inputSchema }: Tool, { name, isId }: Sought): boolean {
  const { properties = {} } = inputSchema() as { properties?: Record<string, { type?: string }> };
  return effect === 'read' && !isId && properties[name]?.type === 'string';
}
