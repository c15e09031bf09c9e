import { capture, type OAuth2Auth, type TokenAnswer, type TokenRefusal } from '@grantway/connector-kit';
import { hasDuplicateMembers } from './duplicate-members.ts';

/** What a token endpoint's answer amounts to, whatever shape the vendor gave it. */
export type TokenReading = { kind: 'answer'; answer: TokenAnswer } | { kind: 'refusal'; refusal: TokenRefusal } | { kind: 'unreadable' };

/** How a token endpoint words its answers where that is not RFC 6749, and what else is taken from them. */
type Wording = Pick<OAuth2Auth, 'readTokenResponse' | 'tokenExample' | 'defaultLifeSeconds' | 'captureFromToken' | 'moreTokens'>;

const minLifeSeconds = 30;
const maxLifeSeconds = 400 * 86_400;

/** Reads status and body into RFC 6749 terms (sections 5.1 and 5.2). Never throws; what it cannot read is `unreadable`. */
export function readTokenAnswer(auth: Wording, response: { status: number; headers: Record<string, string>; body: Buffer }): TokenReading {
  const body = parsed(response.body.toString('utf8'), response.headers['content-type'] ?? '');
  if (body === undefined) return { kind: 'unreadable' };
  if (response.status >= 200 && response.status < 300) {
    const read = readByConnector(auth, body);
    const answer = tokenAnswer(read, auth.defaultLifeSeconds);
    if (answer !== undefined) return { kind: 'answer', answer: withCaptures(auth, answer, body) };
    const refusal = refusalIn(read, undefined) ?? refusalIn(body, auth.tokenExample?.refusal?.slot);
    return refusal === undefined ? { kind: 'unreadable' } : { kind: 'refusal', refusal };
  }
  const refusal = refusalIn(body, auth.tokenExample?.refusal?.slot);
  return refusal === undefined ? { kind: 'unreadable' } : { kind: 'refusal', refusal };
}

// A connector's reader is written for documented answers; on anything else it may throw, and then the plain reading is tried.
function readByConnector(auth: Wording, body: unknown): unknown {
  try {
    return auth.readTokenResponse?.(body) ?? body;
  } catch {
    return body;
  }
}

function parsed(text: string, contentType: string): unknown {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (trimmed.startsWith('{')) {
    try {
      const value: unknown = JSON.parse(trimmed, (key, member) => (key === '__proto__' ? undefined : member));
      // Two readers of a member that stands twice could see two tokens.
      return hasDuplicateMembers(trimmed) ? undefined : value;
    } catch {
      return undefined;
    }
  }
  // Some vendors answer in the form encoding of the request, a few of them under text/plain or text/html.
  if (/^[a-z0-9_]+=/i.test(trimmed) && !/[<>\s]/.test(trimmed) && !/json/i.test(contentType)) {
    const form = new Map(new URLSearchParams(trimmed));
    if (form.has('access_token') || form.has('error')) return Object.fromEntries(form);
  }
  return undefined;
}

