import { randomBytes } from 'node:crypto';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { mcp } from '../ways-in/agent.ts';
import { filesOf, sha256 } from './setting.ts';

let broker: TestBroker;
let rows: Rows;
let url: string;
let files: ReturnType<typeof filesOf>;

beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  files = filesOf(broker);
  for (const name of ['gmail', 'google-drive']) await broker.api('/v1/connections', { body: { name, connector: name, sandbox: true } });
  const connection_tool_mappings = [{ connection_name: 'gmail' }, { connection_name: 'google-drive' }];
  await broker.api('/v1/mcp-configs', { body: { name: 'office', connection_tool_mappings } });
  const instance = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'office', user_identifier: 'mira' } }))
    .body;
  for (const { authentication_link } of instance.connections) expect((await broker.connect(authentication_link)).status).toBe(200);
  url = instance.url;
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});

const asked = async (name: string, args: Json) => (await mcp(url, 'tools/call', { name, arguments: args })).body;
/** What an agent sees of a call; never the bytes. */
const call = async (name: string, args: Json): Promise<Json> => {
  const body = await asked(name, args);
  expect(body.result?.isError, JSON.stringify(body)).toBeUndefined();
  expect(JSON.stringify(body).length).toBeLessThan(4_000);
  return body.result;
};
const handleOf = async (bytes: Uint8Array<ArrayBuffer>, name: string, contentType = 'application/pdf'): Promise<string> => {
  const { status, body } = await files.upload(bytes, { name, contentType });
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
};
const calls = async (connector: string, tool?: string): Promise<Json[]> =>
  (await broker.control(`/${connector}/ledger`, 'GET')).events.filter(
    (e: Json) => e.kind === 'api_call' && (tool === undefined || e.tool === tool),
  );

describe('Gmail', () => {
  const letter = { to: ['jon@acme.example'], subject: 'Zahlen für November', body: 'Hi Jon,\n\nsee below.' };

  it('a mail leaves with files by their handles, and an attachment comes back as one, the same bytes', async () => {
    const bytes = randomBytes(3_000_001);
    const file_ids = [await handleOf(randomBytes(100), 'Übersicht.txt', 'text/plain'), await handleOf(bytes, 'Bericht für Mira.pdf')];
    const sent = await call('gmail_send_message', { ...letter, file_ids });
    expect(sent.structuredContent.label_ids).toEqual(['SENT']);
    expect((await calls('gmail', 'gmail_send_message')).map(({ path }) => path)).toEqual([
      '/gmail.googleapis.com/upload/gmail/v1/users/me/messages/send',
    ]);

    const { attachments } = (await call('gmail_get_message_by_id', { messageId: sent.structuredContent.id })).structuredContent;
    const got = await call('gmail_get_attachment_by_id', { messageId: sent.structuredContent.id, attachmentId: attachments[0].part_id });
    expect(got.structuredContent).toMatchObject({
      name: 'november.pdf',
      content_type: 'application/pdf',
      size: bytes.length,
      sha256: sha256(bytes),
    });
    expect(got.content.some(({ type }: Json) => type === 'resource_link')).toBe(true);
    expect((await files.download(got.structuredContent.file_id)).bytes.equals(bytes)).toBe(true);

    const audit = await rows.query<{ target_id: string }>(
      "select target_id from audit_events where action = 'file.sent' and details->>'tool' = 'gmail_send_message' order by id",
    );
    expect(audit.map(({ target_id }) => target_id)).toEqual(file_ids);
  });

  it.each([
    ['an answer', 'gmail_reply_to_thread', { threadId: '19aa5d3c1f0e7b42', body: 'Ours.' }, '/upload/gmail/v1/users/me/messages/send'],
    ['a draft', 'gmail_create_draft', letter, '/upload/gmail/v1/users/me/drafts'],
    [
      'a draft written anew',
      'gmail_update_draft',
      { ...letter, draftId: 'r-7204518390021' },
      '/upload/gmail/v1/users/me/drafts/r-7204518390021',
    ],
  ])('%s takes them too, and none where none are named', async (_, tool, args, path) => {
    const bytes = randomBytes(10_000);
    await call(tool, { ...args, file_ids: [await handleOf(bytes, 'a.pdf')] });
    await call(tool, args);
    // Two tools send messages by one address, which the sandbox cannot tell apart.
    const paths = (await calls('gmail')).filter(({ method }) => method !== 'GET').map(({ path }) => path);
    expect(paths.slice(-2)).toEqual([`/gmail.googleapis.com${path}`, `/gmail.googleapis.com${path.replace('/upload', '')}`]);
    const got = await call('gmail_get_attachment_by_id', { messageId: '19aa5d3c1f0e7b42', attachmentId: '1' });
    expect(got.structuredContent.sha256).toBe(sha256(bytes));
  });

  it('an attachment that is not there is not fetched, and a file of somebody else is not sent', async () => {
    const before = (await calls('gmail', 'gmail_get_attachment_by_id')).length;
    const none = await asked('gmail_get_attachment_by_id', { messageId: '19aa5d3c1f0e7b42', attachmentId: '7' });
    expect(none.result.isError).toBe(true);
    expect(none.result.content[0].text).toContain('no such attachment');
    expect((await calls('gmail', 'gmail_get_attachment_by_id')).length).toBe(before + 1);

    const theirs = (await files.upload('x', { user: 'jon' })).body.id;
    const refused = await asked('gmail_send_message', { ...letter, file_ids: [theirs] });
    expect(JSON.stringify(refused)).toContain('there is no such file of this user');
  });
});

