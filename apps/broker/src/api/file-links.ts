import { Fault, File, FileName } from '@grantway/contract';
import { downloadByLink, type Log, type Modules, uploadByLink } from '@grantway/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { giveFile, sentFile, takeBodiesAsFiles } from '../file-transfer.ts';
import { answerOtherMethods, sendProblem, toFault } from '../http.ts';

const requestOf = (request: FastifyRequest) => ({ requestId: request.id, log: request.log as unknown as Log });
const tokenOf = (request: FastifyRequest) => (request.params as { token: string }).token;

/** Files by links, for whoever has one: the link is all that is asked for, and it is good for one file. */
export function registerFileLinks(app: FastifyInstance, modules: Modules, { requestTimeoutMs }: { requestTimeoutMs: number }): void {
  app.setErrorHandler((error, request, reply) => sendProblem(reply, request, toFault(error, request.log as unknown as Log)));
  app.get('/files/:token/content', async (request, reply) =>
    giveFile(reply, await downloadByLink(modules, tokenOf(request), requestOf(request))),
  );
  app.register(async (scope) => {
    takeBodiesAsFiles(scope);
    scope.put('/files/:token', async (request, reply) => {
      const sent = sentFile(request, requestTimeoutMs);
      const file = await uploadByLink(modules, tokenOf(request), nameOf(request), sent, requestOf(request));
      return reply.status(201).header('cache-control', 'no-store').send(File.parse(file));
    });
  });
  answerOtherMethods(app, [
    { method: 'GET', path: '/files/{token}/content' },
    { method: 'PUT', path: '/files/{token}' },
  ]);
}

/** @throws Fault invalid_request */
function nameOf(request: FastifyRequest): string | undefined {
  const { name, ...rest } = request.query as Record<string, unknown>;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new Fault('invalid_request', `unknown parameter "${unknown.slice(0, 100)}"`);
  if (name === undefined) return undefined;
  const parsed = FileName.safeParse(name);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues[0]?.message ?? 'is no name';
  throw new Fault('invalid_request', { detail: `/name: ${detail}`, errors: [{ pointer: '/name', detail }] });
}
