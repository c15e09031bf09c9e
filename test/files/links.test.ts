import { randomBytes } from 'node:crypto';
import type { Json } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { mcp } from '../ways-in/agent.ts';
import { fileSetting, sha256 } from './setting.ts';

let setting: Awaited<ReturnType<typeof fileSetting>>;
let rows: Rows;
let instance: Json;

beforeAll(async () => {
  setting = await fileSetting();
  rows = await openRows(setting.broker);
  await setting.connect('mira');
  instance = (await setting.broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: 'files', user_identifier: 'mira' } }))
    .body;
});
afterAll(async () => {
  await rows?.close();
  await setting?.broker.close();
});

const newLink = async (body: Json = { user_identifier: 'mira' }) => (await setting.broker.api('/v1/files/upload-links', { body })).body;
const put = async (url: string, body: RequestInit['body'], contentType = 'image/png') => {
  const response = await fetch(url, { method: 'PUT', headers: { 'content-type': contentType }, body, duplex: 'half' } as RequestInit);
  return { status: response.status, body: (await response.json()) as Json };
};

describe('an upload link', () => {
  it('takes one file of its user without any token, once', async () => {
    const bytes = randomBytes(100_000);
    const { url, id } = await newLink();
    const sent = await put(`${url}?name=chart.png`, bytes);
    expect([sent.status, sent.body.user_identifier, sent.body.sha256]).toEqual([201, 'mira', sha256(bytes)]);
    expect((await setting.run('folio_upload_send', { upload_id: 'up-1', file_id: sent.body.id })).status).toBe(200);
    const again = await put(`${url}?name=chart.png`, bytes);
    expect([again.status, again.body.code]).toEqual([410, 'link_used']);
    const [audit] = await rows.query<{ details: Json }>(
      "select details from audit_events where action = 'file.created' and target_id = $1",
      [sent.body.id],
    );
    expect(audit?.details).toMatchObject({ link_id: id, size: bytes.length });
  });

  it('of two who come at once takes one', async () => {
    const { url } = await newLink({ user_identifier: 'mira', name: 'one.txt' });
    const answers = await Promise.all(Array.from({ length: 6 }, () => put(url, 'x')));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 410, 410, 410, 410, 410]);
  });

  it('is not used up by an upload that failed', async () => {
    const { url } = await newLink();
    for (const [query, contentType] of [
      ['', 'image/png'],
      ['?name=a/b', 'image/png'],
      ['?name=a&user_identifier=x', 'image/png'],
      ['?name=a', 'png'],
    ] as const) {
      expect((await put(`${url}${query}`, 'x', contentType)).status).toBeGreaterThanOrEqual(400);
    }
    const broken = new ReadableStream({
      start(c) {
        c.enqueue(randomBytes(1_000));
        c.error(new Error('given up'));
      },
    });
    await put(`${url}?name=a`, broken).catch(() => {});
    await expect.poll(async () => (await put(`${url}?name=a`, 'x')).status).toBe(201);
  });

  it('expires, and ends with its user’s, client’s or environment’s standing', async () => {
    const { url, id } = await newLink({ user_identifier: 'mira', name: 'a' });
    const ways: [string, string, string][] = [
      [
        "update file_links set expires_at = now() - interval '1 second' where id = $1",
        'link_expired',
        "update file_links set expires_at = now() + interval '1 hour' where id = $1",
      ],
      [
        "update users set suspended_at = now() where identifier = 'mira' and $1 <> ''",
        'user_suspended',
        "update users set suspended_at = null where $1 <> ''",
      ],
      [
        "update environments set suspended_at = now() where $1 <> ''",
        'environment_suspended',
        "update environments set suspended_at = null where $1 <> ''",
      ],
      [
        'update clients set suspended_at = now() where id = (select client_id from file_links where id = $1)',
        'client_suspended',
        "update clients set suspended_at = null where $1 <> ''",
      ],
    ];
    for (const [end, code, restore] of ways) {
      await rows.query(end, [id]);
      expect((await put(url, 'x')).body.code).toBe(code);
      await rows.query(restore, [id]);
    }
    expect((await put(url, 'x')).status).toBe(201);
    expect(
      (
        await put(
          url.replace(/.$/, (c: string) => (c === 'a' ? 'b' : 'a')),
          'x',
        )
      ).body.code,
    ).toBe('link_invalid');
  });

  it('is in no log line and not in the database', async () => {
    const { url } = await newLink({ user_identifier: 'mira', name: 'a' });
    await put(url, 'x');
    const secret = url.split('/').at(-1) as string;
    expect(setting.broker.logLines.join('\n')).not.toContain(secret.slice(24));
    const found = await rows.query("select 1 from file_links l where l::text like '%' || $1 || '%'", [secret.slice(24)]);
    expect(found).toEqual([]);
  });
});

describe('a file that a tool downloaded over MCP', () => {
  const download = async () => {
    const { body } = await mcp(instance.url, 'tools/call', { name: 'folio_file_download', arguments: { block_id: 'block-1' } });
    return body.result;
  };

  it('comes with a link to its bytes, whose holder needs nothing else, and which is none to anything else', async () => {
    const { content, structuredContent } = await download();
    const link = content.find(({ type }: Json) => type === 'resource_link');
    expect(link).toEqual({
      type: 'resource_link',
      uri: link.uri,
      name: structuredContent.name,
      mimeType: structuredContent.content_type,
      size: structuredContent.size,
    });
    for (let i = 0; i < 2; i++) {
      const response = await fetch(link.uri);
      expect(response.status).toBe(200);
      expect(sha256(new Uint8Array(await response.arrayBuffer()))).toBe(structuredContent.sha256);
      expect(response.headers.get('content-disposition')).toMatch(/^attachment; /);
    }
    expect((await put(link.uri.replace('/content', ''), 'x')).body.code).toBe('link_invalid');
    expect((await fetch((await newLink()).url.concat('/content'))).status).toBe(404);
  });

  it('has no link any more once the file is deleted, or the instance is revoked', async () => {
    const [a, b] = [await download(), await download()];
    const uri = ({ content }: Json) => content.find(({ type }: Json) => type === 'resource_link').uri;
    await setting.broker.api(`/v1/files/${a.structuredContent.file_id}`, { method: 'DELETE' });
    expect((await fetch(uri(a))).status).toBe(404);
    await setting.broker.api(`/v1/mcp-instances/${instance.id}/revoke`, { method: 'POST' });
    expect((await fetch(uri(b))).status).toBe(410);
    expect((await setting.download(b.structuredContent.file_id)).status).toBe(200);
  });
});
