import { isDeepStrictEqual } from 'node:util';
import { fieldsOf, scopesOf } from '../auth.ts';
import type { Connector } from '../connector.ts';
import { exampleFile, takesFile, uploadProblems } from '../files.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { annotations, type Example, type FreshKind, type Tool } from '../tool.ts';
import { placeholders } from '../url-template.ts';
import { downloaded, fileRules } from './file-rules.ts';
import { stringsIn, valueAt, withValues } from './pointer.ts';

/** One promise of a tool, and what breaks it in the given one. */
export interface ToolRule {
  title: string;
  problems: (tool: Tool, connector: Connector) => string[];
}

export const limits = { descriptionMin: 80, descriptionMax: 300, parameters: 12, definitionTokens: 400, outputTokens: 600 };

/** Strings that agents must never be able to steer a request with. */
export const hostileStrings = [
  '../x',
  '..',
  '.',
  'a/b',
  'a\\b',
  '%2e%2e%2f',
  '\r\nX-Injected: y',
  '?a=b#c',
  '@evil.example',
  '"){x}',
  'x'.repeat(10_240),
];

interface Schema {
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  default?: unknown;
}

export const toolRules: ToolRule[] = [
  {
    title: 'has a name of the form connector_object_verb, at most 64 characters',
    problems: ({ name }, { id }) =>
      [
        /^[a-z][a-z0-9]*(_[a-z0-9]+)+$/.test(name) && name.length <= 64 ? '' : `${name} is not of the form`,
        name.startsWith(`${id.replaceAll('-', '_')}_`) ? '' : `${name} does not begin with the connector's id`,
      ].filter(Boolean),
  },
  {
    title: 'has a title, a description of 80 to 300 characters and a page to read',
    problems: ({ title, description, docs }) =>
      [
        title.length >= 3 && title.length <= 60 ? '' : `the title has ${title.length} characters`,
        description.length >= limits.descriptionMin && description.length <= limits.descriptionMax
          ? ''
          : `the description has ${description.length} characters`,
        /[.!?]$/.test(description) ? '' : 'the description does not end as a sentence',
        docs.startsWith('https://') ? '' : 'docs is no https URL',
      ].filter(Boolean),
  },
  {
    title: 'names only tools that exist in its description',
    problems: ({ description }, { id, tools }) =>
      [...description.matchAll(new RegExp(`\\b${id.replaceAll('-', '_')}_[a-z0-9_]+`, 'g'))]
        .map((match) => match[0])
        .filter((name) => !tools.some((t) => t.name === name))
        .map((name) => `there is no ${name}`),
  },
  {
    title: 'has at most 12 parameters, all described, the required ones first',
    problems: (tool) => {
      const schema = tool.inputSchema() as Schema;
      const names = Object.keys(schema.properties ?? {});
      const required = new Set(schema.required ?? []);
      const found: string[] = [];
      if (names.length > limits.parameters) found.push(`${names.length} parameters`);
      const lastRequired = names.findLastIndex((name) => required.has(name));
      const firstOptional = names.findIndex((name) => !required.has(name));
      if (firstOptional >= 0 && firstOptional < lastRequired) found.push(`${names[firstOptional]} stands before a required parameter`);
      return [...found, ...undescribed(schema, '')];
    },
  },
  {
    title: 'costs an agent at most 400 tokens, its answer’s schema at most 600',
    problems: (tool) => {
      const { name, title, description } = tool;
      const definition = tokens({ name, title, description, inputSchema: tool.inputSchema() });
      const output = tokens(tool.outputSchema());
      return [
        definition > limits.definitionTokens ? `the definition has about ${definition} tokens` : '',
        output > limits.outputTokens ? `the output schema has about ${output} tokens` : '',
      ].filter(Boolean);
    },
  },
  {
    title: 'tells clients its effect in agreement with its method',
    problems: (tool) => {
      const hints = annotations(tool);
      const found: string[] = [];
      if (hints.readOnlyHint && (hints.destructiveHint || !hints.idempotentHint)) found.push('a read neither destroys nor adds up');
      for (const { method } of eachRequest(tool)) {
        if (method === 'GET' && tool.effect !== 'read') found.push('a GET that is not declared a read (RFC 9110 section 9.2.1)');
        if (method === 'DELETE' && tool.effect !== 'destructive') found.push('a DELETE that is not declared destructive');
        if ((method === 'PUT' || method === 'PATCH') && tool.effect === 'read') found.push(`a ${method} that is declared a read`);
      }
      return [...new Set(found)];
    },
  },
  {
    title: 'has scopes that are said in plain words',
    problems: ({ scopes }, { auth }) => {
      if (!('scopes' in auth)) return scopes.length === 0 ? [] : ['a key connector has no scopes'];
      const words = scopesOf(auth);
      return scopes.filter((scope) => (words[scope]?.length ?? 0) < 8 || words[scope] === scope).map((scope) => `${scope} has no words`);
    },
  },
  {
    title: 'is paged, where it lists, by limit (20 unless told) and cursor, and says next_cursor',
    problems: (tool) => {
      const input = (tool.inputSchema() as Schema).properties ?? {};
      const output = (tool.outputSchema() as Schema).properties ?? {};
      const lists = tool.name.endsWith('_list') || 'cursor' in input || 'next_cursor' in output;
      if (!lists) return [];
      return [
        input.cursor !== undefined ? '' : 'it takes no cursor',
        input.limit?.default === 20 ? '' : 'limit is not 20 unless told',
        isDeepStrictEqual(output.next_cursor?.type, ['string', 'null']) ? '' : 'next_cursor is not string or null',
      ].filter(Boolean);
    },
  },
  {
    title: 'takes its examples’ input and refuses an unknown argument by name',
    problems: (tool) =>
      tool.examples.flatMap((example, i) => {
        const found: string[] = [];
        const parsed = tool.input.safeParse(example.input);
        if (!parsed.success) found.push(`example ${i}: ${parsed.error.message}`);
        const odd = tool.input.safeParse({ ...example.input, no_such_argument: 1 });
        const named = odd.error?.issues.some((issue) => issue.code === 'unrecognized_keys' && issue.keys.includes('no_such_argument'));
        if (named !== true) found.push(`example ${i}: an unknown argument is not refused by name`);
        return found;
      }),
  },
  {
    title: 'builds whole requests without host, credential or missing value',
    problems: (tool) => eachRequest(tool).flatMap((request) => requestProblems(request)),
  },
  {
    title: 'reads what the vendor documents into exactly what it says',
    problems: (tool, connector) =>
      tool.examples.flatMap((example, i) => {
        const response = responseOf(example, tool);
        const fault = connector.api.fault?.(response);
        if (fault !== undefined) return [`example ${i}: api.fault calls the good answer ${fault.kind}`];
        const gives = tool.output.safeParse(tool.respond(response.body, response));
        if (!gives.success) return [`example ${i}: ${gives.error.message}`];
        return isDeepStrictEqual(gives.data, example.gives) ? [] : [`example ${i} gives ${JSON.stringify(gives.data)}`];
      }),
  },
  {
    title: 'has examples richer than what it takes from them',
    problems: (tool) =>
      // a GraphQL answer holds what was asked for and nothing else, and a file's facts are Grantway's
      tool.download !== undefined || eachRequest(tool).some((request) => request.path.endsWith('/graphql'))
        ? []
        : tool.examples.flatMap(({ receives, gives }, i) =>
            leaves(receives.body) > leaves(gives) ? [] : [`example ${i} holds only what is read`],
          ),
  },
  {
    title: 'reads its examples also with the fresh values that the sandbox makes',
    problems: (tool) =>
      tool.examples.flatMap((example, i) => {
        const missing = Object.keys(example.fresh ?? {}).filter((pointer) => valueAt(example.receives.body, pointer) === undefined);
        if (missing.length > 0) return missing.map((pointer) => `example ${i}: nothing stands at ${pointer}`);
        const answer = responseOf(example, tool);
        const response = { ...answer, body: answer.body === undefined ? undefined : withFresh(example) };
        const gives = tool.output.safeParse(tool.respond(response.body, response));
        return gives.success ? [] : [`example ${i}: ${gives.error.message}`];
      }),
  },
  {
    title: 'cannot be steered to another host, path or header by its arguments',
    problems: (tool, connector) =>
      tool.examples.flatMap((example, i) => {
        return [...hostileInputs(tool, example.input)].flatMap(({ name, text, input, harmless }) => {
          // a tool may choose between paths by which arguments are given, never by what they hold
          const honestInput = tool.input.safeParse(harmless).data ?? tool.input.safeParse(example.input).data;
          const parsed = tool.input.safeParse(input);
          if (!parsed.success || honestInput === undefined) return [];
          const honest = tool.request(honestInput, fileOf(tool));
          const where = `example ${i}: ${name} = ${JSON.stringify(text.slice(0, 20))}`;
          let request: ApiRequest;
          try {
            request = tool.request(parsed.data, fileOf(tool));
          } catch (error) {
            return [`${where} is taken by the schema and then throws ${String(error)}`];
          }
          return steered(request, honest, text, connector).map((problem) => `${where} ${problem}`);
        });
      }),
  },
  ...fileRules,
];

