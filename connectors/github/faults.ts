import { type ApiFault, type ApiResponse, faultByStatus, retryAfter } from '@grantway/connector-kit';

/** GitHub answers a spent budget with 403 or 429, and a missing scope with 403 and headers that name what would do. */
export function fault(response: ApiResponse): ApiFault | undefined {
  const byStatus = faultByStatus(response);
  if (byStatus === undefined) return undefined;
  const { status, headers } = response;
  const text = textOf(response.body);
  const message = `GitHub: ${text ?? byStatus.message}`;
  if (status === 429 || (status === 403 && isLimit(headers, text))) {
    return { kind: 'rate_limited', message: 'GitHub: rate limited', retryAfterSeconds: waitSeconds(headers) };
  }
  if (byStatus.kind === 'rejected') return { kind: 'rejected', message: 'GitHub: the token was not accepted' };
  if (status === 403) {
    const needed = missingScope(headers);
    if (needed.length > 0) return { kind: 'missing_scope', message: `GitHub: the account lacks the scope ${needed.join(' or ')}`, needed };
  }
  return { ...byStatus, message };
}

function isLimit(headers: Record<string, string>, text: string | undefined): boolean {
  return headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined || /\brate limit\b/i.test(text ?? '');
}

/** Retry-After, which secondary limits say, or the moment (seconds since the epoch) at which the budget is full again. */
export function waitSeconds(headers: Record<string, string>, nowMs: number = Date.now()): number | undefined {
  const said = retryAfter(headers['retry-after'], nowMs);
  if (said !== undefined) return said;
  const reset = Number(headers['x-ratelimit-reset']);
  if (headers['x-ratelimit-remaining'] !== '0' || !Number.isFinite(reset)) return undefined;
  return Math.min(Math.max(Math.ceil(reset - nowMs / 1000), 1), 900);
}

/** Scopes that hold others (docs.github.com, "Scopes for OAuth apps"). */
export const scopeCovers: Record<string, string[]> = {
  repo: ['public_repo', 'repo:status', 'repo_deployment', 'repo:invite', 'security_events'],
  user: ['read:user', 'user:email', 'user:follow'],
  'admin:org': ['write:org', 'read:org'],
  'write:org': ['read:org'],
};

/**
 * What X-Accepted-OAuth-Scopes names, where none of it is among what the token has. Tokens of GitHub Apps have permissions
 * instead, and answers to them lack the headers.
 */
function missingScope(headers: Record<string, string>): string[] {
  const accepted = scopeNames(headers['x-accepted-oauth-scopes']);
  if (headers['x-oauth-scopes'] === undefined) return [];
  const granted = scopeNames(headers['x-oauth-scopes']);
  const held = new Set(granted.flatMap((scope) => [scope, ...(Object.hasOwn(scopeCovers, scope) ? (scopeCovers[scope] ?? []) : [])]));
  return accepted.some((scope) => held.has(scope)) ? [] : accepted;
}

function scopeNames(value: string | undefined): string[] {
  return (value ?? '')
    .slice(0, 300)
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => /^[a-z][a-z_:]{1,30}$/.test(scope))
    .slice(0, 4);
}

/** The message and the first reason, without what might be an echoed credential, at most 160 characters. */
function textOf(body: unknown): string | undefined {
  const { message, errors } = (typeof body === 'object' && body !== null ? body : {}) as { message?: unknown; errors?: unknown };
  if (typeof message !== 'string' || message === '') return undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const safe = `${message}${reasonOf(first)}`
    .slice(0, 2000)
    .replace(/\b(bearer|basic|token)\s+\S+/gi, '[removed]')
    .replace(/gh[a-z]_\S+|github_pat_\S+|[A-Za-z0-9_+/=.-]{40,}/g, '[removed]');
  return safe.length > 160 ? `${safe.slice(0, 159)}…` : safe;
}

function reasonOf(error: unknown): string {
  if (typeof error === 'string') return ` (${error})`;
  if (typeof error !== 'object' || error === null) return '';
  const { field, code, message } = error as { field?: unknown; code?: unknown; message?: unknown };
  if (typeof message === 'string') return ` (${message})`;
  return typeof field === 'string' && typeof code === 'string' ? ` (${field}: ${code})` : '';
}
