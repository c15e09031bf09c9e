import { createHash } from 'node:crypto';
import { type Egress, EgressError, type OutboundResponse } from '@grantway/egress';
import type { WrapContext } from '../master-key.ts';
import { tlv } from '../record.ts';

/** A key service that does not answer, refuses, or answers something that must not be used. Names the master key, never a secret. */
export class KeyServiceError extends Error {
  readonly wrapperId: string;
  constructor(wrapperId: string, what: string, cause?: unknown) {
    super(`the key service of ${wrapperId} ${what}`, cause === undefined ? undefined : { cause });
    this.name = 'KeyServiceError';
    this.wrapperId = wrapperId;
  }
}

/** How key services are reached: egress, with the operator's own hosts allowed. */
export type Send = Egress['send'];

const timeoutMs = 5_000;
const maxBytes = 256 * 1024;

export interface ServiceRequest {
  method: 'POST' | 'PUT';
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** One request for a JSON object; anything but 200 with one is a KeyServiceError that tells the status and nothing else. */
export async function askForJson(send: Send, wrapperId: string, request: ServiceRequest): Promise<Record<string, unknown>> {
  let response: OutboundResponse;
  try {
    response = await send({ ...request, timeoutMs, maxBytes });
  } catch (error) {
    throw new KeyServiceError(wrapperId, error instanceof EgressError ? `is not available: ${error.message}` : 'is not available', error);
  }
  if (response.status !== 200) throw new KeyServiceError(wrapperId, `answered HTTP ${response.status}`);
  try {
    const body: unknown = JSON.parse(response.body.toString('utf8'));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {
    // Told below: the parser's message would quote the answer.
  }
  throw new KeyServiceError(wrapperId, 'did not answer with a JSON object');
}

/** A member of an answer that must be a string. */
export function stringOf(wrapperId: string, answer: Record<string, unknown>, name: string): string {
  const value = answer[name];
  if (typeof value !== 'string' || value === '') throw new KeyServiceError(wrapperId, `answered without ${name}`);
  return value;
}

/** Canonical bytes of where a data key belongs, for services that take authenticated data. */
export function contextBytes(context: WrapContext): Buffer {
  return tlv(['data_key_wraps', context.purpose, context.environmentId, context.dataKeyId]);
}

/**
 * Services and algorithms that take no authenticated data wrap `key ‖ SHA-256(context)`, and the second half is compared
 * after unwrapping.
 */
export function withContext(key: Buffer, context: WrapContext): Buffer {
  return Buffer.concat([key, createHash('sha256').update(contextBytes(context)).digest()]);
}

export function withoutContext(wrapperId: string, joined: Buffer, context: WrapContext): Buffer {
  const digest = createHash('sha256').update(contextBytes(context)).digest();
  if (joined.length !== 64 || !joined.subarray(32).equals(digest)) {
    throw new KeyServiceError(wrapperId, 'unwrapped the key of another place');
  }
  return Buffer.from(joined.subarray(0, 32));
}

/** Keeps a short-lived token of a service and asks anew a minute before its end; callers share one request. */
export function tokenCache(ask: () => Promise<{ token: string; lifeSeconds: number }>): () => Promise<string> {
  let held: { token: string; until: number } | undefined;
  let asking: Promise<string> | undefined;
  return async () => {
    if (held !== undefined && performance.now() < held.until) return held.token;
    asking ??= ask()
      .then(({ token, lifeSeconds }) => {
        held = { token, until: performance.now() + Math.max(0, lifeSeconds - 60) * 1000 };
        return token;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}
