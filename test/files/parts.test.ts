import { randomBytes } from 'node:crypto';
import { fetchFile, type Tool } from '@grantway/connector-kit';
import type { Json } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { fileSetting, folio, sha256 } from './setting.ts';

const maxBytes = 400_000;
let setting: Awaited<ReturnType<typeof fileSetting>>;
let rows: Rows;

/** The same download, where the answer is not as it should be. */
function wrongScan(kind: string, answer: object): Tool {
  const [scan] = folio.tools.filter(({ name }) => name === 'folio_scan_download') as [Tool];
  const run: NonNullable<Tool['run']> = () => fetchFile({ method: 'GET', path: `/v1/${kind}` });
  const examples = scan.examples.map(({ before: _, ...example }) => ({ ...example, receives: { body: answer } }));
  return { ...scan, name: `folio_${kind}_download`, run, examples };
}

beforeAll(async () => {
  const wrong = [wrongScan('broken', { scan: { data: 'not base64!', type: 'a/b' } }), wrongScan('missing', { scan: { type: 'a/b' } })];
  const connectors = [{ ...folio, tools: [...folio.tools, ...wrong] }];
  setting = await fileSetting({ connectors, files: { maxBytes, quotaBytes: 12_500_000, maxFiles: 40 } });
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
const handleOf = async (bytes: Uint8Array<ArrayBuffer> | string, of: Parameters<typeof setting.upload>[1] = {}): Promise<string> => {
  const { status, body } = await setting.upload(bytes, of);
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
};
const letter = (file_ids: unknown) => setting.run('folio_letter_send', { to: 'jon@acme.example', text: 'Here.', file_ids });
const sentToFolio = async (): Promise<number> =>
  (await setting.broker.control('/folio/ledger', 'GET')).events.filter((e: Json) => e.kind === 'api_call').length;

it.each([
  ['what is no base64', 'broken'],
  ['nothing there', 'missing'],
])('a download of %s is no answer, and leaves nothing behind', async (_, letter_id) => {
  const { body } = await setting.run(`folio_${letter_id}_download`, { letter_id: 'letter-1' });
  expect(body.code).toBe('provider_answer_invalid');
  expect(await rows.query('select id from files')).toEqual([]);
  expect(await rows.query('select 1 from file_totals where files > 0 or bytes > 0')).toEqual([]);
});

it('several files go out as parts of a message and of a document, and the last of them comes back out of a text in an answer', async () => {
  const bytes = randomBytes(300_000);
  const names = ['Bericht für Mira.pdf', 'b.txt'];
  const handles = [await handleOf(randomBytes(1_000), { name: names[0] ?? '' }), await handleOf(bytes, { name: names[1] ?? '' })];
  const sent = good(await letter(handles));
  const scan = good(await setting.run('folio_scan_download', { letter_id: sent.output.id }));
  expect(scan.output).toMatchObject({ name: 'report.pdf', content_type: 'application/pdf', size: bytes.length, sha256: sha256(bytes) });
  expect((await setting.download(scan.output.file_id)).bytes.equals(bytes)).toBe(true);

  const again = randomBytes(57 * 100 + 1);
  good(await setting.run('folio_note_add', { text: 'Two', file_ids: [handles[0], await handleOf(again)] }));
  expect(good(await setting.run('folio_scan_download', { letter_id: 'letter-1' })).output.sha256).toBe(sha256(again));

  const audit = await rows.query<{ target_id: string; details: Json }>(
    "select target_id, details from audit_events where action = 'file.sent' and details->>'tool_call_id' = $1 order by id",
    [sent.tool_call_id],
  );
  expect(audit.map(({ target_id }) => target_id)).toEqual(handles);
});

it('one file of another user, expired or unknown among several refuses the call by its place, and nothing is sent', async () => {
  const own = await handleOf('x');
  const theirs = await handleOf('x', { user: 'someone-else' });
  const before = await sentToFolio();
  for (const wrong of [theirs, own.replace(/.$/, (c) => (c === '0' ? '1' : '0'))]) {
    const { status, body } = await letter([own, wrong]);
    expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'argument_invalid', '/file_ids/1']);
  }
  for (const shape of [[], [own, own, own, own, own, own], own, ['x'], [null]]) {
    expect((await letter(shape)).body.code).toBe('argument_invalid');
  }
  expect(await sentToFolio()).toBe(before);
});

it('more bytes than the provider takes are refused before anything is sent, and written down as not sent', async () => {
  const large = await Promise.all(Array.from({ length: 5 }, () => handleOf(randomBytes(maxBytes))));
  const before = await sentToFolio();
  const sent = await rows.query("select count(*) as n from audit_events where action = 'file.sent'");
  // Folio takes 10 MB, which these would come to.
  await rows.query('update files set size = 3000000 where id = any($1)', [large]);
  const { status, body } = await letter(large);
  expect([status, body.code, body.errors[0].pointer]).toEqual([422, 'argument_invalid', '/file_ids']);
  expect(body.detail).toContain('10000000');
  expect(await sentToFolio()).toBe(before);
  expect(await rows.query("select count(*) as n from audit_events where action = 'file.sent'")).toEqual(sent);
  await rows.query('update files set size = $2 where id = any($1)', [large, maxBytes]);
  for (const id of large) await setting.broker.api(`/v1/files/${id}`, { method: 'DELETE' });
});

describe('a download out of a text in an answer that fails leaves nothing behind', () => {
  const scan = (letter_id: string) => setting.run('folio_scan_download', { letter_id });
  const leavesNothing = async (work: () => Promise<void>) => {
    const held = async () => [
      await rows.query('select id from files order by id'),
      await rows.query('select files, bytes from file_totals'),
      await rows.query("select count(*) from audit_events where action like 'file.%'"),
    ];
    const before = await held();
    await work();
    expect(await held()).toEqual(before);
  };

  it('because there is no room for it', async () => {
    good(await letter([await handleOf(randomBytes(390_000))]));
    await rows.query('update file_totals set bytes = bytes + 12000000');
    await leavesNothing(async () => {
      const { status, body } = await scan('letter-1');
      expect([status, body.code]).toEqual([409, 'file_limit']);
    });
    await rows.query('update file_totals set bytes = bytes - 12000000');
  });

  it('because it is larger than a file may be', async () => {
    const { settings } = setting.broker.modules.files;
    settings.maxBytes = 600_000;
    good(await letter([await handleOf(randomBytes(450_000))]));
    settings.maxBytes = maxBytes;
    await leavesNothing(async () => {
      const { body } = await scan('letter-1');
      expect([body.code, body.detail]).toEqual(['provider_answer_invalid', `the file is larger than ${maxBytes} bytes`]);
    });
  });
});
