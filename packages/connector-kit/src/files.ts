import { z } from 'zod';
import { exampleFile, type FileFacts, type FilesUpload, type FileUpload } from './file-facts.ts';
import type { ApiRequest } from './request.ts';
import type { Tool } from './tool.ts';

const handlePattern = /^file_[0-9a-hjkmnp-tv-z]{26}$/;

/** The one form of an argument that takes a file; its name is `file_id`. */
export function fileId(what = 'Handle of a file'): z.ZodString {
  return z.string().regex(handlePattern).describe(`${what}, from POST /v1/files or a tool that downloads`) as z.ZodString;
}

/** The one form of an argument that takes several; its name is `file_ids`. */
export function fileIds(max: number, what = 'Files'): z.ZodArray<z.ZodString> {
  return z.array(z.string().regex(handlePattern)).min(1).max(max).describe(`${what}, by handles from POST /v1/files or downloads`);
}

/** What a tool that downloads says of the file; add members with `.extend`. */
export const fileOutput = z.object({
  file_id: z.string(),
  name: z.string(),
  size: z.int(),
  content_type: z.string(),
  sha256: z.string(),
  expires_at: z.string(),
});

/** Whether a tool's argument `file_id` is a handle of ours, and not an id of the vendor's: it takes a handle and nothing like one. */
export function takesFile(tool: Pick<Tool, 'input'>): boolean {
  return takesHandles(tool, 'file_id', (handle) => handle);
}

/** The same for `file_ids`, a list of handles. */
export function takesFiles(tool: Pick<Tool, 'input'>): boolean {
  return takesHandles(tool, 'file_ids', (handle) => [handle]);
}

function takesHandles({ input }: Pick<Tool, 'input'>, name: string, as: (handle: string) => unknown): boolean {
  const field: unknown = input.shape[name];
  if (!(field instanceof z.ZodType)) return false;
  const { file_id: handle } = exampleFile;
  return (
    field.safeParse(as(handle)).success && [`${handle}0`, handle.slice(0, -1), 'x'].every((other) => !field.safeParse(as(other)).success)
  );
}

/** Of the handles that arguments name, what examples take in their place: the last arguments of `request` and `run`. */
export function exampleFacts(tool: Pick<Tool, 'input'>, input: Record<string, unknown>): [FileFacts | undefined, FileFacts[] | undefined] {
  const { file_ids: ids } = input;
  return [
    takesFile(tool) ? exampleFile : undefined,
    takesFiles(tool) && Array.isArray(ids) ? ids.map((id: string) => ({ ...exampleFile, file_id: id })) : undefined,
  ];
}

/** The handles of a request's files, in their order. */
export function handlesIn({ upload }: Pick<ApiRequest, 'upload'>): readonly string[] {
  if (upload === undefined) return [];
  return 'files' in upload ? upload.files : [upload.file];
}

/** What is wrong with the way in which a request carries files. */
export function uploadProblems(request: ApiRequest): string[] {
  const { upload, method } = request;
  if (upload === undefined) return [];
  const found: string[] = [];
  if (method === 'GET') found.push('a GET with a file');
  if (!handlesIn(request).every((handle) => handlePattern.test(handle))) found.push('the file is no handle');
  return [...found, ...('files' in upload ? problemsOfSeveral(upload, request) : problemsOfOne(upload, request))];
}

function problemsOfOne({ as }: FileUpload, { json, form }: ApiRequest): string[] {
  const found: string[] = [];
  if ((as === 'related' || (typeof as === 'object' && 'base64' in as)) !== (json !== undefined)) {
    found.push('a file stands beside JSON as `related` or `base64`, and only so');
  }
  if (form !== undefined && !(typeof as === 'object' && 'field' in as)) found.push('a file stands beside a form as a `field` only');
  if (typeof as === 'object' && 'field' in as && !/^[\w[\].-]{1,64}$/.test(as.field)) found.push('the name of the field is not plain');
  return found;
}

function problemsOfSeveral({ files, as }: FilesUpload, { json, form }: ApiRequest): string[] {
  const found: string[] = [];
  if (files.length === 0) found.push('a list of files without one');
  if (form !== undefined) found.push('several files beside a form');
  if ('base64' in as) {
    if (json === undefined) found.push('files stand as `base64` in JSON only');
    if (as.base64.length !== files.length) found.push('not one place for each file');
    return found;
  }
  return [...found, ...as.mail.headers.flatMap(headerProblems)];
}

/** RFC 5322 section 2.2: printable ASCII, lines of at most 998 characters, breaks only where a fold begins. */
export function headerProblems(field: string): string[] {
  const [name = ''] = field.split(':', 1);
  if (!/^[A-Za-z][A-Za-z0-9-]{0,76}: ?[\x20-\x7e]*(?:\r\n [\x20-\x7e]+)*$/.test(field)) return ['a header field is not one'];
  if (/^(?:mime-version|content-.*)$/i.test(name)) return [`the header ${name} is not the connector's to set`];
  return field.split('\r\n').some((line) => line.length > 998) ? [`the header ${name} has a line of more than 998 characters`] : [];
}

/**
 * The request for an address of the vendor's own API that an answer named, for example where an upload continues: `base` is the
 * connector's base URL, and whatever leads elsewhere than below `under` there throws. It goes out as any other, with the credential.
 */
export function belowBase(address: string | undefined, base: string, under = '/'): Pick<ApiRequest, 'path' | 'query'> {
  const url = URL.canParse(address ?? '') ? new URL(address ?? '') : undefined;
  const { origin, pathname } = new URL(base);
  const own = pathname.replace(/\/$/, '');
  if (
    url?.origin !== origin ||
    url.username !== '' ||
    url.password !== '' ||
    !`${url.pathname}/`.startsWith(`${own}${under.replace(/\/$/, '')}/`)
  ) {
    throw new RangeError('the answer names no address of the API');
  }
  const names = [...url.searchParams.keys()];
  if (new Set(names).size < names.length || url.hash !== '') throw new RangeError('the address in the answer cannot be repeated');
  return { path: url.pathname.slice(own.length), query: Object.fromEntries(url.searchParams) };
}
