import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { annotations, type Connector, idAliasesOf } from '@grantway/connector-kit';

const folder = join(import.meta.dirname, '..', '..', 'connectors');

/** connectors/registry.gen.ts from the folders' names, and for each connector what an agent sees of its tools. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  const connectors = await loadConnectors();
  return [
    { path: 'connectors/registry.gen.ts', content: registry(connectors.map(({ id }) => id)) },
    { path: 'connectors/aliases.gen.ts', content: aliases(connectors) },
    ...connectors.map((connector) => ({ path: `connectors/${connector.id}/tools.gen.json`, content: snapshot(connector) })),
  ];
}

/** Every connector that has a folder, in the order of their ids. */
export async function loadConnectors(): Promise<Connector[]> {
  return Promise.all((await connectorFolders()).map(load));
}

async function connectorFolders(): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && entry.name !== 'node_modules').map((entry) => entry.name);
  const found: string[] = [];
  for (const name of names.toSorted()) {
    // a folder without the file throws: a connector half made must not vanish silently
    await access(join(folder, name, 'connector.ts'));
    found.push(name);
  }
  return found;
}

async function load(name: string): Promise<Connector> {
  const module: { default: Connector } = await import(pathToFileURL(join(folder, name, 'connector.ts')).href);
  if (module.default.id !== name) throw new Error(`connectors/${name} declares the id ${module.default.id}`);
  return module.default;
}

function registry(ids: string[]): string {
  const key = (id: string) => (/^[a-z][a-z0-9]*$/.test(id) ? id : `'${id}'`);
  return `// Generated from the folders' names by: npm run gen
import type { Connector } from '@grantway/connector-kit';

export const registry = {
${ids.map((id) => `  ${key(id)}: () => import('./${id}/connector.ts').then((m) => m.default),`).join('\n')}
} as const satisfies Record<string, () => Promise<Connector>>;

export type ConnectorId = keyof typeof registry;

/** Every connector, sorted by id. */
export async function loadAllConnectors(): Promise<Connector[]> {
  return Promise.all(Object.values(registry).map((load) => load()));
}
`;
}

/** Every other name of a tool, so that a call by one loads no connector but its own. A name that leads to two tools is refused. */
function aliases(connectors: Connector[]): string {
  const tools = connectors.flatMap((connector) => connector.tools);
  const taken = new Map(tools.map(({ name }) => [name, name]));
  const found: [alias: string, name: string][] = [];
  for (const { name, aliases: others } of tools) {
    for (const alias of others) {
      const other = taken.get(alias);
      if (other !== undefined) throw new Error(`${alias}, another name of ${name}, is one of ${other} already`);
      taken.set(alias, name);
      found.push([alias, name]);
    }
  }
  const key = (alias: string) => (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(alias) ? alias : `'${alias}'`);
  const ids = idAliases(connectors).map(
    ([alias, { id, variant }]) => `  ${key(alias)}: { id: '${id}', variant: ${variant === null ? null : `'${variant}'`} },\n`,
  );
  const lines = found.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([alias, name]) => `  ${key(alias)}: '${name}',\n`);
  return `// Generated from the connectors' tools by: npm run gen

/** Other names that tools are called by, and the tools' own. */
export const aliases: Readonly<Record<string, string>> = {${lines.length === 0 ? '' : `\n${lines.join('')}`}};

/** Ids by which other brokers know connectors, and the way in that each means. */
export const connectorAliases: Readonly<Record<string, { id: string; variant: string | null }>> = {${ids.length === 0 ? '' : `\n${ids.join('')}`}};
`;
}

function idAliases(connectors: Connector[]): [alias: string, means: { id: string; variant: string | null }][] {
  const found = new Map<string, { id: string; variant: string | null }>();
  for (const connector of connectors) {
    for (const { alias, variant } of idAliasesOf(connector)) {
      const other = connectors.find(({ id }) => id === alias)?.id ?? found.get(alias)?.id;
      if (other !== undefined) throw new Error(`${alias}, another id of ${connector.id}, means ${other} already`);
      found.set(alias, { id: connector.id, variant });
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Sorted by name; within a tool the order is the agent's own, since the order of parameters is part of what it sees. */
function snapshot({ tools }: Connector): string {
  const seen = tools
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((tool) => ({
      name: tool.name,
      title: tool.title,
      description: tool.description,
      inputSchema: tool.inputSchema(),
      outputSchema: tool.outputSchema(),
      annotations: annotations(tool),
    }));
  return `${JSON.stringify(seen, null, 2)}\n`;
}
