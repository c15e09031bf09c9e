import { connector, get } from '@grantway/connector-kit';
import {
  blockDelete,
  blockRetrieve,
  blockUpdate,
  pageContentAppend,
  pageContentGet,
  pageMarkdownGet,
  pageMarkdownUpdate,
} from './content.ts';
import { databaseCreate, databaseFetch, dataSourceQuery, dataSourceRetrieve } from './databases.ts';
import { ids } from './example-parts.ts';
import { fault } from './faults.ts';
import { fileDownload, fileUploadSend } from './file-bytes.ts';
import { fileAttach, fileUploadCreate, fileUploadRetrieve } from './files.ts';
import { pageArchive, pageCreate, pageGet, pageMove, pageSearch, pageUpdate } from './pages.ts';
import { commentCreate, commentsFetch, type SelfBody, selfExample, userGet, userGetSelf, userList } from './people.ts';
import { readTokenResponse } from './tokens.ts';

function refusal(status: number, code: string, message: string) {
  return { status, body: { object: 'error', status, code, message, request_id: 'a3f1c2d4-0b5e-4a69-8c7d-1e2f3a4b5c6d' } };
}

export default connector({
  id: 'notion',
  name: 'Notion',
  description: 'Find, read and write pages, query databases, comment and attach files in a Notion workspace.',
  docs: 'https://developers.notion.com/reference/intro',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://api.notion.com/v1/oauth/authorize',
    tokenUrl: 'https://api.notion.com/v1/oauth/token',
    revokeUrl: 'https://api.notion.com/v1/oauth/revoke',
    // What an app may do is set at its registration, and the person picks the pages.
    scopes: {},
    defaultScopes: [],
    scopesAt: 'app',
    scopeSeparator: ' ',
    // The token endpoint's documented body has no code_verifier; Basic authentication and `state` carry the flow.
    pkce: 'unsupported',
    clientAuthentication: 'client_secret_basic',
    tokenBodyFormat: 'json',
    authorizeParams: { owner: 'user' },
    readTokenResponse,
    tokenExample: {
      body: {
        access_token: 'made-up-access-token',
        token_type: 'bearer',
        refresh_token: 'made-up-refresh-token',
        bot_id: ids.bot,
        workspace_icon: null,
        workspace_name: 'Acme',
        workspace_id: ids.workspace,
        owner: {
          type: 'user',
          user: {
            object: 'user',
            id: ids.mira,
            name: 'Mira Lopez',
            avatar_url: null,
            type: 'person',
            person: { email: 'mira@acme.example' },
          },
        },
        duplicated_template_id: null,
        request_id: 'a3f1c2d4-0b5e-4a69-8c7d-1e2f3a4b5c6d',
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token' },
      refusal: { status: 400, body: { error: 'invalid_grant', error_description: 'The grant is not valid' }, slot: '/error' },
    },
    // Each refresh gives a new refresh token; what becomes of the old one is not documented.
    rotationClass: 'E',
  },
  authVariants: {
    internal_integration: {
      label: 'Internal integration',
      description:
        'One secret of an integration that belongs to one workspace; it acts as a bot, and reaches the pages that were shared with it.',
      auth: {
        kind: 'bearer',
        fields: [
          {
            name: 'token',
            label: 'Internal integration secret',
            help: 'On notion.so/my-integrations in your integration, under Configuration; share pages with it there too.',
            secret: true,
            pattern: /^[A-Za-z0-9_-]{20,200}$/,
          },
        ],
        token: '{token}',
        scheme: 'Bearer',
      },
    },
  },
  api: {
    baseUrl: 'https://api.notion.com',
    // The version that divided databases into data sources.
    headers: { 'Notion-Version': '2025-09-03' },
    fault,
    refusals: {
      rejected: refusal(401, 'unauthorized', 'API token is invalid.'),
      rate_limited: {
        ...refusal(429, 'rate_limited', 'You have been rate limited. Please try again in a few minutes.'),
        headers: { 'retry-after': '12' },
      },
      error: refusal(404, 'object_not_found', 'Could not find page. Make sure it is shared with the integration.'),
      unavailable: refusal(503, 'service_unavailable', 'Notion is unavailable.'),
    },
  },
  identify: {
    request: get('/v1/users/me'),
    subject: ({ id, name, bot }: SelfBody) => {
      const person = bot?.owner?.user;
      const who = person?.name ?? person?.person?.email ?? name ?? id;
      return {
        // A bot belongs to one consent; the person in the workspace is the account.
        id: person === undefined ? id : person.id,
        label: bot?.workspace_name ? `${who} @ ${bot.workspace_name}` : who,
        ...(bot?.workspace_id === undefined ? {} : { team: bot.workspace_id }),
      };
    },
    example: { receives: { body: selfExample }, gives: { id: ids.mira, label: 'Mira Lopez @ Acme', team: ids.workspace } },
  },
  tools: [
    pageSearch,
    pageGet,
    pageMarkdownGet,
    pageContentGet,
    pageCreate,
    pageUpdate,
    pageContentAppend,
    pageMarkdownUpdate,
    pageMove,
    pageArchive,
    databaseFetch,
    databaseCreate,
    dataSourceRetrieve,
    dataSourceQuery,
    blockRetrieve,
    blockUpdate,
    blockDelete,
    commentsFetch,
    commentCreate,
    userList,
    userGet,
    userGetSelf,
    fileUploadCreate,
    fileUploadSend,
    fileUploadRetrieve,
    fileAttach,
    fileDownload,
  ],
});
