import {
  type ApiFault,
  type ApiRequest,
  type ApiResponse,
  type Connector,
  type Effect,
  faultByStatus,
  isIssued,
  type Tool,
  usesApp,
} from '@grantway/connector-kit';
import { Fault } from '@grantway/contract';
import { EgressError } from '@grantway/egress';
import { endAccount, type Lease } from '@grantway/vault';
import { mustTakeTheConsumer } from './consumer-incident.ts';
import type { Modules } from './ctx.ts';
import { type CallFiles, exchangeOnce, mustFit } from './file-calls.ts';
import { mustStillBeServed } from './standing.ts';
import type { Call } from './tool-call.ts';

/** What is sent with, as far as it concerns one request. */
interface Sending {
  call: Call;
  exposed: { connector: Connector; tool: Tool };
  lease: Lease;
  hasWaited: boolean;
  endsAt: number | undefined;
  /** What the call's arguments name. */
  files?: CallFiles | undefined;
}

/** @throws Fault provider_unavailable, provider_timeout, egress_blocked; outcome_unknown where a write may have happened */
export async function send(
  { call, exposed, lease, hasWaited, endsAt, files }: Sending,
  request: Parameters<Modules['egress']['call']>[1],
  effect: Effect,
): Promise<ApiResponse> {
  const { modules, caller } = call;
  const { connector } = exposed;
  const target = { connector, fields: lease.fields, sandbox: lease.sandbox, app: lease.app };
  mustFit(request, files);
  for (let attempt = 0; ; attempt++) {
    if (hasWaited || attempt > 0) await mustStillBeServed(modules, caller);
    try {
      return await exchangeOnce(call, exposed.tool, target, request, lease.credential, {
        files,
        timeoutMs: timeLeft(modules.settings.toolTimeoutMs, endsAt),
      });
    } catch (error) {
      if (!(error instanceof EgressError)) throw error;
      if (error.kind === 'blocked') throw error.toFault();
      const harmless = effect === 'read' || !error.sent;
      // What came and could not be read, or was too much, would come again.
      const passing = error.kind === 'reset' || error.kind === 'unreachable';
      if (harmless && passing && attempt === 0) continue;
      if (!harmless) {
        throw new Fault('outcome_unknown', {
          detail: `${connector.name} did not answer; the call may have happened. Look before you repeat it.`,
          cause: error,
        });
      }
      throw error.toFault();
    }
  }
}

/** @throws Fault provider_timeout: several requests share one time */
function timeLeft(toolTimeoutMs: number, endsAt: number | undefined): number {
  if (endsAt === undefined) return toolTimeoutMs;
  const left = Math.ceil(endsAt - performance.now());
  if (left <= 0) throw new Fault('provider_timeout', 'the tool’s requests together took too long');
  return left;
}

export function read(tool: Tool, response: ApiResponse, asked: ApiRequest): Record<string, unknown> {
  return readOutput(tool.effect, () => tool.output.parse(tool.respond(response.body, response, asked)));
}

/** @throws Fault provider_answer_invalid; outcome_unknown where something may have been changed */
export function readOutput(effect: Effect, work: () => Record<string, unknown>): Record<string, unknown> {
  try {
    return work();
  } catch (cause) {
    if (effect === 'read') throw new Fault('provider_answer_invalid', { cause });
    throw new Fault('outcome_unknown', { detail: 'the provider accepted the call, but its answer could not be read', cause });
  }
}

/**
 * What to try after the provider rejected a credential: a refreshed one, or the one that somebody else stored
 * meanwhile. Undefined means that the credential is good and the provider's refusal stands.
 * @throws NeedsAuthorization when the account has ended
 */
export async function anotherCredential(
  call: Call,
  connector: Connector,
  lease: Lease,
  fault: ApiFault,
  attempt: number,
): Promise<Lease | undefined> {
  const { modules } = call;
  // Where tokens are made of a long-lived secret, one that was revoked says nothing about the secret.
  if (attempt === 0 && lease.refreshable && (fault.kind === 'rejected' || isIssued(connector.auth))) {
    await modules.leases.refresh(lease.accountId, { rejected: lease.fingerprint });
    return modules.leases.lease(lease.accountId, call.caller.clientId);
  }
  if (fault.kind === 'rejected' && (await stillIdentifies(call, connector, lease))) return undefined;
  if (connector.auth.kind === 'oauth1') await mustTakeTheConsumer(modules, connector, lease);
  const ended = await modules.db.inEnvironment(lease.environmentId, (tx) =>
    endAccount(tx, {
      account: { id: lease.accountId, environmentId: lease.environmentId },
      status: 'REVOKED',
      reason: usesApp(connector.auth) ? 'revoked_by_provider' : 'key_rejected',
      actor: { kind: 'system', id: null },
      requestId: call.caller.requestId,
      onlyIf: { fingerprint: lease.fingerprint },
    }),
  );
  if (ended) call.caller.log.warn({ account_id: lease.accountId, connection_id: lease.connectionId }, 'the provider ended the account');
  // Ended by us or by somebody else, this throws; with a newer credential in place it answers that one.
  return modules.leases.lease(lease.accountId, call.caller.clientId);
}

/** Some providers answer alike for a dead credential and for one that lacks a right: whose it is tells them apart. */
async function stillIdentifies(call: Call, connector: Connector, lease: Lease): Promise<boolean> {
  const target = { connector, fields: lease.fields, sandbox: lease.sandbox, app: lease.app };
  try {
    const response = await call.modules.egress.call(target, connector.identify.request, lease.credential);
    const fault = (connector.api.fault ?? faultByStatus)(response);
    return fault?.kind !== 'rejected' && fault?.kind !== 'revoked';
  } catch (error) {
    if (error instanceof EgressError) return true;
    throw error;
  }
}
