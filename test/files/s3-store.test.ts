import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Secret } from '@grantway/contract';
import { startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type S3Server, startS3 } from './s3-server.ts';
import { filesOf } from './setting.ts';

const secret = 'made-up+secret/key';
const folder = mkdtempSync(path.join(tmpdir(), 'grantway-s3-'));
let s3: S3Server;
let broker: TestBroker;
let files: ReturnType<typeof filesOf>;

beforeAll(async () => {
  s3 = await startS3('agents-files', secret);
  broker = await startBroker({
    sandbox: false,
    files: {
      folder,
      s3: {
        endpoint: s3.endpoint,
        bucket: 'agents-files',
        region: 'eu-central-1',
        accessKeyId: 'MADEUPKEYID',
        secretAccessKey: new Secret(secret),
      },
    },
  });
  files = filesOf(broker);
});
afterAll(async () => {
  await broker?.close();
  await s3?.close();
  rmSync(folder, { recursive: true, force: true });
});

const spooled = () => readdirSync(path.join(folder, 'spool'));

it('a file goes to the store sealed, by signed requests, comes back whole, and is deleted there', async () => {
  for (const size of [0, 5, 70_000, 1_000_000]) {
    const bytes = randomBytes(size);
    const { status, body } = await files.upload(bytes);
    expect(status, JSON.stringify(body)).toBe(201);
    const stored = s3.objects.get(body.id) as Buffer;
    expect(stored.length).toBeGreaterThan(size);
    if (size > 0) expect(stored.includes(bytes.subarray(0, 16))).toBe(false);
    expect((await files.download(body.id)).bytes.equals(bytes)).toBe(true);
    expect((await broker.api(`/v1/files/${body.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(s3.objects.size).toBe(0);
  }
  expect(s3.refused).toEqual([]);
  expect(spooled()).toEqual([]);
});

it('the signing key is in no log, and a store that refuses is one fault that changes nothing', async () => {
  s3.fail = 507;
  const { status, body } = await files.upload('a file');
  expect([status, body.code]).toEqual([503, 'unavailable']);
  s3.fail = undefined;
  expect((await broker.api('/v1/files')).body.items).toEqual([]);
  expect(s3.objects.size).toBe(0);
  expect(spooled()).toEqual([]);
  expect(broker.logLines.join('\n')).not.toContain(secret);
});

it('what the store lost or altered is never given out as the file', async () => {
  const bytes = randomBytes(200_000);
  const { body } = await files.upload(bytes);
  const stored = s3.objects.get(body.id) as Buffer;
  s3.objects.set(body.id, stored.subarray(0, 100_000));
  // The answer has begun by then: it ends before its length.
  await expect(files.download(body.id)).rejects.toThrow();
  s3.objects.delete(body.id);
  const gone = await files.download(body.id);
  expect([gone.status, JSON.parse(gone.bytes.toString()).code]).toEqual([503, 'unavailable']);
});
