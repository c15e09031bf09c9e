import { get, path, post, tool } from '@grantway/connector-kit';
import { type GraphPage, graphCursor, graphNextCursor, graphOperation, graphPaging, nextCursor } from '@grantway/connector-kit/microsoft';
import { DrivePermission, drivePermission, type PermissionBody } from '@grantway/connector-kit/microsoft-drive';
import { z } from 'zod';
import { ids } from './examples.ts';
import { Done, done, drive, driveId, itemId, limit } from './fields.ts';

const link = {
  id: '5d1b3c7e-made-up-link',
  roles: ['read'],
  shareId: 'u!made0up0share',
  expirationDateTime: '2025-12-31T00:00:00Z',
  hasPassword: false,
  link: {
    scope: 'organization',
    type: 'view',
    webUrl: 'https://acme-my.sharepoint.example/:b:/g/personal/mira/made0up',
    preventsDownload: false,
    application: { id: '00000003-0000-0000-0000-000000000000', displayName: 'Grantway' },
  },
  grantedToIdentitiesV2: [],
};

const linkGiven = {
  id: '5d1b3c7e-made-up-link',
  roles: ['read'],
  granted_to: [],
  link: { type: 'view', scope: 'organization', url: 'https://acme-my.sharepoint.example/:b:/g/personal/mira/made0up' },
  inherited: false,
  has_password: false,
  expires_at: '2025-12-31T00:00:00.000Z',
};

const granted = {
  '@odata.type': '#microsoft.graph.permission',
  id: ids.permission,
  roles: ['write'],
  shareId: 'u!made0up0person',
  hasPassword: false,
  expirationDateTime: '0001-01-01T00:00:00Z',
  grantedToV2: {
    user: { id: '8ea0e38b-efb3-4757-924a-5f94061c1122', displayName: 'Theo Brandt', email: 'theo@acme.example' },
    siteUser: { id: '12', displayName: 'Theo Brandt', loginName: 'i:0#.f|membership|theo@acme.example' },
  },
};

const grantedGiven = {
  id: ids.permission,
  roles: ['write'],
  granted_to: ['theo@acme.example'],
  link: null,
  inherited: false,
  has_password: false,
  expires_at: null,
};

export const sharingLinkCreate = tool({
  name: 'onedrive_sharing_link_create',
  aliases: ['onedrive_create_sharing_link', 'onedrive_create_sharing_link_in_drive'],
  title: 'Make a sharing link',
  description:
    'Make a link by which others open a file or folder; a link of the same kind that exists is given again. For certain people use ' +
    'onedrive_item_invite. With anonymous whoever has the link gets in, without signing in.',
  effect: 'write',
  idempotent: true,
  scopes: ['Files.ReadWrite'],
  input: z.object({
    item_id: itemId,
    type: z.enum(['view', 'edit']).describe('What the link allows'),
    scope: z.enum(['organization', 'anonymous', 'users']).default('organization').describe('Whom it lets in'),
    expiration_date_time: z.iso.datetime({ offset: true }).optional().describe('When it ends'),
    drive_id: driveId,
  }),
  output: DrivePermission,
  request: ({ drive_id, item_id, type, scope, expiration_date_time }) =>
    post(drive(drive_id) + path`/items/${item_id}/createLink`, {
      type,
      scope,
      ...(expiration_date_time === undefined ? {} : { expirationDateTime: new Date(expiration_date_time).toISOString() }),
    }),
  respond: drivePermission,
  docs: 'https://learn.microsoft.com/graph/api/driveitem-createlink',
  provenance: graphOperation('POST /drives/{drive-id}/items/{driveItem-id}/createLink'),
  examples: [
    {
      input: { item_id: ids.deck, type: 'view', expiration_date_time: '2025-12-31T00:00:00Z' },
      receives: { status: 201, body: { '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#permission', ...link } },
      gives: linkGiven,
    },
  ],
});