function undescribed(schema: Schema, at: string): string[] {
  const found: string[] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if ((property.description ?? '').length < 8) found.push(`${at}/${name} is not described`);
    found.push(...undescribed(property, `${at}/${name}`));
  }
  if (schema.items !== undefined) found.push(...undescribed(schema.items, `${at}/*`));
  return found;
}

/** How many values a document holds. */
function leaves(document: unknown): number {
  if (typeof document !== 'object' || document === null) return 1;
  return Object.values(document).reduce((sum: number, value) => sum + leaves(value), 0);
}

/** A rough count: four characters of JSON a token. */
function tokens(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / 4);
}

function eachRequest(tool: Tool): ApiRequest[] {
  return tool.examples.flatMap((example) => {
    const parsed = tool.input.safeParse(example.input);
    return parsed.success ? [tool.request(parsed.data, fileOf(tool))] : [];
  });
}

const fileOf = (tool: Tool) => (takesFile(tool) ? exampleFile : undefined);

function responseOf(example: Tool['examples'][number], tool: Tool): ApiResponse {
  const { receives } = example;
  const file = downloaded(tool, example);
  // An answer that is the file itself has no body to read.
  const body = file !== undefined && tool.download?.link === undefined ? undefined : structuredClone(receives.body);
  return { status: receives.status ?? 200, headers: receives.headers ?? {}, body, ...(file === undefined ? {} : { file }) };
}

