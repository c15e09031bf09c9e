import { Fault, isFault } from '@grantway/contract';
import { approvalArgument, approvalTool, findApprovedCall, mayAsk, type OpenInstance } from '@grantway/core';
import type { ToolAnswer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import type { Exposure } from './exposure.ts';
import { type JsonObject, RpcError } from './json-rpc.ts';
import { callTool, type ToolRequest, toolResult } from './tool-answers.ts';

/** Only where a call may have to be approved: nobody else is to read of it. */
function hasApprovalTool(instance: Pick<OpenInstance, 'policy'>): boolean {
  return mayAsk(instance.policy);
}

const approvalToolDefinition: JsonObject = {
  name: approvalTool,
  title: 'Go on with an approved call',
  description:
    'Some calls wait until a person approves them, and answer with an approval id. Ask here how it stands: once approved, the call is made with exactly the arguments that were shown, once, and this answers its result. Asking again gets the same answer.',
  inputSchema: {
    type: 'object',
    properties: { [approvalArgument]: { type: 'string', description: 'The approval id that the waiting call answered with' } },
    required: [approvalArgument],
    additionalProperties: false,
  },
  annotations: {
    title: 'Go on with an approved call',
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: true,
  },
};

/** Before the config's own tools, on the first page. */
export function withApprovalTool<T extends { tools: JsonObject[] }>({ instance }: Exchange, list: T, params: JsonObject): T {
  return params.cursor === undefined && hasApprovalTool(instance) ? { ...list, tools: [approvalToolDefinition, ...list.tools] } : list;
}

/** A CallToolResult; undefined for a call of any other tool. */
export async function answerApprovalTool(exchange: Exchange, exposure: Exposure, request: ToolRequest): Promise<JsonObject | undefined> {
  if (request.name !== approvalTool || !hasApprovalTool(exchange.instance)) return undefined;
  const [answer, meant] = await goOn(exchange, exposure, request);
  const result = toolResult(answer, meant);
  if (answer.kind === 'output') return answer.output.remote === undefined ? result : { ...result, ...remoteParts(answer.output.remote) };
  const { code } = answer.fault;
  // Here the question was how it stands, and that is the answer.
  return code === 'approval_required' || code === 'approval_running' ? { ...result, isError: false } : result;
}

function remoteParts({ content, structuredContent, isError }: JsonObject): JsonObject {
  return {
    content: Array.isArray(content) ? content : [],
    ...(structuredContent === undefined ? {} : { structuredContent }),
    ...(isError === true ? { isError } : {}),
  };
}

/** Makes the approved call on the ordinary way, or answers what is kept of it. The second value is the call that was meant. */
async function goOn(exchange: Exchange, exposure: Exposure, request: ToolRequest): Promise<[ToolAnswer, ToolRequest]> {
  const { modules, instance, requestId, log } = exchange;
  try {
    const id = idIn(request.args);
    const agent = {
      environmentId: instance.environmentId,
      via: 'mcp',
      client_id: instance.clientId,
      mcp_instance_id: instance.id,
      user_identifier: instance.userIdentifier,
      requestId,
      log,
    } as const;
    const found = await findApprovedCall(modules, agent, id);
    if (found.kind === 'kept') {
      const { output, remote } = found.answer;
      return [{ kind: 'output', output: { toolCallId: found.toolCallId, output, ...(remote === undefined ? {} : { remote }) } }, request];
    }
    const call = { name: found.name, args: found.args };
    const exposed = exposure.byName.get(found.name);
    if (exposed === undefined) throw noLonger(id);
    // A tool that the policy hides by now is answered as one that does not exist.
    const answer = await callTool(exchange, call, exposed, id).catch((error: unknown) => {
      throw error instanceof RpcError ? noLonger(id) : error;
    });
    return [answer, call];
  } catch (error) {
    if (!isFault(error)) throw error;
    return [{ kind: 'fault', fault: error }, request];
  }
}

function noLonger(id: string): Fault {
  return new Fault('approval_changed', { detail: 'the tool of this call is not offered here any more', extra: { approval_id: id } });
}

function idIn(args: JsonObject): string {
  const { [approvalArgument]: id, ...rest } = args;
  const errors = Object.keys(rest).map((name) => ({ pointer: `/${name}`, detail: 'unknown argument' }));
  if (typeof id !== 'string') errors.unshift({ pointer: `/${approvalArgument}`, detail: 'must be the id of an approval' });
  if (errors.length > 0) throw new Fault('argument_invalid', { errors });
  return id as string;
}
