import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { memo } from './examples.ts';
import { cursor, docs, fileId, limit, nextCursor, provenance } from './fields.ts';
import { names, ownFiles } from './scopes.ts';

const permissionId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/)
  .describe('Permission id from google_drive_permissions_list');
const role = z.enum(['reader', 'commenter', 'writer', 'fileOrganizer', 'organizer']);
const fields = 'id,type,role,emailAddress,domain,displayName,expirationTime,allowFileDiscovery';

const Permission = z.object({
  id: z.string(),
  type: z.string(),
  role: z.string(),
  email: z.string().nullable(),
  domain: z.string().nullable(),
  name: z.string().nullable(),
  expires_at: z.string().nullable(),
});

interface PermissionBody {
  id: string;
  type: string;
  role: string;
  emailAddress?: string;
  domain?: string;
  displayName?: string;
  expirationTime?: string;
}

const permissionOf = (body: PermissionBody): z.input<typeof Permission> => ({
  id: body.id,
  type: body.type,
  role: body.role,
  email: body.emailAddress ?? null,
  domain: body.domain ?? null,
  name: body.displayName ?? null,
  expires_at: body.expirationTime ?? null,
});

const jon = {
  id: '04817263549012345678',
  type: 'user',
  role: 'writer',
  emailAddress: 'jon@acme.example',
  displayName: 'Jon Berg',
  kind: 'drive#permission',
};
const jonGives = { id: jon.id, type: 'user', role: 'writer', email: 'jon@acme.example', domain: null, name: 'Jon Berg', expires_at: null };

export const permissionsList = tool({
  name: 'google_drive_permissions_list',
  aliases: ['googledrive_list_permissions'],
  title: 'See who has access',
  description:
    'List who may see or change one file or folder: people, groups, whole domains, anyone with the link. The ids are what ' +
    'google_drive_permission_update and google_drive_permission_delete take. Only those who may share a file see the list.',
  effect: 'read',
  scopes: [names],
  input: z.object({ fileId, limit, cursor }),
  output: z.object({ permissions: z.array(Permission), next_cursor: nextCursor }),
  request: ({ fileId, limit, cursor }) =>
    get(path`/drive/v3/files/${fileId}/permissions`, {
      pageSize: limit,
      pageToken: cursor,
      fields: `nextPageToken,permissions(${fields},kind)`,
      supportsAllDrives: true,
    }),
  respond: (body: { permissions?: PermissionBody[]; nextPageToken?: string }) => ({
    permissions: (body.permissions ?? []).map(permissionOf),
    next_cursor: body.nextPageToken ?? null,
  }),
  docs: docs('permissions/list'),
  provenance: provenance('permissions.list'),
  examples: [
    {
      input: { fileId: memo.id },
      receives: {
        body: {
          nextPageToken: 'made-up-page-2',
          permissions: [
            jon,
            {
              id: 'anyoneWithLink',
              type: 'anyone',
              role: 'reader',
              kind: 'drive#permission',
              allowFileDiscovery: false,
              expirationTime: '2025-12-31T00:00:00.000Z',
              displayName: '',
              domain: '',
              emailAddress: '',
            },
          ],
        },
      },
      gives: {
        permissions: [
          jonGives,
          { id: 'anyoneWithLink', type: 'anyone', role: 'reader', email: '', domain: '', name: '', expires_at: '2025-12-31T00:00:00.000Z' },
        ],
        next_cursor: 'made-up-page-2',
      },
    },
  ],
});

