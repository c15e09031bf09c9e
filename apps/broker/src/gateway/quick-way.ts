import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { newId } from '@grantway/contract';
import type { OpenInstance, ReadInstance } from '@grantway/core';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Accounting } from '../accounting.ts';
import { requestLogger } from '../logger.ts';
import type { UrlCredential } from './credentials.ts';
import { type JsonObject, messageText, parseJson } from './json-rpc.ts';
import { readWholeRequests, type Taken, type WholeAnswer, type WholeRequest } from './whole-requests.ts';

/** Of a body that is answered here; longer ones come in several pieces anyway. */
const maxBodyBytes = 65_536;
const secretUrl = /^\/u\/([A-Za-z0-9_]{1,200})\/mcp$/;
const callsTool = Buffer.from('"tools/call"');

/** What is answered in the quick way, once it is known to be that. */
export interface QuickCall {
  credential: UrlCredential;
  opened: ReadInstance;
  /** Whether the instance was read for this call, and not before. */
  isNew: boolean;
  body: JsonObject;
  requestId: string;
  log: FastifyBaseLogger;
  headers: IncomingHttpHeaders;
  socket: Socket;
}

export interface QuickWayDeps {
  accounting: Accounting;
  /** The route's pattern, as the other way in has it. */
  route: string;
  /** Headers of every answer. */
  headers: Record<string, string>;
  /** For how long the rest of a call is waited for; default as `Taker`'s. */
  patienceMs?: number;
  /** Whether somebody may ask at all (Host, Origin). */
  admits(request: Pick<WholeRequest, 'headers' | 'socket'>): boolean;
  credentialOf(secret: string): UrlCredential;
  /** Whether the instance and the message are ones that are answered here. */
  takes(instance: OpenInstance, body: unknown): body is JsonObject;
  /** Answers failures as well. */
  answer(call: QuickCall): Promise<Answer>;
  /** To a credential that opens nothing. */
  refusal(error: unknown, log: FastifyBaseLogger): Answer;
}

interface Answer {
  status: number;
  message: JsonObject;
}

/**
 * What is asked most, a plain call of a tool at an instance's URL, is answered without the framework's steps in between: they cost
 * as much as everything that the gateway itself does with it. Only a request is taken that has arrived whole, in the plainest
 * form of HTTP; every other one goes the ordinary way untouched, and so does a call that turns out to need it once its instance was
 * read. Nothing is decided here that is not decided there: answers and refusals are made by the same functions.
 */
export function openQuickWay(app: FastifyInstance, deps: QuickWayDeps): void {
  const { accounting, route, patienceMs } = deps;
  const longest = Math.min(maxBodyBytes, app.initialConfig.bodyLimit ?? maxBodyBytes);
  const fixedHeaders = Object.entries({ ...deps.headers, 'content-type': 'application/json; charset=utf-8' })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  let close = async () => {};
  app.addHook('onReady', async () => {
    close = readWholeRequests(app.server, {
      expects: (head) => secretOf(head) !== undefined,
      take,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
  });
  app.addHook('preClose', () => close());

  /** Of a plain POST with JSON at an instance's URL. */
  function secretOf({ method, target, headers }: Pick<WholeRequest, 'method' | 'target' | 'headers'>): string | undefined {
    const { 'content-type': type, 'content-length': length } = headers;
    const isPlain =
      method === 'POST' &&
      (type === 'application/json' || type === 'application/json; charset=utf-8') &&
      length !== undefined &&
      Number(length) <= longest &&
      headers['mcp-session-id'] === undefined &&
      headers['content-encoding'] === undefined;
    return isPlain ? secretUrl.exec(target)?.[1] : undefined;
  }

  function take(request: WholeRequest): Taken | undefined {
    const secret = secretOf(request);
    if (secret === undefined || !deps.admits(request)) return undefined;
    const credential = deps.credentialOf(secret);
    const callOf = (instance: OpenInstance): JsonObject | undefined => {
      const body = parsed(request.body);
      return deps.takes(instance, body) ? body : undefined;
    };
    const remembered = credential.recall();
    if (remembered === undefined) {
      if (!request.body.includes(callsTool)) return undefined;
      // Nothing of the body is read before it is known who asks.
      return begun(({ answered, refused }) =>
        credential.read().then((opened) => {
          const body = callOf(opened.instance);
          return body === undefined ? undefined : answered(opened, body, true);
        }, refused),
      );
    }
    const body = callOf(remembered.instance);
    return body === undefined ? undefined : begun(({ answered }) => answered(remembered, body, false));

    function begun(
      work: (by: {
        answered(opened: ReadInstance, body: JsonObject, isNew: boolean): Promise<WholeAnswer>;
        refused(error: unknown): WholeAnswer;
      }) => Taken['answer'],
    ): Taken {
      const startedAt = performance.now();
      const { headers, socket } = request;
      const requestId = newId('request');
      const log = requestLogger(app.log, { request_id: requestId });
      const sent = ({ status, message }: Answer): WholeAnswer => {
        accounting.answered('POST', route, status, performance.now() - startedAt, log);
        return { status, headers: `x-request-id: ${requestId}\r\n${fixedHeaders}`, body: messageText(message) };
      };
      return {
        answer: work({
          answered: (opened, body, isNew) => deps.answer({ credential, opened, isNew, body, requestId, log, headers, socket }).then(sent),
          refused: (error) => sent(deps.refusal(error, log)),
        }),
        over: accounting.begun(),
        failed: (err) => log.error({ err }, 'an answer could not be sent'),
      };
    }
  }
}

/** Undefined for anything that is to be looked at, and refused, elsewhere. */
function parsed(bytes: Buffer): unknown {
  if (!bytes.includes(callsTool)) return undefined;
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}
