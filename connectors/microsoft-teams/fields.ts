import { cut, graphTime, plainText } from '@grantway/connector-kit/microsoft';
import { z } from 'zod';

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export const teamId = z.string().regex(uuid).describe('Team id from microsoft_teams_teams_list');
export const userId = z.string().regex(uuid);
export const channelId = z
  .string()
  .regex(/^19:[A-Za-z0-9_.-]{5,150}@thread\.(?:tacv2|skype|v2)$/)
  .describe('Channel id from microsoft_teams_channels_list, for example 19:4a95…@thread.tacv2');
export const chatId = z
  .string()
  .regex(/^19:[A-Za-z0-9_.-]{5,150}@(?:thread\.(?:v2|tacv2|skype)|unq\.gbl\.spaces)$/)
  .describe('Chat id from microsoft_teams_chats_list or microsoft_teams_chat_create');
export const messageId = z.string().regex(/^\d{10,20}$/);

export const limit = z.int().min(1).max(50).default(20).describe('Entries per page, 1 to 50');
export const content = z.string().min(1).max(20_000).describe('The message');
export const contentType = z.enum(['text', 'html']).default('text').describe('How content is written');
export const moment = z.iso.datetime({ offset: true });

interface Identity {
  id?: string | null;
  displayName?: string | null;
}

export interface ChatMessage {
  id: string;
  replyToId?: string | null;
  messageType?: string;
  createdDateTime?: string | null;
  lastModifiedDateTime?: string | null;
  deletedDateTime?: string | null;
  subject?: string | null;
  importance?: string;
  webUrl?: string | null;
  from?: { user?: Identity | null; application?: Identity | null; device?: Identity | null } | null;
  body?: { contentType?: string; content?: string | null };
  attachments?: { name?: string | null; contentUrl?: string | null; contentType?: string | null }[];
  mentions?: { mentionText?: string | null }[];
  reactions?: { reactionType?: string }[];
}

export const Message = z.object({
  id: z.string(),
  sent_at: z.string().nullable(),
  modified_at: z.string().nullable(),
  from: z.object({ id: z.string().nullable(), name: z.string(), kind: z.enum(['user', 'app', 'system']) }),
  subject: z.string().nullable(),
  text: z.string(),
  truncated: z.boolean(),
  deleted: z.boolean(),
  attachments: z.array(z.object({ name: z.string(), url: z.string().nullable() })),
  mentions: z.array(z.string()),
  reactions: z.array(z.string()),
  web_url: z.string().nullable(),
});

const textMax = 4000;

export function message(m: ChatMessage): z.input<typeof Message> {
  const sender = m.from?.user ?? m.from?.application ?? m.from?.device;
  const content = m.body?.content ?? '';
  return {
    id: m.id,
    sent_at: graphTime(m.createdDateTime),
    modified_at: graphTime(m.lastModifiedDateTime),
    from: {
      id: sender?.id ?? null,
      name: sender?.displayName ?? '',
      kind: m.from?.user ? 'user' : sender ? 'app' : 'system',
    },
    subject: m.subject === undefined || m.subject === '' ? null : m.subject,
    ...cut(m.body?.contentType === 'html' ? plainText(content) : content, textMax),
    deleted: typeof m.deletedDateTime === 'string',
    attachments: (m.attachments ?? []).map((a) => ({ name: a.name ?? a.contentType ?? '', url: a.contentUrl ?? null })),
    mentions: (m.mentions ?? []).flatMap(({ mentionText }) => mentionText ?? []),
    reactions: (m.reactions ?? []).flatMap(({ reactionType }) => reactionType ?? []),
    web_url: m.webUrl ?? null,
  };
}

export interface MemberEntry {
  id: string;
  roles?: string[];
  displayName?: string | null;
  userId?: string | null;
  email?: string | null;
}

export const Member = z.object({
  user_id: z.string().nullable(),
  name: z.string(),
  email: z.string().nullable(),
  roles: z.array(z.string()),
});

export function member(m: MemberEntry): z.input<typeof Member> {
  return { user_id: m.userId ?? null, name: m.displayName ?? '', email: m.email ?? null, roles: m.roles ?? [] };
}

/** Of lists that Teams gives whole. */
export const wholeMax = 250;
