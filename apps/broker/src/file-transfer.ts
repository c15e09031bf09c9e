import { Readable } from 'node:stream';
import { ContentType, Fault, type File } from '@grantway/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** What a request sends that is a file: its bytes as they come. */
export interface SentFile {
  contentType: string;
  /** As the request says; undefined where it does not. */
  size: number | undefined;
  bytes: AsyncIterable<Uint8Array>;
}

/** What a request gets that is a file. */
export interface GivenFile {
  file: Pick<File, 'name' | 'content_type' | 'size' | 'sha256'>;
  bytes: AsyncIterableIterator<Buffer>;
}

/** An upload may take this long, as long as it moves. */
const longestMs = 900_000;

const underWay = new WeakSet<FastifyReply>();

/** Node ends a request that takes longer than others may; one that brings a file has time limits of its own. */
export function isUpload(reply: FastifyReply): boolean {
  return underWay.has(reply);
}

/** In this scope bodies are files, of whatever type, and are not read before somebody asks for them. */
export function takeBodiesAsFiles(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  app.addHook('onRequest', async (_request, reply) => void underWay.add(reply));
}

/** @throws Fault unsupported_media_type */
export function sentFile(request: FastifyRequest, idleMs: number): SentFile {
  const contentType = ContentType.safeParse(request.headers['content-type'] ?? 'application/octet-stream');
  if (!contentType.success) throw new Fault('unsupported_media_type', 'the Content-Type must be a media type, for example application/pdf');
  const coding = request.headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') throw new Fault('unsupported_media_type', 'send the bytes without a Content-Encoding');
  const length = request.headers['content-length'];
  const size = length === undefined ? (request.headers['transfer-encoding'] === undefined ? 0 : undefined) : Number(length);
  return { contentType: contentType.data, size, bytes: inTime(request.raw, idleMs) };
}

/** The body's bytes, as long as they keep coming. The body is not destroyed where they do not: its caller is still to be answered. */
async function* inTime(body: Readable, idleMs: number): AsyncGenerator<Uint8Array> {
  const endsAt = performance.now() + longestMs;
  const pieces = body.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>;
  for (;;) {
    const next = pieces.next();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const waitMs = Math.max(0, Math.min(idleMs, endsAt - performance.now()));
      timer = setTimeout(() => reject(new Fault('request_timeout', 'the file did not arrive in time')), waitMs);
    });
    try {
      const { value, done } = await Promise.race([next, late]);
      if (done === true) return;
      yield value;
    } catch (error) {
      // Nobody waits for it any more; it fails with the connection.
      next.catch(() => {});
      if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
      throw new Fault('invalid_request', { detail: 'the upload was broken off', cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a browser makes of the bytes must not be a page of ours: it saves them, and runs nothing. */
export function giveFile(reply: FastifyReply, { file, bytes }: GivenFile): FastifyReply {
  const plain = file.name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const whole = encodeURIComponent(file.name).replaceAll(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return reply
    .headers({
      'cache-control': 'no-store',
      'content-type': file.content_type,
      'content-length': file.size,
      'content-disposition': `attachment; filename="${plain}"; filename*=UTF-8''${whole}`,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
    })
    .send(Readable.from(bytes, { objectMode: false }));
}
