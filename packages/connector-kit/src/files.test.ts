import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exampleFile } from './file-facts.ts';
import { belowBase, exampleFacts, fileId, fileIds, handlesIn, headerProblems, takesFile, takesFiles } from './files.ts';

const base = 'https://www.acme.example/api/';

describe('an address in an answer', () => {
  it('below the base is a request of the same API', () => {
    const session = belowBase('https://www.acme.example/api/upload/files?kind=resumable&id=a%2Bb', base, '/upload');
    expect(session).toEqual({ path: '/upload/files', query: { kind: 'resumable', id: 'a+b' } });
    expect(belowBase('https://www.acme.example/api/upload', base, '/upload/')).toEqual({ path: '/upload', query: {} });
  });

  it.each([
    undefined,
    '',
    '/api/upload/files',
    'https://evil.example/api/upload/files',
    'https://www.acme.example.evil.example/api/upload/files',
    'https://www.acme.example@evil.example/api/upload/files',
    'https://user@www.acme.example/api/upload/files',
    'http://www.acme.example/api/upload/files',
    'https://www.acme.example:8443/api/upload/files',
    'https://www.acme.example/other/upload/files',
    'https://www.acme.example/apix/upload/files',
    'https://www.acme.example/api/uploads',
    'https://www.acme.example/api/upload/../users/me',
    'https://www.acme.example/api/upload/%2e%2e/users/me',
    'https://www.acme.example/api/upload?a=1&a=2',
    'https://www.acme.example/api/upload#x',
  ])('%s leads elsewhere, or cannot be repeated', (address) => {
    expect(() => belowBase(address, base, '/upload')).toThrow(RangeError);
  });
});

describe('arguments that are files', () => {
  const of = (shape: z.ZodRawShape) => ({ input: z.object(shape) });

  it('are known by their name and what they take, one or several', () => {
    expect([takesFile(of({ file_id: fileId() })), takesFiles(of({ file_id: fileId() }))]).toEqual([true, false]);
    expect([takesFile(of({ file_ids: fileIds(2) })), takesFiles(of({ file_ids: fileIds(2).optional() }))]).toEqual([false, true]);
    expect(takesFiles(of({ file_ids: z.array(z.string()) }))).toBe(false);
    expect(takesFiles(of({ files: fileIds(2) }))).toBe(false);
  });

  it('have facts in the order of the handles, and none where none are given', () => {
    const several = of({ file_ids: fileIds(3).optional() });
    const handles = ['a', 'b'];
    expect(exampleFacts(several, { file_ids: handles })[1]?.map(({ file_id }) => file_id)).toEqual(handles);
    expect(exampleFacts(several, {})).toEqual([undefined, undefined]);
    expect(exampleFacts(of({ file_id: fileId() }), {})).toEqual([exampleFile, undefined]);
    expect(handlesIn({ upload: { file: 'a', as: 'body' } })).toEqual(['a']);
    expect(handlesIn({})).toEqual([]);
  });
});

describe('a header of a message', () => {
  it.each(['Subject: Hello', 'To: a@b.example,\r\n c@d.example', 'X-A:', 'Subject: =?UTF-8?B?w7w=?='])('%j is one', (field) => {
    expect(headerProblems(field)).toEqual([]);
  });

  it.each([
    'Subject: a\r\nBcc: evil@evil.example',
    'Subject: a\nb',
    'Subject: ü',
    'Subject: \0',
    'no colon',
    ': empty',
    'A b: c',
    'MIME-Version: 1.0',
    'content-type: text/html',
    `Subject: ${'x'.repeat(990)}`,
    'To: a\r\n',
  ])('%j is none, or not a connector’s', (field) => {
    expect(headerProblems(field)).toHaveLength(1);
  });
});