const forbiddenHeaders =
  /^(authorization|proxy-authorization|cookie|host|content-length|transfer-encoding|connection|dd-.*-key|x-api-key)$/i;

/** What is wrong with a request that a connector built. Also used for identify and revocation. */
export function requestProblems(request: ApiRequest): string[] {
  const found: string[] = [];
  if (!/^\/(?!\/)/.test(request.path)) found.push('the path does not begin with exactly one slash');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0020\u007f\\?#]/.test(request.path)) found.push(`the path ${request.path} holds an unescaped character`);
  if (request.path.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment))) found.push('the path holds a dot segment');
  if (request.path.slice(1).split('/').includes('')) found.push('the path holds an empty segment');
  const values = [request.path, ...stringsIn([request.query ?? {}, request.form ?? {}, request.json ?? {}, request.headers ?? {}])];
  for (const text of values) {
    if (/\b(undefined|NaN)\b|\[object /.test(text)) found.push(`a value is missing: ${text.slice(0, 80)}`);
  }
  if (stringsIn(JSON.parse(JSON.stringify(request.json ?? null))).length < stringsIn(request.json ?? null).length) {
    found.push('the JSON body holds something that JSON does not keep');
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    if (forbiddenHeaders.test(name)) found.push(`the header ${name} is not the connector's to set`);
    if (/[\r\n]/.test(name + value)) found.push(`the header ${name} holds a line break`);
  }
  if (request.json !== undefined && request.form !== undefined) found.push('both a JSON and a form body');
  found.push(...uploadProblems(request));
  if (request.method === 'GET' && (request.json !== undefined || request.form !== undefined)) found.push('a GET with a body');
  return found;
}

