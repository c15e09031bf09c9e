import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Wanted } from '../contract.ts';
import { isNamed, type Operation, pathPattern } from '../description.ts';
import { cache, importFile, inPackage, load, textOf, versionOf } from '../outside.ts';
import { rest, type Specification } from '../specification.ts';
import { type TypedOperation, typed } from './typed.ts';
import type { TypeName } from './types.ts';
import { zodDocument } from './zod.ts';

/** Those that the connector needs: a compiler reads no more types than it must. */
function needed(rows: TypedOperation[], { operations, requests }: Wanted): TypedOperation[] {
  return rows.filter((row) => {
    const like = { id: row.id ?? '', method: row.method, path: row.path };
    const pattern = pathPattern(row.path);
    return (
      operations.some((name) => isNamed(like, name)) || requests.some(({ method, path: at }) => method === row.method && pattern.test(at))
    );
  });
}

const capital = (name: string) => `${name[0]?.toUpperCase()}${name.slice(1)}`;

interface NotionEndpoint {
  method: string;
  pathParams: string[];
  queryParams: string[];
  bodyParams: string[];
  formDataParams?: string[];
  path(values: Record<string, string>): string;
}

/** Notion's client has a table of its endpoints, and a type of arguments and answer for each. */
export async function notionClient(wanted: Wanted): Promise<Specification> {
  const endpoints = load<Record<string, unknown>>(inPackage('@notionhq/client', 'build/src/api-endpoints.js')) as Record<
    string,
    NotionEndpoint
  >;
  const rows = Object.entries(endpoints)
    .filter(([, endpoint]) => typeof endpoint?.path === 'function')
    .map(([id, e]): TypedOperation => {
      const m = (type: string): TypeName => ({ from: './@notionhq/client/build/src/api-endpoints.js', type: `m.${type}` });
      const form = e.formDataParams ?? [];
      return {
        id,
        method: e.method.toUpperCase(),
        path: `/v1/${e.path(Object.fromEntries(e.pathParams.map((name) => [name, `{${name}}`])))}`,
        split: { from: m(`${capital(id)}Parameters`), query: e.queryParams, body: [...e.bodyParams, ...form] },
        ...(form.length > 0 ? { bodyType: 'multipart/form-data' } : {}),
        answer: m(`${capital(id)}Response`),
      };
    });
  return typed(needed(rows, wanted), versionOf('@notionhq/client'));
}

/** HarvestAPI's client: one method for each path, arguments and answers typed. */
export function harvestClient(wanted: Wanted): Specification {
  const home = inPackage('@harvestapi/scraper', 'dist');
  const declared = textOf(path.join(home, 'linkedin/scraper.d.ts'));
  const calls = [
    ...textOf(path.join(home, 'index.esm.js')).matchAll(
      /async (\w+)\([^)]*\) \{\s+(?:return|const results = await) this\.scraper\.fetchApi\(\{\s*path: '([^']+)', params(?:, method: '(\w+)')?/g,
    ),
  ];
  const rows = calls.map(([, name, at, method = 'GET']): TypedOperation => {
    const signature = new RegExp(`^    ${name}\\(params: ([\\s\\S]*?)\\): Promise<(.+)>;$`, 'm').exec(declared);
    const m = (text: string): TypeName => ({ from: '@harvestapi/scraper', type: text.replace(/\b([A-Z]\w+)\b/g, 'm.$1') });
    const [, query, answer] = signature ?? [];
    return {
      method,
      path: `/${at}`,
      // What goes with every call is the client's own affair.
      ...(query === undefined || query === 'BaseFetchParams' ? {} : { query: m(query.replace('BaseFetchParams & ', '')) }),
      ...(answer === undefined || answer.includes('<any>') ? {} : { answer: m(answer) }),
    };
  });
  return typed(needed(rows, wanted), versionOf('@harvestapi/scraper'));
}

