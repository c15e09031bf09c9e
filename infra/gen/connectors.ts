import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { annotations, type Connector } from '@grantway/connector-kit';

const folder = join(import.meta.dirname, '..', '..', 'connectors');

/** connectors/registry.gen.ts from the folders' names, and for each connector what an agent sees of its tools. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  const connectors = await Promise.all((await connectorFolders()).map(load));
  return [
    { path: 'connectors/registry.gen.ts', content: registry(connectors.map(({ id }) => id)) },
    ...connectors.map((connector) => ({ path: `connectors/${connector.id}/tools.gen.json`, content: snapshot(connector) })),
  ];
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
