import { type ApiRequest, type ApiResponse, forCall, type Tool } from '@grantway/connector-kit';
import { Fault, type FieldError, isFault, newId, type ToolCallOutcome } from '@grantway/contract';
import { RemoteRefusal } from '@grantway/mcp-client';
import { type Lease, NeedsAuthorization } from '@grantway/vault';
import { type AskedCall, passApproval, settleApproval } from './approvals.ts';
import { authorizationRequired, missingOf, outcomeOf, scopeMissing, withExtra } from './call-faults.ts';
import { type CallRules, mustBeAllowed, rulesFor, withFixed } from './call-policy.ts';
import { ensureUser } from './connected-accounts.ts';
import type { Modules } from './ctx.ts';
import { type Conversation, exchange } from './exchange.ts';
import { type Outdated, OutdatedInstance } from './expectations.ts';
import { auditSent, dropFile, factsFor, filesOfCall, followLink, mustFit } from './file-calls.ts';
import { permits } from './grants.ts';
import { countsFor, limitWords } from './limits.ts';
import { accountArgument, ensureAccount, findNamedAccount, labelOf } from './owned-accounts.ts';
import { pointerOf } from './pointers.ts';
import { anotherCredential, read } from './provider-calls.ts';
import { connectIfNothingIsEntered } from './remote-accounts.ts';
import { type Agent, exchangeRemote, noAgent, remoteFault } from './remote-calls.ts';
import { mustStand, type Standing } from './standing.ts';
import type { Answer, Call, Caller, ToolOutput, UsedAccount } from './tool-call.ts';
import type { ToolCallRecord } from './tool-call-log.ts';
import { begin, runSteps } from './tool-runs.ts';
import { asAuthorized, type ExposedTool } from './tools.ts';

export type { Caller, ToolOutput } from './tool-call.ts';

/**
 * One execution, the only path there is: arguments, fresh credential, the provider, the durable audit row, the answer.
 * `offered` is undefined where the caller may not use the tool or there is none; what his grant does not permit looks the same. `options.account` names
 * one of the owner's accounts, by label or id; without it the default one is used. `options.approvalId` makes the call under that
 * approval or not at all. `options.alongside` writes what else is to be durable before a good answer leaves, while the row of the success is written.
 *
 * @throws Fault, after the row of the refusal or failure is durable; `extra.tool_call_id` names it, and
 * `extra.authentication_link` is there when a person must connect. OutdatedInstance where `caller.remembered` is not as it was:
 * then nothing was sent, and no row is left.
 */
export async function executeTool(
  modules: Modules,
  caller: Caller,
  name: string,
  offered: ExposedTool | undefined,
  args: unknown,
  options: { toolCallId?: string; account?: unknown; agent?: Agent; approvalId?: string; alongside?: () => Promise<void> } = {},
): Promise<ToolOutput> {
  const startedAt = performance.now();
  const exposed = offered !== undefined && permits(caller.grant, offered) ? asCalled(offered, args) : undefined;
  const record: ToolCallRecord = {
    id: options.toolCallId ?? newId('toolCall'),
    environment_id: caller.environmentId,
    request_id: caller.requestId,
    via: caller.via,
    client_id: caller.clientId,
    user_identifier: caller.userIdentifier,
    mcp_instance_id: caller.instance?.id ?? null,
    mcp_config_name: caller.instance?.configName ?? null,
    mcp_config_version: caller.instance?.configVersion ?? null,
    connection_name: exposed?.connectionName ?? null,
    connected_account_id: null,
    account_label: null,
    connector: exposed?.connector.id ?? null,
    tool_name: exposed?.tool.name ?? keepable(name.slice(0, 128)),
    effect: exposed?.tool.effect ?? null,
    outcome: 'pending',
    fault_code: null,
    provider_status: null,
    duration_ms: null,
    created_at: new Date().toISOString(),
  };
  const call: Call = {
    modules,
    caller,
    record,
    expected: { instance: caller.remembered ?? null, account: null },
    mayRecall: true,
    hasRow: false,
    intended: false,
    settle: undefined,
  };
  let answer: Answer;
  try {
    answer = await runUntilCompared(call, () => run(call, exposed, name, args, options));
  } catch (error) {
    if (error instanceof OutdatedInstance) throw error;
    const fault = isFault(error) ? error : new Fault('internal', { cause: error });
    if (!isFault(error)) caller.log.error({ err: error, tool: record.tool_name }, 'tool call failed');
    record.fault_code = fault.code;
    try {
      await finish(call, startedAt, outcomeOf(fault));
    } catch (cause) {
      throw unrecorded(call, cause);
    }
    await call.settle?.({ fault });
    throw withExtra(fault, { tool_call_id: record.id });
  }
  // What was kept was recorded when it was made, and its collecting is in the audit.
  if (answer.keptOf !== undefined) {
    await options.alongside?.();
    return outputOf(answer.keptOf, answer);
  }
  try {
    if (answer.failed === true) record.fault_code = 'provider_error';
    const beside = answer.failed === true ? undefined : options.alongside?.();
    // Waited for at the end: an approval is used up by what was done, whatever else cannot be written.
    beside?.catch(() => {});
    await finish(call, startedAt, answer.failed === true ? 'failed' : 'success');
    if (call.settle !== undefined) await call.settle({ answer });
    if (beside !== undefined) await beside;
  } catch (cause) {
    throw unrecorded(call, cause);
  }
  return outputOf(record.id, answer);
}

