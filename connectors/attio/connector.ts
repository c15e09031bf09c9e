import { connector, get } from '@grantway/connector-kit';
import { ids } from './example-parts.ts';
import { fault } from './faults.ts';
import { addToList, listAttributes, listEntries, listLists, listObjects, removeFromList, updateListEntry } from './lists.ts';
import { createComment, createNote, getNote, listNotes, listThreads } from './notes.ts';
import { listAttributeOptions } from './options.ts';
import {
  createRecord,
  deleteRecord,
  getRecord,
  listRecordEntries,
  listRecords,
  searchRecords,
  updateRecord,
  upsertRecord,
} from './records.ts';
import { createTask, listTasks, listWorkspaceMembers, updateTask } from './tasks.ts';

const scopes = {
  'object_configuration:read': 'See which kinds of records there are, and their attributes',
  'record_permission:read-write': 'See, create, change and delete people, companies, deals and other records',
  'record_permission:read': 'See people, companies, deals and other records',
  'list_configuration:read': 'See which lists (pipelines) there are, and their attributes',
  'list_entry:read-write': 'See and change what is in the lists, for example the stage of a deal',
  'list_entry:read': 'See what is in the lists',
  'note:read-write': 'Read and write notes about records',
  'note:read': 'Read notes about records',
  'task:read-write': 'See, create and change tasks',
  'task:read': 'See the tasks of the workspace',
  'comment:read-write': 'Read and write comments on records',
  'comment:read': 'Read comments on records',
  'user_management:read': 'See the members of the workspace and their e-mail addresses',
};

const writes = Object.keys(scopes).filter((scope) => scope.endsWith(':read-write'));

interface Self {
  sub: string;
  workspace_id: string;
  workspace_name: string;
  authorized_by_workspace_member_id: string;
}

function refusal(status: number, type: string, code: string, message: string) {
  return { status, body: { status_code: status, type, code, message } };
}

export default connector({
  id: 'attio',
  name: 'Attio',
  description: 'Find and write records, move them through pipelines, and keep notes and tasks in an Attio workspace.',
  docs: 'https://docs.attio.com/rest-api/overview',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://app.attio.com/authorize',
    tokenUrl: 'https://app.attio.com/oauth/token',
    scopes,
    defaultScopes: [...writes, 'object_configuration:read', 'list_configuration:read', 'user_management:read'],
    scopesAt: 'app',
    scopeCovers: Object.fromEntries(writes.map((scope) => [scope, [scope.replace(/-write$/, '')]])),
    scopeSeparator: ' ',
    // Neither the authorization page nor the token endpoint documents a challenge.
    pkce: 'unsupported',
    clientAuthentication: 'client_secret_post',
    tokenExample: {
      body: { access_token: 'made-up-access-token', token_type: 'Bearer' },
      slots: { access_token: '/access_token' },
      refusal: { status: 400, body: { error: 'invalid_grant', error_description: 'The code is not valid' }, slot: '/error' },
    },
    // There are no refresh tokens: an access token lasts until the app is removed from the workspace.
    rotationClass: 'E',
  },
  authVariants: {
    api_key: {
      label: 'API key',
      description: 'One key of a workspace, made in its settings; no app is registered, and its scopes are chosen when it is made.',
      auth: {
        kind: 'bearer',
        fields: [
          {
            name: 'api_key',
            label: 'API key',
            help: 'In Attio under Workspace settings, Developers, in your integration; it is shown once.',
            secret: true,
            pattern: /^[A-Za-z0-9_-]{20,256}$/,
          },
        ],
        token: '{api_key}',
        scheme: 'Bearer',
      },
    },
  },
  api: {
    baseUrl: 'https://api.attio.com',
    fault,
    refusals: {
      rejected: refusal(401, 'auth_error', 'unauthorized', 'The token is invalid.'),
      revoked: { status: 200, body: { active: false } },
      missing_scope: refusal(403, 'auth_error', 'unauthorized', 'Insufficient scopes. Required scopes: record_permission:read-write'),
      rate_limited: {
        ...refusal(429, 'rate_limit_error', 'rate_limit_exceeded', 'Rate limit exceeded, please try again later'),
        headers: { 'retry-after': '1' },
      },
      error: refusal(404, 'invalid_request_error', 'not_found', 'Record with ID "891dcbfc" was not found.'),
      unavailable: refusal(503, 'api_error', 'unavailable', 'The service is unavailable.'),
    },
  },
  identify: {
    request: get('/v2/self'),
    // The answer names the workspace, and of the person only the id.
    subject: (self: Self) => ({
      id: self.authorized_by_workspace_member_id,
      label: self.workspace_name,
      team: self.workspace_id,
    }),
    example: {
      receives: {
        body: {
          active: true,
          scope: 'record_permission:read-write object_configuration:read list_entry:read-write list_configuration:read',
          client_id: '3c90c3cc-0d44-4b50-8888-8dd25736052a',
          token_type: 'Bearer',
          exp: null,
          iat: 1763719200,
          sub: ids.workspace,
          aud: '3c90c3cc-0d44-4b50-8888-8dd25736052a',
          iss: 'attio.com',
          authorized_by_workspace_member_id: ids.member,
          workspace_id: ids.workspace,
          workspace_name: 'Acme',
          workspace_slug: 'acme',
          workspace_logo_url: null,
        },
      },
      gives: { id: ids.member, label: 'Acme', team: ids.workspace },
    },
  },
  tools: [
    searchRecords,
    listRecords,
    getRecord,
    createRecord,
    upsertRecord,
    updateRecord,
    deleteRecord,
    listRecordEntries,
    listObjects,
    listAttributes,
    listAttributeOptions,
    listLists,
    listEntries,
    addToList,
    updateListEntry,
    removeFromList,
    listNotes,
    getNote,
    createNote,
    listTasks,
    createTask,
    updateTask,
    listThreads,
    createComment,
    listWorkspaceMembers,
  ],
});
