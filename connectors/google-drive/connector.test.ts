import { exampleFile, exchangesOf, replay } from '@grantway/connector-kit';
import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import drive from './connector.ts';
import { fault } from './faults.ts';

connectorSuite(drive);

const byName = (name: string) => {
  const found = drive.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const requestOf = (name: string, input: object) => byName(name).request(byName(name).input.parse(input));

describe('google drive refusals', () => {
  const refusal = (reason: string) => fault({ status: 403, headers: {}, body: { error: { errors: [{ reason }], message: 'No' } } });

  it('a file that the app was not given says which scope would do', () => {
    expect(refusal('appNotAuthorizedToFile')).toMatchObject({
      kind: 'missing_scope',
      needed: ['https://www.googleapis.com/auth/drive'],
    });
  });

  it('a file that is closed to the person, and a full Drive, are neither a scope nor a rate', () => {
    for (const reason of ['insufficientFilePermissions', 'storageQuotaExceeded', 'cannotShareOutsideDomain']) {
      expect(refusal(reason)?.kind).toBe('error');
    }
    expect(refusal('sharingRateLimitExceeded')?.kind).toBe('rate_limited');
  });
});

describe('google drive searches', () => {
  it('every condition is one of its own, and no text can leave its quotes', () => {
    const { query } = requestOf('google_drive_files_search', {
      text: "x' or name contains '",
      name: 'a\\',
      kind: 'pdf',
      owner: 'mira@acme.example',
      modifiedAfter: '2025-11-21T11:00:00+01:00',
      sharedWithMe: true,
    });
    expect(query?.q).toBe(
      [
        'trashed = false',
        String.raw`fullText contains 'x\' or name contains \''`,
        String.raw`name contains 'a\\'`,
        "mimeType = 'application/pdf'",
        "'mira@acme.example' in owners",
        "modifiedTime > '2025-11-21T10:00:00.000Z'",
        'sharedWithMe = true',
      ].join(' and '),
    );
  });

  it('words are not ordered, anything else is', () => {
    expect(requestOf('google_drive_files_search', { text: 'x' }).query?.orderBy).toBeUndefined();
    expect(requestOf('google_drive_files_search', { name: 'x' }).query?.orderBy).toBe('modifiedTime desc');
  });
});

describe('google drive texts', () => {
  const read = (body: unknown, headers: Record<string, string>, status = 200) =>
    byName('google_drive_file_read').respond(body, { status, headers, body });

  it('a file that is JSON is given as text, and one that is no text is not given', () => {
    expect(read({ a: [1] }, { 'content-type': 'application/json' })).toMatchObject({ text: '{\n  "a": [\n    1\n  ]\n}' });
    expect(read('%PDF-1.7', { 'content-type': 'application/pdf' })).toEqual({ text: null, content_type: 'application/pdf' });
  });

  it('a long file is cut and says so, by its length or by what Drive says is left', () => {
    const text = { 'content-type': 'text/plain' };
    expect(read('x'.repeat(60_001), text)).toMatchObject({ text: 'x'.repeat(60_000), truncated: true });
    expect(read('x', { ...text, 'content-range': 'bytes 0-239999/9000000' }, 206)).toMatchObject({ truncated: true });
    expect(read('x\uFFFD', { ...text, 'content-range': 'bytes 0-1/2' }, 206)).toEqual({ text: 'x', content_type: 'text/plain' });
  });

  it('no more is asked for than can be given', () => {
    expect(requestOf('google_drive_file_read', { fileId: '1mAdeUp-Notes-File-Id-0003' }).headers?.range).toBe('bytes=0-239999');
  });
});

describe('google drive changes', () => {
  it('trash and star do not touch anything else', () => {
    const fileId = '1mAdeUp-Deck-File-Id-0002';
    expect(requestOf('google_drive_file_trash', { fileId }).json).toEqual({ trashed: true });
    expect(JSON.parse(JSON.stringify(requestOf('google_drive_file_update', { fileId, starred: true }).json))).toEqual({ starred: true });
  });

  it('a move leaves the folder where the file lies, and one that is done already leaves none', () => {
    const move = byName('google_drive_file_move');
    const queryFor = (parents: string[]) => {
      const input = move.input.parse({ fileId: '1mAdeUp-Deck-File-Id-0002', addParents: 'new-folder' });
      return replay(move, input, [{ status: 200, headers: {}, body: { id: 'x', parents } }]).steps[1]?.request.query;
    };
    expect(queryFor(['old-folder'])).toMatchObject({ addParents: 'new-folder', removeParents: 'old-folder' });
    expect(queryFor(['new-folder'])).not.toHaveProperty('addParents');
    expect(queryFor(['new-folder'])).not.toHaveProperty('removeParents');
  });

  it('shared drives are included wherever Drive asks whether they are', () => {
    for (const tool of drive.tools) {
      if (tool.name.includes('comment')) continue;
      for (const { request } of tool.examples.flatMap((example) => exchangesOf(tool, example))) {
        // a session goes on at the address that Google gave it
        if (request.path.endsWith('/export') || request.query?.['upload_id'] !== undefined) continue;
        expect(request.query, tool.name).toMatchObject({ supportsAllDrives: true });
      }
    }
  });
});

describe('google drive files', () => {
  const upload = byName('google_drive_file_upload');
  const started = (location: string | undefined, args: object = {}) =>
    replay(upload, upload.input.parse({ file_id: exampleFile.file_id, ...args }), [
      { status: 200, headers: location === undefined ? {} : { location }, body: '' },
    ]);
  const session = 'https://www.googleapis.com/upload/drive/v3/files?uploadType=resumable&upload_id=made-up';

  it('the session says how many bytes of which kind are to come, and the bytes go to its address alone', () => {
    const [first, second] = started(session, { convertTo: 'document' }).steps;
    expect(first?.request.headers).toEqual({ 'X-Upload-Content-Type': 'application/pdf', 'X-Upload-Content-Length': '5' });
    expect(first?.request.json).toMatchObject({ name: 'report.pdf', mimeType: 'application/vnd.google-apps.document' });
    expect(second).toMatchObject({
      effect: 'write',
      request: {
        method: 'PUT',
        path: '/upload/drive/v3/files',
        query: { upload_id: 'made-up' },
        upload: { file: exampleFile.file_id, as: 'body' },
      },
    });
  });

  it.each([
    undefined,
    'https://evil.example/upload/drive/v3/files?upload_id=x',
    'https://www.googleapis.com/drive/v3/files/other',
    'https://www.googleapis.com/upload/drive/v3/files/../../../oauth2/v2/userinfo',
    'https://www.googleapis.com.evil.example/upload/drive/v3/files',
    'http://www.googleapis.com/upload/drive/v3/files',
  ])('a session at %s is not followed', (location) => {
    expect(() => started(location)).toThrow(RangeError);
  });

  it('a document is exported and an uploaded file is fetched, never the other way round', () => {
    const nothing = (name: string, mimeType: string) =>
      replay(byName(name), byName(name).input.parse({ fileId: '1mAdeUp-Deck-File-Id-0002' }), [
        { status: 200, headers: {}, body: { id: 'x', name: 'n', mimeType } },
        { status: 200, headers: {}, body: 'hello' },
      ]).nothing;
    expect(nothing('google_drive_file_download', 'application/vnd.google-apps.document')).toContain('Google document');
    expect(nothing('google_drive_file_download', 'application/pdf')).toBeUndefined();
    expect(nothing('google_drive_document_download', 'application/pdf')).toContain('was uploaded');
    expect(nothing('google_drive_document_download', 'application/vnd.google-apps.spreadsheet')).toBeUndefined();
  });
});
