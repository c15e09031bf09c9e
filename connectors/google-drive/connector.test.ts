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
    expect(requestOf('google_drive_file_move', { fileId, addParents: 'aaaa', removeParents: 'bbbb' }).json).toEqual({});
  });

  it('shared drives are included wherever Drive asks whether they are', () => {
    for (const { name, examples, input, request } of drive.tools) {
      if (name.includes('comment') || name.endsWith('_export')) continue;
      expect(request(input.parse(examples[0]?.input)).query, name).toMatchObject({ supportsAllDrives: true });
    }
  });
});
