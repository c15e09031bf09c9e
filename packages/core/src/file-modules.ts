import type { FileSealing } from '@grantway/vault';
import type { FileRoom } from './file-room.ts';
import type { FileStore } from './file-stores/file-store.ts';

/** Where files are kept, what seals them, and how much there may be of them. */
export interface FileModules {
  store: FileStore;
  sealing: FileSealing;
  settings: FileRoom & { maxBytes: number; lifeSeconds: number };
}
