import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ApiRequest, Connector, Credential } from '@grantway/connector-kit';
import type { Secret } from '@grantway/contract';
import type { Egress } from '@grantway/egress';
import { mustBePlain, removeStale, writeWhole } from './disk-store.ts';
import type { FileStore } from './file-store.ts';

export interface S3Options {
  egress: Pick<Egress, 'call' | 'download'>;
  /** Without a trailing slash; the bucket stands in the path, as every S3-compatible store takes it. */
  endpoint: string;
  bucket: string;
  region: string;
  /** With the fields `access_key_id` and `secret_access_key`. */
  credential: Secret<Credential>;
  /** Where sealed bytes wait until their length and hash are known: the request says both. */
  spoolFolder: string;
  /** How long nothing may move. */
  idleMs: number;
  totalMs: number;
}

const secret = (name: string) => ({ name, label: name, secret: true });

/** An S3-compatible store (docs.aws.amazon.com/AmazonS3/latest/API): PutObject, GetObject, DeleteObject. */
export async function openS3Store(options: S3Options): Promise<FileStore> {
  const { egress, credential, spoolFolder, idleMs, totalMs } = options;
  await mkdir(spoolFolder, { recursive: true, mode: 0o700 });
  await removeStale(spoolFolder);
  const store: Connector = {
    id: 's3',
    name: 'the file store',
    description: '',
    docs: '',
    auth: {
      kind: 'aws_sigv4',
      fields: [
        secret('access_key_id'),
        secret('secret_access_key'),
        { name: 'region', label: 'region', secret: false, pattern: /^[a-z0-9-]{1,64}$/ },
      ],
      accessKeyId: '{access_key_id}',
      secretAccessKey: '{secret_access_key}',
      region: '{region}',
      service: 's3',
    },
    api: { baseUrl: `${options.endpoint}/${options.bucket}` },
    identify: {
      request: { method: 'GET', path: '/' },
      subject: () => ({ id: '', label: '' }),
      example: { receives: { body: '' }, gives: { id: '', label: '' } },
    },
    tools: [],
  };
  const target = { connector: store, fields: { region: options.region }, sandbox: false };
  const at = (method: ApiRequest['method'], name: string): ApiRequest => ({ method, path: `/${mustBePlain(name)}` });
  const unexpected = (deed: string, status: number) => new Error(`the file store answered ${status} to ${deed}`);

  return {
    async put(name, sealed) {
      const spooled = path.join(spoolFolder, mustBePlain(name));
      const { size, sha256 } = await writeWhole(spooled, sealed);
      try {
        const contentType = 'application/octet-stream';
        const request: ApiRequest = { ...at('PUT', name), upload: { file: name, as: 'body', contentType } };
        const file = { name, contentType, size, sha256, open: async () => createReadStream(spooled, { highWaterMark: 262_144 }) };
        const { status } = await egress.call(target, request, credential, { timeoutMs: idleMs, totalMs, file });
        if (status !== 200) throw unexpected('a PUT', status);
      } finally {
        await rm(spooled, { force: true });
      }
    },
    get(name) {
      return new Promise<Readable>((resolve, reject) => {
        const out = new PassThrough({ highWaterMark: 262_144 });
        const receive = (_head: unknown, bytes: AsyncIterable<Buffer>) => {
          resolve(out);
          return pipeline(bytes, out);
        };
        egress
          .download(target, at('GET', name), credential, { timeoutMs: idleMs, totalMs, maxFileBytes: Number.MAX_SAFE_INTEGER, receive })
          .then(
            ({ status }) => {
              if (status !== 200) reject(unexpected('a GET', status));
            },
            (error: Error) => {
              out.destroy(error);
              reject(error);
            },
          );
      });
    },
    async remove(name) {
      const { status } = await egress.call(target, at('DELETE', name), credential, { timeoutMs: idleMs });
      if (![200, 202, 204, 404].includes(status)) throw unexpected('a DELETE', status);
    },
  };
}
