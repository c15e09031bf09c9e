import type { Connector } from '@grantway/connector-kit';
import type { AuditAction, VerificationMode } from '@grantway/contract';
import { type Actor, type AuditEntry, type Database, recordAudit, type StoredRestrictions, type Tx } from '@grantway/db';
import type { Egress } from '@grantway/egress';
import type { FaultInjection, Leases, Sealing, TokenSigner } from '@grantway/vault';
import type { AuditLog } from './audit-log.ts';
import type { Expectations } from './expectations.ts';
import type { FileModules } from './file-modules.ts';
import type { InstanceRows } from './instance-rows.ts';
import type { Limiter, ProviderPauses } from './limits.ts';
import type { Log } from './log.ts';
import type { OAuthClients } from './oauth-clients.ts';
import type { OpenedInstances } from './opened-instances.ts';
import type { Questions } from './questions.ts';
import type { Remotes } from './remotes.ts';
import type { ToolCallLog } from './tool-call-log.ts';

export type { Log } from './log.ts';

/** The connectors of this build; loaded when first used. */
export interface Catalogue {
  ids(): string[];
  /** The tool that has this among its other names. */
  aliasOf(name: string): string | undefined;
  /** The connector that an id means, be it another broker's, and which of its ways in; null: the default one. */
  meaningOf(id: string): { id: string; variant: string | null };
  find(id: string): Promise<Connector | undefined>;
  all(): Promise<Connector[]>;
}

export interface Settings {
  /** How long an authorization link lives. */
  linkLifeSeconds: number;
  /** How long a person may take at the provider. */
  consentLifeSeconds: number;
  accessTokenLifeSeconds: number;
  /** How people are verified on connections without a setting of their own. Undefined: by `app`, on loopback by nobody. */
  verification?: VerificationMode | undefined;
  /** How long a provider may take to answer a tool call. */
  toolTimeoutMs: number;
}

/** What there is to do is in rows; this tries them, and writes down what came of it. */
export interface Revocations {
  /** Tries one for the first time, for whoever has just queued it. Never throws: the sweep tries it again. */
  tryNow(id: string): Promise<void>;
  /** Starts on whatever is due, one lane per connection, and does not wait for the providers. */
  sweep(): Promise<void>;
  /** Resolves when nothing runs here any more. */
  settled(): Promise<void>;
  /** Takes up nothing more, and waits for what runs. */
  close(): Promise<void>;
}

/** Everything that is built once per process. */
export interface Modules {
  db: Database;
  sealing: Sealing;
  leases: Leases;
  signer: TokenSigner;
  egress: Egress;
  catalogue: Catalogue;
  toolCallLog: ToolCallLog;
  auditLog: AuditLog;
  questions: Questions;
  instanceRows: InstanceRows;
  openedInstances: OpenedInstances;
  expectations: Expectations;
  revocations: Revocations;
  remotes: Remotes;
  files: FileModules;
  limiter: Limiter;
  pauses: ProviderPauses;
  oauthClients: OAuthClients;
  settings: Settings;
  /** Without a trailing slash; known once the server listens. */
  baseUrl(): string;
  sandboxOrigin(): string | undefined;
  /** Never set in production. */
  faults?: FaultInjection | undefined;
  log: Log;
}

/** The one parameter that travels: built once per request, job or MCP call. */
export interface Ctx {
  modules: Modules;
  environmentId: string;
  actor: Actor;
  requestId: string;
  log: Log;
  /** What the caller's access token allows; undefined where no token is behind it. */
  scopes?: ReadonlySet<string> | undefined;
  /** What the calling client is narrowed to. */
  restrictions: StoredRestrictions | null;
  /** What was audited so far; the route checks that its declared event is among it. */
  audited: Set<AuditAction>;
  /** One transaction that sees this environment only. */
  tx<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Writes the audit row of a deed in the deed's own transaction. */
  audit(tx: Tx, action: AuditAction, target?: AuditTarget, details?: Record<string, unknown>): Promise<void>;
  /** Writes the audit row of a deed that changes nothing besides; resolves when it is durable. */
  auditAlone(action: AuditAction, target: AuditTarget, details: Record<string, unknown>): Promise<void>;
}

type AuditTarget = NonNullable<AuditEntry['target']>;

export function createCtx(
  modules: Modules,
  of: {
    environmentId: string;
    actor: Actor;
    requestId: string;
    log?: Log;
    scopes?: ReadonlySet<string>;
    restrictions?: StoredRestrictions | null;
  },
): Ctx {
  const audited = new Set<AuditAction>();
  const entryOf = (action: AuditAction, target: AuditTarget | undefined, details: Record<string, unknown> | undefined): AuditEntry => ({
    environmentId: of.environmentId,
    action,
    actor: of.actor,
    requestId: of.requestId,
    ...(target === undefined ? {} : { target }),
    ...(details === undefined ? {} : { details }),
  });
  return {
    modules,
    environmentId: of.environmentId,
    actor: of.actor,
    requestId: of.requestId,
    log: of.log ?? modules.log,
    scopes: of.scopes,
    restrictions: of.restrictions ?? null,
    audited,
    tx: (work) => modules.db.inEnvironment(of.environmentId, work),
    async audit(tx, action, target, details) {
      await recordAudit(tx, entryOf(action, target, details));
      audited.add(action);
    },
    async auditAlone(action, target, details) {
      await modules.auditLog.record(entryOf(action, target, details));
      audited.add(action);
    },
  };
}
