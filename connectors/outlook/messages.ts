import { get, path, tool } from '@grantway/connector-kit';
import {
  type GraphPage,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPaging,
  graphTime,
  nextCursor,
  odataText,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { ids, messageExample } from './examples.ts';
import {
  addresses,
  folderId,
  limit,
  type Message,
  messageId,
  moment,
  odataTime,
  Person,
  person,
  Summary,
  stableIds,
  stableIdsAsText,
  summary,
  summaryFields,
  textOf,
} from './fields.ts';

export const messagesList = tool({
  name: 'outlook_messages_list',
  aliases: ['outlook_list_messages'],
  title: 'List messages',
  description:
    'List the messages of one folder, newest first, narrowed by read state, sender or time. For words anywhere in the mailbox use ' +
    'outlook_messages_search; the whole text is in outlook_message_get.',
  effect: 'read',
  scopes: ['Mail.Read'],
  input: z.object({
    folder_id: folderId.default('inbox'),
    isRead: z.boolean().optional().describe('false: only unread ones'),
    from: z.email().max(254).optional().describe('Only from this address'),
    hasAttachments: z.boolean().optional().describe('Only with, or without, attachments'),
    received_after: moment.optional().describe('Only received at or after this moment'),
    received_before: moment.optional().describe('Only received before this moment'),
    limit,
    cursor: graphCursor,
  }),
  output: z.object({ messages: z.array(Summary), next_cursor: graphNextCursor }),
  request: ({ folder_id, isRead, from, hasAttachments, received_after, received_before, limit: top, cursor }) => {
    const conditions = [
      received_before === undefined ? undefined : `receivedDateTime lt ${odataTime(received_before)}`,
      isRead === undefined ? undefined : `isRead eq ${isRead}`,
      hasAttachments === undefined ? undefined : `hasAttachments eq ${hasAttachments}`,
      from === undefined ? undefined : `from/emailAddress/address eq ${odataText(from)}`,
    ].filter((condition) => condition !== undefined);
    // What is sorted by must stand in the filter, before all else, or Exchange calls it too complex.
    const since = received_after ?? (conditions.length === 0 ? undefined : '1970-01-01T00:00:00Z');
    const filter = since === undefined ? undefined : [`receivedDateTime ge ${odataTime(since)}`, ...conditions].join(' and ');
    return {
      ...get(path`/me/mailFolders/${folder_id}/messages`, {
        $filter: filter,
        $orderby: 'receivedDateTime desc',
        $select: summaryFields,
        ...graphPaging(top, cursor),
      }),
      headers: stableIds,
    };
  },
  respond: (body: GraphPage<Message>) => ({ messages: body.value.map(summary), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/user-list-messages',
  provenance: graphOperation('GET /me/mailFolders/{mailFolder-id}/messages'),
  examples: [
    {
      input: { isRead: false, limit: 1 },
      receives: {
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/mailFolders('inbox')/messages",
          value: [
            messageExample(
              ids.message,
              'Term sheet, second draft',
              'Two changes since Thursday, both in section 4.',
              '2025-11-21T08:12:40Z',
              {
                hasAttachments: true,
              },
            ),
          ],
          '@odata.nextLink': 'https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages?$top=1&$skip=1',
        },
      },
      gives: {
        messages: [
          {
            id: ids.message,
            conversation_id: 'AAQkAGVmMDEzMTM4LTZmYWUtNDdkNAAQAConversationDeal=',
            subject: 'Term sheet, second draft',
            from: { name: 'Jonas Weber', address: 'jonas@northwind.example' },
            to: ['mira@acme.example'],
            received_at: '2025-11-21T08:12:40.000Z',
            is_read: false,
            has_attachments: true,
            importance: 'normal',
            flag: 'notFlagged',
            categories: [],
            preview: 'Two changes since Thursday, both in section 4.',
          },
        ],
        next_cursor: 's1',
      },
    },
  ],
});

export const messagesSearch = tool({
  name: 'outlook_messages_search',
  aliases: ['outlook_search_messages'],
  title: 'Search messages',
  description:
    'Search all folders for words in subject, body, people or attachments, with Outlook’s search words such as from: or received>=. ' +
    'To go through one folder in order use outlook_messages_list.',
  effect: 'read',
  scopes: ['Mail.Read'],
  input: z.object({
    query: z
      .string()
      .regex(/^[^"\\\p{Cc}]{1,400}$/u)
      .describe(
        'KQL without double quotes, for example from:jonas term sheet, or subject:invoice hasAttachments:true received>=2025-11-01',
      ),
    limit,
    cursor: graphCursor,
  }),
  output: z.object({ messages: z.array(Summary), next_cursor: graphNextCursor }),
  request: ({ query, limit: top, cursor }) => ({
    ...get('/me/messages', { $search: `"${query}"`, $select: summaryFields, ...graphPaging(top, cursor) }),
    headers: stableIds,
  }),
  respond: (body: GraphPage<Message>) => ({ messages: body.value.map(summary), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/search-query-parameter',
  provenance: graphOperation('GET /me/messages'),
  examples: [
    {
      input: { query: 'from:jonas term sheet' },
      receives: {
        body: {
          '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#users('mira')/messages",
          value: [
            messageExample(ids.second, 'Term sheet', 'As agreed on the phone, here is our draft.', '2025-11-18T15:30:02Z', {
              isRead: true,
              flag: { flagStatus: 'flagged' },
              categories: ['Deals'],
            }),
          ],
        },
      },
      gives: {
        messages: [
          {
            id: ids.second,
            conversation_id: 'AAQkAGVmMDEzMTM4LTZmYWUtNDdkNAAQAConversationDeal=',
            subject: 'Term sheet',
            from: { name: 'Jonas Weber', address: 'jonas@northwind.example' },
            to: ['mira@acme.example'],
            received_at: '2025-11-18T15:30:02.000Z',
            is_read: true,
            has_attachments: false,
            importance: 'normal',
            flag: 'flagged',
            categories: ['Deals'],
            preview: 'As agreed on the phone, here is our draft.',
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

const fullFields =
  'id,conversationId,parentFolderId,subject,from,toRecipients,ccRecipients,receivedDateTime,sentDateTime,isRead,isDraft,hasAttachments,flag,categories,body,webLink';

export const messageGet = tool({
  name: 'outlook_message_get',
  aliases: ['outlook_get_message'],
  title: 'Read a message',
  description:
    'Read one message whole, its body as plain text of at most 20000 characters (truncated says whether there is more). Ids come from ' +
    'outlook_messages_list or outlook_messages_search; attachments are listed by outlook_attachments_list.',
  effect: 'read',
  scopes: ['Mail.Read'],
  input: z.object({ message_id: messageId }),
  output: z.object({
    id: z.string(),
    conversation_id: z.string().nullable(),
    folder_id: z.string().nullable(),
    subject: z.string(),
    from: Person.nullable(),
    to: z.array(z.string()),
    cc: z.array(z.string()),
    received_at: z.string().nullable(),
    sent_at: z.string().nullable(),
    is_read: z.boolean(),
    is_draft: z.boolean(),
    has_attachments: z.boolean(),
    flag: z.string(),
    categories: z.array(z.string()),
    body: z.string(),
    truncated: z.boolean(),
    web_link: z.string().nullable(),
  }),
  request: ({ message_id }) => ({ ...get(path`/me/messages/${message_id}`, { $select: fullFields }), headers: stableIdsAsText }),
  respond: (m: Message) => {
    const { text, truncated } = textOf(m.body);
    return {
      id: m.id,
      conversation_id: m.conversationId ?? null,
      folder_id: m.parentFolderId ?? null,
      subject: m.subject ?? '',
      from: person(m.from),
      to: addresses(m.toRecipients),
      cc: addresses(m.ccRecipients),
      received_at: graphTime(m.receivedDateTime),
      sent_at: graphTime(m.sentDateTime),
      is_read: m.isRead ?? false,
      is_draft: m.isDraft ?? false,
      has_attachments: m.hasAttachments ?? false,
      flag: m.flag?.flagStatus ?? 'notFlagged',
      categories: m.categories ?? [],
      body: text,
      truncated,
      web_link: m.webLink ?? null,
    };
  },
  docs: 'https://learn.microsoft.com/graph/api/message-get',
  provenance: graphOperation('GET /me/messages/{message-id}'),
  examples: [
    {
      input: { message_id: ids.message },
      receives: {
        body: messageExample(ids.message, 'Term sheet, second draft', 'Two changes since Thursday.', '2025-11-21T08:12:40Z', {
          body: { contentType: 'text', content: 'Mira,\r\n\r\nTwo changes since Thursday, both in section 4.\r\n\r\nJonas' },
          hasAttachments: true,
        }),
      },
      gives: {
        id: ids.message,
        conversation_id: 'AAQkAGVmMDEzMTM4LTZmYWUtNDdkNAAQAConversationDeal=',
        folder_id: ids.folder,
        subject: 'Term sheet, second draft',
        from: { name: 'Jonas Weber', address: 'jonas@northwind.example' },
        to: ['mira@acme.example'],
        cc: [],
        received_at: '2025-11-21T08:12:40.000Z',
        sent_at: '2025-11-21T08:12:40.000Z',
        is_read: false,
        is_draft: false,
        has_attachments: true,
        flag: 'notFlagged',
        categories: [],
        body: 'Mira,\r\n\r\nTwo changes since Thursday, both in section 4.\r\n\r\nJonas',
        truncated: false,
        web_link: 'https://outlook.example/owa/?ItemID=deal',
      },
    },
  ],
});
