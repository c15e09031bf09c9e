import { type ApiFault, type ApiResponse, type Effect, missingScopes } from '@grantway/connector-kit';
import { type ConnectedAccountReason, type ConnectedAccountStatus, Fault, type ToolCallOutcome } from '@grantway/contract';
import { schema } from '@grantway/db';
import type { Lease, NeedsAuthorization } from '@grantway/vault';
import { eq } from 'drizzle-orm';
import { liveLink, mustBeReady } from './authorization-links.ts';
import { createCtx } from './ctx.ts';
import type { Call, UsedAccount } from './tool-call.ts';
import type { ExposedTool } from './tools.ts';

export function outcomeOf(fault: Fault): ToolCallOutcome {
  // Told of an approval, and nothing was sent; what an approved call itself came to has no such mark.
  const { approval_status: approval } = fault.extra ?? {};
  if (approval !== undefined) return approval === 'pending' || approval === 'running' ? 'approval_required' : 'refused';
  switch (fault.code) {
    case 'unknown_tool':
    case 'unknown_connection':
    case 'unknown_account':
    case 'argument_invalid':
    case 'argument_not_allowed':
    case 'rate_limited':
    case 'policy_broken':
    case 'connection_not_ready':
    case 'sandbox_not_allowed':
    case 'client_suspended':
    case 'user_suspended':
    case 'environment_suspended':
      return 'refused';
    case 'authorization_required':
    case 'scope_missing':
      return 'authorization_required';
    case 'outcome_unknown':
      return 'outcome_unknown';
    default:
      return 'failed';
  }
}

const none: readonly string[] = [];

/** The scopes that the tool needs and the account lacks. */
export function missingOf({ tool, connector }: ExposedTool, lease: Lease): readonly string[] {
  if (connector.auth.kind !== 'oauth2' || tool.scopes.length === 0) return none;
  return missingScopes(connector.auth, lease.scopes, tool.scopes);
}

/** Names each of them; nothing was sent. */
export async function scopeMissing(
  call: Call,
  { connector, connectionName }: ExposedTool,
  account: UsedAccount,
  lease: Lease,
  missing: readonly string[],
): Promise<Fault> {
  const link = await linkFor(call, account);
  const whose = account.userId === null ? "The organization's" : "The user's";
  const ask =
    link === undefined
      ? 'Ask the operator to connect it again and to grant it'
      : 'Ask the user to open the authorization link and to grant it';
  return new Fault('scope_missing', {
    detail: `${whose} ${connector.name} account was not granted ${missing.join(', ')}, which this tool needs. ${ask}; if it is not asked for there, the connection "${connectionName}" lacks it.`,
    extra: {
      connection_name: connectionName,
      connected_account_id: lease.accountId,
      needed_scopes: missing,
      ...(link === undefined ? { account_owner: 'organization' } : { authentication_link: link }),
    },
  });
}

export async function toFault(
  call: Call,
  effect: Effect,
  exposed: ExposedTool,
  account: UsedAccount,
  fault: ApiFault,
  response: ApiResponse,
): Promise<Fault> {
  const { tool, connector } = exposed;
  const said = `${connector.name}: ${fault.message.slice(0, 300)}`;
  switch (fault.kind) {
    case 'missing_scope': {
      const link = await linkFor(call, account);
      return new Fault('scope_missing', {
        detail: `${said}. Needed: ${fault.needed.join(', ') || tool.scopes.join(', ')}`,
        extra: {
          connection_name: exposed.connectionName,
          connected_account_id: account.id,
          needed_scopes: fault.needed,
          ...(link === undefined ? { account_owner: 'organization' } : { authentication_link: link }),
        },
      });
    }
    case 'rate_limited':
      return new Fault('provider_rate_limited', {
        detail: said,
        ...(fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }),
      });
    case 'unavailable':
      // 503 says that it was not done; any other failure of a write leaves that open.
      return effect === 'read' || response.status === 503
        ? new Fault('provider_unavailable', said)
        : new Fault('outcome_unknown', `${said}; the call may have happened. Look before you repeat it.`);
    case 'rejected':
    case 'revoked':
    case 'error': {
      // A page in the place of the vendor's answer refuses nothing, and says nothing of what became of a write.
      const isPage = response.status < 300 && (typeof response.body !== 'object' || response.body === null);
      return isPage ? notAnAnswer(connector.name, effect) : new Fault('provider_error', said);
    }
  }
}

/** Something came in the place of the vendor's answer. */
export function notAnAnswer(name: string, effect: Effect): Fault {
  return effect === 'read'
    ? new Fault('provider_answer_invalid', `${name} answered something that is not its API's`)
    : new Fault(
        'outcome_unknown',
        `${name} answered something that is not its API's; the call may have happened. Look before you repeat it.`,
      );
}

export async function authorizationRequired(
  call: Call,
  exposed: ExposedTool,
  account: UsedAccount,
  needs: NeedsAuthorization,
): Promise<Fault> {
  const link = await linkFor(call, account);
  const what = needs.status === 'PENDING_AUTH' ? 'is not connected yet' : 'must be connected again';
  return new Fault('authorization_required', {
    detail:
      link === undefined
        ? `The organization's ${exposed.connector.name} account ${what}. Only the people who run this agent can do that; tell the user so.`
        : `The user's ${exposed.connector.name} account ${what}. Ask the user to open the authorization link, then repeat the call.`,
    extra: {
      connection_name: exposed.connectionName,
      connected_account_id: needs.accountId,
      connected_account_status: needs.status satisfies ConnectedAccountStatus,
      reason: needs.reason satisfies ConnectedAccountReason | null,
      ...(link === undefined ? { account_owner: 'organization' } : { authentication_link: link }),
    },
  });
}

/**
 * Undefined for an account of the organization: who uses it is not thereby who may connect it.
 * @throws Fault connection_not_ready: a link that leads nowhere helps nobody
 */
async function linkFor(call: Call, { id: accountId, userId }: UsedAccount): Promise<string | undefined> {
  if (userId === null) return undefined;
  const { modules, caller } = call;
  const ctx = createCtx(modules, {
    environmentId: caller.environmentId,
    actor: { kind: 'client', id: caller.clientId },
    requestId: caller.requestId,
    log: caller.log,
  });
  return ctx.tx(async (tx) => {
    const [row] = await tx
      .select({ connection: schema.connections })
      .from(schema.connections)
      .innerJoin(schema.connectedAccounts, eq(schema.connectedAccounts.connectionId, schema.connections.id))
      .where(eq(schema.connectedAccounts.id, accountId));
    if (row === undefined) throw new Fault('not_found', 'no such connected account');
    await mustBeReady(ctx, row.connection);
    const link = await liveLink(ctx, tx, accountId);
    if (link.isNew) await ctx.audit(tx, 'authorization_link.created', { kind: 'connected_account', id: accountId }, { new: true });
    return link.url;
  });
}

export function withExtra(fault: Fault, extra: Record<string, unknown>): Fault {
  return new Fault(fault.code, {
    ...(fault.detail === undefined ? {} : { detail: fault.detail }),
    ...(fault.errors === undefined ? {} : { errors: fault.errors }),
    ...(fault.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: fault.retryAfterSeconds }),
    ...(fault.internal === undefined ? {} : { internal: fault.internal }),
    extra: { ...fault.extra, ...extra },
    cause: fault.cause,
  });
}
