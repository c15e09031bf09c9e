/** A file that goes out: what is said of it, and its bytes as often as they are asked for. */
export interface OutboundFile {
  name: string;
  contentType: string;
  size: number;
  /** Of its bytes, in hexadecimal; for signatures. */
  sha256?: string;
  open(): Promise<AsyncIterable<Uint8Array>>;
}
