import { randomBytes } from 'node:crypto';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mcp } from '../ways-in/agent.ts';
import { filesOf, sha256 } from './setting.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker?.close());

it('the Notion story: create an upload, send the file, attach it, list the blocks, follow a fresh link, download the bytes', async () => {
  await broker.api('/v1/connections', { body: { name: 'notion', connector: 'notion', sandbox: true } });
  await broker.api('/v1/mcp-configs', { body: { name: 'notes', connection_tool_mappings: [{ connection_name: 'notion' }] } });
  const instance = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'notes', user_identifier: 'mira' } })).body;
  expect((await broker.connect(instance.connections[0].authentication_link)).status).toBe(200);
  const call = async (name: string, args: Json) => {
    const { body } = await mcp(instance.url, 'tools/call', { name, arguments: args });
    expect(body.result?.isError, JSON.stringify(body)).toBeUndefined();
    return body.result.structuredContent;
  };
  const { upload, download } = filesOf(broker);
  const bytes = randomBytes(120_000);
  const { id: file_id } = (await upload(bytes, { name: 'term-sheet.pdf' })).body;

  const page_id = '9b8a7c6d-5e4f-4d3c-a2b1-0f9e8d7c6b5a';
  const { id: file_upload_id } = await call('notion_file_upload_create', { filename: 'term-sheet.pdf' });
  expect(await call('notion_file_upload_send', { file_upload_id, file_id })).toMatchObject({ id: file_upload_id, status: 'uploaded' });
  const block = await call('notion_file_attach', { block_id: page_id, file_upload_id, type: 'pdf' });
  const blocks = Object.values(await call('notion_page_content_get', { block_id: page_id })).find(Array.isArray) as Json[];
  expect(blocks.length).toBeGreaterThan(0);
  const file = await call('notion_file_download', { block_id: block.id });
  expect(file).toMatchObject({ name: 'term-sheet.pdf', size: bytes.length, sha256: sha256(bytes) });
  expect((await download(file.file_id)).bytes.equals(bytes)).toBe(true);
});
