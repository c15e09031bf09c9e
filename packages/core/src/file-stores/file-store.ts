import type { Readable } from 'node:stream';

/** Where sealed bytes are kept, by names that nobody else gives. It never sees a key. */
export interface FileStore {
  /** Takes the bytes whole or not at all: before this has resolved, and after it has failed, nothing is there to be read. */
  put(name: string, sealed: AsyncIterable<Uint8Array>): Promise<void>;
  /** Whoever does not read to the end destroys the stream. Rejects where nothing is stored by that name. */
  get(name: string): Promise<Readable>;
  /** What is not there is removed already. */
  remove(name: string): Promise<void>;
}
