import { loadAllConnectors } from '@grantway/connectors';
import { createToolFinder } from '@grantway/core';
import { expect, it } from 'vitest';

// What an agent knows from another broker leads it to the tool: the other name as it is, and in words.
it('every other name of a tool finds it first, and its words among the first five', async () => {
  const connectors = await loadAllConnectors();
  const exposed = connectors.flatMap((connector) =>
    connector.tools.map((tool) => ({ connector, tool, name: tool.name, inputSchema: tool.inputSchema(), connectionName: '' })),
  ) as unknown as Parameters<ReturnType<typeof createToolFinder>>[0];
  const find = createToolFinder();
  const found = (query: string) => find(exposed, { query, limit: 5 }).map(({ tool }) => tool.name);
  const all = exposed.flatMap(({ connector, tool }) =>
    tool.aliases.map((alias) => ({
      alias,
      tool: tool.name,
      words: `${connector.name} ${alias.slice(alias.indexOf('_')).replaceAll('_', ' ')}`,
    })),
  );
  expect(all.length).toBeGreaterThan(200);
  expect(all.filter(({ alias, tool }) => found(alias)[0] !== tool)).toEqual([]);
  const missed = all.filter(({ words, tool }) => !found(words).includes(tool));
  expect(missed.length / all.length, JSON.stringify(missed)).toBeLessThan(0.03);
});
