import { type ApiRequest, type ApiResponse, type Effect, faultByStatus, isOfOtherKind } from '@grantway/connector-kit';
import type { Lease } from '@grantway/vault';
import { missingOf, notAnAnswer, scopeMissing, toFault } from './call-faults.ts';
import type { CallFiles } from './file-calls.ts';
import { anotherCredential, send } from './provider-calls.ts';
import type { Call, UsedAccount } from './tool-call.ts';
import type { ExposedTool } from './tools.ts';

/** What the requests of one tool call have in common. */
export interface Conversation {
  call: Call;
  exposed: ExposedTool;
  account: UsedAccount;
  /** The newest one: a refused credential is replaced under way. */
  lease: Lease;
  /** Whether it must be looked again who is served before anything is sent. */
  hasWaited: boolean;
  /** On the clock of `performance.now()`; undefined: one request with a time of its own. */
  endsAt: number | undefined;
  /** What the call's arguments name. */
  files?: CallFiles | undefined;
}

/**
 * One request and its good answer, whatever it takes: a repetition where that is harmless, another credential where one was refused.
 * `effect` is the request's own.
 * @throws Fault for any other answer, and for none
 */
export async function exchange(talk: Conversation, request: ApiRequest, effect: Effect): Promise<ApiResponse> {
  const { call, exposed, account } = talk;
  const { connector } = exposed;
  let repeated = false;
  for (let credentials = 0; ; talk.hasWaited = true) {
    const response = await send(talk, request, effect);
    call.record.provider_status = response.status;
    // A file is no answer to be judged.
    if (response.file !== undefined) return response;
    const fault = (connector.api.fault ?? faultByStatus)(response);
    if (fault === undefined) {
      if (isOfOtherKind(exposed.tool, response)) throw notAnAnswer(connector.name, effect);
      return response;
    }
    if (fault.kind === 'unavailable' && effect === 'read' && !repeated) {
      repeated = true;
      continue;
    }
    if ((fault.kind === 'rejected' || fault.kind === 'revoked') && credentials < 2) {
      // The provider executed nothing, so that the call may be repeated: once, with another credential.
      const other = await anotherCredential(call, connector, talk.lease, fault, credentials++);
      if (other !== undefined) {
        talk.lease = other;
        // A refresh may have brought fewer scopes than before.
        const missing = missingOf(exposed, other);
        if (missing.length > 0) throw await scopeMissing(call, exposed, account, other, missing);
        continue;
      }
    }
    throw await toFault(call, effect, exposed, account, fault, response);
  }
}
