import type { Agent, ExposedTool } from '@grantway/core';
import type { Rounds, ToolAnswer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { errorCode, isObject, type JsonObject, RpcError, type RpcRequest } from './json-rpc.ts';
import { digestOf, foreign, openState, wrapState } from './remote-rounds.ts';
import { execute } from './tool-answers.ts';

/** How the client of this request speaks, and what it can do. */
export interface Speaker {
  era: 'modern' | 'legacy';
  /** What it may be asked. */
  capabilities: JsonObject;
  logLevel: string | undefined;
}

/** `rounds`: the result itself asks, and goes to the client as it is. */
export type RemoteAnswer = ToolAnswer | { kind: 'rounds'; result: JsonObject };

/**
 * One request to a remote MCP server on behalf of this client: progress and log messages are told as they come, questions
 * reach the client in the way of its era, and when it gives up, so does the call.
 * @throws RpcError invalidParams for a requestState that is not ours, invalidRequest for an id that is in use
 */
export async function callRemote(
  exchange: Exchange,
  speaker: Speaker,
  request: RpcRequest,
  exposed: ExposedTool,
  args: JsonObject,
): Promise<RemoteAnswer> {
  const { session, conversation } = exchange;
  if (speaker.era === 'legacy') {
    if (session?.running.has(request.id) === true) {
      const words = 'A request of this session with the same id is still running; give each request an id of its own.';
      throw new RpcError(errorCode.invalidRequest, words, { status: 400 });
    }
    const stop = new AbortController();
    session?.running.set(request.id, stop);
    const agent: Agent = {
      ...hearing(exchange, speaker, request),
      // A closed connection alone is no cancellation in this era.
      signal: stop.signal,
      takesRounds: false,
      ...(session === undefined
        ? {}
        : {
            async onQuestion(method, params) {
              // Nobody is asked for a URL that has ended meanwhile.
              const release = exchange.hold(() => stop.abort());
              try {
                return await session.ask(conversation, method, params);
              } finally {
                release();
              }
            },
          }),
    };
    try {
      return await execute(exchange, request.method, exposed, args, agent);
    } finally {
      session?.running.delete(request.id);
    }
  }

  const { inputResponses, requestState: given } = request.params;
  // Few calls are asked anything.
  const digest = () => digestOf(request.method, request.params);
  const opened = given === undefined ? undefined : await openState(exchange, digest(), given);
  if (opened?.kind === 'p') {
    const waiting = exchange.rounds.find(opened.state, exchange.instance.id, digest());
    if (waiting === undefined) throw foreign();
    waiting.answer(inputResponses);
    return nextOf(exchange, digest, waiting);
  }
  // A state of our own question has been judged already, and its answer is not for the server.
  const isOurs = opened === undefined && given !== undefined;
  const round = { ...(isOurs ? {} : { inputResponses }), ...(opened === undefined ? {} : { requestState: opened.state }) };
  const call = exchange.rounds.start(exchange.instance.id, digest, exchange.hold, (waiting) => {
    exchange.conversation.whenGone(waiting.stop);
    return execute(exchange, request.method, exposed, args, {
      ...hearing(exchange, speaker, request),
      signal: waiting.signal,
      takesRounds: true,
      round,
      onQuestion: (method, params) => waiting.ask(method, params),
    });
  });
  const answer = await nextOf(exchange, digest, call);
  if (answer.kind !== 'output') return answer;
  const { remote } = answer.output;
  if (remote?.resultType !== 'input_required') return answer;
  const { requestState, inputRequests } = remote;
  return {
    kind: 'rounds',
    result: {
      resultType: 'input_required',
      ...(inputRequests === undefined ? {} : { inputRequests }),
      ...(typeof requestState === 'string' ? { requestState: await wrapState(exchange, digest(), 'u', requestState) } : {}),
    },
  };
}

async function nextOf(exchange: Exchange, digest: () => string, call: ReturnType<Rounds['start']>): Promise<RemoteAnswer> {
  const next = await call.next();
  if (next.kind === 'done') return next.value;
  const requestState = await wrapState(exchange, digest(), 'p', call.id);
  return { kind: 'rounds', result: { resultType: 'input_required', inputRequests: next.questions, requestState } };
}

const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

/** The part of an agent that listens. Nothing but progress of this call and wanted log messages reaches the client. */
function hearing(exchange: Exchange, speaker: Speaker, { params }: RpcRequest): Omit<Agent, 'takesRounds'> {
  const { session, conversation } = exchange;
  const token = isObject(params._meta) ? params._meta.progressToken : undefined;
  const wantsProgress = typeof token === 'string' || typeof token === 'number';
  const wantsLogs = speaker.era === 'legacy' || speaker.logLevel !== undefined;
  return {
    manner: { era: session === undefined ? 'modern' : speaker.era, sessionId: session?.id },
    party: { capabilities: speaker.capabilities, logLevel: speaker.logLevel },
    progress: wantsProgress,
    onNotification(method, params) {
      if (method === 'notifications/progress' && wantsProgress) {
        const { progress, total, message } = params;
        if (typeof progress !== 'number') return;
        conversation.say({
          jsonrpc: '2.0',
          method,
          params: {
            progressToken: token,
            progress,
            ...(typeof total === 'number' ? { total } : {}),
            ...(typeof message === 'string' ? { message } : {}),
          },
        });
      } else if (method === 'notifications/message' && wantsLogs && isLoudEnough(params.level, speaker.logLevel)) {
        const { level, logger, data } = params;
        conversation.say({ jsonrpc: '2.0', method, params: { level, ...(typeof logger === 'string' ? { logger } : {}), data } });
      }
    },
  };
}

function isLoudEnough(level: unknown, least: string | undefined): boolean {
  const at = levels.indexOf(level as string);
  return at >= 0 && (least === undefined || at >= levels.indexOf(least));
}
