import type { z } from 'zod';
import type { Connector } from '../connector.ts';
import { takesFile } from '../files.ts';
import type { Tool } from '../tool.ts';

export interface Sought {
  name: string;
  description: string;
  required: boolean;
  /** Nobody knows its value by heart: it is called an id, or looks like one in an example. */
  isId: boolean;
  takes: (value: unknown) => boolean;
}

interface Property {
  description?: string;
  pattern?: string;
  items?: { pattern?: string };
}

const idName = /(?:^|_)(?:ids?|uuids?|ts)$|[a-z0-9](?:Ids?|Uuids?|IdOrKey)$/;
/** Where a person finds it who has no tool. */
const place = /\baddress\b|\bURL\b|\bsettings\b|\bof your own\b|\bPOST \/v1\/files\b/;

/** Those of a tool's arguments that are ids. */
export function soughtOf(tool: Tool): Sought[] {
  return argumentsOf(tool).filter(({ isId }) => isId);
}

/** Every argument, with what a value of it has to look like. */
export function argumentsOf(tool: Tool): Sought[] {
  const { properties = {}, required = [] } = tool.inputSchema() as { properties?: Record<string, Property>; required?: string[] };
  return Object.entries(properties).map(([name, { description = '', pattern, items }]) => {
    const type = tool.input.shape[name] as z.ZodType;
    const shown = (pattern ?? items?.pattern) === undefined ? [] : tool.examples.flatMap(({ input }) => [input[name]].flat());
    // a file's handle is Grantway's own, and the same of every connector
    const isOurs = name === 'cursor' || (name === 'file_id' && takesFile(tool));
    return {
      name,
      description,
      required: required.includes(name),
      isId: !isOurs && (idName.test(name) || shown.some((value) => typeof value === 'string' && isOpaque(value))),
      takes: (value) => [value, [value], [value, value]].some((one) => type.safeParse(one).success),
    };
  });
}

/**
 * The tools that are said to give the value and do: named in the argument's description, or of an id in a sentence of the tool's own that
 * speaks of it, and with such a value in the answer of an example. An optional one may come from the same tool's answer without it.
 */
export function sourcesOf(tool: Tool, sought: Sought, { tools }: Pick<Connector, 'tools'>): Tool[] {
  const isAlone = soughtOf(tool).length === 1;
  const sentences = sought.isId ? tool.description.split(/(?<=[.;:!?])\s/) : [];
  const said = [sought.description, ...sentences.filter((sentence) => speaksOf(sentence, sought.name, isAlone))].join(' ');
  return tools.filter(
    (other) => (other !== tool || !sought.required) && new RegExp(`\\b${other.name}\\b`).test(said) && givesOne(other, sought),
  );
}

/** Six characters or more without a space, at least a quarter of them digits, and no date. */
function isOpaque(value: string): boolean {
  const digits = value.replaceAll(/\D/g, '').length;
  return /^(?!\d{4}-\d\d-\d\d)[A-Za-z0-9_.:-]{6,}$/.test(value) && digits * 4 >= value.length;
}

/** Whether a person is told where to look for an id. */
export function hasPlace({ isId, description }: Sought): boolean {
  return isId && place.test(description);
}

function givesOne(tool: Tool, sought: Sought): boolean {
  const wanted = new Set(wordsOf(sought.name));
  return tool.examples.some(({ gives }) =>
    leavesOf(gives, []).some(
      ({ path, value }) =>
        path.some((word) => wanted.has(word) || ['id', 'key', 'ts', 'sha', 'identifier'].includes(word)) && sought.takes(value),
    ),
  );
}

/** A word of the argument's name stands in it; a mere `id` is its own only where the tool takes no other. */
function speaksOf(sentence: string, name: string, isAlone: boolean): boolean {
  const words = new Set(wordsOf(sentence.replaceAll(/\b[a-z0-9]+(?:_[a-z0-9]+)+\b/g, (word) => (word === name ? name : ''))));
  if (isAlone && words.has('id')) return true;
  return wordsOf(name).some((word) => word !== 'id' && words.has(word));
}

/** Singular words of a name in snake or camel case, or of a sentence. */
function wordsOf(text: string): string[] {
  return (
    text
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
      .toLowerCase()
      .match(/[a-z]+/g) ?? []
  ).map((word) => word.replace(/(?<=..)s$/, ''));
}

/** Values with the words of the way to them; the numbers of list entries are none. */
function leavesOf(value: unknown, path: string[]): { path: string[]; value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((entry) => leavesOf(entry, path));
  if (typeof value !== 'object' || value === null) return [{ path, value }];
  return Object.entries(value).flatMap(([key, entry]) => leavesOf(entry, [...path, ...wordsOf(key)]));
}
