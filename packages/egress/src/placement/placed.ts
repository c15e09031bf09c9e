/** A credential made ready for one request. Lives as long as that request. */
export interface Placement {
  headers: Record<string, string>;
  /** Every value that must not come back to the caller. */
  secrets: string[];
}
