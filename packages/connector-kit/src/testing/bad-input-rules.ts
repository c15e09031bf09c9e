import { isOfOtherKind } from '../answer-shape.ts';
import { type Connector, faultByStatus } from '../connector.ts';
import type { ApiResponse } from '../request.ts';
import { answersOf, replay, responseOf } from '../run.ts';
import type { Tool } from '../tool.ts';
import type { ToolRule } from './tool-rules.ts';

const huge = 'x'.repeat(10_000_000);
const page = '<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>';

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
}

/** Bad input, as far as no network is needed for it (security.md, group D). */
export const badInputRules: ToolRule[] = [
  {
    title: 'refuses a text of 10 MB in every argument',
    problems: (tool) => {
      const [example] = tool.examples;
      return textPlaces(tool.inputSchema() as Schema, [])
        .filter((place) => tool.input.safeParse(withText(example?.input ?? {}, place)).success)
        .map((place) => `${place.join('/')} has no bound`);
    },
  },
  {
    title: 'reads no page, nothing and no answer of another shape, least of all as an empty list',
    problems: (tool, connector) =>
      tool.examples.flatMap((example, i) => {
        const parsed = tool.input.safeParse(example.input);
        if (!parsed.success) return [];
        const answers = answersOf(example).map(({ receives }) => responseOf(receives));
        return answers.flatMap((answer, at) => {
          const readWith = (body: unknown) =>
            readAll(
              tool,
              connector,
              parsed.data,
              answers.map((one, n) => (n === at ? { ...answer, body } : one)),
            );
          const said = (body: unknown, read: unknown) =>
            `example ${i}: ${JSON.stringify(body)?.slice(0, 60)} is read as ${JSON.stringify(read).slice(0, 120)}`;
          return [
            ...wrongShapes(answer.body, tool.effect === 'read').flatMap((body) => {
              const read = readWith(body);
              return read === undefined ? [] : [said(body, read)];
            }),
            ...withWrongMembers(answer.body).flatMap((body) => {
              const read = readWith(body);
              return lists(tool) && losesList(example.gives, read) ? [said(body, read)] : [];
            }),
          ];
        });
      }),
  },
  {
    title: 'takes errors of GraphQL for what they are, whatever the status',
    problems: (tool, connector) => {
      const [example] = tool.examples;
      const parsed = tool.input.safeParse(example?.input);
      if (tool.run !== undefined || !parsed.success || !tool.request(parsed.data).path.endsWith('/graphql')) return [];
      const bodies = [{ errors: [{ message: 'it did not work' }] }, { errors: [{ message: 'it did not work' }], data: null }];
      return bodies
        .filter((body) => readAll(tool, connector, parsed.data, [{ status: 200, headers: {}, body }]) !== undefined)
        .map((body) => `${JSON.stringify(body)} is read as a good answer`);
    },
  },
];

/** What the tool makes of these answers, where neither the connector's judge nor the tool objects. */
function readAll(tool: Tool, { api }: Connector, input: Record<string, unknown>, answers: ApiResponse[]): unknown {
  if (answers.some((answer) => (api.fault ?? faultByStatus)(answer) !== undefined)) return undefined;
  if (answers.some((answer) => isOfOtherKind(tool, answer))) return undefined;
  try {
    const output = tool.output.safeParse(replay(tool, input, answers).output);
    return output.success ? output.data : undefined;
  } catch {
    return undefined;
  }
}

/** Of what the vendor documents: another kind of value, and none; of a change vendors may say nothing. */
function wrongShapes(body: unknown, isRead: boolean): unknown[] {
  if (typeof body !== 'object' || body === null) return typeof body === 'string' && body !== '' ? [] : [page];
  return Object.keys(body).length === 0
    ? [page]
    : [page, ...(isRead ? ['', null] : []), 7, true, 'ok', Array.isArray(body) ? { data: 'x' } : ['x']];
}

/** One list or object of the answer as something else. */
function withWrongMembers(body: unknown): unknown[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return [];
  const members = Object.entries(body).filter(([, value]) => typeof value === 'object' && value !== null);
  return members.map(([name]) => ({ ...body, [name]: 'x' }));
}

function lists(tool: Tool): boolean {
  return /_(?:list|search)$/.test(tool.name) || 'next_cursor' in ((tool.outputSchema() as Schema).properties ?? {});
}

/** An agent that reads an empty list believes that there is nothing. */
function losesList(gives: Record<string, unknown>, read: unknown): boolean {
  const made = (read ?? {}) as Record<string, unknown>;
  const isList = (value: unknown): value is unknown[] => Array.isArray(value);
  return Object.entries(gives).some(([name, list]) => isList(list) && list.length > 0 && isList(made[name]) && made[name].length === 0);
}

/** Where an argument may be a text: by names, `*` for any item of a list. */
function textPlaces(schema: Schema, at: string[]): string[][] {
  if (at.length > 6) return [];
  const found = schema.type === 'string' ? [at] : [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) found.push(...textPlaces(property, [...at, name]));
  if (schema.items !== undefined) found.push(...textPlaces(schema.items, [...at, '*']));
  for (const branch of schema.anyOf ?? []) found.push(...textPlaces(branch, at));
  return found;
}

function withText(value: unknown, [step, ...rest]: string[]): unknown {
  if (step === undefined) return huge;
  if (step === '*') return [withText(Array.isArray(value) ? value[0] : undefined, rest)];
  const record = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  return { ...record, [step]: withText(record[step], rest) };
}
