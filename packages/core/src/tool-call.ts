import type { FileFacts } from '@grantway/connector-kit';
import type { Fault } from '@grantway/contract';
import type { Mark } from '@grantway/db';
import type { Allowed } from './call-policy.ts';
import type { Log, Modules } from './ctx.ts';
import type { Expected } from './expectations.ts';
import type { Grant } from './grants.ts';
import type { OwnerId } from './owned-accounts.ts';
import type { ToolCallRecord } from './tool-call-log.ts';

/** Who calls, and on whose behalf. */
export interface Caller {
  via: 'mcp' | 'api';
  environmentId: string;
  clientId: string | null;
  /** Null where nobody made the user yet: he is made when the call is let through. */
  userId: string | null;
  userIdentifier: string;
  /** The config whose tools and policy hold: null where none stands behind the call. Its id is null where a direct call named it. */
  instance: ({ id: string | null; configId: string; configName: string; configVersion: number } & Allowed) | null;
  grant: Grant;
  /** Of an instance that is remembered: what it was made of, which must not have changed before anything comes of the call. */
  remembered?: Mark;
  requestId: string;
  log: Log;
}

export interface ToolOutput {
  toolCallId: string;
  output: Record<string, unknown>;
  /** The answer of a remote MCP server as it is, where one was asked. */
  remote?: Record<string, unknown>;
  /** The file that the call downloaded. */
  file?: FileFacts;
}

/** What `run` found: `failed` where the answer itself says that the tool did. */
export interface Answer {
  output: Record<string, unknown>;
  remote?: Record<string, unknown>;
  file?: FileFacts;
  failed?: boolean;
  /** The call that it is the kept answer of. */
  keptOf?: string;
}

/** One call on its way. */
export interface Call {
  modules: Modules;
  caller: Caller;
  record: ToolCallRecord;
  /** Not confirmed yet; both null where everything was read for this very call. */
  expected: Expected;
  /** Whether an account may be used as it was read a moment ago, and confirmed with the intent. */
  mayRecall: boolean;
  /** Its row is in the table. */
  hasRow: boolean;
  /** From here on something may have been sent. */
  intended: boolean;
  /** Set while a call is made that a person approved. */
  settle: ((outcome: { answer: Answer } | { fault: Fault }) => Promise<void>) | undefined;
}

export interface UsedAccount {
  id: string;
  userId: OwnerId;
  label: string | null;
}
