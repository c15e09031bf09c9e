import type { AccessLevel } from '@grantway/contract';
import type { ExposedTool } from './tools.ts';

/** What narrows a caller beyond what his config offers. */
export interface Grant {
  /** READ_ONLY: only tools that read are shown and run. */
  accessLevel: AccessLevel;
}

/** Of callers that nothing narrows. */
export const wholeGrant: Grant = { accessLevel: 'FULL' };

/** Whether this caller may know of the tool. Lists leave out what he may not, and an execution takes it for unknown. */
export function permits(grant: Grant, { tool }: Pick<ExposedTool, 'tool'>): boolean {
  return grant.accessLevel === 'FULL' || tool.effect === 'read';
}