describe('Google Drive', () => {
  it('a file goes up in a session, is replaced, and comes down again, the same bytes', async () => {
    const [first, second] = [randomBytes(2_000_003), randomBytes(70_000)];
    const made = (await call('google_drive_file_upload', { file_id: await handleOf(first, 'november.pdf') })).structuredContent;
    const down = async () => (await call('google_drive_file_download', { fileId: made.id })).structuredContent;
    const got = await down();
    expect(got).toMatchObject({ name: made.name, content_type: 'application/pdf', size: first.length, sha256: sha256(first) });
    expect((await files.download(got.file_id)).bytes.equals(first)).toBe(true);

    await call('google_drive_file_content_update', { fileId: made.id, file_id: await handleOf(second, 'new.pdf') });
    expect((await down()).sha256).toBe(sha256(second));
    const at = (tool: string) => calls('google-drive', tool).then((all) => all.map(({ method, path }) => [method, path]));
    const files3 = '/www.googleapis.com/upload/drive/v3/files';
    expect(await at('google_drive_file_upload')).toEqual([
      ['POST', files3],
      ['PUT', files3],
    ]);
    expect(await at('google_drive_file_content_update')).toEqual([
      ['PATCH', `${files3}/${made.id}`],
      ['PUT', `${files3}/${made.id}`],
    ]);
  });

  it('a Google document comes down in another format, with its ending', async () => {
    const got = (await call('google_drive_document_download', { fileId: '1mAdeUp-Memo-Document-Id-0001' })).structuredContent;
    expect(got.name).toBe('Lumen memo.pdf');
    expect((await files.download(got.file_id)).status).toBe(200);
  });

  it('an empty file goes up and comes down', async () => {
    await call('google_drive_file_upload', { file_id: await handleOf(new Uint8Array(0), 'empty.txt', 'text/plain') });
    const got = (await call('google_drive_file_download', { fileId: '1mAdeUp-Deck-File-Id-0002' })).structuredContent;
    expect([got.size, got.sha256]).toEqual([0, sha256('')]);
  });
});

it('what was attached to a mail goes to Drive by its handle, without passing the agent', async () => {
  const bytes = randomBytes(50_000);
  await call('gmail_create_draft', { to: ['jon@acme.example'], subject: 'x', body: 'x', file_ids: [await handleOf(bytes, 'a.pdf')] });
  const { file_id } = (await call('gmail_get_attachment_by_id', { messageId: '19aa5d3c1f0e7b42', attachmentId: '1' })).structuredContent;
  await call('google_drive_file_upload', { file_id });
  const back = (await call('google_drive_file_download', { fileId: '1mAdeUp-Deck-File-Id-0002' })).structuredContent;
  expect(back.sha256).toBe(sha256(bytes));
});
