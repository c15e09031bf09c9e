import { connector } from '@grantway/connector-kit';
import {
  createChannel,
  getConversationInfo,
  inviteUsersToChannel,
  joinConversation,
  listChannelMembers,
  openConversation,
  setConversationTopic,
} from './channels.ts';
import { getUserInfo, listChannels } from './directory.ts';
import { fault } from './faults.ts';
import { listFiles, listUsers, lookupUserByEmail, searchMessages } from './finding.ts';
import { addBookmark, addReminder, deleteScheduledMessage, listScheduledMessages, scheduleMessage } from './later.ts';
import { fetchConversationHistory, postMessage, replyToThread } from './messages.ts';
import {
  addReaction,
  deleteMessage,
  getConversationReplies,
  getPermalink,
  listPinnedItems,
  pinMessage,
  removeReaction,
  updateMessage,
} from './threads.ts';
import { readTokenResponse, scopeParams, userTokenExamples } from './tokens.ts';

const bot = {
  'channels:read': 'See the public channels: names, topics and how many people are in them',
  'channels:history': 'Read messages in the public channels that the app was added to',
  'groups:read': 'See the private channels that the app was added to',
  'groups:history': 'Read messages in the private channels that the app was added to',
  'chat:write': 'Post messages as the app',
  'users:read': 'See people in the workspace: names, titles, time zones',
  'users:read.email': 'See people’s e-mail addresses',
  'channels:join': 'Join public channels as the app',
  'channels:manage': 'Create public channels, invite people to them and set their topics',
  'im:write': 'Open direct conversations with people',
  'reactions:write': 'Put emoji on messages and take them away',
  'pins:read': 'See what is pinned in channels',
  'pins:write': 'Pin messages in channels',
  'bookmarks:write': 'Put links above channels',
  'files:read': 'See files that were shared: names, sizes and addresses',
};

const user = {
  'user:channels:read': 'See the public channels that you can see',
  'user:channels:history': 'Read messages in the public channels that you can see',
  'user:groups:read': 'See the private channels that you are in',
  'user:groups:history': 'Read messages in the private channels that you are in',
  'user:chat:write': 'Post messages as you',
  'user:users:read': 'See people in the workspace as you see them',
  'user:users:read.email': 'See people’s e-mail addresses as you see them',
  'user:channels:write': 'Create, join and manage public channels as you',
  'user:im:write': 'Open direct conversations as you',
  'user:reactions:write': 'Put emoji on messages as you',
  'user:pins:read': 'See what is pinned in the channels that you can see',
  'user:pins:write': 'Pin messages as you',
  'user:bookmarks:write': 'Put links above channels as you',
  'user:files:read': 'See the files that you can see',
  'user:search:read': 'Search all messages that you can see',
  'user:reminders:write': 'Set reminders for you',
};

interface AuthTest {
  team: string;
  user: string;
  team_id: string;
  user_id: string;
}

export default connector({
  id: 'slack',
  name: 'Slack',
  description: 'Read channels and messages, post to channels and answer in threads of a Slack workspace.',
  docs: 'https://docs.slack.dev/apis/web-api/',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://slack.com/oauth/v2/authorize',
    tokenUrl: 'https://slack.com/api/oauth.v2.access',
    revocation: { method: 'POST', path: '/auth.revoke', form: {} },
    scopes: { ...bot, ...user },
    defaultScopes: ['channels:read', 'channels:history', 'chat:write', 'users:read'],
    scopeSeparator: ',',
    // A person's one scope is divided among several of a bot's.
    scopeCovers: { 'user:channels:write': ['channels:manage', 'channels:join'] },
    // oauth.v2 takes no code_challenge from apps that hold a secret; `state` and the secret carry the flow.
    pkce: 'unsupported',
    clientAuthentication: 'client_secret_post',
    scopeParams,
    readTokenResponse,
    tokenExample: {
      body: {
        ok: true,
        access_token: 'made-up-access-token',
        token_type: 'bot',
        scope: 'channels:read,channels:history,chat:write,users:read',
        bot_user_id: 'U06BOTGRNT1',
        app_id: 'A06APPGRNT3',
        expires_in: 43200,
        refresh_token: 'made-up-refresh-token',
        team: { name: 'Acme', id: 'T06ACMEHQ01' },
        enterprise: null,
        is_enterprise_install: false,
        authed_user: { id: 'U06MIRAL0P2' },
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token', expires_in: '/expires_in', scope: '/scope' },
      refusal: { status: 200, body: { ok: false, error: 'invalid_code' }, slot: '/error' },
    },
    otherTokenExamples: userTokenExamples,
    // With rotation switched on a refresh token works once; the vendor documents no leeway and no reuse alarm.
    rotationClass: 'D',
    goneErrors: ['invalid_refresh_token', 'token_revoked', 'token_expired', 'account_inactive'],
  },
  authVariants: {
    token: {
      label: 'Token of an installed app',
      description:
        'A bot or user token of an app that was installed to one workspace by hand; no consent page, and its scopes are those of the app.',
      auth: {
        kind: 'bearer',
        fields: [
          {
            name: 'token',
            label: 'Bot or user token',
            help: 'On api.slack.com/apps in your app under OAuth & Permissions, after Install to Workspace; it begins with xoxb- or xoxp-.',
            secret: true,
            pattern: /^[A-Za-z0-9-]{20,300}$/,
          },
        ],
        token: '{token}',
        scheme: 'Bearer',
      },
    },
  },
  api: {
    baseUrl: 'https://slack.com/api',
    fault,
    refusals: {
      rejected: { status: 200, body: { ok: false, error: 'token_expired' } },
      revoked: { status: 200, body: { ok: false, error: 'token_revoked' } },
      missing_scope: {
        status: 200,
        body: { ok: false, error: 'missing_scope', needed: 'chat:write', provided: 'channels:read,users:read' },
      },
      rate_limited: { status: 429, headers: { 'retry-after': '30' }, body: { ok: false, error: 'ratelimited' } },
      error: { status: 200, body: { ok: false, error: 'channel_not_found' } },
      unavailable: { status: 503, body: { ok: false, error: 'service_unavailable' } },
    },
  },
  identify: {
    request: { method: 'POST', path: '/auth.test', form: {} },
    subject: (body: AuthTest) => ({ id: `${body.team_id}:${body.user_id}`, label: `${body.user} @ ${body.team}`, team: body.team_id }),
    example: {
      receives: {
        body: {
          ok: true,
          url: 'https://acme.slack.example/',
          team: 'Acme',
          user: 'incident_responder',
          team_id: 'T06ACMEHQ01',
          user_id: 'U06BOTGRNT1',
          bot_id: 'B06BOTGRNT2',
          is_enterprise_install: false,
        },
      },
      gives: { id: 'T06ACMEHQ01:U06BOTGRNT1', label: 'incident_responder @ Acme', team: 'T06ACMEHQ01' },
    },
  },
  tools: [
    listChannels,
    fetchConversationHistory,
    postMessage,
    replyToThread,
    getUserInfo,
    getConversationReplies,
    getConversationInfo,
    createChannel,
    joinConversation,
    inviteUsersToChannel,
    setConversationTopic,
    listChannelMembers,
    openConversation,
    updateMessage,
    deleteMessage,
    addReaction,
    removeReaction,
    getPermalink,
    pinMessage,
    listPinnedItems,
    listUsers,
    lookupUserByEmail,
    searchMessages,
    scheduleMessage,
    listScheduledMessages,
    deleteScheduledMessage,
    addReminder,
    addBookmark,
    listFiles,
  ],
});
