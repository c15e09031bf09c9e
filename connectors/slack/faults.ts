import { type ApiFault, type ApiResponse, faultByStatus, retryAfter } from '@grantway/connector-kit';

/** The grant is gone for certain: the app was removed, or the person left. A refresh cannot help. */
const gone = new Set(['token_revoked', 'account_inactive']);
/** The token was not taken; with rotation switched on, a refreshed one may be. */
const rejected = new Set(['token_expired', 'invalid_auth', 'not_authed']);
const limited = new Set(['ratelimited', 'rate_limited']);
const failing = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org']);

/** What an agent can do about the refusals that it meets most. */
const hints = new Map([
  ['channel_not_found', 'no such channel, or this account cannot see it'],
  ['not_in_channel', 'this account is not a member of the channel'],
  ['is_archived', 'the channel is archived'],
  ['thread_not_found', 'there is no such thread in the channel'],
  ['user_not_found', 'there is no such user'],
  ['invalid_cursor', 'the cursor is not one that Slack gave'],
  ['msg_too_long', 'the text is too long'],
  ['restricted_action', 'a workspace setting forbids it'],
]);

/** Slack answers most errors with status 200 and `{ ok: false, error }` (docs.slack.dev, "Evaluating responses"). */
export function fault(response: ApiResponse): ApiFault | undefined {
  const body = (typeof response.body === 'object' && response.body !== null ? response.body : {}) as Record<string, unknown>;
  const code = typeof body.error === 'string' && /^[a-z0-9_]{1,64}$/.test(body.error) ? body.error : undefined;
  const message = `Slack: ${code === undefined ? 'the request was refused' : (hints.get(code) ?? code)}`;
  if (response.status === 429 || (code !== undefined && limited.has(code))) {
    return { kind: 'rate_limited', message: 'Slack: rate limited', retryAfterSeconds: retryAfter(response.headers['retry-after']) };
  }
  if (response.status >= 500) return { kind: 'unavailable', message: `Slack: HTTP ${response.status}` };
  if (body.ok === true && response.status < 300) return undefined;
  if (code !== undefined) {
    if (gone.has(code)) return { kind: 'revoked', message };
    if (rejected.has(code)) return { kind: 'rejected', message };
    if (failing.has(code)) return { kind: 'unavailable', message };
    if (code === 'missing_scope') {
      const needed = scopeNames(body.needed);
      return { kind: 'missing_scope', message: clip(`Slack: the account lacks the scope ${needed.join(' or ')}`), needed };
    }
  }
  return faultByStatus(response)?.kind === 'rejected' ? { kind: 'rejected', message } : { kind: 'error', message };
}

/** `needed` is comma-separated; anything that is no scope name is dropped, since the message goes on to the agent. */
function scopeNames(needed: unknown): string[] {
  if (typeof needed !== 'string') return [];
  return needed
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => /^[a-z][a-z.:_]{1,40}$/.test(scope));
}

function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
