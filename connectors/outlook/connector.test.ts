import { exampleFile, replay, type Tool } from '@grantway/connector-kit';
import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import outlook from './connector.ts';
import { momentOf } from './events.ts';

connectorSuite(outlook);

const byName = (name: string): Tool => {
  const found = outlook.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const request = (name: string, input: object) => byName(name).request(byName(name).input.parse(input));
const messageId = 'AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0AVGh1cnNkYXlNYWlsAAA=';

describe('outlook mail', () => {
  it('a filtered list sorts by what stands first in its filter', () => {
    expect(request('outlook_messages_list', { isRead: false, from: "o'neil@acme.example" }).query).toMatchObject({
      $filter: "receivedDateTime ge 1970-01-01T00:00:00.000Z and isRead eq false and from/emailAddress/address eq 'o''neil@acme.example'",
      $orderby: 'receivedDateTime desc',
    });
    expect(request('outlook_messages_list', {}).query?.['$filter']).toBeUndefined();
  });

  it('a search is one quoted expression that no query can leave', () => {
    expect(request('outlook_messages_search', { query: 'from:jonas' }).query).toMatchObject({ $search: '"from:jonas"' });
    expect(byName('outlook_messages_search').input.safeParse({ query: 'a" OR "b' }).success).toBe(false);
    expect(byName('outlook_messages_search').input.safeParse({ query: 'a\\' }).success).toBe(false);
  });

  it('ids stay what they are when a message is moved', () => {
    for (const name of [
      'outlook_messages_list',
      'outlook_messages_search',
      'outlook_message_get',
      'outlook_message_move',
      'outlook_draft_create',
    ]) {
      const [example] = byName(name).examples;
      expect(request(name, example?.input ?? {}).headers?.['Prefer']).toContain('IdType="ImmutableId"');
    }
  });

  it('folders are those at the top, or those inside one', () => {
    expect(request('outlook_folders_list', {}).path).toBe('/me/mailFolders');
    expect(request('outlook_folders_list', { folder_id: 'inbox' }).path).toBe('/me/mailFolders/inbox/childFolders');
  });

  it('a list of attachments never asks for their content', () => {
    expect(request('outlook_attachments_list', { message_id: messageId }).query?.['$select']).not.toContain('contentBytes');
  });

  it('a message is sent with what was given and nothing else', () => {
    const input = { toRecipients: ['a@acme.example'], subject: 'x', body: '<b>y</b>', bodyType: 'html' };
    expect(request('outlook_message_send', input).json).toEqual({
      Message: {
        subject: 'x',
        body: { contentType: 'html', content: '<b>y</b>' },
        toRecipients: [{ emailAddress: { address: 'a@acme.example' } }],
      },
      SaveToSentItems: true,
    });
  });

  it('attachments stand in a message by name and type, with a place for their bytes alone', () => {
    const { file_id } = exampleFile;
    const files = [
      { ...exampleFile, name: 'a.pdf' },
      { ...exampleFile, name: 'b.png', content_type: 'image/png' },
    ];
    const { input, request: build } = byName('outlook_message_send');
    const asked = input.parse({ toRecipients: ['a@acme.example'], subject: 'x', body: 'y', file_ids: [file_id, file_id] });
    const sent = build(asked, undefined, files);
    expect((sent.json as { Message: { attachments: object[] } }).Message.attachments).toEqual([
      { '@odata.type': '#microsoft.graph.fileAttachment', name: 'a.pdf', contentType: 'application/pdf', contentBytes: '' },
      { '@odata.type': '#microsoft.graph.fileAttachment', name: 'b.png', contentType: 'image/png', contentBytes: '' },
    ]);
    expect(sent.upload).toEqual({
      files: [file_id, file_id],
      as: { base64: ['/Message/attachments/0/contentBytes', '/Message/attachments/1/contentBytes'] },
      maxBytes: 3_000_000,
    });
  });

  it('an attachment that is a link elsewhere is not asked for its content', () => {
    const told = { '@odata.type': '#microsoft.graph.referenceAttachment', id: messageId, name: 'Deck' };
    const { steps, nothing } = replay(byName('outlook_attachment_download'), { message_id: messageId, attachment_id: messageId }, [
      { status: 200, headers: {}, body: told },
    ]);
    expect(steps).toHaveLength(1);
    expect(nothing).toContain('is a link');
  });

  it('a change of nothing is refused, and an empty list of categories is a change', () => {
    const { input } = byName('outlook_message_update');
    expect(input.safeParse({ message_id: messageId }).success).toBe(false);
    expect(request('outlook_message_update', { message_id: messageId, categories: [] }).json).toEqual({ categories: [] });
  });

  it('a long body is cut and says so', () => {
    const body = { id: messageId, body: { contentType: 'text', content: 'x'.repeat(20_001) } };
    expect(byName('outlook_message_get').respond(body, { status: 200, headers: {}, body })).toMatchObject({
      body: 'x'.repeat(20_000),
      truncated: true,
    });
  });
});

describe('outlook calendar', () => {
  const at = (input: object) => request('outlook_event_create', { subject: 'x', ...input }).json;

  it('a moment with an offset goes as UTC, a local time with its zone', () => {
    expect(at({ start: '2025-11-24T10:00:00+01:00', end: '2025-11-24T11:00:00Z', timeZone: 'Europe/Berlin' })).toMatchObject({
      start: { dateTime: '2025-11-24T09:00:00', timeZone: 'UTC' },
      end: { dateTime: '2025-11-24T11:00:00', timeZone: 'UTC' },
    });
    expect(at({ start: '2025-11-24T10:00:00', end: '2025-11-24T11:00:00', timeZone: 'Europe/Berlin' })).toMatchObject({
      start: { dateTime: '2025-11-24T10:00:00', timeZone: 'Europe/Berlin' },
    });
  });

  it('a whole day begins at midnight of its zone', () => {
    expect(
      at({ start: '2025-11-24T23:00:00+01:00', end: '2025-11-25T00:00:00+01:00', timeZone: 'Europe/Berlin', isAllDay: true }),
    ).toMatchObject({
      start: { dateTime: '2025-11-24T00:00:00', timeZone: 'Europe/Berlin' },
      end: { dateTime: '2025-11-25T00:00:00', timeZone: 'Europe/Berlin' },
    });
  });

  it('every answer with moments is asked for in UTC, and another zone is no answer', () => {
    for (const { name, examples } of outlook.tools.filter((t) => /_events?_(list|get|create|update)$|_schedules_/.test(t.name))) {
      expect(request(name, examples[0]?.input ?? {}).headers?.['Prefer']).toContain('outlook.timezone="UTC"');
    }
    expect(() => momentOf({ dateTime: '2025-11-24T10:00:00.0000000', timeZone: 'Pacific Standard Time' })).toThrow(TypeError);
  });

  it('an update leaves attendees alone unless it names some, and clears them by an empty list', () => {
    const id = { event_id: messageId };
    expect(request('outlook_event_update', { ...id, subject: 'y' }).json).toEqual({ subject: 'y' });
    expect(request('outlook_event_update', { ...id, attendees_required: [] }).json).toEqual({ attendees: [] });
  });

  it('another calendar than the default one is a place of its own', () => {
    const between = { startDateTime: '2025-11-24T00:00:00Z', endDateTime: '2025-11-25T00:00:00Z' };
    expect(request('outlook_events_list', between).path).toBe('/me/calendarView');
    expect(request('outlook_events_list', { ...between, calendar_id: 'AAMkAGVmMDEz' }).path).toBe(
      '/me/calendars/AAMkAGVmMDEz/calendarView',
    );
  });
});

it('all definitions together stay under 8000 tokens', () => {
  const sizes = outlook.tools.map((t) =>
    JSON.stringify({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }),
  );
  expect(sizes.join('').length / 4).toBeLessThan(8000);
});
