import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import { type FileModules, openDiskStore, openS3Store } from '@grantway/core';
import { createEgress } from '@grantway/egress';
import { createFileSealing, type KeyRing } from '@grantway/vault';
import type { FileConfig } from './config.ts';

export type FileOptions = Partial<FileConfig> & {
  /** For files, or for what waits to be sent to the store. Undefined: one that goes with the process. */
  folder?: string;
};

const usual = { maxBytes: 52_428_800, quotaBytes: 10_737_418_240, maxFiles: 1_000_000, lifeSeconds: 86_400 };
const [idleMs, totalMs] = [30_000, 600_000];

/**
 * Where files are kept. A store is reached through an egress of its own, which lets through exactly the host that the operator
 * named: it often has a private address, and nothing else may go there.
 */
export async function openFiles(
  options: FileOptions,
  ring: KeyRing,
  { userAgent, credential }: { userAgent: string; credential: Secret<Credential> | undefined },
): Promise<{ modules: FileModules; close(): Promise<void> }> {
  const { folder: given, s3, ...limits } = options;
  const folder = given ?? (await mkdtemp(path.join(tmpdir(), 'grantway-files-')));
  const common = { sealing: createFileSealing(ring), settings: { ...usual, ...limits } };
  const forget = async () => {
    if (given === undefined) await rm(folder, { recursive: true, force: true });
  };
  if (s3 === undefined || credential === undefined) return { modules: { ...common, store: await openDiskStore(folder) }, close: forget };
  const { endpoint, bucket, region } = s3;
  const { protocol, hostname, port } = new URL(endpoint);
  const egress = createEgress({ userAgent, allowHosts: [`${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`] });
  const spoolFolder = path.join(folder, 'spool');
  const store = await openS3Store({ egress, endpoint, bucket, region, credential, spoolFolder, idleMs, totalMs });
  return {
    modules: { ...common, store },
    async close() {
      await egress.close();
      await forget();
    },
  };
}
