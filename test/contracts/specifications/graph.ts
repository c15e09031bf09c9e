import type { Wanted } from '../contract.ts';
import { isNamed, type Operation, pathPattern, type Schema } from '../description.ts';
import { importFile, inPackage, load, textOf } from '../outside.ts';
import { rest, type Specification } from '../specification.ts';
import { zodDocument } from './zod.ts';

interface GraphEndpoint {
  method: string;
  path: string;
  alias: string;
  requestFormat: string;
  parameters: { name: string; type: 'Query' | 'Path' | 'Body' | 'Header'; schema: object }[];
  response: object;
}

/** Names that OData writes with a dollar sign, which the package takes away. */
const odata = new Set(['top', 'skip', 'search', 'filter', 'count', 'orderby', 'select', 'expand', 'format', 'skiptoken', 'deltatoken']);

/** Which of Microsoft's own types an entity of a collection is, by the collection's name. */
const graphTypes: Record<string, string> = {
  messages: 'Message',
  replies: 'ChatMessage',
  events: 'Event',
  calendarView: 'Event',
  mailFolders: 'MailFolder',
  childFolders: 'MailFolder',
  calendars: 'Calendar',
  attachments: 'FileAttachment',
  people: 'Person',
  joinedTeams: 'Team',
  teams: 'Team',
  channels: 'Channel',
  chats: 'Chat',
  members: 'AadUserConversationMember',
  children: 'DriveItem',
  items: 'DriveItem',
  drives: 'Drive',
  sites: 'Site',
  lists: 'List',
  columns: 'ColumnDefinition',
  users: 'User',
  onlineMeetings: 'OnlineMeeting',
  filesFolder: 'DriveItem',
};

function graphAnswer(method: string, template: string): { type: string; many: boolean } | undefined {
  const parts = template.split('/').filter((part) => part !== '');
  const last = parts.at(-1) ?? '';
  const inTeams = /teams|channels|chats/.test(template);
  const inList = /lists\//.test(template);
  const typeOf = (name: string) =>
    name === 'messages' && inTeams ? 'ChatMessage' : name === 'items' && inList ? 'ListItem' : graphTypes[name];
  if (last.startsWith('{')) {
    const type = typeOf(parts.at(-2) ?? '');
    return type === undefined || method === 'DELETE' ? undefined : { type, many: false };
  }
  const type = typeOf(last);
  if (type === undefined) return undefined;
  return method === 'GET' || method === 'POST' ? { type, many: method === 'GET' && last !== 'filesFolder' } : undefined;
}

/**
 * The endpoints of Microsoft Graph that ms-365-mcp-server takes out of Graph's current OpenAPI document, as Zod schemas. It leaves out
 * answers and some keys of entities: for these, Microsoft's own types.
 */
export async function graphEndpoints({ requests, operations: named }: Wanted): Promise<Specification> {
  const { api } = (await importFile(inPackage('@softeria/ms-365-mcp-server', 'dist/generated/client.js'))) as {
    api: { endpoints: GraphEndpoint[] };
  };
  const { zodToJsonSchema } = load<{ zodToJsonSchema(schema: object, options: object): unknown }>('zod-to-json-schema');
  const document = zodDocument((schema) => zodToJsonSchema(schema, { $refStrategy: 'root', target: 'jsonSchema7' }));
  const all = api.endpoints.map((endpoint) => {
    const template = `/v1.0${endpoint.path.replace(/:([A-Za-z][\w-]*)/g, '{$1}').replace(':/{path}', ':/{+path}')}`;
    return {
      endpoint,
      operation: {
        id: endpoint.alias,
        method: endpoint.method.toUpperCase(),
        path: template,
        parameters: [],
        bodies: {},
        bodyRequired: false,
      } as Operation,
    };
  });
  const wanted = all.filter(({ operation }) => {
    const pattern = pathPattern(operation.path);
    return requests.some((r) => r.method === operation.method && pattern.test(r.path)) || named.some((name) => isNamed(operation, name));
  });
  const root = { docs: document.root.docs, types: microsoftTypes() };
  for (const { endpoint, operation } of wanted) {
    const of = (type: string) => endpoint.parameters.filter((parameter) => parameter.type === type);
    operation.parameters = [...of('Query'), ...of('Header')].map(({ name, type, schema }) => ({
      name: type === 'Query' && odata.has(name) ? `$${name}` : name,
      in: type === 'Query' ? 'query' : 'header',
      required: false,
      schema: document.add(schema),
    }));
    const [body] = of('Body');
    const isFile = endpoint.requestFormat === 'binary';
    const told = graphAnswer(operation.method, operation.path);
    const entity: Schema = { $ref: `#/types/${told?.type}` };
    if (isFile) operation.bodies = { '*/*': {} };
    else if (body !== undefined)
      operation.bodies = {
        'application/json': told === undefined ? document.add(body.schema) : { anyOf: [document.add(body.schema), entity] },
      };
    if (isFile) operation.answer = { $ref: '#/types/DriveItem' };
    else if (told !== undefined)
      operation.answer = told.many
        ? { type: 'object', properties: { value: { type: 'array', items: entity } }, required: ['value'] }
        : entity;
  }
  return rest({ operations: all.map(({ operation }) => operation), root, closed: true });
}

/** Microsoft's declarations of Graph's entities. Keys that OData adds to any of them may be there. */
function microsoftTypes(): Record<string, Schema> {
  const text = textOf(inPackage('@microsoft/microsoft-graph-types', 'microsoft-graph.d.ts'))
    .replaceAll('\r', '')
    .replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '');
  const types: Record<string, Schema> = {};
  for (const [, name = '', union = ''] of text.matchAll(/^export type (\w+) =([^;]+);/gm))
    types[name] = { enum: [...union.matchAll(/"([^"]+)"/g)].map((m) => m[1]) };
  const addedByOdata = { '@odata.type': { type: 'string' }, '@microsoft.graph.conflictBehavior': { type: 'string' } };
  for (const [, name = '', parent, body = ''] of text.matchAll(/^export interface (\w+)(?: extends (\w+))? \{(?:\n([\s\S]*?)^)?\}/gm)) {
    const own: Schema = {
      type: 'object',
      properties: {
        ...addedByOdata,
        ...Object.fromEntries(
          [...body.matchAll(/^ {4}"?([\w@.]+)"?\?: ([^;]+);/gm)].map(([, key = '', type = '']) => [key, graphType(type.trim())]),
        ),
      },
    };
    types[name] = parent === undefined ? own : { allOf: [{ $ref: `#/types/${parent}` }, own] };
  }
  // Columns have the names that a list gives them.
  types['FieldValueSet'] = { type: 'object', additionalProperties: true };
  return types;
}

function graphType(text: string): Schema {
  const nullable = /^NullableOption<([\s\S]+)>$/.exec(text);
  if (nullable) return { anyOf: [graphType((nullable[1] as string).trim()), { type: 'null' }] };
  if (text.endsWith('[]')) return { type: 'array', items: graphType(text.slice(0, -2).replace(/^\(|\)$/g, '')) };
  if (['string', 'number', 'boolean'].includes(text)) return { type: text };
  return /^\w+$/.test(text) && text !== 'any' ? { $ref: `#/types/${text}` } : {};
}