/** Exa's client: its methods are too different for a table of its own, so the paths stand here and the types there. */
export function exaClient(wanted: Wanted): Specification {
  const apart = schemasApart('exa-js');
  const m = (type: string): TypeName => ({ from: /Webset|Research/.test(type) ? apart : 'exa-js', type });
  const row = (method: string, at: string, body: string | undefined, answer: string | undefined, query?: string): TypedOperation => ({
    method,
    path: at,
    ...(body === undefined ? {} : { body: m(body) }),
    ...(answer === undefined ? {} : { answer: m(answer) }),
    ...(query === undefined ? {} : { query: m(query) }),
  });
  const results = 'm.SearchResponse<{ text: true; highlights: true; summary: true }>';
  const rows = [
    row('POST', '/search', 'm.RegularSearchOptions & { query: string }', results),
    row('POST', '/findSimilar', 'm.FindSimilarOptions & { url: string }', results),
    row('POST', '/contents', 'm.ContentsOptions & { urls: string[] }', results),
    row('POST', '/answer', 'Omit<m.AnswerOptions, "stream"> & { query: string; stream?: boolean }', 'm.AnswerResponse'),
    row('POST', '/research/v1', 'm.ResearchCreateRequest', 'm.Research'),
    row('GET', '/research/v1', undefined, 'm.ListResearchResponse', 'm.ListResearchRequest'),
    row('GET', '/research/v1/{researchId}', undefined, 'm.Research', '{ events?: string; stream?: string }'),
    row('POST', '/agent/runs', 'm.CreateAgentRunParams', 'm.AgentRun'),
    row('GET', '/agent/runs', undefined, 'm.ListAgentRunsResponse', 'm.ListAgentRunsParams'),
    row('GET', '/agent/runs/{id}', undefined, 'm.AgentRun'),
    row('POST', '/agent/runs/{id}/cancel', undefined, 'm.AgentRun'),
    row('POST', '/websets/v0/websets', 'm.CreateWebsetParameters', 'm.Webset'),
    row('GET', '/websets/v0/websets', undefined, 'm.ListWebsetsResponse', '{ cursor?: string; limit?: number }'),
    row('GET', '/websets/v0/websets/{id}', undefined, 'm.GetWebsetResponse', '{ expand?: string[] }'),
    row('DELETE', '/websets/v0/websets/{id}', undefined, 'm.Webset'),
    row('POST', '/websets/v0/websets/{id}/cancel', undefined, 'm.Webset'),
    row(
      'GET',
      '/websets/v0/websets/{id}/items',
      undefined,
      'm.ListWebsetItemResponse',
      '{ cursor?: string; limit?: number; sourceId?: string }',
    ),
  ];
  return typed(needed(rows, wanted), versionOf('exa-js'));
}

