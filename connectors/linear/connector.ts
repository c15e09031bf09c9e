import { connector, graphql } from '@grantway/connector-kit';
import { teamsList, usersList } from './directory.ts';
import { attachmentCreate, attachmentsList, commentsList, commentUpdate } from './discussion.ts';
import { documentCreate, documentGet, documentsList } from './documents.ts';
import { fault } from './faults.ts';
import { commentCreate, issueCreate, issueGet, issuesList, issueUpdate } from './issues.ts';
import { issueArchive, issueRelationCreate, issueRelationsList, issueSearch } from './more-issues.ts';
import { cyclesList, labelsList, viewerGet, workflowStatesList } from './planning.ts';
import { projectCreate, projectGet, projectsList, projectUpdate } from './projects.ts';
import { readTokenResponse } from './tokens.ts';

interface Viewer {
  data: { viewer: { id: string; name: string; email: string }; organization: { id: string; name: string; urlKey: string } };
}

export default connector({
  id: 'linear',
  name: 'Linear',
  description: 'Find, create and change issues and comment on them in a Linear workspace.',
  docs: 'https://linear.app/developers',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://linear.app/oauth/authorize',
    tokenUrl: 'https://api.linear.app/oauth/token',
    revokeUrl: 'https://api.linear.app/oauth/revoke',
    scopes: {
      read: 'See your teams, issues, projects and the people in your workspace',
      write: 'Change everything that you can change, for example the state of an issue',
      'issues:create': 'Create issues',
      'comments:create': 'Comment on issues',
    },
    defaultScopes: ['read', 'write', 'issues:create', 'comments:create'],
    scopeSeparator: ',',
    pkce: 'S256',
    clientAuthentication: 'client_secret_post',
    // Without it a person who once agreed is sent straight back and cannot choose another workspace.
    authorizeParams: { prompt: 'consent' },
    readTokenResponse,
    tokenExample: {
      body: {
        access_token: 'made-up-access-token',
        token_type: 'Bearer',
        expires_in: 86399,
        scope: 'read write issues:create comments:create',
        refresh_token: 'made-up-refresh-token',
      },
      slots: { access_token: '/access_token', refresh_token: '/refresh_token', expires_in: '/expires_in', scope: '/scope' },
      refusal: { status: 400, body: { error: 'invalid_grant', error_description: 'The grant is not valid' }, slot: '/error' },
    },
    // To verify against the vendor: how long the refresh token before the last stays usable after a rotation.
    rotationClass: 'C',
  },
  authVariants: {
    api_key: {
      label: 'Personal API key',
      description:
        'Each person pastes a key of their own; no app is registered, and the key does what its owner may, unless it was narrowed.',
      auth: {
        kind: 'bearer',
        fields: [
          {
            name: 'api_key',
            label: 'API key',
            help: 'In Linear under Settings, Security & access, Personal API keys; it is shown once.',
            secret: true,
            pattern: /^[A-Za-z0-9_-]{20,200}$/,
          },
        ],
        token: '{api_key}',
        scheme: '',
      },
    },
  },
  api: {
    baseUrl: 'https://api.linear.app',
    fault,
    refusals: {
      rejected: {
        status: 401,
        body: {
          errors: [
            {
              message: 'Authentication required, not authenticated',
              extensions: {
                type: 'authentication error',
                code: 'AUTHENTICATION_ERROR',
                statusCode: 401,
                userError: true,
                userPresentableMessage: 'You need to authenticate to access this operation.',
              },
            },
          ],
        },
      },
      missing_scope: {
        status: 200,
        body: {
          errors: [
            {
              message: 'Invalid scope: `write` required',
              path: ['issueUpdate'],
              extensions: { type: 'forbidden', code: 'FORBIDDEN', statusCode: 403, userError: true },
            },
          ],
          data: null,
        },
      },
      rate_limited: {
        status: 400,
        headers: { 'retry-after': '60', 'x-ratelimit-requests-limit': '5000', 'x-ratelimit-requests-remaining': '0' },
        body: {
          errors: [
            {
              message: 'Rate limit exceeded. Only 5000 requests are allowed per 1 hour.',
              extensions: { type: 'ratelimited', code: 'RATELIMITED', statusCode: 429, userError: true },
            },
          ],
        },
      },
      error: {
        status: 200,
        body: {
          errors: [
            {
              message: 'Entity not found: Issue',
              path: ['issue'],
              extensions: {
                type: 'invalid input',
                code: 'INPUT_ERROR',
                statusCode: 400,
                userError: true,
                userPresentableMessage: 'Could not find referenced Issue.',
              },
            },
          ],
          data: null,
        },
      },
      unavailable: {
        status: 500,
        body: { errors: [{ message: 'Internal server error', extensions: { type: 'internal error', code: 'INTERNAL_SERVER_ERROR' } }] },
      },
    },
  },
  identify: {
    request: graphql('query Viewer { viewer { id name email } organization { id name urlKey } }'),
    // Linear lets nobody in before the address was confirmed, by a code to it or by the identity provider.
    subject: ({ data: { viewer, organization } }: Viewer) => ({
      id: viewer.id,
      label: `${viewer.name} @ ${organization.name}`,
      email: viewer.email,
      team: organization.id,
    }),
    example: {
      receives: {
        body: {
          data: {
            viewer: { id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21', name: 'Mira Lopez', email: 'mira@acme.example' },
            organization: { id: '4f6c0a53-51d4-4a0e-9d0b-7e2c5b6a1f90', name: 'Acme', urlKey: 'acme' },
          },
        },
      },
      gives: {
        id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21',
        label: 'Mira Lopez @ Acme',
        email: 'mira@acme.example',
        team: '4f6c0a53-51d4-4a0e-9d0b-7e2c5b6a1f90',
      },
    },
  },
  tools: [
    teamsList,
    usersList,
    issuesList,
    issueGet,
    issueCreate,
    issueUpdate,
    commentCreate,
    issueSearch,
    issueArchive,
    issueRelationCreate,
    issueRelationsList,
    commentsList,
    commentUpdate,
    attachmentCreate,
    attachmentsList,
    projectsList,
    projectGet,
    projectCreate,
    projectUpdate,
    documentsList,
    documentGet,
    documentCreate,
    cyclesList,
    labelsList,
    workflowStatesList,
    viewerGet,
  ],
});
