import { ask, exampleFile, fetchFile, fileOutput, get, NothingToDo, path, runTool } from '@grantway/connector-kit';
import { z } from 'zod';
import { update } from './examples.ts';
import { docs, messageId, provenance } from './fields.ts';
import { isAttachment, leaves, type MessageBody } from './message.ts';
import { readonly } from './scopes.ts';

/** What attachments are called, and nothing of what is in them, to a depth that messages within messages seldom have. */
const partFields = (depth: number): string =>
  `partId,filename,mimeType,body(attachmentId,size)${depth === 0 ? '' : `,parts(${partFields(depth - 1)})`}`;

/** Gmail makes new ids of attachments with each answer; an older one is good all the same, but long, and names nothing. */
const isLongId = (id: string) => id.length > 40;

export const getAttachment = runTool({
  name: 'gmail_get_attachment_by_id',
  title: 'Download an attachment',
  description:
    'Download one attachment of a message and get a handle of it, which other tools take as file_id or in file_ids. Its ids come from ' +
    'gmail_get_message_by_id, which shows what is attached without fetching it.',
  effect: 'read',
  scopes: [readonly],
  input: z.object({
    messageId,
    attachmentId: z
      .string()
      .regex(/^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,1023}$/)
      .describe('part_id (short, for example 1) or attachment_id from gmail_get_message_by_id'),
  }),
  output: fileOutput,
  download: { inJson: { pointer: '/data', encoding: 'base64url' } },
  *run({ messageId, attachmentId }) {
    const { payload } = yield* ask<Pick<MessageBody, 'payload'>>(
      get(path`/gmail/v1/users/me/messages/${messageId}`, { format: 'full', fields: `id,payload(${partFields(6)})` }),
    );
    const part = leaves(payload)
      .filter(isAttachment)
      .find(({ partId, body }) => partId === attachmentId || body?.attachmentId === attachmentId);
    if (part === undefined && !isLongId(attachmentId)) throw new NothingToDo('the message has no such attachment');
    const id = part?.body?.attachmentId ?? attachmentId;
    return yield* fetchFile(get(path`/gmail/v1/users/me/messages/${messageId}/attachments/${id}`), {
      name: part?.filename ?? 'attachment',
      contentType: part?.mimeType,
    });
  },
  docs: `${docs('messages.attachments')}/get`,
  provenance: provenance('messages.attachments.get'),
  examples: [
    {
      input: { messageId: update.id, attachmentId: '1' },
      before: [{ receives: { body: { id: update.id, payload: withoutTexts(update.payload) } } }],
      receives: { body: { size: 5, data: 'aGVsbG8=' } },
      gives: { ...exampleFile, name: 'november.pdf' },
    },
  ],
});

interface NamedPart {
  partId: string;
  mimeType: string;
  filename: string;
  body: { attachmentId?: string; size: number };
  parts?: NamedPart[];
}

/** What the fields that are asked for leave of a message. */
function withoutTexts({ partId, mimeType, filename, body, parts }: NamedPart): NamedPart {
  const { attachmentId, size } = body;
  return {
    partId,
    mimeType,
    filename,
    body: { ...(attachmentId === undefined ? {} : { attachmentId }), size },
    ...(parts === undefined ? {} : { parts: parts.map(withoutTexts) }),
  };
}
