import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Secret } from '@grantway/contract';
import { parseMasterKey } from '@grantway/vault';

/** What scripts read to call a broker on this machine. */
export interface Credentials {
  base_url: string;
  client_id: string;
  client_secret: string;
}

const credentialsFile = (dataDir: string) => path.join(dataDir, 'credentials.json');
const masterKeyFile = (dataDir: string) => path.join(dataDir, 'master-key');

/** Written beside and renamed: a crash leaves the old file or the new one, never half of it. Mode 0600 from the start. */
function writePrivate(file: string, text: string): void {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  const fd = openSync(temporary, 'wx', 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
}

export function readCredentials(dataDir: string): Credentials | undefined {
  if (!existsSync(credentialsFile(dataDir))) return undefined;
  const value: unknown = JSON.parse(readFileSync(credentialsFile(dataDir), 'utf8'));
  if (typeof value !== 'object' || value === null || !('client_id' in value) || !('client_secret' in value)) {
    throw new Error(`${credentialsFile(dataDir)} is not a credentials file; remove it to get new credentials`);
  }
  return value as Credentials;
}

export function writeCredentials(dataDir: string, credentials: Credentials): void {
  writePrivate(credentialsFile(dataDir), `${JSON.stringify(credentials, null, 2)}\n`);
}

/** The generated master key of embedded mode; made once, before the first thing is sealed under it. */
export function ensureMasterKey(dataDir: string): Secret<Buffer> {
  const file = masterKeyFile(dataDir);
  if (!existsSync(file)) writePrivate(file, `${randomBytes(32).toString('base64')}\n`);
  return parseMasterKey(readFileSync(file, 'utf8'));
}

/** A file with a master key that the operator named. */
export function readMasterKey(file: string): Secret<Buffer> {
  return parseMasterKey(readFileSync(file, 'utf8'));
}

/** The next master key of embedded mode; made once per rotation, kept until it takes the first one's place. */
export function ensureNextMasterKey(dataDir: string): Secret<Buffer> {
  const file = `${masterKeyFile(dataDir)}.next`;
  if (!existsSync(file)) writePrivate(file, `${randomBytes(32).toString('base64')}\n`);
  return readMasterKey(file);
}

/** The master key before the last rotation: backups from before it need it. */
export function readPreviousMasterKey(dataDir: string): Secret<Buffer> | undefined {
  const file = `${masterKeyFile(dataDir)}.previous`;
  return existsSync(file) ? readMasterKey(file) : undefined;
}

export const isRotatingMasterKey = (dataDir: string): boolean => existsSync(`${masterKeyFile(dataDir)}.next`);

/** The next master key becomes the master key, in one rename; the one before stays beside it. */
export function promoteMasterKey(dataDir: string): void {
  const file = masterKeyFile(dataDir);
  writePrivate(`${file}.previous`, readFileSync(file, 'utf8'));
  renameSync(`${file}.next`, file);
}
