/** A credential made ready for one request. Lives as long as that request. */
export interface Placement {
  headers: Record<string, string>;
  /** Added to the query; names that no request may use itself. */
  query?: Record<string, string>;
  /** One path segment, with its slash, between base URL and path. */
  pathPrefix?: string;
  /** Every value that must not come back to the caller. */
  secrets: string[];
}

/** What a kind that signs requests signs. `url` is the vendor's own, also where the sandbox stands in for it. */
export interface Unsigned {
  method: string;
  url: URL;
  body: string | undefined;
  /** Of a body that is made while it is sent: its SHA-256 in hexadecimal, or null where nobody knows it yet. */
  bodyHash?: string | null;
  contentType: string | undefined;
  nowMs: number;
  /** Which of the credential's further tokens is meant. */
  token?: string | undefined;
}
