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

  it('an answer refers to the message and belongs to the conversation', () => {
    const { input, request } = byName('gmail_reply_to_thread');
    const { json } = request(
      input.parse({
        threadId: '19aa5d3c1f0e7b42',
        inReplyTo: '<made-up-1@lumen.example>',
        to: ['ana@lumen.example'],
        subject: 'Re: x',
        body: 'x',
      }),
    );
    const { raw, threadId } = json as { raw: string; threadId: string };
    expect(threadId).toBe('19aa5d3c1f0e7b42');
    expect(lines(raw).head).toEqual(
      expect.arrayContaining(['In-Reply-To: <made-up-1@lumen.example>', 'References: <made-up-1@lumen.example>']),
    );
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
    expect(result.attachments).toEqual([{ attachment_id: 'a1', filename: 'plan.txt', mime_type: 'text/plain', size: 11 }]);
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