/**
 * Runs, and once more with everything read anew where an account that was remembered has changed or seems to stand in the way.
 * What is wrong with a remembered instance or account is not told before it was compared.
 */
async function runUntilCompared(call: Call, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof OutdatedInstance || call.intended) throw error;
    const { account } = call.expected;
    if (account === null) {
      await mustBeAsRemembered(call);
      throw error;
    }
  }
  call.mayRecall = false;
  call.expected.account = null;
  try {
    return await work();
  } catch (error) {
    if (!call.intended) await mustBeAsRemembered(call);
    throw error;
  }
}

/** @throws OutdatedInstance */
async function mustBeAsRemembered(call: Call): Promise<void> {
  const { modules, expected } = call;
  if (expected.instance === null) return;
  if ((await modules.expectations.compare({ instance: expected.instance, account: null })) !== undefined)
    throw await outdatedInstance(call);
  expected.instance = null;
}

/** Where the arguments say what a call does, it is judged and recorded by that. */
function asCalled(offered: ExposedTool, args: unknown): ExposedTool {
  return offered.tool.narrower === undefined ? offered : { ...offered, tool: forCall(offered.tool, args) };
}

function outputOf(toolCallId: string, { output, remote, file }: Answer): ToolOutput {
  return { toolCallId, output, ...(remote === undefined ? {} : { remote }), ...(file === undefined ? {} : { file }) };
}

/** What a caller made up, as PostgreSQL can keep it: one row that it refuses would take those written with it along. */
function keepable(text: string): string {
  return text.replaceAll('\0', '\ufffd').replace(/\p{Surrogate}/gu, '\ufffd');
}

/** An answer whose row is not durable does not leave; of a write that may have been sent it must be said that it may have happened all the same. */
function unrecorded({ caller, record, intended }: Call, cause: unknown): Fault {
  caller.log.error({ err: cause, tool_call_id: record.id, tool: record.tool_name }, 'the outcome of a tool call could not be recorded');
  const harmless = record.effect === 'read' || !intended;
  return new Fault(harmless ? 'unavailable' : 'outcome_unknown', {
    detail: harmless ? 'the call could not be recorded' : 'the call may have been made, but its outcome could not be recorded',
    extra: { tool_call_id: record.id },
    cause,
  });
}

/** How long what the intent's statement saw of suspensions may be acted on without another look. */
const standingHoldsMs = 50;

/**
 * No audit, no action: the call has its row before any byte leaves, or does not take place.
 * @returns whether it took so long that it must be looked again who is served
 * @throws Fault unavailable, environment_suspended, user_suspended, client_suspended; nothing was sent
 */
async function intend(call: Call): Promise<boolean> {
  const { modules, caller, record } = call;
  const askedAt = performance.now();
  let standing: Standing | Outdated;
  try {
    standing = await modules.toolCallLog.intend(record, call.expected);
  } catch (cause) {
    caller.log.error({ err: cause, tool_call_id: record.id, tool: record.tool_name }, 'a tool call could not be recorded and is not made');
    throw new Fault('unavailable', { detail: 'the call could not be recorded, so that it was not made', cause });
  }
  call.hasRow = true;
  if (standing === 'instance') throw await outdatedInstance(call);
  if (standing === 'account') throw new Error('the account is not as it was remembered');
  const wasRemembered = call.expected.instance !== null;
  call.intended = true;
  call.expected = { instance: null, account: null };
  mustStand(standing);
  // What was remembered was confirmed by the end of the statement; who is served was looked up at its beginning, and the row of a
  // write was waited for until it was on the disk.
  return !wasRemembered && (record.effect !== 'read' || performance.now() - askedAt > standingHoldsMs);
}

