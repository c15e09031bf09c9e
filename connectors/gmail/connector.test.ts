import { exampleFile, replay } from '@grantway/connector-kit';
import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import { type Letter, rawOf } from './compose.ts';
import gmail from './connector.ts';
import { textOfHtml } from './html.ts';
import { type MessageBody, messageOf, type Part } from './message.ts';

connectorSuite(gmail);

const byName = (name: string) => {
  const found = gmail.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const letter: Letter = { to: ['jon@acme.example'], subject: 'Hello', body: 'Text', contentType: 'text/plain' };
const lines = (raw: string) => {
  const text = Buffer.from(raw, 'base64url').toString('latin1');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { text, head: head.split('\r\n'), body };
};

describe('a message that is sent', () => {
  it('has the headers of RFC 5322 and a body that reads back', () => {
    const { head, body } = lines(rawOf({ ...letter, cc: ['ana@lumen.example'], body: 'Grüße\nMira' }));
    expect(head).toEqual([
      'To: jon@acme.example',
      'Cc: ana@lumen.example',
      'Subject: Hello',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=UTF-8',
      'Content-Transfer-Encoding: base64',
    ]);
    expect(Buffer.from(body, 'base64').toString('utf8')).toBe('Grüße\r\nMira');
  });

  it('has no line of more than 998 characters, and encoded words of at most 75', () => {
    const to = Array.from({ length: 100 }, (_, i) => `person-${i}@acme.example`);
    const { text } = lines(rawOf({ ...letter, to, subject: 'Übersicht 📈 '.repeat(40), body: 'x'.repeat(10_000) }));
    for (const line of text.split('\r\n')) expect(line.length).toBeLessThan(998);
    const words = text.match(/=\?UTF-8\?B\?[^?]*\?=/g) ?? [];
    expect(words.length).toBeGreaterThan(5);
    expect(words.every((word) => word.length <= 75)).toBe(true);
    const read = words.map((word) => Buffer.from(word.slice(10, -2), 'base64').toString('utf8')).join('');
    expect(read).toBe('Übersicht 📈 '.repeat(40));
  });

  it('a text that looks like an encoded word is encoded, so that it arrives as it was written', () => {
    expect(lines(rawOf({ ...letter, subject: '=?UTF-8?B?eA==?=' })).head[1]).toBe(
      `Subject: =?UTF-8?B?${Buffer.from('=?UTF-8?B?eA==?=').toString('base64')}?=`,
    );
  });

  it.each(['a\r\nBcc: evil@evil.example', 'a\nb', 'a\rb', 'a\u0000b', 'a\u0085b'])('a subject %j is refused', (subject) => {
    const { input } = byName('gmail_send_message');
    expect(input.safeParse({ to: ['jon@acme.example'], subject, body: 'x' }).success).toBe(false);
    // and if it came past the schema, nothing of it would be a header of its own
    expect(lines(rawOfOrNothing({ ...letter, subject })).head.filter((line) => /^Bcc/i.test(line))).toEqual([]);
  });

  it.each(['jon@acme.example, evil@evil.example', 'jon@acme.example\r\nBcc: evil@evil.example', 'Jon <jon@acme.example>', ''])(
    'a recipient %j is refused',
    (address) => {
      expect(byName('gmail_send_message').input.safeParse({ to: [address], subject: 'x', body: 'x' }).success).toBe(false);
      expect(rawOfOrNothing({ ...letter, to: [address] })).toBe('');
    },
  );

  it('a body cannot end the message or begin a header', () => {
    const { head } = lines(rawOf({ ...letter, body: '\r\n\r\nBcc: evil@evil.example\r\n.\r\n' }));
    expect(head).toHaveLength(5);
  });
});

describe('an answer to a conversation', () => {
  const said = (headers: Record<string, string>, labelIds = ['INBOX']) => ({
    id: 'm1',
    labelIds,
    payload: { headers: Object.entries(headers).map(([name, value]) => ({ name, value })) },
  });
  const answered = (messages: object[], input: object = {}) => {
    const { input: schema } = byName('gmail_reply_to_thread');
    const answers = [
      { id: 't1234', messages },
      { id: 'm9999', threadId: 't1234', labelIds: ['SENT'] },
    ];
    return replay(
      byName('gmail_reply_to_thread'),
      schema.parse({ threadId: 't1234', body: 'x', ...input }),
      answers.map((body) => ({ status: 200, headers: {}, body })),
    );
  };
  const headOf = (messages: object[], input: object = {}) => {
    const json = answered(messages, input).steps[1]?.request.json as { raw: string; threadId: string } | undefined;
    expect(json?.threadId).toBe('t1234');
    return lines(json?.raw ?? '')
      .text.split('\r\n\r\n')[0]
      ?.replaceAll('\r\n ', ' ')
      .split('\r\n');
  };
  const first = { From: '"Ruiz, Ana" <ana@lumen.example>', Subject: 'Update', 'Message-ID': '<1@lumen.example>' };

  it('goes to who wrote, with the subject and the ids that keep it in its place', () => {
    expect(headOf([said({ ...first, References: '<0@lumen.example>' })])).toEqual(
      expect.arrayContaining([
        'To: ana@lumen.example',
        'Subject: Re: Update',
        'In-Reply-To: <1@lumen.example>',
        'References: <0@lumen.example> <1@lumen.example>',
      ]),
    );
  });

  it('goes where the sender wants answers, and to the recipients where the last word was one’s own', () => {
    expect(headOf([said({ ...first, 'Reply-To': 'desk@lumen.example' })])).toContain('To: desk@lumen.example');
    expect(headOf([said(first), said({ ...first, From: 'mira@acme.example', To: 'ana@lumen.example' }, ['SENT'])])).toContain(
      'To: ana@lumen.example',
    );
    expect(headOf([said(first)], { to: ['jon@acme.example'] })).toContain('To: jon@acme.example');
  });

  it('leaves drafts out, and does not stack Re:', () => {
    const draft = said({ From: 'mira@acme.example', Subject: 'no' }, ['DRAFT']);
    expect(headOf([said({ ...first, Subject: 'RE: Update' }), draft])).toContain('Subject: RE: Update');
  });

  it('is not sent where there is nothing or nobody to answer', () => {
    expect(answered([]).nothing).toContain('no message');
    expect(answered([said({ From: 'undisclosed-recipients:;', Subject: 'x' })]).nothing).toContain('nobody');
  });

  it('takes nothing from a hostile sender into its headers but addresses, ids and one line of subject', () => {
    const hostile = {
      From: 'a@b.example\r\nBcc: evil@evil.example',
      Subject: 'x\r\nBcc: evil@evil.example',
      'Message-ID': '<1@x>\r\nBcc: e@e.example',
    };
    const head = headOf([said({ ...hostile, 'Reply-To': 'ana@lumen.example' })]) ?? [];
    expect(head.filter((line) => /^bcc/i.test(line))).toEqual([]);
    expect(head).toContain('Subject: Re: x Bcc: evil@evil.example');
    expect(answered([said(hostile)]).nothing).toContain('nobody');
  });
});

function rawOfOrNothing(value: Letter): string {
  try {
    return rawOf(value);
  } catch (error) {
    if (error instanceof RangeError) return '';
    throw error;
  }
}

describe('a message that is read', () => {
  const part = (mimeType: string, text: string, more: Partial<Part> = {}): Part => ({
    mimeType,
    filename: '',
    body: { data: Buffer.from(text).toString('base64url') },
    ...more,
  });
  const message = (payload: Part): MessageBody => ({ id: 'm1', threadId: 't1', payload });
  const read = (payload: Part, max = 1000) => messageOf(message(payload), max);

  it('gives the plain part where there is one, otherwise the words of the HTML', () => {
    const both = [part('text/plain', 'plain'), part('text/html', '<b>html</b>')];
    expect(read({ mimeType: 'multipart/alternative', parts: both }).text).toBe('plain');
    expect(read(part('text/html', '<style>p{}</style><p>Hello&nbsp;&amp; <a href="https://x.example">you</a></p><p>2</p>')).text).toBe(
      'Hello & you\n\n2',
    );
  });

  it('reads other charsets, and takes an unknown one for UTF-8', () => {
    const latin = part('text/plain', '', {
      headers: [{ name: 'Content-Type', value: 'text/plain; charset="iso-8859-1"' }],
      body: { data: Buffer.from('Grüße', 'latin1').toString('base64url') },
    });
    expect(read(latin).text).toBe('Grüße');
    const odd = part('text/plain', 'ok', { headers: [{ name: 'content-type', value: 'text/plain; charset=x-made-up' }] });
    expect(read(odd).text).toBe('ok');
  });

  it('an attached text is an attachment and no part of the message', () => {
    const attached = part('text/plain', 'secret plan', { filename: 'plan.txt', body: { attachmentId: 'a1', size: 11 } });
    const result = read({ mimeType: 'multipart/mixed', parts: [part('text/plain', 'see plan'), attached] });
    expect(result.text).toBe('see plan');
    expect(result.attachments).toEqual([{ part_id: '', attachment_id: 'a1', filename: 'plan.txt', mime_type: 'text/plain', size: 11 }]);
  });

  it('a long text is cut and says so, and bytes never pass', () => {
    expect(read(part('text/plain', 'x'.repeat(1001)))).toMatchObject({ text: 'x'.repeat(1000), truncated: true });
    expect(read(part('text/plain', 'x'.repeat(1000))).truncated).toBeUndefined();
    expect(JSON.stringify(read(part('application/pdf', 'PDF', { filename: 'a.pdf' })))).not.toContain('UERG');
  });

  it('deep nesting and markup without an end cost no more than their length', () => {
    let deep = part('text/plain', 'deep');
    for (let i = 0; i < 10_000; i++) deep = { mimeType: 'multipart/mixed', parts: [deep] };
    expect(read(deep).text).toBe('deep');
    expect(textOfHtml('<style>'.repeat(100_000))).toBe('');
    expect(textOfHtml('<p'.repeat(100_000))).toBe('');
    expect(textOfHtml('a<!--'.repeat(100_000))).toBe('a');
  });
});

describe('files of a message', () => {
  const handle = exampleFile.file_id;
  const given = { to: ['jon@acme.example'], subject: 'Übersicht', body: 'x' };
  const requestOf = (name: string, args: object) => byName(name).request(byName(name).input.parse(args));
  const download = (messageId: string, attachmentId: string, payload: Part) =>
    replay(byName('gmail_get_attachment_by_id'), byName('gmail_get_attachment_by_id').input.parse({ messageId, attachmentId }), [
      { status: 200, headers: {}, body: { id: messageId, payload } },
      { status: 200, headers: {}, body: { size: 0, data: '' } },
    ]);
  const file = (partId: string, filename: string, attachmentId: string): Part => ({
    partId,
    filename,
    mimeType: 'application/pdf',
    body: { attachmentId, size: 3 },
  });

  it('are attachments behind the same headers, in a conversation where there is one', () => {
    const { upload, json, path, query } = requestOf('gmail_create_draft', {
      ...given,
      threadId: 't1234',
      inReplyTo: '<1@lumen.example>',
      file_ids: [handle],
    });
    expect([path, query, json]).toEqual([
      '/upload/gmail/v1/users/me/drafts',
      { uploadType: 'multipart' },
      { message: { threadId: 't1234' } },
    ]);
    expect(upload).toMatchObject({ files: [handle], as: { mail: { text: 'x', contentType: 'text/plain' } }, maxBytes: 25_000_000 });
    const plain = requestOf('gmail_create_draft', { ...given, threadId: 't1234', inReplyTo: '<1@lumen.example>' });
    const { raw } = (plain.json as { message: { raw: string } }).message;
    const { mail } = (upload as { as: { mail: { headers: readonly string[] } } }).as;
    expect(lines(raw).head.join('\r\n').startsWith(mail.headers.join('\r\n'))).toBe(true);
    expect(mail.headers.length).toBe(4);
  });

  it('more than ten, or what is no handle, are refused', () => {
    const { input } = byName('gmail_send_message');
    for (const file_ids of [Array(11).fill(handle), [], ['report.pdf'], [`${handle}x`], handle])
      expect(input.safeParse({ ...given, file_ids }).success).toBe(false);
  });

  it('an attachment is found by its part or its id, however deep, and called as the sender called it', () => {
    const payload: Part = {
      partId: '',
      mimeType: 'multipart/mixed',
      parts: [file('0', 'a.pdf', 'long-id-a'), { partId: '1', mimeType: 'message/rfc822', parts: [file('1.0', 'ü "b".pdf', 'long-id-b')] }],
    };
    for (const id of ['1.0', 'long-id-b']) {
      const [, last] = download('m1234', id, payload).steps;
      expect(last?.request.path).toBe('/gmail/v1/users/me/messages/m1234/attachments/long-id-b');
      expect(last?.request.receive).toEqual({ name: 'ü "b".pdf', contentType: 'application/pdf' });
    }
  });

  it('an id of an earlier answer is good, and a part that is not there is not asked for', () => {
    const old = 'ANGjdJ_made_up_'.padEnd(400, 'x');
    expect(download('m1234', old, file('1', 'a.pdf', 'newer')).steps[1]?.request.path).toMatch(/\/attachments\/ANGjdJ_made_up_x+$/);
    expect(download('m1234', '7', file('1', 'a.pdf', 'newer'))).toMatchObject({ nothing: 'the message has no such attachment' });
  });
});
