import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Wanted } from '../contract.ts';
import { isNamed, matches, type Operation, type Schema } from '../description.ts';
import { importFile, load, textOf } from '../outside.ts';
import { rest, type Specification } from '../specification.ts';
import { zodDocument } from './zod.ts';

interface Call extends Operation {
  folder: string;
  parametersType: string | undefined;
  answerSchema: string | undefined;
  queryNames: Map<string, string>;
  bodyNames: Map<string, string> | 'whole' | undefined;
}

/**
 * jira.js and confluence.js: generated from Atlassian's documents. Their functions say method, path, and which argument has which
 * name on the wire; Zod schemas say what arguments and answers are.
 */
export async function atlassianClient(folders: string[], { operations, requests }: Wanted): Promise<Specification> {
  const calls = folders.flatMap(callsIn);
  const wanted = calls.filter(
    (call) =>
      operations.some((name) => isNamed(call, name)) ||
      requests.some(({ method, path: at }) => call.method === method && matches(call, at) !== null),
  );
  // The package's own Zod: another version cannot read its schemas.
  const own = path.join(folders[0] ?? '', '../../node_modules/zod');
  const { toJSONSchema } = load<{ toJSONSchema(schema: object, options: object): unknown }>(existsSync(own) ? own : 'zod');
  const document = zodDocument((schema) => toJSONSchema(schema, { unrepresentable: 'any', io: 'input', reused: 'inline' }));
  for (const call of wanted) {
    const { folder, parametersType, answerSchema } = call;
    const args = parametersType === undefined ? undefined : await exported(folder, 'parameters', parametersType);
    if (args !== undefined) {
      call.parameters = document.query(args, call.queryNames);
      if (call.bodyNames !== undefined) call.bodies = { 'application/json': bodyOf(document, args, call.bodyNames) };
    }
    const answer = answerSchema === undefined ? undefined : await exported(folder, 'models', answerSchema.replace(/Schema$/, ''));
    if (answer !== undefined) call.answer = document.add(answer);
  }
  // The others are known by their paths alone, so that a path is matched by its own operation.
  return rest({ operations: calls, root: document.root, closed: true });
}

async function exported(folder: string, kind: string, type: string): Promise<object | undefined> {
  const file = path.join(folder, kind, `${type[0]?.toLowerCase()}${type.slice(1)}.js`);
  if (!existsSync(file)) return undefined;
  return (await importFile(file))[`${type}Schema`] as object | undefined;
}

function callsIn(folder: string): Call[] {
  const api = path.join(folder, 'api');
  return readdirSync(api)
    .filter((file) => file.endsWith('.js') && file !== 'index.js')
    .flatMap((file) => {
      const declared = textOf(path.join(api, file.replace(/\.js$/, '.d.ts')));
      return textOf(path.join(api, file))
        .split(/^export async function /m)
        .slice(1)
        .map((source) => callOf(folder, source, declared));
    });
}

function callOf(folder: string, source: string, declared: string): Call {
  const name = /^\w+/.exec(source)?.[0] ?? '';
  // Older versions of the API that a function may fall back to come first.
  const config = source.slice(Math.max(source.indexOf('const config'), 0));
  const url = /url: ['`]([^'`]+)['`]/.exec(config)?.[1] ?? '';
  const body = /\n {8}body: (\{[\s\S]*?\n {8}\}|[\w.?]+),/.exec(config)?.[1];
  const named = (text: string) =>
    new Map([...text.matchAll(/^ {12}(?:'([^']+)'|(\w+)): parameters\??\.(\w+)/gm)].map((m) => [m[3] as string, (m[1] ?? m[2]) as string]));
  return {
    id: name,
    method: /method: '(\w+)'/.exec(config)?.[1] ?? 'GET',
    path: url.replace(/\$\{[^}]*?\.(\w+)[^}]*\}/g, '{$1}'),
    parameters: [],
    bodies: {},
    bodyRequired: false,
    folder,
    parametersType: imported(declared, new RegExp(`function ${name}\\(client: Client, parameters\\??: (\\w+)`).exec(declared)?.[1]),
    answerSchema: /schema: (\w+)/.exec(config)?.[1],
    queryNames: named(/searchParams: (\{[\s\S]*?\n {8}\})/.exec(config)?.[1] ?? ''),
    bodyNames: body === undefined ? undefined : body.startsWith('{') ? named(body) : 'whole',
  };
}

function bodyOf(document: ReturnType<typeof zodDocument>, args: object, names: Map<string, string> | 'whole'): Schema {
  const parameters = document.query(args, names === 'whole' ? new Map([['body', 'body']]) : names);
  if (names === 'whole') return parameters[0]?.schema ?? document.add(args);
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
    additionalProperties: false,
  };
}

/** The exported name of what is imported under another. */
function imported(declared: string, name: string | undefined): string | undefined {
  return new RegExp(`\\b(\\w+) as ${name}\\b`).exec(declared)?.[1] ?? name;
}
