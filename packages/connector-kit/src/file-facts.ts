/** A file of Grantway's as a tool sees it: what there is to know, never the bytes. */
export interface FileFacts {
  /** The handle. */
  file_id: string;
  name: string;
  /** Bytes. */
  size: number;
  content_type: string;
  /** Of the bytes, in hexadecimal. */
  sha256: string;
  expires_at: string;
}

/** The facts that worked examples and the kit's suite use in a file's place. */
export const exampleFile: FileFacts = {
  file_id: 'file_01k00000000000000000000000',
  name: 'report.pdf',
  size: 5,
  content_type: 'application/pdf',
  sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  expires_at: '2026-01-02T00:00:00.000Z',
};

/** A file of the caller's as the body of a request, or as a part of it. Egress streams its bytes. */
export interface FileUpload {
  /** The tool's argument `file_id`, as it came. */
  file: string;
  /**
   * body: the bytes alone. related: behind `json` (RFC 2387). field: a part of multipart/form-data by this name, behind the values of
   * `form`. base64: text at this JSON pointer of `json`, where the document holds an empty string.
   */
  as: 'body' | 'related' | { field: string } | { base64: string };
  /** Default: the file's own. */
  contentType?: string;
  /** What it may have; a larger one is refused before it is sent. */
  maxBytes?: number;
}

/** Several files of the caller's as parts of one request, in their order. Egress streams their bytes, one after another. */
export interface FilesUpload {
  /** The tool's argument `file_ids`, as it came. */
  files: readonly string[];
  /**
   * base64: text at these JSON pointers of `json`, one for each file, where the document holds empty strings. mail: attachments of a
   * message (RFC 5322), which is the body alone, or stands behind `json` (RFC 2387) where there is one.
   */
  as: { base64: readonly string[] } | { mail: Mail };
  /** What they may have together; more is refused before anything is sent. */
  maxBytes?: number;
}

/** A message without its attachments, whose names, types and bytes are the files'. */
export interface Mail {
  /** Whole header fields: ASCII, folded where they are long. Those about MIME are added. */
  headers: readonly string[];
  text: string;
  contentType: 'text/plain' | 'text/html';
}

/** What a file is called, as far as it is known. */
export interface FileNaming {
  name?: string | undefined;
  contentType?: string | undefined;
}

/** For tools whose answer is a file: its bytes go to a new handle, and `respond` reads the facts from `response.file`. */
export interface FileDownload {
  /** Reads the file's address out of an answer in JSON. Absent: the answer itself is the file, or redirects to it. */
  link?: (body: never) => string;
  /**
   * The answer is JSON, and the file is text in it: at this pointer, in this alphabet of RFC 4648, padded or not. It is decoded while
   * it comes; what else the answer holds may have 256 KiB, and is what `respond` gets, with an empty string at the pointer.
   */
  inJson?: { pointer: string; encoding: 'base64' | 'base64url' };
  /** Reads what the file is called out of the rest of such an answer. */
  naming?: (body: never) => FileNaming;
  /** The vendor's domains that addresses and redirects may lead to, without a leading dot. They are fetched without the credential. */
  hostSuffixes?: string[];
}
