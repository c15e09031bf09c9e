import { type Connector, isOperatorService, type Tool } from '@grantway/connector-kit';
import type { Catalogue } from './ctx.ts';
import { createToolIndex, documentOf, type Searchable, type ToolIndex } from './tool-search.ts';
import type { ExposedTool } from './tools.ts';

export interface FoundTool {
  tool: ExposedTool;
  score: number;
  matched: string[];
}

export interface ToolQuery {
  query: string;
  limit: number;
  /** Only tools of this connection. */
  connectionName?: string | undefined;
}

/**
 * Finds among the tools that it is given, and no others: what a policy hides is not found because it is not there. A list
 * that is given again is looked at once.
 */
export type ToolFinder = (tools: readonly ExposedTool[], query: ToolQuery) => FoundTool[];

/** Lists whose index is kept: one of 500 tools takes about a megabyte, and some 50 ms when it is made. */
const maxIndexes = 50;

export function createToolFinder(): ToolFinder {
  const indexes = new Map<readonly ExposedTool[], ToolIndex>();

  function indexOf(tools: readonly ExposedTool[]): ToolIndex {
    const index = indexes.get(tools) ?? createToolIndex(tools.map((tool) => documentOf(searchable(tool))));
    // Insertion order makes the first key the one that was not used for longest.
    indexes.delete(tools);
    indexes.set(tools, index);
    if (indexes.size > maxIndexes) indexes.delete(indexes.keys().next().value as readonly ExposedTool[]);
    return index;
  }

  return (tools, { query, limit, connectionName }) => {
    const only = connectionName === undefined ? undefined : (at: number) => tools[at]?.connectionName === connectionName;
    return indexOf(tools)
      .search(query, limit, only)
      .map(({ at, score, matched }) => ({ tool: tools[at] as ExposedTool, score, matched }));
  };
}

interface CatalogueTool {
  connector: Connector;
  tool: Tool;
}

interface CatalogueIndex {
  tools: CatalogueTool[];
  index: ToolIndex;
}

/** The catalogue is the same for as long as the process lives. */
const catalogues = new WeakMap<Catalogue, Promise<CatalogueIndex>>();

/** The same ranking over the tools of some connectors. */
export async function findInCatalogue(
  catalogue: Catalogue,
  connectorIds: ReadonlySet<string>,
  query: string,
  limit: number,
  mayShow: (tool: CatalogueTool['tool']) => boolean = () => true,
): Promise<CatalogueTool[]> {
  const known = catalogues.get(catalogue) ?? indexed(catalogue);
  catalogues.set(catalogue, known);
  const { tools, index } = await known;
  return index
    .search(query, limit, (at) => {
      const { connector, tool } = tools[at] as CatalogueTool;
      return connectorIds.has(connector.id) && mayShow(tool);
    })
    .map(({ at }) => tools[at] as CatalogueTool);
}

async function indexed(catalogue: Catalogue): Promise<CatalogueIndex> {
  const tools = (await catalogue.all()).flatMap((connector) => connector.tools.map((tool) => ({ connector, tool })));
  const documents = tools.map(({ connector, tool }) =>
    documentOf({ ...partsOf(tool), name: tool.name, connector: placeOf(connector), connection: '' }),
  );
  return { tools, index: createToolIndex(documents) };
}

function searchable({ name, tool, inputSchema, connector, connectionName }: ExposedTool): Searchable {
  // An argument that the config hides is no way to its tool either.
  return { ...partsOf(tool, inputSchema), name, connector: placeOf(connector), connection: connectionName };
}

/** A service of the operator's own is called as its connection is: words like key, token or user would be taken for its name. */
function placeOf(connector: Connector): string {
  return isOperatorService(connector) ? 'generic' : `${connector.id} ${connector.name}`;
}

/** What is looked at of a tool, wherever it stands. */
function partsOf(tool: Tool, inputSchema = tool.inputSchema()): Pick<Searchable, 'aliases' | 'title' | 'description' | 'effect' | 'args'> {
  const { aliases, title, description, effect } = tool;
  const { properties } = inputSchema;
  const args = typeof properties === 'object' && properties !== null ? Object.entries(properties) : [];
  return { aliases, title, description, effect, args: args.map(([name, schema]) => ({ name, values: valuesOf(schema) })) };
}

/** The texts that an argument is limited to. */
function valuesOf(schema: unknown): string[] {
  const list: unknown = typeof schema === 'object' && schema !== null && 'enum' in schema ? schema.enum : undefined;
  return Array.isArray(list) ? list.filter((value) => typeof value === 'string') : [];
}
