import type { RotationClass } from '@grantway/connector-kit';
import { isRecord } from './json-places.ts';

export const failures = ['401', '429', '500', 'timeout', 'reset', '200_with_error', 'html'] as const;
export type Failure = (typeof failures)[number];

export interface Knobs {
  slow_ms?: number;
  fail?: Failure;
  /** How many more requests fail; absent: all, until the knobs change. */
  fail_times?: number;
  /** Which requests `slow_ms` and `fail` meet. */
  where?: 'api' | 'token' | 'revocation';
  /** `after`: the vendor does what it was asked first; only its answer is slow or lost. */
  when?: 'before' | 'after';
  /** For tokens issued from now on. */
  access_token_ttl_seconds?: number;
  /** Takes the place of the connector's rotation class. */
  rotate?: RotationClass;
  /** Token answers carry no refresh token; the one in the client's hands is not replaced. */
  drop_refresh_token?: boolean;
  /** Scopes that are not granted, or not any more: missing in token answers from now on, and refused at the API. */
  withhold_scopes?: string[];
  /** How many sites, tenants or accounts the lookup after consent tells. */
  lookup_choices?: number;
}

/** What each knob takes, in words for the page and for refusals. */
export const knobHelp: Record<keyof Knobs, string> = {
  slow_ms: 'a whole number of milliseconds from 0 to 120000: how long each answer waits',
  fail: `one of ${failures.map((f) => `"${f}"`).join(', ')}: how requests fail`,
  fail_times: 'a whole number from 1 to 1000000: how many requests fail before things are normal again',
  where: '"api" (default), "token" or "revocation" (RFC 7009, or the app’s own call): which requests are slow or fail',
  when: '"before" (default) or "after": whether a slow or failing request is refused, or carried out and its answer held back or lost',
  access_token_ttl_seconds: 'a whole number of seconds from 1 to 31536000: the lifetime of access tokens issued from now on',
  rotate: '"A" to "E": what becomes of a used refresh token',
  drop_refresh_token: 'true or false: token answers carry no refresh token',
  withhold_scopes: 'a list of scopes: those that are not granted, or not any more',
  lookup_choices: 'a whole number from 0 to 5: how many sites, tenants or accounts the lookup after consent tells',
};

const checks: Record<keyof Knobs, (value: unknown) => boolean> = {
  slow_ms: wholeNumber(0, 120_000),
  fail: (value) => failures.includes(value as Failure),
  fail_times: wholeNumber(1, 1_000_000),
  where: (value) => value === 'api' || value === 'token' || value === 'revocation',
  when: (value) => value === 'before' || value === 'after',
  access_token_ttl_seconds: wholeNumber(1, 31_536_000),
  rotate: (value) => typeof value === 'string' && /^[A-E]$/.test(value),
  drop_refresh_token: (value) => typeof value === 'boolean',
  lookup_choices: wholeNumber(0, 5),
  withhold_scopes: (value) => Array.isArray(value) && value.length <= 100 && value.every((scope) => typeof scope === 'string'),
};

/** The knobs in a request's body, or everything that is wrong with it. */
export function parseKnobs(body: unknown): { knobs: Knobs } | { problems: string[] } {
  if (!isRecord(body)) return { problems: ['the body must be a JSON object'] };
  const problems: string[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(checks, name)) problems.push(`${name} is not a knob; there are ${Object.keys(checks).join(', ')}`);
    else if (!checks[name as keyof Knobs](value)) problems.push(`${name} must be ${knobHelp[name as keyof Knobs]}`);
  }
  if (body.fail_times !== undefined && body.fail === undefined) problems.push('fail_times needs fail');
  return problems.length > 0 ? { problems } : { knobs: body as Knobs };
}

/** What the next request at `where` must suffer; uses up one of `fail_times`. */
export function nextTrouble(knobs: Knobs, where: 'api' | 'token' | 'revocation'): { slowMs: number; fail: Failure | undefined } {
  if ((knobs.where ?? 'api') !== where) return { slowMs: 0, fail: undefined };
  const { fail } = knobs;
  if (fail !== undefined && knobs.fail_times !== undefined) {
    knobs.fail_times -= 1;
    if (knobs.fail_times === 0) {
      delete knobs.fail;
      delete knobs.fail_times;
    }
  }
  return { slowMs: knobs.slow_ms ?? 0, fail };
}

function wholeNumber(min: number, max: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}
