import { type IssuedAuth, type IssuedCredential, type MintedAuth, retryAfter } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { type Egress, EgressError, type OutboundResponse } from '@grantway/egress';
import { type Issuer, reachable } from './connection-app.ts';
import type { RefreshOutcome } from './refresh-token.ts';
import { meaningOf, type RefusalMeaning } from './refusal.ts';
import { requestedScopes, tokenRequest, UnusableSecret, withToken, wordsWithout } from './secret-requests.ts';
import { atPointer, isRecord, lifeSeconds, readTokenAnswer } from './token-answer.ts';

export type IssueOutcome = RefreshOutcome<IssuedCredential>;

const maxAnswerBytes = 256 * 1024;
/** A vendor that refuses an assertion while its clock is so far from ours has said nothing about the key. */
const clockDoubtMs = 60_000;

/**
 * One token for a long-lived secret; never repeated here. The first one proves what a person entered, the later ones are
 * its refreshes. Throws only on a defect of ours before anything was sent.
 */
export async function issueToken(
  egress: Egress,
  issuer: Issuer,
  current: Secret<IssuedCredential>,
  options: { timeoutMs?: number } = {},
): Promise<IssueOutcome> {
  const requestedAtMs = Date.now();
  let response: OutboundResponse;
  try {
    const request = await tokenRequest(issuer, current, requestedAtMs);
    response = await egress.send({
      ...request,
      url: reachable(issuer, request.url),
      maxBytes: maxAnswerBytes,
      sandbox: issuer.sandboxOrigin !== undefined,
      ...options,
    });
  } catch (error) {
    if (error instanceof UnusableSecret) {
      return { kind: issuer.connector.auth.secretOf === 'account' ? 'gone' : 'app_refused', error: 'unusable_secret' };
    }
    if (!(error instanceof EgressError)) throw error;
    return error.sent ? { kind: 'unknown' } : { kind: 'unsent' };
  }
  const reading = read(issuer.connector.auth, response, requestedAtMs, current);
  if (reading.kind === 'issued') return { kind: 'refreshed', credential: withToken(current, reading.token) };
  if (reading.kind === 'unreadable') return { kind: 'unknown' };
  const { error, meaning } = reading;
  if (meaning === 'later' || isClockInDoubt(issuer.connector.auth, response)) {
    const retryAfterSeconds = retryAfter(response.headers['retry-after']);
    return { kind: 'transient', status: response.status, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
  }
  return { kind: meaning === 'gone' ? 'gone' : 'app_refused', error: wordsWithout({ app: issuer.app, credential: current })(error) };
}

type Reading =
  | { kind: 'issued'; token: Pick<IssuedCredential, 'access_token' | 'expires_at' | 'scopes'> }
  | { kind: 'refused'; error: string; meaning: RefusalMeaning }
  /** A token may have been issued. */
  | { kind: 'unreadable' };

function read(auth: IssuedAuth, response: OutboundResponse, requestedAtMs: number, current: Secret<IssuedCredential>): Reading {
  const { status } = response;
  const isPage = /^\s*</.test(response.body.subarray(0, 64).toString('latin1'));
  const isGood = status >= 200 && status < 300;
  if (isPage) return isGood ? { kind: 'unreadable' } : { kind: 'refused', error: `http_${status}`, meaning: 'later' };
  if (auth.kind === 'minted') return readMinted(auth, response, requestedAtMs);

  const reading = readTokenAnswer({}, response);
  if (reading.kind === 'answer' && isGood) {
    const { access_token, expires_in, scopes, token_type } = reading.answer;
    if (token_type !== 'bearer') return { kind: 'unreadable' };
    const expires_at = expires_in === undefined ? undefined : requestedAtMs + expires_in * 1000;
    return { kind: 'issued', token: { access_token, expires_at, scopes: scopes ?? requestedScopes(current) } };
  }
  if (reading.kind === 'refusal') {
    const { error } = reading.refusal;
    return { kind: 'refused', error, meaning: meaningOfRefusal(auth, status, error) };
  }
  return isGood ? { kind: 'unreadable' } : { kind: 'refused', error: `http_${status}`, meaning: meaningOfStatus(auth, status) };
}

/** Codes by which the account's own client or key is refused. */
const goneForAccounts = ['invalid_client', 'unauthorized_client', 'invalid_grant', 'access_denied', 'invalid_client_id', 'deleted_client'];

/**
 * A secret that a person entered can only end that person's account: whatever is wrong with it, the connection and the other
 * accounts on it are in order.
 */
function meaningOfRefusal(auth: IssuedAuth, status: number, error: string): RefusalMeaning {
  const goneErrors = 'goneErrors' in auth ? (auth.goneErrors ?? []) : [];
  const meaning = meaningOf({ goneErrors }, status, error);
  if (auth.secretOf === 'connection' || meaning === 'later') return meaning;
  return meaning === 'gone' || goneForAccounts.includes(error) ? 'gone' : 'later';
}

function meaningOfStatus(auth: IssuedAuth, status: number): RefusalMeaning {
  if (status === 401) return auth.secretOf === 'connection' ? 'app' : 'gone';
  return 'later';
}

function readMinted(auth: MintedAuth, response: OutboundResponse, requestedAtMs: number): Reading {
  const { status } = response;
  if (status < 200 || status > 299) {
    const isGone = auth.goneStatuses?.includes(status) === true;
    return { kind: 'refused', error: `http_${status}`, meaning: isGone ? 'gone' : meaningOfStatus(auth, status) };
  }
  const body = parsed(response.body);
  const { slots } = auth.answer;
  const token = atPointer(body, slots.token);
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token)) return { kind: 'unreadable' };
  const life = lifeOf(slots.expires_at === undefined ? undefined : atPointer(body, slots.expires_at), requestedAtMs);
  const seconds = life ?? lifeSeconds(slots.expires_in === undefined ? undefined : atPointer(body, slots.expires_in)) ?? auth.lifeSeconds;
  return {
    kind: 'issued',
    token: { access_token: token, expires_at: seconds === undefined ? undefined : requestedAtMs + seconds * 1000, scopes: [] },
  };
}

/** Seconds until a moment that is given as RFC 3339 or in seconds since the epoch. */
function lifeOf(moment: unknown, nowMs: number): number | undefined {
  const atMs = typeof moment === 'number' ? moment * 1000 : typeof moment === 'string' ? Date.parse(moment) : Number.NaN;
  return Number.isFinite(atMs) ? lifeSeconds((atMs - nowMs) / 1000) : undefined;
}

function isClockInDoubt(auth: IssuedAuth, response: OutboundResponse): boolean {
  const signsTimes = auth.kind === 'jwt_service_account' || (auth.kind === 'minted' && auth.mint.jwt !== undefined);
  const theirs = Date.parse(response.headers.date ?? '');
  return signsTimes && Number.isFinite(theirs) && Math.abs(theirs - Date.now()) > clockDoubtMs;
}

function parsed(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