/** A copy of a package's types in which `components["schemas"]["X"]`, which refers to itself, is a type for each X. */
function schemasApart(name: string): string {
  const source = textOf(inPackage(name, 'dist/index.d.ts'));
  const base = `${name}-${versionOf(name)}`;
  const apart = [...source.matchAll(/^interface (components(?:\$\d+)?) \{\n {4}schemas: \{\n([\s\S]*?)^ {4}\};/gm)].flatMap(
    ([, owner = '', body = '']) =>
      body.split(/^(?= {8}\w+: )/m).flatMap((member) => {
        const [, key, type] = /^ {8}(\w+): ([\s\S]*);\s*(?:\/\*\*[\s\S]*)?$/.exec(member) ?? [];
        return key === undefined ? [] : [`export type ${owner.replace('$', '_')}_${key} = ${type};`];
      }),
  );
  const named = [source, ...apart]
    .join('\n')
    .replace(/(components(?:\$\d+)?)\["schemas"\]\["(\w+)"\]/g, (_, owner: string, key: string) => `${owner.replace('$', '_')}_${key}`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(path.join(cache, `${base}.d.ts`), named);
  return `./.cache/${base}.js`;
}

/** Types that @hey-api/openapi-ts wrote: each operation's has body, path, query and URL. They are not exported, so a copy is that exports them. */
export function heyApiClient(name: string, wanted: Wanted): Specification {
  const source = textOf(inPackage(name, 'dist/index.d.mts'));
  const copy = path.join(cache, `${name}-${versionOf(name)}`);
  if (!existsSync(`${copy}.d.ts`)) {
    mkdirSync(cache, { recursive: true });
    writeFileSync(`${copy}.d.ts`, source.replace(/^export \{[\s\S]*$/m, '').replace(/^(?:declare )?(type|interface) /gm, 'export $1 '));
  }
  const rows = [...source.matchAll(/^type (\w+)Data = (\{[\s\S]*?^\});/gm)]
    .filter(([, , body]) => /^ {2}url: '/m.test(body as string))
    .map(([, id = '', body = '']): TypedOperation => {
      const m = (type: string): TypeName => ({ from: `./.cache/${path.basename(copy)}.js`, type: `m.${type}` });
      const has = (key: string) => new RegExp(`^ {2}${key}\\??: (?!never)`, 'm').test(body);
      const good = new RegExp(`^type ${id}Responses = \\{[\\s\\S]*?^ {2}(2\\d\\d): `, 'm').exec(source)?.[1];
      return {
        id,
        method: (/^(Get|Post|Put|Patch|Delete)/.exec(id)?.[1] ?? 'GET').toUpperCase(),
        path: /^ {2}url: '([^']+)'/m.exec(body)?.[1] ?? '',
        ...(has('body') ? { body: m(`${id}Data['body']`) } : {}),
        ...(has('query') ? { query: m(`${id}Data['query']`) } : {}),
        ...(good === undefined ? {} : { answer: m(`${id}Responses['${good}']`) }),
      };
    });
  return typed(needed(rows, wanted), versionOf(name));
}

/** Brave's own MCP server: one Zod schema of query parameters for each path, `query` as `q` on the wire. It has no types of answers. */
export async function braveServer(): Promise<Specification> {
  const home = inPackage('@brave/brave-search-mcp-server', 'dist');
  const { toJSONSchema } = load<{ toJSONSchema(schema: object, options: object): unknown }>('zod');
  const document = zodDocument((schema) => toJSONSchema(schema, { unrepresentable: 'any', io: 'input', reused: 'inline' }));
  const isSchema = (value: unknown): value is object => typeof value === 'object' && value !== null && '_zod' in value;
  const schemaIn = async (folder: string, name?: string): Promise<object | undefined> => {
    const below = path.join(home, 'tools', folder);
    const file = ['params.js', 'schemas/input.js', 'schemas/params.js'].map((one) => path.join(below, one)).find(existsSync);
    const found = file === undefined ? {} : await importFile(file);
    return (name === undefined ? Object.values(found).find(isSchema) : found[name]) as object | undefined;
  };
  const operations: Operation[] = [];
  for (const [, key, at] of textOf(path.join(home, 'BraveAPI/index.js')).matchAll(/^ {4}(\w+): '(\/res\/[^']+)'/gm)) {
    const named: Record<string, [string, string?]> = {
      localPois: ['local', 'LocalPoisParams'],
      localDescriptions: ['local', 'LocalDescriptionsParams'],
      llmContext: ['llm_context'],
      placeSearch: ['place_search'],
    };
    const schema = await schemaIn(...(named[key as string] ?? [key as string]));
    if (schema !== undefined)
      operations.push({
        id: `GET ${at}`,
        method: 'GET',
        path: at as string,
        parameters: document.query(schema).map((p) => (p.name === 'query' ? { ...p, name: 'q' } : p)),
        bodies: {},
        bodyRequired: false,
      });
  }
  return rest({ operations, root: document.root, closed: true });
}

/** Every client of one package that has a folder for each of its APIs. */
export function foldersWithApis(home: string): string[] {
  return (
    readdirSync(home, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory() && entry.name === 'apis')
      .map((entry) => entry.parentPath)
      // HubSpot's `objects` takes the paths of all the others, so it comes last.
      .toSorted((a, b) => Number(a.endsWith('/objects')) - Number(b.endsWith('/objects')) || (a < b ? -1 : 1))
  );
}