/** Whoever is not let in any more leaves no row, however late that was heard. */
async function outdatedInstance({ modules, record, hasRow }: Call): Promise<OutdatedInstance> {
  if (hasRow) await modules.toolCallLog.discard(record.id);
  return new OutdatedInstance();
}

async function finish(call: Call, startedAt: number, outcome: ToolCallOutcome): Promise<void> {
  const { record, caller, modules } = call;
  record.outcome = outcome;
  record.duration_ms = Math.round(performance.now() - startedAt);
  await modules.toolCallLog.write(record, call.hasRow);
  caller.log.info(
    {
      tool_call_id: record.id,
      ...(record.mcp_instance_id === null ? {} : { mcp_instance_id: record.mcp_instance_id }),
      tool: record.tool_name,
      connection: record.connection_name,
      outcome,
      fault: record.fault_code,
      provider_status: record.provider_status,
      duration_ms: record.duration_ms,
    },
    'tool call',
  );
}

async function run(
  call: Call,
  exposed: ExposedTool | undefined,
  name: string,
  args: unknown,
  { account: named, agent = noAgent, approvalId }: { account?: unknown; agent?: Agent; approvalId?: string },
): Promise<Answer> {
  const { modules, caller, record } = call;
  const rules = exposed === undefined ? undefined : rulesFor(caller.instance, exposed);
  if (exposed === undefined || rules === undefined || rules.hidden) {
    throw new Fault('unknown_tool', `there is no tool "${name.slice(0, 128)}" here`);
  }
  const { tool, connector } = exposed;
  const input = parseArguments(tool, withFixed(rules, args), rules.fixed);
  mustBeAllowed(rules, exposed, input);
  const { remote } = exposed;
  const found = remote === undefined ? filesOfCall(call, tool, input) : undefined;
  // Nothing is awaited that is there: each step that a call waits for costs as much as what most of them do.
  const files = found === undefined ? undefined : await found;
  const steps = remote === undefined ? begin(tool, input, files) : undefined;
  const request = remote === undefined ? (steps?.first.request ?? tool.request(input, ...factsFor(files))) : undefined;
  if (request !== undefined) mustFit(request, files);
  const isAsked = approvalId !== undefined || rules.approval === 'always_ask';
  // What counts or uses something up before the intent is not done on trust.
  if (isAsked || rules.limits.length > 0) {
    await mustBeAsRemembered(call);
    call.mayRecall = false;
  }
  const { account, leased } = recalledAccount(call, exposed, named) ?? (await accountOf(call, exposed, named));
  const accountId = account.id;
  record.connected_account_id = accountId;
  record.account_label = account.label;
  const approve = isAsked
    ? () => approvedAnswer(call, exposed, { accountId, input, sent: { args, account: named }, approvalId })
    : undefined;
  mustNotPause(call, connector, accountId);

  try {
    if (request === undefined) return await runRemote(call, exposed, rules, accountId, leased, input, agent, approve);
    const taken = leased();
    const lease = taken instanceof Promise ? await taken : taken;
    const authorized = asAuthorized(exposed, lease);
    const missing = missingOf(authorized, lease);
    if (missing.length > 0) throw await scopeMissing(call, authorized, account, lease, missing);
    const kept = approve === undefined ? undefined : await approve();
    if (kept !== undefined) return kept;
    if (rules.limits.length > 0) await mustBeWithinLimits(call, rules);
    // Whoever waits for anything after the intent's own look looks again.
    let hasWaited = await intend(call);
    if (files !== undefined) {
      await auditSent(call, files);
      hasWaited = true;
    }
    const endsAt = steps === undefined ? undefined : performance.now() + modules.settings.toolTimeoutMs;
    const conversation: Conversation = { call, exposed: authorized, account, lease, hasWaited, endsAt, files };
    if (steps !== undefined) return await runSteps(conversation, tool, steps.run, steps.first);
    const response = await exchange(conversation, request, tool.effect);
    if (tool.download !== undefined) return await readWithFile(conversation, request, response);
    return { output: read(authorized.tool, response, request) };
  } catch (error) {
    if (error instanceof NeedsAuthorization) throw await authorizationRequired(call, exposed, account, error);
    if (isFault(error, 'provider_rate_limited')) modules.pauses.pause(accountId, error.retryAfterSeconds ?? 0);
    throw error;
  }
}

