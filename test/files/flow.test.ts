import { randomBytes } from 'node:crypto';
import type { Json } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { mcp } from '../ways-in/agent.ts';
import { fileSetting, sha256 } from './setting.ts';

let setting: Awaited<ReturnType<typeof fileSetting>>;
let rows: Rows;

beforeAll(async () => {
  setting = await fileSetting();
  rows = await openRows(setting.broker);
  await setting.connect('mira');
});
afterAll(async () => {
  await rows?.close();
  await setting?.broker.close();
});

const good = (answer: { status: number; body: Json }) => {
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
};

it('a file goes to a provider, onto a page, and comes back from a fresh link, over REST and MCP, and no answer holds its bytes', async () => {
  const { broker, upload, download, run } = setting;
  const bytes = randomBytes(300_000);
  const file = await upload(bytes, { name: 'Bericht für Mira.pdf' });
  expect(file.status, JSON.stringify(file.body)).toBe(201);
  expect(file.body).toMatchObject({
    name: 'Bericht für Mira.pdf',
    content_type: 'application/pdf',
    size: bytes.length,
    sha256: sha256(bytes),
  });

  const created = good(await run('folio_upload_create', { filename: 'report.pdf' }));
  const upload_id = created.output.id;
  const sent = good(await run('folio_upload_send', { upload_id, file_id: file.body.id }));
  expect(sent.output).toEqual({ id: upload_id, status: 'uploaded' });
  good(await run('folio_page_attach', { page_id: 'page-1', upload_id }));

  const { url } = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'files', user_identifier: 'mira' } })).body;
  const call = async (name: string, args: Json) => {
    const { body } = await mcp(url, 'tools/call', { name, arguments: args });
    expect(body.result.isError, JSON.stringify(body)).toBeUndefined();
    return body.result;
  };
  const listed = await call('folio_blocks_list', { page_id: 'page-1' });
  const fetched = await call('folio_file_download', { block_id: listed.structuredContent.blocks[0].id });
  expect(fetched.structuredContent).toMatchObject({
    name: 'report.pdf',
    size: bytes.length,
    content_type: 'application/pdf',
    sha256: sha256(bytes),
  });
  expect(JSON.stringify(fetched).length).toBeLessThan(2_000);
  const exported = await call('folio_page_export', { page_id: 'page-1' });
  expect(exported.structuredContent.sha256).toBe(sha256(bytes));

  const { file_id } = fetched.structuredContent;
  expect(file_id).not.toBe(file.body.id);
  const back = await download(file_id);
  expect(back.status).toBe(200);
  expect(back.bytes.equals(bytes)).toBe(true);
  expect(Object.fromEntries(back.headers)).toMatchObject({
    'content-type': 'application/pdf',
    'content-disposition': `attachment; filename="report.pdf"; filename*=UTF-8''report.pdf`,
    'content-security-policy': "default-src 'none'; sandbox",
    'repr-digest': `sha-256=:${Buffer.from(sha256(bytes), 'hex').toString('base64')}:`,
  });
  // The new handle can go out again.
  good(await run('folio_upload_send', { upload_id, file_id }));

  const { events } = await broker.control('/folio/ledger', 'GET');
  // One behind a link, one behind a redirect.
  expect(events.filter((e: Json) => e.kind === 'link').map((e: Json) => [e.status, e.credential])).toEqual([
    [200, false],
    [200, false],
  ]);

  const audit = await rows.query<{ action: string; target_id: string; details: Json }>(
    "select action, target_id, details from audit_events where action like 'file.%' order by id",
  );
  expect(audit.map(({ action }) => action)).toEqual(['file.created', 'file.sent', 'file.created', 'file.created', 'file.sent']);
  expect(audit[1]).toMatchObject({
    target_id: file.body.id,
    details: { size: bytes.length, sha256: sha256(bytes), tool: 'folio_upload_send', tool_call_id: sent.tool_call_id },
  });
  expect(audit[2]).toMatchObject({ target_id: file_id, details: { size: bytes.length, tool: 'folio_file_download' } });
});
