import { readFileSync } from 'node:fs';

type JsonObject = Record<string, unknown>;

/** One tool of the catalogue; `arguments` as `name:type`, with `!` behind the name where it is required. */
export interface CatalogueTool {
  name: string;
  effect: 'read' | 'write' | 'destructive';
  description: string;
  arguments: string;
}

export interface Question {
  question: string;
  /** The tools that answer it, as the gateway shows them: `<connection>_<tool>`. */
  tools: string[];
}

const here = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

/** 25 services with 20 tools each: names and arguments as peers and vendors have them, descriptions of our own. */
export const catalogue = JSON.parse(here('catalogue.json')) as { connection: string; tools: CatalogueTool[] }[];

/** Written before the ranking. The ranking was fitted to `tuning` alone; the halves were drawn by a hash of the question. */
export const questions = JSON.parse(here('questions.json')) as { tuning: Question[]; held_out: Question[] };

/** A definition of ordinary size: each argument described, an output schema, annotations. */
export function definitionOf({ name, effect, description, arguments: list }: CatalogueTool): JsonObject {
  const args = list
    .split(' ')
    .filter((one) => one !== '')
    .map((one) => {
      const [label = '', type = 'string'] = one.split(':');
      return { name: label.replace('!', ''), type, required: label.endsWith('!') };
    });
  const title = spoken(name);
  return {
    name,
    title,
    description,
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(args.map((arg) => [arg.name, propertyOf(arg)])),
      required: args.filter((arg) => arg.required).map((arg) => arg.name),
      additionalProperties: false,
    },
    outputSchema: effect === 'read' ? listed : single,
    annotations: {
      title,
      readOnlyHint: effect === 'read',
      destructiveHint: effect === 'destructive',
      idempotentHint: effect === 'read',
      openWorldHint: true,
    },
  };
}

function spoken(name: string): string {
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function propertyOf({ name, type }: { name: string; type: string }): JsonObject {
  const description = spoken(name);
  switch (type) {
    case 'integer':
    case 'number':
    case 'boolean':
      return { type, description };
    case 'array':
      return { type, items: { type: 'string' }, description };
    case 'object':
      return { type, additionalProperties: true, description };
    default:
      return { type: 'string', maxLength: 4000, description };
  }
}

const item = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'Its id' },
    name: { type: ['string', 'null'], description: 'Its name or title' },
    state: { type: 'string', description: 'Its state' },
    url: { type: 'string', format: 'uri', description: 'Where a person sees it' },
    created_at: { type: 'string', format: 'date-time' },
    updated_at: { type: 'string', format: 'date-time' },
  },
  required: ['id', 'created_at'],
};
const single: JsonObject = { type: 'object', properties: { item }, required: ['item'] };
const listed: JsonObject = {
  type: 'object',
  properties: {
    items: { type: 'array', items: item },
    next_cursor: { type: ['string', 'null'], description: 'Give it as cursor for the next page; null on the last one' },
  },
  required: ['items', 'next_cursor'],
};
