import { retryAfter } from '@grantway/connector-kit';
import { Fault, isFault } from '@grantway/contract';
import { EgressError } from '@grantway/egress';
import { isObject, type JsonObject, mayAsk, mirroredHeaders, type Party, RemoteError, RemoteRefusal } from '@grantway/mcp-client';
import { isComplete, type Manner, questionsIn, type RemoteLinks, type RemoteTarget } from './remote-links.ts';
import type { ExposedTool } from './tools.ts';

/** What the client behind a call speaks, can do and wants to hear; its half of a call that is passed on. */
export interface Agent {
  manner: Manner;
  party: Party;
  progress: boolean;
  signal?: AbortSignal | undefined;
  /** Progress and log messages, as the server sends them. */
  onNotification(method: string, params: JsonObject): void;
  /**
   * Asks the person or the model behind the client; not there where nobody can be asked in the middle of a call.
   * @throws RemoteError to refuse
   */
  onQuestion?(method: string, params: JsonObject): Promise<JsonObject>;
  /** Answers to the questions of an earlier round, and the server's own state of it. */
  round?: { inputResponses?: unknown; requestState?: string } | undefined;
  /** The client itself carries out rounds: a result that asks is passed on. */
  takesRounds: boolean;
}

/** A caller without a client of MCP: nobody hears, nobody can be asked. */
export const noAgent: Agent = {
  manner: { era: 'modern' },
  party: { capabilities: {} },
  progress: false,
  takesRounds: false,
  onNotification: () => {},
};

const maxRounds = 10;

/**
 * The request as it goes to the server, with the rounds that the client cannot carry out itself.
 * @throws RemoteError, RemoteRefusal, EgressError, NeedsAuthorization, Fault provider_answer_invalid
 */
export async function exchangeRemote(
  links: RemoteLinks,
  target: RemoteTarget,
  remote: NonNullable<ExposedTool['remote']>,
  args: Record<string, unknown>,
  agent: Agent,
  timeoutMs: number,
): Promise<JsonObject> {
  let round: Agent['round'] = agent.round;
  const { capabilities } = agent.party;
  const { onQuestion } = agent;
  const ask =
    onQuestion &&
    (async (method: string, params: JsonObject) => {
      if (!mayAsk(capabilities, method, params)) throw new RemoteError(-32601, 'The client did not declare that it can be asked this.');
      return onQuestion(method, params);
    });
  for (let rounds = 0; ; rounds++) {
    const result = await links.request(target, agent.manner, {
      method: remote.method,
      params: {
        ...remote.params(args),
        ...(round?.inputResponses === undefined ? {} : { inputResponses: round.inputResponses }),
        ...(round?.requestState === undefined ? {} : { requestState: round.requestState }),
      },
      party: agent.party,
      progress: agent.progress,
      timeoutMs,
      signal: agent.signal,
      ...(remote.mirrored === undefined ? {} : { headers: mirroredHeaders(remote.mirrored, args) }),
      onNotification: agent.onNotification,
      ...(ask === undefined ? {} : { onQuestion: ask }),
    });
    if (isComplete(result)) return result;
    const questions = questionsIn(result);
    const asksNothing = questions === undefined || Object.keys(questions).length === 0;
    if (asksNothing && typeof result.requestState !== 'string')
      throw new Fault('provider_answer_invalid', { internal: 'unknown resultType' });
    const asked = Object.entries(questions ?? {});
    const isFair = asked.every(([, { method, params }]) => mayAsk(capabilities, method, params));
    if (isFair && agent.takesRounds) return result;
    if (!isFair || ask === undefined || rounds >= maxRounds) {
      throw new Fault('provider_error', 'the server asked for something that this client cannot answer');
    }
    const answers = await Promise.all(asked.map(async ([name, { method, params }]) => [name, await ask(method, params)] as const));
    const { requestState } = result;
    round = { inputResponses: Object.fromEntries(answers), ...(typeof requestState === 'string' ? { requestState } : {}) };
  }
}

/** Codes of the exchange with the server itself: the agent can do nothing about them. */
const ours = new Set([-32700, -32600, -32020, -32022]);

/** What becomes of a failed exchange. Undefined: not a failure of the server's. */
export function remoteFault(error: unknown, name: string, isRead: boolean, method: string): Fault | undefined {
  const maybe = (fault: Fault): Fault =>
    isRead
      ? fault
      : new Fault('outcome_unknown', {
          detail: `${name} did not answer; the call may have happened. Look before you repeat it.`,
          cause: error,
        });
  if (isFault(error, 'provider_answer_invalid')) return maybe(error);
  if (error instanceof EgressError) {
    if (error.kind === 'blocked' || !error.sent) return error.toFault();
    return maybe(error.toFault());
  }
  if (error instanceof RemoteError) {
    if (error.code === -32042) {
      // Forbidden since 2026-07-28, and hidden by many clients before: its links become words.
      const links = isObject(error.data) && Array.isArray(error.data.elicitations) ? error.data.elicitations : [];
      const urls = links.flatMap((link) => (isObject(link) && typeof link.url === 'string' ? [link.url.slice(0, 2048)] : []));
      return new Fault('provider_error', [`${name}: ${error.message}`, ...urls].join('\n'));
    }
    // Refused before it was looked at: whatever it would have done was not done.
    if (ours.has(error.code)) return new Fault('provider_answer_invalid', { internal: `JSON-RPC ${error.code}: ${error.message}` });
    const data = method === 'resources/read' && error.code === -32002 ? { code: -32602 } : { code: error.code };
    return new Fault('provider_error', {
      detail: `${name}: ${error.message}`,
      extra: { rpc_error: { ...data, message: error.message, ...(error.data === undefined ? {} : { data: error.data }) } },
      cause: error,
    });
  }
  if (error instanceof RemoteRefusal) {
    const after = retryAfter(error.retryAfter);
    const said = `${name}: ${error.message}`;
    switch (error.kind) {
      case 'rate_limited':
        return new Fault('provider_rate_limited', { detail: said, ...(after === undefined ? {} : { retryAfterSeconds: after }) });
      case 'unavailable':
        return error.status === 503 ? new Fault('provider_unavailable', said) : maybe(new Fault('provider_unavailable', said));
      case 'unreadable':
        return maybe(new Fault('provider_answer_invalid', { internal: 'no JSON-RPC answer' }));
      case 'unauthorized':
        return new Fault('connection_incident', `${name} does not accept the connection's header`);
      default:
        return new Fault('provider_error', said);
    }
  }
  return undefined;
}
