import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changed, openRows, type Rows } from '../api/rows.ts';
import { fileSetting } from './setting.ts';

const maxBytes = 200_000;
const folder = path.join(mkdtempSync(path.join(tmpdir(), 'grantway-files-')), 'files');
let setting: Awaited<ReturnType<typeof fileSetting>>;
let rows: Rows;
let token: string;

beforeAll(async () => {
  setting = await fileSetting({ requestTimeoutMs: 2_000, files: { folder, maxBytes, quotaBytes: 1_000_000, maxFiles: 4 } });
  rows = await openRows(setting.broker);
  token = await setting.broker.token();
  // The user's row.
  const { body } = await setting.upload('x');
  await setting.broker.api(`/v1/files/${body.id}`, { method: 'DELETE' });
  await setting.connect('mira');
});
afterAll(async () => {
  await rows?.close();
  await setting?.broker.close();
  rmSync(path.dirname(folder), { recursive: true, force: true });
});

/** What the store holds, and what is half written. */
const stored = () => readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
const totals = async () => (await rows.query<{ files: string; bytes: string }>('select files, bytes from file_totals'))[0];

/** A request by hand, byte for byte; `after` is called once it has left. */
async function raw(head: string[], body: Buffer | string, after: 'wait' | 'half-close' | 'reset' = 'wait'): Promise<string> {
  const { port } = new URL(setting.broker.baseUrl);
  const socket = connect(Number(port), '127.0.0.1');
  let text = '';
  socket.on('data', (some) => {
    text += some;
  });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => {});
  const all = [
    `POST /v1/files?name=a.pdf&user_identifier=mira HTTP/1.1`,
    'host: x',
    `authorization: Bearer ${token}`,
    ...head,
    '',
    '',
  ].join('\r\n');
  await new Promise<void>((resolve) => socket.write(Buffer.concat([Buffer.from(all), Buffer.from(body)]), () => resolve()));
  if (after === 'half-close') socket.end();
  if (after === 'reset') {
    // Not before the broker has begun to store it.
    for (let i = 0; i < 200 && stored() === 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(stored()).toBe(1);
    socket.resetAndDestroy();
  }
  await closed;
  return text;
}

