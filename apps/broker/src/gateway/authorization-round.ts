import { createHash } from 'node:crypto';
import type { Fault } from '@grantway/contract';
import { canonicalJson } from '@grantway/core';
import { sameBytes } from '@grantway/vault';
import type { Exchange } from './exchange.ts';
import { errorCode, isObject, type JsonObject, RpcError } from './json-rpc.ts';
import type { ToolRequest } from './tool-answers.ts';

/**
 * Multi-round requests of 2026-07-28 (SEP-2322), for the one question there is: "please open this link". The client
 * shows the link and sends the same call again with the person's answer and our `requestState`.
 */
const question = 'authorize';
const statePurpose = 'mcp request state';

/** Only a client that declared URL elicitation is asked; every other one would hide the link from its model. */
export function canAsk(clientCapabilities: JsonObject): boolean {
  return isObject(clientCapabilities.elicitation) && isObject(clientCapabilities.elicitation.url);
}

/** A person must connect an account, or approve the call, before it can be made. */
export function needsLink(fault: Fault): boolean {
  return fault.code === 'authorization_required' || fault.code === 'approval_required';
}

/** Undefined when there is no link to ask with: then it is nobody's the agent can reach. */
export async function askToOpen(exchange: Exchange, call: ToolRequest, fault: Fault): Promise<JsonObject | undefined> {
  const link = fault.extra?.authentication_link ?? fault.extra?.approval_link;
  if (typeof link !== 'string') return undefined;
  // An answer is of use for as long as the link is.
  const expiresAtSeconds = Math.floor(Date.now() / 1000) + exchange.modules.settings.linkLifeSeconds;
  return {
    resultType: 'input_required',
    inputRequests: {
      [question]: { method: 'elicitation/create', params: { mode: 'url', message: fault.message, url: link } },
    },
    requestState: `${expiresAtSeconds}.${(await stateMac(exchange, call, expiresAtSeconds)).toString('base64url')}`,
  };
}

/**
 * Whether the person has answered. What they answered does not matter: the account, or the approval, says how it stands,
 * and a client that cannot ask anybody cancels by itself.
 * @throws RpcError invalidParams for a state that is not ours, not of this instance and call, or too old
 */
export async function wasAnswered(exchange: Exchange, call: ToolRequest, params: JsonObject): Promise<boolean> {
  const { requestState, inputResponses } = params;
  if (requestState === undefined) return false;
  const [, expires, mac] = (typeof requestState === 'string' && /^(\d{1,12})\.([A-Za-z0-9_-]{43})$/.exec(requestState)) || [];
  const expiresAtSeconds = Number(expires);
  if (
    mac === undefined ||
    !sameBytes(Buffer.from(mac, 'base64url'), await stateMac(exchange, call, expiresAtSeconds)) ||
    expiresAtSeconds < Date.now() / 1000
  ) {
    throw new RpcError(
      errorCode.invalidParams,
      'The requestState does not belong to this call or is too old; call the tool again without it.',
    );
  }
  const answer = isObject(inputResponses) ? inputResponses[question] : undefined;
  return isObject(answer) && typeof answer.action === 'string';
}

function stateMac({ modules, instance }: Exchange, call: ToolRequest, expiresAtSeconds: number): Promise<Buffer> {
  const request = createHash('sha256')
    // a client may rebuild the arguments in another order
    .update(canonicalJson([call.name, call.args]))
    .digest('base64url');
  return modules.sealing.mac(statePurpose, [instance.id, request, String(expiresAtSeconds)]);
}
