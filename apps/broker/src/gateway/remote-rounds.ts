import { createHash } from 'node:crypto';
import { canonicalJson } from '@grantway/core';
import { sameBytes } from '@grantway/vault';
import type { Exchange } from './exchange.ts';
import { errorCode, type JsonObject, RpcError } from './json-rpc.ts';

/**
 * `requestState` of requests that are passed on (SEP-2322). It comes back from the client, so that it is bound to the
 * instance and the very request, and has an end: `u.` holds a server's own state, `p.` names a call that waits here.
 */
const purpose = 'mcp remote state';
const lifeSeconds = 15 * 60;

/** What must be the same in every round. A client may rebuild the members in another order. */
export function digestOf(method: string, { name, uri, arguments: args }: JsonObject): string {
  return createHash('sha256')
    .update(canonicalJson([method, name ?? uri ?? null, args ?? {}]))
    .digest('base64url');
}

export async function wrapState(exchange: Exchange, digest: string, kind: 'u' | 'p', state: string): Promise<string> {
  const expires = Math.floor(Date.now() / 1000) + lifeSeconds;
  const mac = await macOf(exchange, digest, kind, expires, state);
  return `${kind}.${expires}.${mac.toString('base64url')}.${Buffer.from(state).toString('base64url')}`;
}

/**
 * Undefined for a state of another kind, for example of our own question.
 * @throws RpcError invalidParams for one that is not ours, not of this instance and request, or too old
 */
export async function openState(
  exchange: Exchange,
  digest: string,
  requestState: unknown,
): Promise<{ kind: 'u' | 'p'; state: string } | undefined> {
  if (typeof requestState !== 'string' || !/^[up]\./.test(requestState)) return undefined;
  const match = /^([up])\.(\d{1,12})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]*)$/.exec(requestState);
  if (match === null) throw foreign();
  const [, kind, expires, mac, text] = match as unknown as [string, 'u' | 'p', string, string, string];
  const state = Buffer.from(text, 'base64url').toString('utf8');
  const genuine = sameBytes(Buffer.from(mac, 'base64url'), await macOf(exchange, digest, kind, Number(expires), state));
  // Decoding forgives what does not belong there; a state is taken as it was given out, or not at all.
  if (Buffer.from(state).toString('base64url') !== text || !genuine || Number(expires) < Date.now() / 1000) throw foreign();
  return { kind, state };
}

export function foreign(): RpcError {
  return new RpcError(errorCode.invalidParams, 'The requestState does not belong to this request or is too old; begin again without it.');
}

function macOf({ modules, instance }: Exchange, digest: string, kind: string, expires: number, state: string): Promise<Buffer> {
  return modules.sealing.mac(purpose, [instance.id, digest, kind, String(expires), state]);
}