async function leavesNothing(work: () => Promise<void>): Promise<void> {
  const [before, room] = [await rows.checksums(), await totals()];
  await work();
  for (let i = 0; i < 300 && (stored() > 0 || (await rows.query('select 1 from files')).length > 0); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(stored()).toBe(0);
  expect(changed(before, await rows.checksums())).toEqual([]);
  expect(await totals()).toEqual(room);
}

describe('an upload that is refused is one clear fault, and leaves no row and no byte', () => {
  it.each([
    ['too large, as its length says', new Uint8Array(maxBytes + 1), {}, 413, 'payload_too_large'],
    ['a name with a path', 'x', { name: '../a.pdf' }, 400, 'invalid_request'],
    ['a name with a backslash', 'x', { name: 'a\\b' }, 400, 'invalid_request'],
    ['a name that is a folder', 'x', { name: '..' }, 400, 'invalid_request'],
    ['a name with a line break', 'x', { name: 'a\r\nb' }, 400, 'invalid_request'],
    ['a name with U+0000', 'x', { name: 'a\0b' }, 400, 'invalid_request'],
    ['a name written backwards', 'x', { name: 'fdp.\u202exe' }, 400, 'invalid_request'],
    ['a name that is too long', 'x', { name: 'a'.repeat(201) }, 400, 'invalid_request'],
    ['no name', 'x', { name: '' }, 400, 'invalid_request'],
    ['no user', 'x', { user: '' }, 400, 'invalid_request'],
    ['a content type that is none', 'x', { contentType: 'pdf' }, 415, 'unsupported_media_type'],
    ['a content type that begins a header of its own', 'x', { contentType: 'text/html; a="b\tc"' }, 415, 'unsupported_media_type'],
  ] as const)('%s', async (_, body, of, status, code) => {
    await leavesNothing(async () => {
      const answer = await setting.upload(body, of);
      expect([answer.status, answer.body.code]).toEqual([status, code]);
    });
  });

  it('too large, without a length', async () => {
    await leavesNothing(async () => {
      const endless = new ReadableStream<Uint8Array>({ pull: (c) => c.enqueue(new Uint8Array(50_000)) });
      const answer = await setting.upload(endless).catch((error: Error) => error);
      // A client that is still writing may hear of its connection first.
      if (!(answer instanceof Error)) expect([answer.status, answer.body.code]).toEqual([413, 'payload_too_large']);
    });
  });

  it('a content type with CRLF', async () => {
    await leavesNothing(async () => {
      const text = await raw(['content-type: text/plain\r\n x: y', 'content-length: 1', 'connection: close'], 'x');
      expect(text).toMatch(/^HTTP\/1\.1 4(00|15) /);
    });
  });

  it('fewer bytes than its length says', async () => {
    await leavesNothing(async () => {
      const text = await raw(['content-type: text/plain', 'content-length: 1000'], 'x', 'half-close');
      expect(text).not.toMatch(/^HTTP\/1\.1 2/);
    });
  });

  it('a length beside chunks', async () => {
    await leavesNothing(async () => {
      const head = ['content-type: text/plain', 'content-length: 5', 'transfer-encoding: chunked', 'connection: close'];
      expect(await raw(head, '1\r\nx\r\n0\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    });
  });

  it('broken off in the middle', async () => {
    await leavesNothing(async () => {
      await raw(['content-type: text/plain', 'content-length: 150000'], randomBytes(100_000), 'reset');
    });
  });

  it('that stands still', async () => {
    await leavesNothing(async () => {
      expect(await raw(['content-type: text/plain', 'content-length: 150000', 'connection: close'], randomBytes(70_000))).toMatch(
        /^HTTP\/1\.1 408 /,
      );
    });
  });

  it('with a folder that cannot be written', async () => {
    const parts = path.join(folder, 'parts');
    await leavesNothing(async () => {
      rmSync(parts, { recursive: true });
      writeFileSync(parts, 'in the way');
      const answer = await setting.upload('x').finally(() => {
        rmSync(parts);
        mkdirSync(parts);
      });
      expect([answer.status, answer.body.code]).toEqual([503, 'unavailable']);
      expect(answer.headers.get('retry-after')).toBe('60');
      // Its removal failed as well, and is made good.
      await setting.broker.broker.jobs.runNow('file.sweep');
    });
  });
});

describe('an upload that takes its time', () => {
  it('may take longer than another request, as long as it moves', async () => {
    const parts = Array.from({ length: 6 }, () => randomBytes(5_000));
    let next = 0;
    const slow = new ReadableStream<Uint8Array>({
      async pull(c) {
        await new Promise((resolve) => setTimeout(resolve, 600));
        const part = parts[next++];
        if (part === undefined) c.close();
        else c.enqueue(part);
      },
    });
    const { status, body } = await setting.upload(slow);
    expect([status, body.size]).toEqual([201, 30_000]);
    await setting.broker.api(`/v1/files/${body.id}`, { method: 'DELETE' });
  });
});

describe('the room of an environment', () => {
  it('has an end: one file more than it may hold, one byte more, and room again after a deletion', async () => {
    const made = [];
    for (let i = 0; i < 4; i++) made.push((await setting.upload(randomBytes(100))).body.id);
    const fifth = await setting.upload('x');
    expect([fifth.status, fifth.body.code]).toEqual([409, 'file_limit']);
    await setting.broker.api(`/v1/files/${made.pop()}`, { method: 'DELETE' });
    expect((await setting.upload('x')).status).toBe(201);
    for (const { id } of (await setting.broker.api('/v1/files')).body.items)
      await setting.broker.api(`/v1/files/${id}`, { method: 'DELETE' });
    expect(await totals()).toEqual({ files: '0', bytes: '0' });
    await rows.query('update file_totals set bytes = 999990');
    const declared = await setting.upload(randomBytes(11));
    const unknown = await setting.upload(new ReadableStream({ start: (c) => [c.enqueue(randomBytes(11)), c.close()] }));
    expect([declared.body.code, unknown.body.code]).toEqual(['file_limit', 'file_limit']);
    expect((await setting.upload(randomBytes(10))).status).toBe(201);
    for (const { id } of (await setting.broker.api('/v1/files')).body.items)
      await setting.broker.api(`/v1/files/${id}`, { method: 'DELETE' });
    await rows.query('update file_totals set bytes = 0');
    expect(stored()).toBe(0);
  });

  it('is not exceeded by uploads that come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => setting.upload(randomBytes(1_000))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
    for (const { id } of (await setting.broker.api('/v1/files')).body.items)
      await setting.broker.api(`/v1/files/${id}`, { method: 'DELETE' });
    expect(await totals()).toEqual({ files: '0', bytes: '0' });
  });
});

describe('a handle in a tool call', () => {
  const send = (file_id: unknown, identifier = 'mira') => setting.run('folio_upload_send', { upload_id: 'up-1', file_id }, identifier);
  const apiCalls = async () => (await setting.broker.control('/folio/ledger', 'GET')).counts.api_calls;

  it('that is another user’s, unknown, expired or deleted is refused in the same words, before anything is sent', async () => {
    const { id: theirs } = (await setting.upload('x', { user: 'someone-else' })).body;
    const { id: expired } = (await setting.upload('x')).body;
    await rows.query("update files set expires_at = now() - interval '1 second' where id = $1", [expired]);
    const { id: deleted } = (await setting.upload('x')).body;
    await setting.broker.api(`/v1/files/${deleted}`, { method: 'DELETE' });
    const before = await apiCalls();
    const said = [];
    for (const id of [theirs, expired, deleted, 'file_01k00000000000000000000000']) said.push(await send(id));
    for (const { status, body } of said) {
      expect([status, body.code, body.errors]).toEqual([
        422,
        'argument_invalid',
        [{ pointer: '/file_id', detail: 'there is no such file of this user, or it has expired' }],
      ]);
    }
    expect((await setting.download(expired)).status).toBe(404);
    expect((await setting.broker.api(`/v1/files/${theirs}?user_identifier=mira`)).body.code).toBe('not_found');
    expect(await apiCalls()).toBe(before);
    // Whose it is may send it.
    expect((await send((await setting.upload('x')).body.id)).status).toBe(200);
    await setting.broker.broker.jobs.runNow('file.sweep');
    for (const { id } of (await setting.broker.api('/v1/files')).body.items)
      await setting.broker.api(`/v1/files/${id}`, { method: 'DELETE' });
  });

  it.each(['../../etc/passwd', 'file_', 'FILE_01K00000000000000000000000', 'file_01k00000000000000000000000\r\n', 7, null])(
    'that is none (%j) is an invalid argument',
    async (id) => {
      expect((await send(id)).body.code).toBe('argument_invalid');
    },
  );

  it('the download of a file that is too large leaves none', async () => {
    setting.broker.modules.files.settings.maxBytes = 0;
    const { status, body } = await setting.run('folio_page_export', { page_id: 'page-1' }).finally(() => {
      setting.broker.modules.files.settings.maxBytes = maxBytes;
    });
    expect([status, body.code, body.detail]).toEqual([502, 'provider_answer_invalid', 'the file is larger than 0 bytes']);
    expect([stored(), await rows.query('select 1 from files')]).toEqual([0, []]);
  });
});