/** What the tool reads from a good answer, once the file that it may lead to is stored. */
async function readWithFile({ call, exposed, lease }: Conversation, asked: ApiRequest, response: ApiResponse): Promise<Answer> {
  const whole = await followLink(call, exposed, lease, response);
  try {
    return { output: read(exposed.tool, whole, asked), ...(whole.file === undefined ? {} : { file: whole.file }) };
  } catch (error) {
    if (whole.file !== undefined) await dropFile(call, whole.file);
    throw error;
  }
}

/**
 * Undefined where the call may be made now: somebody approved it, and nobody has made it yet.
 * @throws Fault as passApproval
 */
async function approvedAnswer(
  call: Call,
  { name, tool, connectionId }: ExposedTool,
  asked: Pick<AskedCall, 'accountId' | 'input' | 'sent' | 'approvalId'>,
): Promise<Answer | undefined> {
  const { modules, caller, record } = call;
  const { log, environmentId } = caller;
  const userId =
    caller.userId ?? (await modules.db.inEnvironment(environmentId, (tx) => ensureUser(tx, environmentId, caller.userIdentifier)));
  const passage = await passApproval(modules, { ...asked, userId, record, log, name, tool, connectionId, policy: caller.instance?.policy });
  if (passage.kind === 'kept') return { ...passage.answer, keptOf: passage.toolCallId };
  const { approvalId } = passage;
  call.settle = (outcome) => settleApproval(modules, { environmentId, approvalId, toolCallId: record.id, log }, outcome);
  return undefined;
}

/** @throws Fault rate_limited for as long as the provider asked for with its last 429; nobody else's account waits */
function mustNotPause({ modules }: Call, connector: { name: string }, accountId: string): void {
  const leftMs = modules.pauses.remainingMs(accountId);
  if (leftMs > 0) {
    throw new Fault('rate_limited', {
      detail: `${connector.name} asked this account to wait; nothing was sent`,
      retryAfterSeconds: Math.ceil(leftMs / 1000),
    });
  }
}

/** The one place where calls are counted: right before something is sent. @throws Fault rate_limited; then nothing was counted */
async function mustBeWithinLimits({ modules, caller }: Call, { limits }: CallRules): Promise<void> {
  if (limits.length === 0 || caller.instance === null) return;
  const { configId } = caller.instance;
  // By identifier: a direct call does not know the user's id, and must not have a count of its own.
  const counts = countsFor(limits, { configId, clientId: caller.clientId, user: caller.userIdentifier });
  const reached = await modules.limiter.take(counts);
  if (reached === undefined) return;
  const [limit] = limits.slice(reached.index);
  throw new Fault('rate_limited', {
    ...(limit === undefined ? {} : { detail: limitWords(limit) }),
    retryAfterSeconds: Math.max(1, Math.ceil(reached.retryAfterMs / 1000)),
  });
}

/** The account that a call is for, and its lease. */
interface CalledAccount {
  account: UsedAccount;
  leased: () => Lease | Promise<Lease>;
}

/** Whose default account is meant by whoever is known and names none. */
function defaultOf({ caller }: Call, { connectionId, accountOwner }: ExposedTool, named: unknown) {
  const { environmentId, userId, clientId } = caller;
  if (named !== undefined || userId === null) return undefined;
  return { environmentId, connectionId, ownerId: accountOwner === 'organization' ? null : userId, clientId };
}

/** The default account as it was read a moment ago, where a call may be prepared with it. */
function recalledAccount(call: Call, exposed: ExposedTool, named: unknown): CalledAccount | undefined {
  const of = call.mayRecall ? defaultOf(call, exposed, named) : undefined;
  const recalled = of === undefined ? undefined : call.modules.leases.recallDefault(of);
  if (recalled === undefined) return undefined;
  call.expected.account = recalled.mark;
  return { account: recalled.account, leased: recalled.lease };
}

