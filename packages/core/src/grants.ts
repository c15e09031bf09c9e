import type { AccessLevel } from '@grantway/contract';
import type { Restrictions } from './restrictions.ts';
import type { ExposedTool } from './tools.ts';

/** What narrows a caller beyond what his config offers. */
export interface Grant {
  /** READ_ONLY: only tools that read are shown and run. */
  accessLevel: AccessLevel;
  /** The only tools there are for this caller, by the names that agents see; null: all. */
  onlyTools: ReadonlySet<string> | null;
}

export function grantOf(restrictions: Restrictions, accessLevel: AccessLevel): Grant {
  return { accessLevel, onlyTools: restrictions?.tools === undefined ? null : new Set(restrictions.tools) };
}

/** Whether this caller may know of the tool. Lists leave out what he may not, and an execution takes it for unknown. */
export function permits({ accessLevel, onlyTools }: Grant, { name, tool, remote }: Pick<ExposedTool, 'name' | 'tool' | 'remote'>): boolean {
  if (accessLevel === 'READ_ONLY' && tool.effect !== 'read') return false;
  if (onlyTools === null) return true;
  // What stands for the list of a server that nobody can see yet gives a link, and reaches no tool.
  if (remote !== undefined && remote.method !== 'tools/call') return remote.method === 'tools/list';
  return onlyTools.has(name) || onlyTools.has(tool.name);
}