function tokenAnswer(value: unknown, defaultLifeSeconds: number | undefined): TokenAnswer | undefined {
  if (!isRecord(value)) return undefined;
  const { access_token, refresh_token, id_token, extra } = value;
  // RFC 6749 appendix A.12 and A.17 allow printable ASCII; a token that cannot stand in a header is of no use.
  if (typeof access_token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(access_token)) return undefined;
  return {
    access_token,
    refresh_token: typeof refresh_token === 'string' && /^[\x20-\x7e]{1,16384}$/.test(refresh_token) ? refresh_token : undefined,
    token_type: tokenType(value.token_type),
    expires_in: lifeSeconds(value.expires_in) ?? secondsUntil(value.expires_at) ?? defaultLifeSeconds,
    // Not in RFC 6749; GitHub's and Microsoft's name for it.
    refresh_token_expires_in: lifeSeconds(value.refresh_token_expires_in),
    scopes: scopeList(value.scopes) ?? scopeList(value.scope),
    id_token: typeof id_token === 'string' && id_token !== '' ? id_token : undefined,
    extra: isRecord(extra)
      ? Object.fromEntries(Object.entries(extra).filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
      : undefined,
  };
}

// Slack says "bot" or "user", others nothing at all; all of them mean a bearer token. Anything else is kept as it is, for
// openid-client to refuse; except "dpop" (RFC 9449), which it would take although no key of ours is bound.
function tokenType(value: unknown): string {
  const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (['', 'bot', 'user'].includes(text)) return 'bearer';
  return text === 'dpop' ? 'dpop without a key' : text;
}

/** Seconds, at least 30 and at most 400 days; undefined where the vendor says nothing that is a number. */
export function lifeSeconds(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\s*\d{1,20}(\.\d+)?\s*$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return undefined;
  return Math.min(Math.max(Math.floor(number), minLifeSeconds), maxLifeSeconds);
}

/** Of a moment that some vendors name in the place of a life: seconds or milliseconds since the epoch, or ISO 8601. */
export function secondsUntil(value: unknown, nowMs: number = Date.now()): number | undefined {
  const number = typeof value === 'string' && /^\d{9,14}$/.test(value) ? Number(value) : value;
  // Seconds until the year 5138, milliseconds since 1973.
  if (typeof number === 'number') return number >= 1e8 ? lifeSeconds(((number < 1e11 ? number * 1000 : number) - nowMs) / 1000) : undefined;
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT/.test(value)) return undefined;
  return lifeSeconds((Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(value) ? value : `${value}Z`) - nowMs) / 1000);
}

// What does not fit is left out: on the first answer that is refused, on a later one the value of before holds.
function withCaptures(auth: Wording, answer: TokenAnswer, body: unknown): TokenAnswer {
  const { values } = capture(auth.captureFromToken ?? [], ({ pointer }) => atPointer(body, pointer));
  const tokens = Object.fromEntries(
    Object.entries(auth.moreTokens ?? {})
      .map(([name, pointer]) => [name, atPointer(body, pointer)] as const)
      .filter((entry): entry is readonly [string, string] => typeof entry[1] === 'string' && /^[\x21-\x7e]{1,16384}$/.test(entry[1])),
  );
  return {
    ...answer,
    ...(Object.keys(tokens).length === 0 ? {} : { tokens }),
    extra: answer.extra === undefined && Object.keys(values).length === 0 ? undefined : { ...answer.extra, ...values },
  };
}

/** Names of parameters that this answer should have told and did not. */
export function missingCaptures(auth: OAuth2Auth, answer: TokenAnswer): string[] {
  return (auth.captureFromToken ?? []).filter((p) => p.optional !== true && answer.extra?.[p.name] === undefined).map((p) => p.name);
}

/** Undefined where nothing was said; RFC 6749 section 3.3 knows no empty scope. */
function scopeList(value: unknown): string[] | undefined {
  const words = Array.isArray(value)
    ? value.filter((word) => typeof word === 'string')
    : typeof value === 'string'
      ? value.split(/[\s,]+/)
      : [];
  const scopes = [...new Set(words.map((word) => word.trim()).filter((word) => word !== ''))];
  return scopes.length === 0 ? undefined : scopes;
}

function refusalIn(value: unknown, slot: string | undefined): TokenRefusal | undefined {
  if (!isRecord(value)) return undefined;
  const { error } = value;
  const nested = isRecord(error) ? [error.code, error.type, error.status, error.message] : [];
  const code = [error, slot === undefined ? undefined : atPointer(value, slot), ...nested].find((c) => typeof c === 'string' && c !== '');
  if (typeof code !== 'string') return undefined;
  const description = [value.error_description, isRecord(error) ? error.message : undefined, value.message].find(
    (d) => typeof d === 'string',
  );
  return { error: code, error_description: typeof description === 'string' ? description : undefined };
}

/** RFC 6901. */
export function atPointer(root: unknown, pointer: string): unknown {
  let value = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