/** The example's input with one string replaced: each string parameter, each list of strings, each hostile string. */
function* hostileInputs(tool: Tool, base: Record<string, unknown>) {
  const properties = (tool.inputSchema() as Schema).properties ?? {};
  for (const [name, schema] of Object.entries(properties)) {
    const shapes = [schema, ...(schema.anyOf ?? [])];
    for (const text of hostileStrings) {
      const as = (value: unknown) => ({ ...base, [name]: value });
      if (shapes.some((s) => s.type === 'string')) yield { name, text, input: as(text), harmless: as('harmless') };
      if (shapes.some((s) => s.type === 'array' && s.items?.type === 'string'))
        yield { name, text, input: as([text]), harmless: as(['harmless']) };
    }
  }
}

function steered(request: ApiRequest, honest: ApiRequest, text: string, connector: Connector): string[] {
  const found = requestProblems(request).filter((problem) => !problem.startsWith('a value is missing'));
  const origin = exampleBaseUrl(connector);
  const url = new URL(origin + request.path);
  const honestUrl = new URL(origin + honest.path);
  if (url.host !== honestUrl.host) found.push('changes the host');
  if (url.pathname.split('/').length !== honestUrl.pathname.split('/').length) found.push('changes the number of path segments');
  if (url.search !== '' || url.hash !== '') found.push('reaches the query or fragment');
  if (request.method !== honest.method) found.push('changes the method');
  const document = (request.json as { query?: unknown } | undefined)?.query;
  if (request.path.endsWith('graphql') && typeof document === 'string' && document.includes(text.slice(0, 64)) && text.length > 2) {
    found.push('reaches into the GraphQL document instead of its variables');
  }
  return found;
}

/** The base URL with its placeholders filled from the fields' defaults or first options. */
export function exampleBaseUrl({ api, auth }: Connector): string {
  let url = api.baseUrl;
  for (const name of placeholders(url)) {
    const field = fieldsOf(auth).find((f) => f.name === name);
    url = url.replaceAll(`{${name}}`, field?.default ?? field?.options?.[0]?.value ?? 'example');
  }
  return url.replace(/\/$/, '');
}

let sequence = 1000;

function withFresh(example: Example<Record<string, unknown>, Record<string, unknown>>): unknown {
  const values: Record<string, unknown> = {};
  for (const [pointer, kind] of Object.entries(example.fresh ?? {})) {
    const known = valueAt(example.receives.body, pointer);
    values[pointer] = kind === 'link' ? `${known}&fresh=1` : freshValue(kind, typeof known);
  }
  return withValues(example.receives.body, values);
}

/** As the sandbox makes them: `unix_micros` is `<seconds>.<six digits>`; a number where the example has a number. */
function freshValue(kind: Exclude<FreshKind, 'link'>, type: string): unknown {
  const nowMs = Date.now();
  if (kind === 'uuid') return crypto.randomUUID();
  if (kind === 'iso_now') return new Date(nowMs).toISOString();
  if (kind === 'unix_now') return type === 'string' ? String(Math.floor(nowMs / 1000)) : Math.floor(nowMs / 1000);
  if (kind === 'unix_micros') return `${Math.floor(nowMs / 1000)}.${String((nowMs % 1000) * 1000).padStart(6, '0')}`;
  return kind.slice('sequence:'.length) + ++sequence;
}
