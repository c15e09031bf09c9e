import { Fault, faults, isFault } from '@grantway/contract';
import {
  type Agent,
  accountArgument,
  approvalArgument,
  approvalTool,
  createDownloadLink,
  type ExposedTool,
  executeTool,
  OutdatedInstance,
  type ToolOutput,
} from '@grantway/core';
import type { ToolAnswer } from './answers.ts';
import type { Exchange } from './exchange.ts';
import { errorCode, isObject, type JsonObject, RpcError, WrittenResult } from './json-rpc.ts';

export interface ToolRequest {
  name: string;
  args: JsonObject;
}

/** @throws RpcError invalidParams */
export function readToolRequest(params: JsonObject): ToolRequest {
  const { name, arguments: args = {} } = params;
  if (typeof name !== 'string') throw new RpcError(errorCode.invalidParams, 'params.name must be the name of a tool.');
  if (!isObject(args)) throw new RpcError(errorCode.invalidParams, 'params.arguments must be an object.');
  return { name, args };
}

/**
 * Executes a tool; the call is finished and audited even when nobody waits for the answer any more.
 * @throws RpcError invalidParams for a tool that is not exposed here (recorded all the same); OutdatedInstance as executeTool
 */
export function callTool(
  exchange: Exchange,
  call: ToolRequest,
  exposed: ExposedTool | undefined,
  approvalId?: string,
): Promise<ToolAnswer> {
  return execute(exchange, call.name, exposed, call.args, undefined, approvalId);
}

/** @throws as callTool */
export async function execute(
  exchange: Exchange,
  name: string,
  exposed: ExposedTool | undefined,
  all: JsonObject,
  agent?: Agent,
  approvalId?: string,
): Promise<ToolAnswer> {
  const { modules, instance, log } = exchange;
  const { account, args } = splitAccount(all, exposed?.accountChoice === true);
  try {
    const output = await executeTool(
      modules,
      {
        via: 'mcp',
        environmentId: instance.environmentId,
        clientId: instance.clientId,
        userId: instance.userId,
        userIdentifier: instance.userIdentifier,
        instance,
        grant: instance,
        ...(exchange.remembered === undefined ? {} : { remembered: exchange.remembered }),
        requestId: exchange.requestId,
        log,
      },
      name,
      exposed,
      args,
      {
        account,
        ...(agent === undefined ? {} : { agent }),
        ...(approvalId === undefined ? {} : { approvalId }),
      },
    );
    return output.file === undefined ? { kind: 'output', output } : await withLink(exchange, output, output.file.file_id);
  } catch (error) {
    if (isFault(error, 'unknown_tool')) {
      throw new RpcError(errorCode.invalidParams, `Unknown tool: ${name.slice(0, 128)}`, {
        data: { code: error.code, tool_call_id: error.extra?.tool_call_id },
      });
    }
    if (isFault(error)) return { kind: 'fault', fault: error };
    if (error instanceof OutdatedInstance) throw error;
    // The audit row could not be written: what the provider did is then not known here, only that a read changed nothing.
    log.error({ err: error, tool: name.slice(0, 128) }, 'tool call could not be recorded');
    return { kind: 'fault', fault: new Fault(exposed?.tool.effect === 'read' ? 'internal' : 'outcome_unknown', { cause: error }) };
  }
}

/** Where the caller can fetch the file; without a link he still has the handle. */
async function withLink({ modules, instance, log }: Exchange, output: ToolOutput, fileId: string): Promise<ToolAnswer> {
  const { environmentId, userId, clientId, id: instanceId } = instance;
  try {
    return { kind: 'output', output, fileUrl: await createDownloadLink(modules, { environmentId, userId, clientId, instanceId, fileId }) };
  } catch (err) {
    log.warn({ err, file_id: fileId }, 'no link was made for a file');
    return { kind: 'output', output };
  }
}

/** The argument is ours and not the tool's. Where it is not offered it stays, to be refused by name as any unknown one. */
function splitAccount(all: JsonObject, offered: boolean): { account: unknown; args: JsonObject } {
  if (!offered) return { account: undefined, args: all };
  const { [accountArgument]: account, ...args } = all;
  return { account, args };
}

