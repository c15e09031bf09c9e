import { isDeepStrictEqual } from 'node:util';
import { fieldsOf, scopesOf } from '../auth.ts';
import type { Connector } from '../connector.ts';
import { uploadProblems } from '../files.ts';
import { baseUrlFor } from '../hosts.ts';
import { exampleOperatorUrl, isOperatorService } from '../operator-service.ts';
import type { ApiRequest, ApiResponse } from '../request.ts';
import { answersOf, type Exchange, exchangesOf, replay, responseOf } from '../run.ts';
import { definitionTokens, tokens } from '../size.ts';
import { maxSteps, type Step } from '../steps.ts';
import { annotations, type FreshKind, type Tool } from '../tool.ts';
import { placeholders } from '../url-template.ts';
import { downloaded, fileRules } from './file-rules.ts';
import { stringsIn, valueAt, withStrings, withValues } from './pointer.ts';
import { hasPlace, soughtOf, sourcesOf } from './sources.ts';

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
  '//evil.example/x',
  'https://evil.example/x',
  '..;/x',
  '%252e%252e%252f',
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
    title: 'says of every id that it takes which tool gives it, or where a person finds it',
    problems: (tool, connector) =>
      // of a service that nobody here knows, nothing is known of its ids either
      isOperatorService(connector)
        ? []
        : soughtOf(tool)
            .filter((sought) => !hasPlace(sought) && sourcesOf(tool, sought, connector).length === 0)
            .map(({ name, description }) => `${name} (${description}) comes from nowhere`),
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
      const definition = definitionTokens(tool);
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
      for (const { request, effect } of eachStep(tool)) {
        const { method } = request;
        if (method === 'GET' && effect !== 'read') found.push('a GET that is not declared a read (RFC 9110 section 9.2.1)');
        if (method === 'DELETE' && tool.effect !== 'destructive') found.push('a DELETE that is not declared destructive');
        if (['PUT', 'PATCH', 'DELETE'].includes(method) && effect === 'read') found.push(`a ${method} that is declared a read`);
      }
      return [...new Set(found)];
    },
  },
  {
    title: 'makes as many requests as its examples answer, at most 8, of which the last alone may change something',
    problems: (tool) =>
      tool.examples.flatMap((example, i) => {
        if (tool.run === undefined) return example.before === undefined ? [] : [`example ${i} has answers to requests that are not made`];
        try {
          const steps = exchangesOf(tool, example);
          const found = steps.slice(0, -1).some(({ effect }) => effect !== 'read') ? [`example ${i} goes on after a change`] : [];
          const last = steps.at(-1)?.effect ?? 'read';
          if ((last === 'read') !== (tool.effect === 'read')) found.push(`example ${i} ends with a ${last}`);
          if (steps.length > maxSteps) found.push(`example ${i} makes ${steps.length} requests`);
          return found;
        } catch (error) {
          return [`example ${i}: ${String(error)}`];
        }
      }),
  },
  {
    title: 'has scopes that are said in plain words',
    problems: ({ scopes }, { auth, variant }) => {
      // a key that stands beside an OAuth app reaches what its owner does
      if (!('scopes' in auth)) return scopes.length === 0 || variant !== undefined ? [] : ['a key connector has no scopes'];
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
      // some vendors give a whole list at once; then what is left out is said
      const whole = !('limit' in input || 'cursor' in input || 'next_cursor' in output) && output.truncated?.type === 'boolean';
      if (!lists || whole) return [];
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
    problems: (tool, { api }) =>
      eachStep(tool).flatMap(({ request }) => [
        ...requestProblems(request),
        ...(baseUrlFor(api, request) === undefined ? [`the host ${request.host} is not declared`] : []),
      ]),
  },
  {
    title: 'reads what the vendor documents into exactly what it says',
    problems: (tool, connector) =>
      tool.examples.flatMap((example, i) => {
        const answers = responsesOf(tool, example);
        const faults = answers.flatMap((response) => connector.api.fault?.(response) ?? []);
        if (faults.length > 0) return faults.map(({ kind }) => `example ${i}: api.fault calls the good answer ${kind}`);
        const read = given(tool, example.input, answers);
        if ('problem' in read) return [`example ${i}: ${read.problem}`];
        return isDeepStrictEqual(read.gives, example.gives) ? [] : [`example ${i} gives ${JSON.stringify(read.gives)}`];
      }),
  },
  {
    title: 'has examples richer than what it takes from them',
    problems: (tool, { auth }) =>
      // of a service that nobody here knows, the answer is given as it is, and a file's facts are Grantway's
      isOperatorService({ auth }) ||
      tool.download !== undefined ||
      // a GraphQL answer holds what was asked for and nothing else
      eachStep(tool).some(({ request }) => request.path.endsWith('/graphql'))
        ? []
        : tool.examples.flatMap((example, i) =>
            // a text is taken whole
            typeof example.receives.body === 'string' ||
            isEmpty(example.receives.body) ||
            leaves(answersOf(example).map(({ receives }) => receives.body)) > leaves(example.gives)
              ? []
              : [`example ${i} holds only what is read`],
          ),
  },
  {
    title: 'reads its examples also with the fresh values that the sandbox makes',
    problems: (tool) =>
      tool.examples.flatMap((example, i) => {
        const answers = answersOf(example);
        const missing = answers.flatMap(({ receives, fresh }) =>
          Object.keys(fresh).filter((pointer) => valueAt(receives.body, pointer) === undefined),
        );
        if (missing.length > 0) return missing.map((pointer) => `example ${i}: nothing stands at ${pointer}`);
        const renewed = responsesOf(tool, example).map((response, at) => ({
          ...response,
          body: response.body === undefined ? undefined : withFresh(answers[at] as (typeof answers)[number]),
        }));
        const read = given(tool, example.input, renewed);
        return 'problem' in read ? [`example ${i}: ${read.problem}`] : [];
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
          const answers = responsesOf(tool, example);
          const honest = honestSteps(tool, honestInput, answers);
          const where = `example ${i}: ${name} = ${JSON.stringify(text.slice(0, 20))}`;
          try {
            return stepsOf(tool, parsed.data, answers).flatMap(({ request }, at) => {
              const like = honest[at]?.request;
              return like === undefined ? [] : steered(request, like, text, connector).map((problem) => `${where} ${problem}`);
            });
          } catch (error) {
            return [`${where} is taken by the schema and then throws ${String(error)}`];
          }
        });
      }),
  },
  {
    title: 'lets no answer steer a later request to another host, path or header',
    problems: (tool, connector) =>
      tool.run === undefined
        ? []
        : tool.examples.flatMap((example, i) => {
            const answers = answersOf(example).map(({ receives }) => responseOf(receives));
            const parsed = tool.input.safeParse(example.input);
            if (!parsed.success) return [];
            const honest = honestSteps(tool, parsed.data, answers);
            return hostileStrings.flatMap((text) => {
              const hostile = answers.map((answer) => ({ ...answer, body: withStrings(answer.body, () => text) }));
              let steps: Step[];
              try {
                steps = stepsOf(tool, parsed.data, hostile);
              } catch {
                // An answer that cannot be read ends the run, and nothing more is sent.
                return [];
              }
              return steps.flatMap(({ request }, at) =>
                steered(request, honest[at]?.request ?? request, text, connector).map(
                  (problem) => `example ${i}: an answer of ${JSON.stringify(text.slice(0, 20))} ${problem}`,
                ),
              );
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

/** Deletions are often answered with nothing at all (RFC 9110 section 15.3.5) or an empty object. */
function isEmpty(body: unknown): boolean {
  return body === '' || (typeof body === 'object' && body !== null && Object.keys(body).length === 0);
}

/** How many values a document holds. */
function leaves(document: unknown): number {
  if (typeof document !== 'object' || document === null) return 1;
  return Object.values(document).reduce((sum: number, value) => sum + leaves(value), 0);
}

/** What examples do that are whole; another rule names those that are not. */
function eachStep(tool: Tool): Step[] {
  return tool.examples.flatMap((example) => {
    const parsed = tool.input.safeParse(example.input);
    if (!parsed.success) return [];
    if (tool.run === undefined) return stepsOf(tool, parsed.data, []);
    try {
      return exchangesOf(tool, example);
    } catch {
      return [];
    }
  });
}

function stepsOf(tool: Tool, input: Record<string, unknown>, answers: ApiResponse[]): Step[] {
  // What is read of an answer is another rule's; a tool of one request is asked for that alone.
  return replay(tool, input, tool.run === undefined ? [] : answers).steps;
}

/** The same for an example as it is; none where it is not whole. */
function honestSteps(tool: Tool, input: Record<string, unknown>, answers: ApiResponse[]): Step[] {
  try {
    return stepsOf(tool, input, answers);
  } catch {
    return [];
  }
}

/** What is wrong with what the tool gives for these answers, or what it gives. */
function given(tool: Tool, input: Record<string, unknown>, answers: ApiResponse[]): { problem: string } | { gives: unknown } {
  const parsed = tool.input.safeParse(input);
  if (!parsed.success) return { problem: parsed.error.message };
  try {
    const output = tool.output.safeParse(replay(tool, parsed.data, answers).output);
    return output.success ? { gives: output.data } : { problem: output.error.message };
  } catch (error) {
    return { problem: String(error) };
  }
}

/** The answers of an example; one that is a file, or leads to one, with what that becomes. */
function responsesOf(tool: Tool, example: Tool['examples'][number]): ApiResponse[] {
  const file = downloaded(tool, example);
  return answersOf(example).map(({ receives }) => {
    const response = responseOf(receives);
    if (file === undefined) return response;
    // An answer that is the file itself has no body to read.
    return { ...response, file, ...(tool.download?.link === undefined ? { body: undefined } : {}) };
  });
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
  if (request.path !== '/' && request.path.slice(1).split('/').includes('')) found.push('the path holds an empty segment');
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
  if (url.host !== honestUrl.host || request.host !== honest.host) found.push('changes the host');
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
export function exampleBaseUrl({ id, api, auth }: Connector): string {
  let url = api.baseUrl;
  for (const name of placeholders(url)) {
    const field = fieldsOf(auth).find((f) => f.name === name);
    const example = field?.operatorUrl === true ? exampleOperatorUrl({ id }) : 'example';
    url = url.replaceAll(`{${name}}`, field?.default ?? field?.options?.[0]?.value ?? example);
  }
  return url.replace(/\/$/, '');
}

let sequence = 1000;

function withFresh(example: Pick<Exchange, 'receives' | 'fresh'>): unknown {
  const values: Record<string, unknown> = {};
  for (const [pointer, kind] of Object.entries(example.fresh)) {
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