export const itemInvite = tool({
  name: 'onedrive_item_invite',
  aliases: ['onedrive_invite_users'],
  title: 'Share with people',
  description:
    'Let certain people read or edit a file or folder, and write to them about it. For a link that can be passed on use ' +
    'onedrive_sharing_link_create; who may already is listed by onedrive_permissions_list.',
  effect: 'write',
  scopes: ['Files.ReadWrite'],
  input: z.object({
    item_id: itemId,
    recipient_emails: z.array(z.email()).min(1).max(50).describe('Addresses of the people'),
    role: z.enum(['read', 'write']).describe('What they may do'),
    message: z.string().max(2000).optional().describe('Text of the mail to them'),
    send_invitation: z.boolean().default(true).describe('Write them a mail'),
    require_sign_in: z.boolean().default(true).describe('Only who signs in gets in'),
    drive_id: driveId,
  }),
  output: z.object({ permissions: z.array(DrivePermission) }),
  request: ({ drive_id, item_id, recipient_emails, role, message, send_invitation, require_sign_in }) =>
    post(drive(drive_id) + path`/items/${item_id}/invite`, {
      recipients: recipient_emails.map((email) => ({ email })),
      roles: [role],
      sendInvitation: send_invitation,
      requireSignIn: require_sign_in,
      ...(message === undefined ? {} : { message }),
    }),
  respond: (body: { value: PermissionBody[] }) => ({ permissions: body.value.map(drivePermission) }),
  docs: 'https://learn.microsoft.com/graph/api/driveitem-invite',
  provenance: graphOperation('POST /drives/{drive-id}/items/{driveItem-id}/invite'),
  examples: [
    {
      input: { item_id: ids.deck, recipient_emails: ['theo@acme.example'], role: 'write', message: 'Please look at section 4.' },
      receives: { body: { '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#Collection(permission)', value: [granted] } },
      gives: { permissions: [grantedGiven] },
    },
  ],
});

export const permissionsList = tool({
  name: 'onedrive_permissions_list',
  aliases: ['onedrive_list_permissions'],
  title: 'List who has access',
  description:
    'List who may read or edit a file or folder: people, groups and links, and what comes from a folder above. One is taken away with ' +
    'onedrive_permission_delete.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({ item_id: itemId, drive_id: driveId, limit, cursor: graphCursor }),
  output: z.object({ permissions: z.array(DrivePermission), next_cursor: graphNextCursor }),
  request: ({ drive_id, item_id, limit: top, cursor }) =>
    get(drive(drive_id) + path`/items/${item_id}/permissions`, graphPaging(top, cursor)),
  respond: (body: GraphPage<PermissionBody>) => ({ permissions: body.value.map(drivePermission), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/driveitem-list-permissions',
  provenance: graphOperation('GET /drives/{drive-id}/items/{driveItem-id}/permissions'),
  examples: [
    {
      input: { item_id: ids.deck },
      receives: {
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#drives('b%21t18F')/items('01NK')/permissions",
          value: [granted, link],
        },
      },
      gives: { permissions: [grantedGiven, linkGiven], next_cursor: null },
    },
  ],
});

export const permissionDelete = tool({
  name: 'onedrive_permission_delete',
  aliases: ['onedrive_delete_permission'],
  title: 'Take access away',
  description:
    'Take one permission off a file or folder: a person’s, a group’s, or a link, which then opens nothing any more. Ids come from ' +
    'onedrive_permissions_list; inherited ones are taken away at the folder above.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['Files.ReadWrite'],
  input: z.object({
    item_id: itemId,
    permission_id: z
      .string()
      .regex(/^[A-Za-z0-9_=-]{1,300}$/)
      .describe('Permission id from onedrive_permissions_list'),
    drive_id: driveId,
  }),
  output: Done,
  request: ({ drive_id, item_id, permission_id }) => ({
    method: 'DELETE',
    path: drive(drive_id) + path`/items/${item_id}/permissions/${permission_id}`,
  }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/permission-delete',
  provenance: graphOperation('DELETE /drives/{drive-id}/items/{driveItem-id}/permissions/{permission-id}'),
  examples: [
    { input: { item_id: ids.deck, permission_id: ids.permission }, receives: { status: 204, body: '' }, gives: { accepted: true } },
  ],
});
