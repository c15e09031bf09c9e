import type { ApiResponse } from './request.ts';
import { answersOf } from './run.ts';
import type { Tool } from './tool.ts';

type Kind = 'nothing' | 'object' | 'array' | 'text' | 'page' | 'value';

const documented = new WeakMap<Tool, ReadonlySet<Kind>>();

/**
 * Whether an answer is of no kind that the tool's examples have: a web page, a text, a list for an object. It is none then, whatever
 * its status says, and a lenient reading would make half an answer of it. Of a change vendors may also say nothing.
 */
export function isOfOtherKind(tool: Tool, { body }: Pick<ApiResponse, 'body'>): boolean {
  let kinds = documented.get(tool);
  if (kinds === undefined) {
    kinds = new Set(tool.examples.flatMap((example) => answersOf(example).map(({ receives }) => kindOf(receives.body))));
    documented.set(tool, kinds);
  }
  const kind = kindOf(body);
  if (kinds.size === 0) return kind === 'page';
  if (kinds.has(kind) || (kind === 'page' && kinds.has('text'))) return false;
  return kind !== 'nothing' || tool.effect === 'read';
}

function kindOf(body: unknown): Kind {
  if (body === undefined || body === null || body === '') return 'nothing';
  if (typeof body === 'string') return isPage(body) ? 'page' : 'text';
  if (typeof body !== 'object') return 'value';
  return Array.isArray(body) ? 'array' : 'object';
}

/** A proxy's sign-in, a notice of maintenance. */
function isPage(text: string): boolean {
  return /^\s*(?:<!--[^>]*-->\s*)?<(?:!doctype html|html|head|body)\b/i.test(text.slice(0, 1_000));
}
