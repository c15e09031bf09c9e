import type pg from 'pg';

/** Of a process; each connection keeps the plans of those that it has run. */
const maxNamed = 150;
const maxSeen = 2_000;
/** Longer ones are lists of values that hardly come again. */
const maxLength = 8_000;

/**
 * Gives statements that come again a name, so that the server parses and rewrites each of them once for a connection, and from the
 * sixth time on plans it no more unless that pays (https://www.postgresql.org/docs/current/sql-prepare.html): under row-level
 * security that is most of what a small statement costs. Those that have a name, or no parameters, are left as they are.
 *
 * @returns what is called with each new connection
 */
export function createStatementNames(): (client: pg.ClientBase) => void {
  const names = new Map<string, string | undefined>();
  let named = 0;

  /** Undefined the first time, and where there are enough. */
  function nameOf(text: string): string | undefined {
    const known = names.get(text);
    if (known !== undefined || text.length > maxLength) return known;
    if (!names.has(text)) {
      if (names.size < maxSeen) names.set(text, undefined);
      return undefined;
    }
    if (named >= maxNamed) return undefined;
    const name = `again ${++named}`;
    names.set(text, name);
    return name;
  }

  return (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((...args: unknown[]) => {
      const [config, values, ...others] = args;
      if (!isUnnamed(config) || !Array.isArray(values) || values.length === 0) return query(...args);
      const name = nameOf(config.text);
      return name === undefined ? query(...args) : query({ ...config, name }, values, ...others);
    }) as typeof client.query;
  };
}

function isUnnamed(config: unknown): config is { text: string; name?: undefined } {
  const { text, name } = (typeof config === 'object' && config !== null ? config : {}) as { text?: unknown; name?: unknown };
  return typeof text === 'string' && name === undefined;
}
