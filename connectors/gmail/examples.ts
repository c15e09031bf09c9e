/** Messages as Google documents them, with invented values. */
const data = (text: string) => Buffer.from(text, 'utf8').toString('base64url');
const header = (name: string, value: string) => ({ name, value });

export const update = {
  id: '19aa5d3c1f0e7b42',
  threadId: '19aa5d3c1f0e7b42',
  labelIds: ['UNREAD', 'IMPORTANT', 'CATEGORY_PERSONAL', 'INBOX'],
  snippet: 'Hi Mira, revenue is up 14 % this month. The deck is attached.',
  payload: {
    partId: '',
    mimeType: 'multipart/mixed',
    filename: '',
    headers: [
      header('Delivered-To', 'mira@acme.example'),
      header('Date', 'Fri, 21 Nov 2025 09:15:00 +0000'),
      header('Message-ID', '<made-up-1@lumen.example>'),
      header('Subject', 'November update'),
      header('From', 'Ana Ruiz <ana@lumen.example>'),
      header('To', 'Mira Lopez <mira@acme.example>'),
      header('Content-Type', 'multipart/mixed; boundary="000000000000made-up"'),
    ],
    body: { size: 0 },
    parts: [
      {
        partId: '0',
        mimeType: 'multipart/alternative',
        filename: '',
        headers: [header('Content-Type', 'multipart/alternative; boundary="000000000001made-up"')],
        body: { size: 0 },
        parts: [
          {
            partId: '0.0',
            mimeType: 'text/plain',
            filename: '',
            headers: [header('Content-Type', 'text/plain; charset="UTF-8"')],
            body: { size: 64, data: data('Hi Mira,\r\n\r\nrevenue is up 14 % this month. The deck is attached.\r\n') },
          },
          {
            partId: '0.1',
            mimeType: 'text/html',
            filename: '',
            headers: [header('Content-Type', 'text/html; charset="UTF-8"')],
            body: { size: 92, data: data('<p>Hi Mira,</p><p>revenue is up 14&nbsp;% this month. The deck is attached.</p>') },
          },
        ],
      },
      {
        partId: '1',
        mimeType: 'application/pdf',
        filename: 'november.pdf',
        headers: [header('Content-Type', 'application/pdf; name="november.pdf"'), header('X-Attachment-Id', 'f_made_up')],
        body: { attachmentId: 'ANGjdJ_made_up_attachment', size: 482113 },
      },
    ],
  },
  sizeEstimate: 661204,
  historyId: '4180021',
  internalDate: '1763716500000',
};

export const updateGives = {
  id: update.id,
  thread_id: update.threadId,
  date: '2025-11-21T09:15:00.000Z',
  from: 'Ana Ruiz <ana@lumen.example>',
  to: 'Mira Lopez <mira@acme.example>',
  cc: '',
  subject: 'November update',
  text: 'Hi Mira,\n\nrevenue is up 14 % this month. The deck is attached.',
  is_unread: true,
  label_ids: update.labelIds,
  attachments: [
    { part_id: '1', attachment_id: 'ANGjdJ_made_up_attachment', filename: 'november.pdf', mime_type: 'application/pdf', size: 482113 },
  ],
  rfc822_message_id: '<made-up-1@lumen.example>',
};

export const sent = { id: '19aa60b7c2d4e518', threadId: '19aa60b7c2d4e518', labelIds: ['SENT'] };
export const sentGives = { id: sent.id, thread_id: sent.threadId, label_ids: sent.labelIds };
