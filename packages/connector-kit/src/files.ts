import { z } from 'zod';
import type { FileFacts } from './file-facts.ts';
import type { ApiRequest } from './request.ts';
import type { Tool } from './tool.ts';

const handlePattern = /^file_[0-9a-hjkmnp-tv-z]{26}$/;

/** The one form of an argument that takes a file; its name is `file_id`. */
export function fileId(what = 'Handle of a file'): z.ZodString {
  return z.string().regex(handlePattern).describe(`${what}, from POST /v1/files or a tool that downloads`) as z.ZodString;
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

/** The facts that worked examples and the kit's suite use in a file's place. */
export const exampleFile: FileFacts = {
  file_id: 'file_01k00000000000000000000000',
  name: 'report.pdf',
  size: 5,
  content_type: 'application/pdf',
  sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  expires_at: '2026-01-02T00:00:00.000Z',
};

/** Whether a tool's argument `file_id` is a handle of ours, and not an id of the vendor's: it takes a handle and nothing like one. */
export function takesFile({ input }: Pick<Tool, 'input'>): boolean {
  const field: unknown = input.shape['file_id'];
  if (!(field instanceof z.ZodType)) return false;
  const { file_id: handle } = exampleFile;
  return field.safeParse(handle).success && [`${handle}0`, handle.slice(0, -1), 'x'].every((other) => !field.safeParse(other).success);
}

/** What is wrong with the way in which a request carries a file. */
export function uploadProblems({ upload, method, json, form }: ApiRequest): string[] {
  if (upload === undefined) return [];
  const { as } = upload;
  const found: string[] = [];
  if (method === 'GET') found.push('a GET with a file');
  if (!handlePattern.test(upload.file)) found.push('the file is no handle');
  if ((as === 'related' || (typeof as === 'object' && 'base64' in as)) !== (json !== undefined)) {
    found.push('a file stands beside JSON as `related` or `base64`, and only so');
  }
  if (form !== undefined && !(typeof as === 'object' && 'field' in as)) found.push('a file stands beside a form as a `field` only');
  if (typeof as === 'object' && 'field' in as && !/^[\w[\].-]{1,64}$/.test(as.field)) found.push('the name of the field is not plain');
  return found;
}
