import type { Socket } from 'node:net';
import { Fault } from '@grantway/contract';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { isUpload } from './file-transfer.ts';
import { newRequestId, problemOf } from './http.ts';

/** How long what a caller still sends after its answer is read and dropped, so that the answer reaches it. */
const lingerMs = 1_000;

/** The latest request of each connection. */
const latest = new WeakMap<Socket, FastifyReply>();

/** Those whose request cannot be read any further. */
const broken = new WeakSet<FastifyReply>();

/**
 * Ends connections whose caller goes on sending a request that was answered already; not at once, since a connection that
 * is closed while it is written to takes the answer with it.
 */
export function boundUploads(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    latest.set(request.raw.socket, reply);
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    if (!request.raw.complete && !broken.has(reply)) reply.removeHeader('connection');
    done(null, payload);
  });
  app.addHook('onResponse', ({ raw }, _reply, done) => {
    done();
    if (raw.complete) return;
    setTimeout(() => {
      // With its connection.
      if (!raw.complete) raw.destroy();
    }, lingerMs).unref();
  });
}

/**
 * What could not be read to its end: headers too large, too late, or no HTTP. Where the headers were read, the answer is
 * of the kind that the request's address has; otherwise there is only the socket to answer on.
 */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const reply = latest.get(socket);
  // It is told once only; who takes the file ends what stands still.
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && reply !== undefined && isUpload(reply) && !reply.request.raw.complete) return;
  const fault = faultOf(error.code);
  if (reply !== undefined && !reply.request.raw.complete) {
    if (reply.sent || reply.raw.headersSent) socket.destroy();
    else {
      broken.add(reply);
      reply.header('connection', 'close').send(fault);
    }
    return;
  }
  const body = JSON.stringify(problemOf(fault, newRequestId()));
  socket.end(
    `HTTP/1.1 ${fault.status} \r\ncontent-type: application/problem+json\r\ncache-control: no-store\r\n` +
      `connection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

function faultOf(code: string | undefined): Fault {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Fault('headers_too_large', 'the headers are larger than this broker reads');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Fault('request_timeout', 'the request did not arrive completely in time');
    default:
      return new Fault('invalid_request', 'the request is no valid HTTP');
  }
}
