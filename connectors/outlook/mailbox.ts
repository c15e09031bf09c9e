import { get, path, post, tool } from '@grantway/connector-kit';
import {
  type GraphPage,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPaging,
  graphTime,
  nextCursor,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import type { Attachment } from './attachments.ts';
import { ids, messageExample } from './examples.ts';
import { Done, done, folderId, limit, type Message, messageId, stableIds } from './fields.ts';

const Changed = z.object({
  id: z.string(),
  folder_id: z.string().nullable(),
  is_read: z.boolean(),
  flag: z.string(),
  categories: z.array(z.string()),
  importance: z.string(),
});

const changed = (m: Message): z.input<typeof Changed> => ({
  id: m.id,
  folder_id: m.parentFolderId ?? null,
  is_read: m.isRead ?? false,
  flag: m.flag?.flagStatus ?? 'notFlagged',
  categories: m.categories ?? [],
  importance: m.importance ?? 'normal',
});

export const messageUpdate = tool({
  name: 'outlook_message_update',
  aliases: ['outlook_update_message'],
  title: 'Mark a message',
  description:
    'Mark a message as read or unread, flag it, set its categories or importance; what is not given stays. To put it into another folder ' +
    'use outlook_message_move. Categories replace those that were there.',
  effect: 'write',
  idempotent: true,
  scopes: ['Mail.ReadWrite'],
  input: z
    .object({
      message_id: messageId,
      is_read: z.boolean().optional().describe('true: read, false: unread'),
      flag_status: z.enum(['notFlagged', 'flagged', 'complete']).optional().describe('The follow-up flag'),
      categories: z.array(z.string().min(1).max(255)).max(25).optional().describe('All categories by name; an empty list takes them away'),
      importance: z.enum(['low', 'normal', 'high']).optional().describe('How important the message is'),
    })
    .refine(({ message_id: _, ...changes }) => Object.values(changes).some((value) => value !== undefined), 'nothing is changed'),
  output: Changed,
  request: ({ message_id, is_read, flag_status, categories, importance }) => ({
    method: 'PATCH',
    path: path`/me/messages/${message_id}`,
    json: {
      ...(is_read === undefined ? {} : { isRead: is_read }),
      ...(flag_status === undefined ? {} : { flag: { flagStatus: flag_status } }),
      ...(categories === undefined ? {} : { categories }),
      ...(importance === undefined ? {} : { importance }),
    },
    headers: stableIds,
  }),
  respond: changed,
  docs: 'https://learn.microsoft.com/graph/api/message-update',
  provenance: graphOperation('PATCH /me/messages/{message-id}'),
  examples: [
    {
      input: { message_id: ids.message, is_read: true, flag_status: 'flagged', categories: ['Deals'] },
      receives: {
        body: messageExample(ids.message, 'Term sheet, second draft', 'Two changes since Thursday.', '2025-11-21T08:12:40Z', {
          isRead: true,
          flag: { flagStatus: 'flagged' },
          categories: ['Deals'],
        }),
      },
      gives: {
        id: ids.message,
        folder_id: ids.folder,
        is_read: true,
        flag: 'flagged',
        categories: ['Deals'],
        importance: 'normal',
      },
    },
  ],
});

export const messageMove = tool({
  name: 'outlook_message_move',
  aliases: ['outlook_move_message'],
  title: 'Move a message',
  description:
    'Move a message into another folder, for example archive; it keeps its id. Folder ids come from outlook_folders_list. To mark it ' +
    'instead use outlook_message_update, to throw it away outlook_message_delete.',
  effect: 'write',
  idempotent: true,
  scopes: ['Mail.ReadWrite'],
  input: z.object({ message_id: messageId, destination_id: folderId }),
  output: Changed,
  request: ({ message_id, destination_id }) => ({
    ...post(path`/me/messages/${message_id}/move`, { DestinationId: destination_id }),
    headers: stableIds,
  }),
  respond: changed,
  docs: 'https://learn.microsoft.com/graph/api/message-move',
  provenance: graphOperation('POST /me/messages/{message-id}/move'),
  examples: [
    {
      input: { message_id: ids.message, destination_id: 'archive' },
      receives: {
        status: 201,
        body: messageExample(ids.message, 'Term sheet, second draft', 'Two changes since Thursday.', '2025-11-21T08:12:40Z', {
          parentFolderId: ids.archive,
          isRead: true,
        }),
      },
      gives: { id: ids.message, folder_id: ids.archive, is_read: true, flag: 'notFlagged', categories: [], importance: 'normal' },
    },
  ],
});

export const messageDelete = tool({
  name: 'outlook_message_delete',
  aliases: ['outlook_delete_message'],
  title: 'Delete a message',
  description:
    'Delete one message or draft. A message that somebody may want again is better put away with outlook_message_move to archive or ' +
    'deleteditems. Ids come from outlook_messages_list.',
  effect: 'destructive',
  idempotent: true,
  scopes: ['Mail.ReadWrite'],
  input: z.object({ message_id: messageId }),
  output: Done,
  request: ({ message_id }) => ({ method: 'DELETE', path: path`/me/messages/${message_id}` }),
  respond: done,
  docs: 'https://learn.microsoft.com/graph/api/message-delete',
  provenance: graphOperation('DELETE /me/messages/{message-id}'),
  examples: [{ input: { message_id: ids.message }, receives: { status: 204, body: '' }, gives: { accepted: true } }],
});

interface Folder {
  id: string;
  displayName?: string | null;
  parentFolderId?: string | null;
  childFolderCount?: number | null;
  unreadItemCount?: number | null;
  totalItemCount?: number | null;
}

export const foldersList = tool({
  name: 'outlook_folders_list',
  aliases: ['outlook_list_mail_folders', 'outlook_list_child_folders'],
  title: 'List mail folders',
  description:
    'List the mail folders at the top, or those inside one, with their ids and how many messages they hold. The ids are for ' +
    'outlook_messages_list and outlook_message_move, which take inbox, archive and the like by name as well.',
  effect: 'read',
  scopes: ['Mail.Read'],
  input: z.object({ folder_id: folderId.optional().describe('List those inside this folder'), limit, cursor: graphCursor }),
  output: z.object({
    folders: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        parent_id: z.string().nullable(),
        unread_count: z.int(),
        total_count: z.int(),
        child_folder_count: z.int(),
      }),
    ),
    next_cursor: graphNextCursor,
  }),
  request: ({ folder_id, limit: top, cursor }) =>
    get(folder_id === undefined ? '/me/mailFolders' : path`/me/mailFolders/${folder_id}/childFolders`, graphPaging(top, cursor)),
  respond: (body: GraphPage<Folder>) => ({
    folders: body.value.map((f) => ({
      id: f.id,
      name: f.displayName ?? '',
      parent_id: f.parentFolderId ?? null,
      unread_count: f.unreadItemCount ?? 0,
      total_count: f.totalItemCount ?? 0,
      child_folder_count: f.childFolderCount ?? 0,
    })),
    next_cursor: nextCursor(body),
  }),
  docs: 'https://learn.microsoft.com/graph/api/user-list-mailfolders',
  provenance: graphOperation('GET /me/mailFolders, GET /me/mailFolders/{mailFolder-id}/childFolders'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/mailFolders",
          value: [folderExample(ids.folder, 'Inbox', 12, 340), folderExample(ids.archive, 'Archive', 0, 5120)],
        },
      },
      gives: {
        folders: [
          { id: ids.folder, name: 'Inbox', parent_id: 'AAMkAGRootFolder=', unread_count: 12, total_count: 340, child_folder_count: 1 },
          { id: ids.archive, name: 'Archive', parent_id: 'AAMkAGRootFolder=', unread_count: 0, total_count: 5120, child_folder_count: 1 },
        ],
        next_cursor: null,
      },
    },
  ],
});

