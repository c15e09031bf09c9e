import { z } from 'zod';
import { UserIdentifier } from './resources.ts';

/**
 * A name as it may stand in a header and in a folder of whoever downloads it: no path, nothing that cannot be seen, none of the
 * characters that file systems or headers read as their own.
 */
export const FileName = z
  .string()
  .min(1)
  .max(200)
  .refine((s) => s === s.normalize('NFC'), 'must be in Unicode normal form C')
  .refine((s) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(s), 'must not hold control or invisible characters')
  .refine((s) => !/[\\/:*?"<>|]/.test(s), 'must be a name, not a path: none of \\ / : * ? " < > |')
  .refine((s) => s === s.trim() && !/^\.{1,2}$/.test(s), 'must not be "." or "..", nor begin or end with white space')
  .describe('The file’s name, without a path: 1 to 200 characters');

/** RFC 9110 section 8.3.1; parameters are kept where they are plain. */
export const ContentType = z
  .string()
  .max(127)
  .regex(
    /^[a-z0-9][\w!#$&^.+-]{0,63}\/[a-z0-9][\w!#$&^.+-]{0,63}(?:; ?[a-z0-9-]{1,32}=(?:[\w.+-]{1,64}|"[\w.+ -]{1,64}"))?$/i,
    'must be a media type, for example application/pdf',
  )
  .describe('Media type, for example application/pdf');

export const File = z.object({
  id: z.string().describe('The handle: what tools take as file_id'),
  name: z.string(),
  content_type: z.string(),
  size: z.int().describe('Bytes'),
  sha256: z.string().describe('Of the bytes, in hexadecimal'),
  user_identifier: z.string(),
  tool_call_id: z.string().nullable().describe('The call that downloaded it; null: it was uploaded'),
  expires_at: z.iso.datetime(),
  created_at: z.iso.datetime(),
});
export type File = z.infer<typeof File>;

export const FileUploadQuery = {
  name: FileName,
  user_identifier: UserIdentifier,
};

export const FileLinkCreate = z.strictObject({
  user_identifier: UserIdentifier,
  name: FileName.optional().describe('What the file is called; without it the upload says so, as ?name='),
  life_seconds: z.int().min(60).max(3600).default(900).describe('How long the link may be used, 60 to 3600 seconds'),
});
export type FileLinkCreate = z.infer<typeof FileLinkCreate>;

export const FileUploadLink = z.object({
  id: z.string(),
  url: z.string().describe('PUT the bytes here, once, with their Content-Type; the answer is the file. Whoever has it can use it.'),
  expires_at: z.iso.datetime(),
});
export type FileUploadLink = z.infer<typeof FileUploadLink>;
