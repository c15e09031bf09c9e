import type { OtherTokenExample, TokenAnswer, TokenRefusal } from '@grantway/connector-kit';

/**
 * Scopes named `user:<scope>` are asked for in `user_scope`, the others in `scope`: Slack gives a bot token for these
 * and a user token for those. One account holds one token, so a connection asks either for the ones or for the others.
 */
const userPrefix = 'user:';

export function scopeParams(scopes: string[]): Record<string, string> {
  const bot = scopes.filter((scope) => !scope.startsWith(userPrefix));
  const user = scopes.filter((scope) => scope.startsWith(userPrefix)).map((scope) => scope.slice(userPrefix.length));
  return {
    ...(bot.length > 0 ? { scope: bot.join(',') } : {}),
    ...(user.length > 0 ? { user_scope: user.join(',') } : {}),
  };
}

interface Grant {
  id?: unknown;
  access_token?: unknown;
  refresh_token?: unknown;
  expires_in?: unknown;
  scope?: unknown;
  token_type?: unknown;
}

/**
 * Reads an answer of oauth.v2.access. The bot token stands at the top; a user token in `authed_user`, except in the
 * answer to a refresh, where it stands at the top too. Where both came, the bot's is the account's. Refusals have status 200.
 */
export function readTokenResponse(body: unknown): TokenAnswer | TokenRefusal {
  const b = (typeof body === 'object' && body !== null ? body : {}) as Grant & Record<string, unknown>;
  if (b.ok === false) return { error: typeof b.error === 'string' ? b.error : 'unknown_error' };
  const authedUser = (typeof b.authed_user === 'object' && b.authed_user !== null ? b.authed_user : {}) as Grant;
  const grant = isText(b.access_token) ? b : authedUser;
  if (!isText(grant.access_token)) return { error: 'no_access_token' };
  const isUser = grant === authedUser || grant.token_type === 'user';
  return {
    access_token: grant.access_token,
    refresh_token: isText(grant.refresh_token) ? grant.refresh_token : undefined,
    token_type: 'Bearer',
    expires_in: typeof grant.expires_in === 'number' ? grant.expires_in : undefined,
    scopes: typeof grant.scope === 'string' ? scopesOf(grant.scope, isUser) : undefined,
    extra: extraOf({ team_id: idOf(b.team), enterprise_id: idOf(b.enterprise), bot_user_id: b.bot_user_id, user_id: authedUser.id }),
  };
}

/** A user token's scopes under both names: as they were asked for, and as tools and Slack's refusals name them. */
function scopesOf(text: string, isUser: boolean): string[] {
  const scopes = text.split(',').filter((scope) => scope !== '');
  return isUser ? scopes.flatMap((scope) => [`${userPrefix}${scope}`, scope]) : scopes;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function idOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : undefined;
}

function extraOf(values: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => isText(entry[1])));
}

const workspace = { team: { name: 'Acme', id: 'T06ACMEHQ01' }, enterprise: null, is_enterprise_install: false };
const userToken = {
  scope: 'channels:read,chat:write',
  access_token: 'made-up-access-token',
  token_type: 'user',
  refresh_token: 'made-up-refresh-token',
  expires_in: 43200,
};

/** Where no bot was asked for there is nothing at the top but the workspace, until a refresh puts the user's token there. */
export const userTokenExamples: OtherTokenExample[] = [
  {
    scopeParam: 'user_scope',
    answers: 'authorization_code',
    body: { ok: true, app_id: 'A06APPGRNT3', authed_user: { id: 'U06MIRAL0P2', ...userToken }, ...workspace },
    slots: {
      access_token: '/authed_user/access_token',
      refresh_token: '/authed_user/refresh_token',
      expires_in: '/authed_user/expires_in',
      scope: '/authed_user/scope',
    },
  },
  {
    scopeParam: 'user_scope',
    answers: 'refresh_token',
    body: { ok: true, ...userToken, app_id: 'A06APPGRNT3', ...workspace },
    slots: { access_token: '/access_token', refresh_token: '/refresh_token', expires_in: '/expires_in', scope: '/scope' },
  },
];