function folderExample(id: string, displayName: string, unreadItemCount: number, totalItemCount: number) {
  return {
    id,
    displayName,
    parentFolderId: 'AAMkAGRootFolder=',
    childFolderCount: 1,
    unreadItemCount,
    totalItemCount,
    sizeInBytes: 1_048_576,
    isHidden: false,
  };
}

const kinds: Record<string, 'file' | 'item' | 'link'> = {
  '#microsoft.graph.fileAttachment': 'file',
  '#microsoft.graph.itemAttachment': 'item',
  '#microsoft.graph.referenceAttachment': 'link',
};

export const attachmentsList = tool({
  name: 'outlook_attachments_list',
  aliases: ['outlook_list_attachments'],
  title: 'List attachments',
  description:
    'List what is attached to a message: name, type, size and whether it stands inside the text as a picture. A file’s ' +
    'content is fetched by outlook_attachment_download. Message ids come from outlook_messages_list.',
  effect: 'read',
  scopes: ['Mail.Read'],
  input: z.object({ message_id: messageId, limit, cursor: graphCursor }),
  output: z.object({
    attachments: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(['file', 'item', 'link', 'other']),
        name: z.string(),
        content_type: z.string().nullable(),
        size: z.int(),
        is_inline: z.boolean(),
        modified_at: z.string().nullable(),
      }),
    ),
    next_cursor: graphNextCursor,
  }),
  // Without $select the answer holds every file in base64.
  request: ({ message_id, limit: top, cursor }) => ({
    ...get(path`/me/messages/${message_id}/attachments`, {
      $select: 'id,name,contentType,size,isInline,lastModifiedDateTime',
      ...graphPaging(top, cursor),
    }),
    headers: stableIds,
  }),
  respond: (body: GraphPage<Attachment>) => ({
    attachments: body.value.map((a) => ({
      id: a.id,
      kind: kinds[a['@odata.type'] ?? ''] ?? ('other' as const),
      name: a.name ?? '',
      content_type: a.contentType ?? null,
      size: a.size ?? 0,
      is_inline: a.isInline ?? false,
      modified_at: graphTime(a.lastModifiedDateTime),
    })),
    next_cursor: nextCursor(body),
  }),
  docs: 'https://learn.microsoft.com/graph/api/message-list-attachments',
  provenance: graphOperation('GET /me/messages/{message-id}/attachments'),
  examples: [
    {
      input: { message_id: ids.message },
      receives: {
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/messages('deal')/attachments",
          value: [
            {
              '@odata.type': '#microsoft.graph.fileAttachment',
              '@odata.mediaContentType': 'application/pdf',
              id: ids.attachment,
              lastModifiedDateTime: '2025-11-21T08:12:38Z',
              name: 'Northwind term sheet v2.pdf',
              contentType: 'application/pdf',
              size: 184320,
              isInline: false,
            },
          ],
        },
      },
      gives: {
        attachments: [
          {
            id: ids.attachment,
            kind: 'file',
            name: 'Northwind term sheet v2.pdf',
            content_type: 'application/pdf',
            size: 184320,
            is_inline: false,
            modified_at: '2025-11-21T08:12:38.000Z',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

interface RelevantPerson {
  id: string;
  displayName?: string | null;
  jobTitle?: string | null;
  companyName?: string | null;
  department?: string | null;
  scoredEmailAddresses?: { address?: string | null; relevanceScore?: number }[];
  phones?: { type?: string; number?: string | null }[];
}

export const peopleSearch = tool({
  name: 'outlook_people_search',
  aliases: ['outlook_search_people'],
  title: 'Find people',
  description:
    'Find people by name or address among contacts, colleagues and those whom this account writes with, the likeliest first. Gives the ' +
    'addresses that outlook_message_send and outlook_event_create take.',
  effect: 'read',
  scopes: ['People.Read'],
  input: z.object({
    search: z
      .string()
      .regex(/^[^"\\\p{Cc}]{1,100}$/u)
      .describe('A name, part of one, or an address; misspelt names are found too'),
    limit,
    cursor: graphCursor,
  }),
  output: z.object({
    people: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        addresses: z.array(z.string()),
        title: z.string().nullable(),
        company: z.string().nullable(),
        department: z.string().nullable(),
        phones: z.array(z.string()),
      }),
    ),
    next_cursor: graphNextCursor,
  }),
  request: ({ search, limit: top, cursor }) => get('/me/people', { $search: `"${search}"`, ...graphPaging(top, cursor) }),
  respond: (body: GraphPage<RelevantPerson>) => ({
    people: body.value.map((p) => ({
      id: p.id,
      name: p.displayName ?? '',
      addresses: (p.scoredEmailAddresses ?? []).flatMap(({ address }) => address ?? []),
      title: p.jobTitle ?? null,
      company: p.companyName ?? null,
      department: p.department ?? null,
      phones: (p.phones ?? []).flatMap(({ number }) => number ?? []),
    })),
    next_cursor: nextCursor(body),
  }),
  docs: 'https://learn.microsoft.com/graph/api/user-list-people',
  provenance: graphOperation('GET /me/people'),
  examples: [
    {
      input: { search: 'jonas' },
      receives: {
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/people",
          value: [
            {
              id: 'c3d1e0f4-5a6b-4c7d-8e9f-0a1b2c3d4e5f',
              displayName: 'Jonas Weber',
              givenName: 'Jonas',
              surname: 'Weber',
              birthday: '',
              personNotes: '',
              isFavorite: false,
              jobTitle: 'Founder',
              companyName: 'Northwind',
              yomiCompany: '',
              department: null,
              officeLocation: null,
              profession: '',
              userPrincipalName: '',
              imAddress: null,
              scoredEmailAddresses: [{ address: 'jonas@northwind.example', relevanceScore: 30, selectionLikelihood: 'notSpecified' }],
              phones: [{ type: 'business', number: '+49 30 5550100' }],
              postalAddresses: [],
              websites: [],
              personType: { class: 'Person', subclass: 'PersonalContact' },
            },
          ],
        },
      },
      gives: {
        people: [
          {
            id: 'c3d1e0f4-5a6b-4c7d-8e9f-0a1b2c3d4e5f',
            name: 'Jonas Weber',
            addresses: ['jonas@northwind.example'],
            title: 'Founder',
            company: 'Northwind',
            department: null,
            phones: ['+49 30 5550100'],
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