/** A CallToolResult, the same in both eras. */
export function toolResult(answer: ToolAnswer, call: ToolRequest): JsonObject {
  if (answer.kind === 'output') {
    const { output, toolCallId, file } = answer.output;
    const { fileUrl } = answer;
    return {
      content: [
        { type: 'text', text: JSON.stringify(output) },
        ...(file === undefined || fileUrl === undefined
          ? []
          : [{ type: 'resource_link', uri: fileUrl, name: file.name, mimeType: file.content_type, size: file.size }]),
      ],
      structuredContent: output,
      _meta: { 'grantway/tool_call_id': toolCallId },
    };
  }
  const { fault } = answer;
  const { tool_call_id, connection_name, authentication_link, approval_id, approval_status, approval_link } = fault.extra ?? {};
  return {
    content: [{ type: 'text', text: explain(fault, call) }],
    isError: true,
    _meta: {
      'grantway/code': fault.code,
      ...(tool_call_id === undefined ? {} : { 'grantway/tool_call_id': tool_call_id }),
      ...(connection_name === undefined ? {} : { 'grantway/connection_name': connection_name }),
      ...(authentication_link === undefined ? {} : { 'grantway/authentication_link': authentication_link }),
      ...(approval_id === undefined ? {} : { 'grantway/approval_id': approval_id, 'grantway/approval_status': approval_status }),
      ...(approval_link === undefined ? {} : { 'grantway/approval_link': approval_link }),
      ...(fault.retryAfterSeconds === undefined ? {} : { 'grantway/retry_after_seconds': fault.retryAfterSeconds }),
    },
  };
}

/**
 * As `toolResult`, written: a client reads the same twice, as text and as it is, and writing it once saves a third of the answer's
 * cost. `before` and `meta`: members that an era adds, as JSON. Undefined where there is more to say.
 */
export function writtenToolResult(answer: ToolAnswer, before = '', meta = ''): WrittenResult | undefined {
  if (answer.kind !== 'output' || answer.output.file !== undefined) return undefined;
  const output = JSON.stringify(answer.output.output);
  const id = JSON.stringify(answer.output.toolCallId);
  return new WrittenResult(
    `{${before}"content":[{"type":"text","text":${JSON.stringify(output)}}],"structuredContent":${output},"_meta":{"grantway/tool_call_id":${id}${meta}}}`,
  );
}

/** What the model reads: some clients show it nothing but the text, so that the link is in it. */
function explain(fault: Fault, call: ToolRequest): string {
  switch (fault.code) {
    case 'argument_not_allowed':
    case 'argument_invalid': {
      const each = fault.errors?.map((e) => `${e.pointer.slice(1) || 'arguments'}: ${e.detail}`) ?? [];
      const named = each.length > 20 ? [...each.slice(0, 20), `and ${each.length - 20} more`] : each;
      const why = fault.code === 'argument_invalid' ? 'do not fit' : 'are not allowed here';
      return sentence(`The arguments of ${call.name} ${why}: ${named.join('; ')}`);
    }
    case 'authorization_required':
    case 'scope_missing': {
      const link = fault.extra?.authentication_link;
      return typeof link === 'string' ? `${sentence(fault.message)}\nAuthorization link: ${link}` : sentence(fault.message);
    }
    case 'approval_required': {
      const { approval_id: id, approval_link: link } = fault.extra ?? {};
      const again = `Instead of repeating the call you can ask ${approvalTool} with ${approvalArgument} "${id}".`;
      return `${sentence(fault.message)} ${again}${typeof link === 'string' ? `\nApproval link: ${link}` : ''}`;
    }
    case 'outcome_unknown':
      return `${sentence(faults.outcome_unknown.title)}${fault.detail === undefined ? '' : ` ${sentence(fault.detail)}`}`;
    default:
      return fault.retryAfterSeconds === undefined
        ? sentence(fault.message)
        : `${sentence(fault.message)} Try again in ${fault.retryAfterSeconds} seconds.`;
  }
}

function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
