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
}

/** For tools whose answer is a file: its bytes go to a new handle, and `respond` reads the facts from `response.file`. */
export interface FileDownload {
  /** Reads the file's address out of an answer in JSON. Absent: the answer itself is the file, or redirects to it. */
  link?: (body: never) => string;
  /** The vendor's domains that addresses and redirects may lead to, without a leading dot. They are fetched without the credential. */
  hostSuffixes?: string[];
}
