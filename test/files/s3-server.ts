import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface S3Server {
  endpoint: string;
  objects: Map<string, Buffer>;
  /** Requests whose signature or body was not as it should be. */
  refused: string[];
  /** Answers every request with this status instead. */
  fail: number | undefined;
  close(): Promise<void>;
}

const hash = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: Buffer | string, text: string) => createHmac('sha256', key).update(text).digest();

/** The signature that AWS documents (SigV4), worked out anew from what came over the wire. */
function expected(request: IncomingMessage, secret: string): { signature: string; given: string } | undefined {
  const header = request.headers.authorization ?? '';
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (found === null) return undefined;
  const [, , date = '', region = '', names = '', given = ''] = found;
  const canonical = [
    request.method,
    new URL(request.url ?? '/', 'http://s3').pathname,
    '',
    ...names.split(';').map((name) => `${name}:${request.headers[name]}`),
    '',
    names,
    request.headers['x-amz-content-sha256'],
  ].join('\n');
  const scope = `${date}/${region}/s3/aws4_request`;
  const key = [region, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, date));
  const signature = hmac(key, ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, hash(canonical)].join('\n')).toString('hex');
  return { signature, given };
}

/** A store as small as can be: objects in memory, every request's signature and body hash verified. */
export async function startS3(bucket: string, secret: string): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const refused: string[] = [];
  const state = { fail: undefined as number | undefined };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const end = (status: number, bytes: Buffer = Buffer.alloc(0)) =>
      response.writeHead(status, { 'content-length': bytes.length }).end(bytes);
    if (state.fail !== undefined) return end(state.fail);
    const signed = expected(request, secret);
    const isWhole = request.headers['x-amz-content-sha256'] === hash(body);
    if (signed === undefined || signed.signature !== signed.given || !isWhole || request.headers['content-encoding'] !== undefined) {
      refused.push(`${request.method} ${request.url}`);
      return end(403);
    }
    const [, in_, key = ''] = (request.url ?? '').split('/');
    if (in_ !== bucket) return end(404);
    if (request.method === 'PUT') {
      objects.set(key, body);
      return end(200);
    }
    if (request.method === 'DELETE') {
      objects.delete(key);
      return end(204);
    }
    const found = objects.get(key);
    return found === undefined ? end(404) : end(200, found);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    refused,
    get fail() {
      return state.fail;
    },
    set fail(status) {
      state.fail = status;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