/** Whoever is known and names none has both with one query, whenever the account is ACTIVE. */
async function accountOf(call: Call, exposed: ExposedTool, named: unknown): Promise<CalledAccount> {
  const { modules, caller } = call;
  const { connectionId, remote } = exposed;
  const isOrganizations = exposed.accountOwner === 'organization';
  const of = defaultOf(call, exposed, named);
  const found = of === undefined ? undefined : await modules.leases.ofDefault(of);
  if (found !== undefined) return { account: found.account, leased: found.lease };
  const row = await modules.db.inEnvironment(caller.environmentId, async (tx) => {
    const userId = caller.userId ?? (await ensureUser(tx, caller.environmentId, caller.userIdentifier));
    const ownerId = isOrganizations ? null : userId;
    const found =
      named === undefined
        ? await ensureAccount(tx, caller.environmentId, connectionId, ownerId)
        : await findNamedAccount(tx, connectionId, ownerId, accountName(named));
    return remote === undefined ? found : connectIfNothingIsEntered(modules, tx, remote.server, found, caller.requestId);
  });
  return {
    account: { id: row.id, userId: row.userId, label: labelOf(row) },
    leased: () => modules.leases.lease(row.id, caller.clientId),
  };
}

/** @throws Fault argument_invalid */
function accountName(named: unknown): string {
  if (typeof named === 'string') return named;
  const detail = 'must be the label of an account';
  throw new Fault('argument_invalid', { detail: `${accountArgument}: ${detail}`, errors: [{ pointer: `/${accountArgument}`, detail }] });
}

/** The same steps for a remote MCP server: lease, intent, one request, its answer as it is. */
async function runRemote(
  call: Call,
  exposed: ExposedTool,
  rules: CallRules,
  accountId: string,
  leased: CalledAccount['leased'],
  input: Record<string, unknown>,
  agent: Agent,
  approve: (() => Promise<Answer | undefined>) | undefined,
): Promise<Answer> {
  const { modules, caller } = call;
  const { tool, connector } = exposed;
  const remote = exposed.remote as NonNullable<ExposedTool['remote']>;
  const target = modules.remotes.target(remote.server, accountId, caller);
  const isRead = tool.effect === 'read';
  let lease = await leased();
  const kept = await approve?.();
  if (kept !== undefined) return kept;
  await mustBeWithinLimits(call, rules);
  await intend(call);
  for (let credentials = 0; ; credentials++) {
    try {
      const result = await exchangeRemote(modules.remotes.links, target, remote, input, agent, modules.settings.toolTimeoutMs);
      const { content, structuredContent } = result;
      return {
        output: typeof structuredContent === 'object' && structuredContent !== null ? { ...structuredContent } : { content },
        remote: result,
        failed: result.isError === true,
      };
    } catch (error) {
      const unauthorized = error instanceof RemoteRefusal && error.kind === 'unauthorized';
      if (unauthorized && remote.server.settings.credential === 'user' && credentials === 0) {
        const other = await anotherCredential(call, connector, lease, { kind: 'rejected', message: error.message }, credentials);
        if (other === undefined) throw new Fault('provider_error', `${connector.name}: ${error.message}`);
        lease = other;
        continue;
      }
      throw remoteFault(error, connector.name, isRead, remote.method) ?? error;
    }
  }
}

/** @throws Fault argument_invalid that names each argument of the caller's own */
function parseArguments(tool: Tool, args: unknown, fixed: Record<string, unknown> = {}): Record<string, unknown> {
  const parsed = tool.input.safeParse(args ?? {});
  if (parsed.success) return parsed.data;
  // The caller cannot mend these, and is not told of them.
  if (parsed.error.issues.every(({ path }) => path.length > 0 && Object.hasOwn(fixed, String(path[0])))) {
    throw new Fault('policy_broken', 'what the policy sets for this tool does not fit it any more; tell the people who run this agent');
  }
  const errors: FieldError[] = parsed.error.issues.flatMap((issue): FieldError[] =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ pointer: pointerOf([...issue.path, key]), detail: 'unknown argument' }))
      : [{ pointer: pointerOf(issue.path), detail: issue.message }],
  );
  const detail = errors
    .slice(0, 5)
    .map((e) => `${e.pointer.slice(1) || 'arguments'}: ${e.detail}`)
    .join('; ');
  throw new Fault('argument_invalid', { detail, errors });
}
