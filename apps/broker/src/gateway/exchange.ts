import type { IncomingHttpHeaders } from 'node:http';
import type { Log, Modules, OpenInstance, ToolFinder } from '@grantway/core';
import type { Mark } from '@grantway/db';
import type { Rounds } from './answers.ts';
import type { Conversation } from './conversation.ts';
import type { Exposures } from './exposure.ts';
import type { Session } from './sessions.ts';
import type { WrittenLists } from './written-lists.ts';

/** One HTTP request that was let in. */
export interface Exchange {
  modules: Modules;
  rounds: Rounds;
  conversation: Conversation;
  /** Of the legacy era, where the client has one. */
  session: Session | undefined;
  exposures: Exposures;
  lists: WrittenLists;
  finder: ToolFinder;
  instance: OpenInstance;
  /** Where the instance is one of a moment ago that nobody confirmed yet: whatever is done with it confirms it first. */
  remembered?: Mark;
  /** Tells when the credential of this request ends, until the answer is called: for what waits. */
  hold(ended: () => void): () => void;
  headers: IncomingHttpHeaders;
  requestId: string;
  log: Log;
}

/** For the agent's model, in both eras: what the endpoint is for, and what to do with a link. */
export function instructionsFor(instance: OpenInstance): string {
  const links =
    'A tool whose account is not connected answers with an authorization link: give the link to the user, and repeat the call once they have opened it.';
  const search =
    'The tools are not listed one by one: find one with search_tools, read its definition with describe_tool, and call it with call_tool.';
  return [instance.configDescription, ...(instance.policy.tools_mode === 'search' ? [search] : []), links]
    .filter((text) => text !== '')
    .join('\n\n');
}