export const permissionCreate = tool({
  name: 'google_drive_permission_create',
  aliases: ['googledrive_share_file'],
  title: 'Share a file',
  description:
    'Share one file or folder with a person, a group, a domain or anyone who has the link. People and groups get an e-mail unless told ' +
    'otherwise. Look first with google_drive_permissions_list; change a role with google_drive_permission_update.',
  effect: 'write',
  scopes: [ownFiles],
  input: z.object({
    fileId,
    role: role.describe('reader sees, commenter comments, writer changes; organizers are for shared drives'),
    type: z.enum(['user', 'group', 'domain', 'anyone']).describe('Whom to share it with'),
    emailAddress: z.email().optional().describe('Of the user or group; these two need it'),
    domain: z
      .string()
      .regex(/^[a-z0-9.-]{3,253}$/)
      .optional()
      .describe('Of type domain, for example acme.example'),
    sendNotificationEmail: z.boolean().optional().describe('For user and group; true unless told'),
    emailMessage: z.string().max(2000).optional().describe('Words in that e-mail'),
    expirationTime: z.iso.datetime({ offset: true }).optional().describe('When access ends; for user and group'),
  }),
  output: Permission,
  request: ({ fileId, sendNotificationEmail, emailMessage, ...json }) => ({
    method: 'POST',
    path: path`/drive/v3/files/${fileId}/permissions`,
    query: { sendNotificationEmail, emailMessage, fields: `${fields},kind`, supportsAllDrives: true },
    json,
  }),
  respond: permissionOf,
  docs: docs('permissions/create'),
  provenance: provenance('permissions.create'),
  examples: [
    {
      input: { fileId: memo.id, role: 'writer', type: 'user', emailAddress: 'jon@acme.example', emailMessage: 'For Monday' },
      receives: { body: { ...jon, expirationTime: '2026-01-31T00:00:00.000Z', domain: 'acme.example' } },
      gives: { ...jonGives, domain: 'acme.example', expires_at: '2026-01-31T00:00:00.000Z' },
    },
  ],
});

export const permissionUpdate = tool({
  name: 'google_drive_permission_update',
  aliases: ['googledrive_update_permission'],
  title: 'Change somebody’s access',
  description:
    'Give somebody who has access to a file another role. Nobody is written to. The id comes from google_drive_permissions_list; to take ' +
    'access away use google_drive_permission_delete, to give it to somebody new google_drive_permission_create.',
  effect: 'write',
  idempotent: true,
  scopes: [ownFiles],
  input: z.object({ fileId, permissionId, role: role.describe('The new role') }),
  output: Permission,
  request: ({ fileId, permissionId, role }) => ({
    method: 'PATCH',
    path: path`/drive/v3/files/${fileId}/permissions/${permissionId}`,
    query: { fields: `${fields},kind`, supportsAllDrives: true },
    json: { role },
  }),
  respond: permissionOf,
  docs: docs('permissions/update'),
  provenance: provenance('permissions.update'),
  examples: [
    {
      input: { fileId: memo.id, permissionId: jon.id, role: 'reader' },
      receives: { body: { ...jon, role: 'reader', expirationTime: '2026-01-31T00:00:00.000Z', domain: 'acme.example' } },
      gives: { ...jonGives, role: 'reader', domain: 'acme.example', expires_at: '2026-01-31T00:00:00.000Z' },
    },
  ],
});

export const permissionDelete = tool({
  name: 'google_drive_permission_delete',
  aliases: ['googledrive_delete_permission'],
  title: 'Take access away',
  description:
    'Take the access to one file or folder away from a person, group, domain or everybody with the link; access that comes from a folder ' +
    'above stays. The id comes from google_drive_permissions_list. For another role use google_drive_permission_update.',
  effect: 'destructive',
  scopes: [ownFiles],
  input: z.object({ fileId, permissionId }),
  output: z.object({}),
  request: ({ fileId, permissionId }) => ({
    method: 'DELETE',
    path: path`/drive/v3/files/${fileId}/permissions/${permissionId}`,
    query: { supportsAllDrives: true },
  }),
  respond: () => ({}),
  docs: docs('permissions/delete'),
  provenance: provenance('permissions.delete'),
  examples: [{ input: { fileId: memo.id, permissionId: jon.id }, receives: { status: 204, body: '' }, gives: {} }],
});
