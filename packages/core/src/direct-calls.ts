import { createHash } from 'node:crypto';
import type { Connector } from '@grantway/connector-kit';
import { Fault, newId, Secret, type StoredPolicy, type Tool, type ToolExecute, type ToolResult } from '@grantway/contract';
import { schema, type ToolMapping, type Tx } from '@grantway/db';
import { type Place, sameBytes } from '@grantway/vault';
import { and, eq, inArray } from 'drizzle-orm';
import { allowedTools, policyOf } from './call-policy.ts';
import { canonicalJson } from './canonical-json.ts';
import { meant } from './connections.ts';
import { findTool, presentTool, realName } from './connectors.ts';
import type { Ctx } from './ctx.ts';
import { findRemoteTool, listRemoteTools } from './direct-remotes.ts';
import { grantOf, permits } from './grants.ts';
import { findConfig } from './mcp-instances.ts';
import { remoteConnectorId } from './remote-servers.ts';
import { remotePrefix } from './remote-tools.ts';
import { mayActFor, within } from './restrictions.ts';
import { type Caller, executeTool } from './tool-calls.ts';
import { createToolFinder, findInCatalogue } from './tool-finder.ts';
import { type ExposedTool, exposedTools, type MappedConnection, mappedConnection } from './tools.ts';

/** Tools that can be executed in this environment: those of the connectors that have a connection. With a query: the best ones first. */
export async function listTools(
  ctx: Ctx,
  query: {
    connection_name?: string | undefined;
    connector?: string | undefined;
    identifier?: string | undefined;
    query?: string | undefined;
    limit?: number | undefined;
  },
): Promise<Tool[]> {
  if (query.identifier !== undefined) mayActFor(ctx, query.identifier);
  const connections = await ctx.tx((tx) =>
    tx
      .selectDistinct({ connector: schema.connections.connector })
      .from(schema.connections)
      .where(
        and(
          eq(schema.connections.environmentId, ctx.environmentId),
          within.connections(ctx, schema.connections.id),
          query.connection_name === undefined ? undefined : eq(schema.connections.name, query.connection_name),
          query.connector === undefined ? undefined : meant(ctx, query.connector),
        ),
      ),
  );
  const ids = new Set(connections.map((c) => c.connector));
  const exposed = await toolsOfConfigs(ctx);
  const grant = grantOf(ctx.restrictions, 'FULL');
  const mayShow = (tool: Pick<ExposedTool, 'name' | 'tool'>) => permits(grant, tool) && (exposed?.has(tool.tool.name) ?? true);
  // What of a remote server a config shows is seen through the config.
  const remote =
    exposed !== undefined || !ids.has(remoteConnectorId)
      ? []
      : await listRemoteTools(ctx, { connectionName: query.connection_name, of: { accountOwner: 'user', identifier: query.identifier } });
  if (query.query !== undefined && remote.length === 0) {
    const found = await findInCatalogue(ctx.modules.catalogue, ids, query.query, query.limit ?? 20, (tool) =>
      mayShow({ name: tool.name, tool }),
    );
    return found.map(({ connector, tool }) => presentTool(connector.id, tool));
  }
  const own = (await ctx.modules.catalogue.all()).filter((c) => ids.has(c.id)).flatMap((connector) => inCatalogue(connector));
  const all = [...own.filter(mayShow), ...remote.filter((tool) => permits(grant, tool))];
  const found =
    query.query === undefined ? all : createToolFinder()(all, { query: query.query, limit: query.limit ?? 20 }).map(({ tool }) => tool);
  return found.map(({ name, connector, tool }) => presentTool(connector.id, tool, name));
}

/** A tool that is only looked at, so that it is no connection's. */
function inCatalogue(connector: Connector): ExposedTool[] {
  const nowhere = { connectionId: '', connectionName: '', accountOwner: 'user', accountChoice: false } as const;
  return connector.tools.map((tool) => ({ name: tool.name, tool, connector, ...nowhere }));
}

/** Of a client that is restricted to configs: what they let through; undefined: whatever there is. */
async function toolsOfConfigs(ctx: Ctx): Promise<Set<string> | undefined> {
  const ids = ctx.restrictions?.configIds;
  if (ids === undefined) return undefined;
  const configs = await ctx.tx(async (tx) => {
    const all: { policy: StoredPolicy; connections: MappedConnection[] }[] = [];
    for (const id of ids) {
      const config = await findConfig(ctx, tx, eq(schema.mcpConfigs.id, id));
      if (config === undefined) continue;
      all.push({ policy: policyOf(config.id, config.version, config.policy), connections: await mapped(tx, config.mappings) });
    }
    return all;
  });
  const names = new Set<string>();
  for (const { policy, connections } of configs) {
    for (const { tool } of allowedTools({ policy }, await exposedTools(ctx.modules.catalogue, connections))) names.add(tool.name);
  }
  return names;
}

async function mapped(tx: Tx, mappings: readonly ToolMapping[]): Promise<MappedConnection[]> {
  const rows = await tx
    .select({ id: schema.connections.id, name: schema.connections.name, connector: schema.connections.connector })
    .from(schema.connections)
    .where(
      inArray(
        schema.connections.id,
        mappings.map((m) => m.connectionId),
      ),
    );
  return mappings.flatMap((m) => {
    const connection = rows.find(({ id }) => id === m.connectionId);
    return connection === undefined ? [] : [mappedConnection(m, connection)];
  });
}

interface Prepared {
  /** The tool's own name, whichever it was asked for by. */
  name: string;
  exposed: ExposedTool | undefined;
  /** Undefined where it was not looked for, or is not there yet. */
  userId?: string | undefined;
  /** The config that was named. */
  config: Caller['instance'];
}

/**
 * What a call means that names no config: the one connection that has the tool, and whatever account is asked for.
 * @throws Fault invalid_request, unknown_connection, unknown_account, ambiguous_connection
 */
async function prepare(ctx: Ctx, name: string, input: ToolExecute): Promise<Prepared> {
  if (ctx.restrictions?.configIds !== undefined) {
    const detail = 'this client is restricted to MCP configs, and must name the one that the call belongs to';
    throw new Fault('invalid_request', { detail, errors: [{ pointer: '/mcp_config_name', detail }] });
  }
  if (ctx.restrictions !== null && input.account_owner === 'organization')
    throw new Fault('unknown_account', 'there is no such account here');
  const accountOwner = input.account_owner ?? 'user';
  const remote = { connectionName: input.connection_name, of: { accountOwner, identifier: input.identifier } };
  const found = await findTool(ctx.modules.catalogue, name);
  if (found === undefined) {
    const exposed = await findRemoteTool(ctx, name, remote);
    const real = realName(ctx.modules.catalogue, name);
    return exposed === undefined && real !== name ? prepare(ctx, real, input) : { name, exposed, config: null };
  }
  const candidates = await ctx.modules.questions.directCall({
    environmentId: ctx.environmentId,
    connectorId: found.connector.id,
    connectionName: input.connection_name ?? null,
    identifier: input.identifier,
  });
  const [connection, another] = candidates;
  if (another !== undefined) throw ambiguous(name);
  if (connection === undefined) {
    const exposed = await findRemoteTool(ctx, name, remote);
    if (exposed !== undefined || input.connection_name === undefined) return { name, exposed, config: null };
    throw new Fault('unknown_connection', `there is no connection "${input.connection_name}" with the tool "${name}"`);
  }
  const exposed: ExposedTool = {
    name,
    ...found,
    connectionId: connection.id,
    connectionName: connection.name,
    accountOwner,
    accountChoice: true,
  };
  return { name, exposed, config: null, userId: connection.user_id ?? undefined };
}

/**
 * What a call means that names a config: what an agent could call through it, by the same names or the tools' own.
 * @throws Fault not_found for a config that the client may not use; invalid_request, unknown_account, ambiguous_connection
 */
async function prepareThrough(ctx: Ctx, configName: string, name: string, input: ToolExecute): Promise<Prepared> {
  const { config, connections } = await ctx.tx(async (tx) => {
    const config = await findConfig(ctx, tx, eq(schema.mcpConfigs.name, configName));
    if (config === undefined) throw new Fault('not_found', `there is no MCP config "${configName}"`);
    return { config, connections: await mapped(tx, config.mappings) };
  });
  const policy = policyOf(config.id, config.version, config.policy);
  const named = [
    ...(await exposedTools(ctx.modules.catalogue, connections)).filter((tool) => tool.name === name || tool.tool.name === name),
    ...(await remoteCandidates(ctx, connections, name, input.identifier)),
  ].filter((tool) => (input.connection_name ?? tool.connectionName) === tool.connectionName);
  const real = realName(ctx.modules.catalogue, name);
  if (named.length === 0 && real !== name) return prepareThrough(ctx, configName, real, input);
  // What is hidden is unknown here too, before anything else is said of it.
  const candidates = allowedTools({ policy }, named);
  if (candidates.length > 1) throw ambiguous(name);
  const [exposed] = candidates;
  if (exposed !== undefined) {
    if (input.account_owner !== undefined && input.account_owner !== exposed.accountOwner) {
      throw new Fault('invalid_request', 'account_owner: the MCP config says whose account is used');
    }
    const names = input.account_label ?? input.connected_account_id;
    if (names !== undefined && !exposed.accountChoice) throw new Fault('unknown_account', 'the MCP config leaves no choice of accounts');
  }
  return { name, exposed, config: { id: null, configId: config.id, configName: config.name, configVersion: config.version, policy } };
}

/** The tools of remote MCP servers that a config shows by this name. */
async function remoteCandidates(ctx: Ctx, mappings: readonly MappedConnection[], name: string, identifier: string): Promise<ExposedTool[]> {
  const found = mappings
    .filter(({ connectorId }) => connectorId === remoteConnectorId)
    .map(async ({ connectionName, names, tools, accountOwner, accountChoice }) => {
      const asked = names === 'as_is' ? `${remotePrefix(connectionName)}${name}` : name;
      const exposed = await findRemoteTool(ctx, asked, { connectionName, of: { accountOwner, identifier } });
      const { toolName } = exposed?.remote ?? {};
      // What stands for the list of a server that the user is not connected to gives a link, and reaches no tool.
      const isMapped = tools.length === 0 || toolName === undefined || tools.includes(toolName);
      return exposed !== undefined && isMapped ? [{ ...exposed, name, accountChoice }] : [];
    });
  return (await Promise.all(found)).flat();
}

const ambiguous = (name: string) =>
  new Fault('ambiguous_connection', `several connections have the tool "${name}"; name one with connection_name`);

/**
 * The same execution as through MCP, for callers without MCP. With an Idempotency-Key the first answer is kept (sealed)
 * and given again; nothing is executed twice.
 * @throws Fault as executeTool, not_found for a user or config that the client may not act on, and unknown_tool, unknown_connection, unknown_account, ambiguous_connection, idempotency_mismatch, idempotency_in_progress
 */
export async function executeDirectly(
  ctx: Ctx,
  asked: string,
  input: ToolExecute,
  idempotencyKey: string | undefined,
): Promise<ToolResult> {
  const clientId = ctx.actor.id ?? '';
  mayActFor(ctx, input.identifier);
  const { mcp_config_name: configName } = input;
  const { name, exposed, config, userId }: Prepared =
    configName === undefined ? await prepare(ctx, asked, input) : await prepareThrough(ctx, configName, asked, input);
  const toolCallId = newId('toolCall');
  const kept = idempotencyKey === undefined ? undefined : await claimKey(ctx, clientId, idempotencyKey, { name, input }, toolCallId);
  if (kept?.answer !== undefined) return kept.answer;
  try {
    const { output, remote } = await executeTool(
      ctx.modules,
      {
        via: 'api',
        environmentId: ctx.environmentId,
        clientId,
        // Acting for a user who was never seen makes the user, as ensure_instance does; a refused call does not.
        userId: userId ?? null,
        userIdentifier: input.identifier,
        instance: config,
        grant: grantOf(ctx.restrictions, 'FULL'),
        requestId: ctx.requestId,
        log: ctx.log,
      },
      name,
      exposed,
      input.arguments,
      {
        toolCallId,
        account: input.account_label ?? input.connected_account_id,
        alongside: () => ctx.auditAlone('tool.executed', { kind: 'tool_call', id: toolCallId }, { tool: name }),
      },
    );
    if (remote?.isError === true) throw failedTool(name, remote, toolCallId);
    const answer: ToolResult = { tool_call_id: toolCallId, tool_name: name, output };
    if (kept !== undefined) {
      const answerCt = await ctx.modules.sealing.seal(answerPlace(ctx.environmentId, toolCallId), new Secret(answer));
      await ctx.tx((tx) => tx.update(schema.idempotencyKeys).set({ answerCt }).where(kept.where));
    }
    return answer;
  } catch (error) {
    // Whatever was certainly not done may be tried again under the same key; an unknown outcome keeps it.
    if (kept !== undefined && error instanceof Fault && error.code !== 'outcome_unknown' && error.code !== 'internal') {
      await ctx.tx((tx) => tx.delete(schema.idempotencyKeys).where(kept.where));
    }
    throw error;
  }
}

/** What the tool of a remote server says of its failure, for callers that know no other results than good ones. */
function failedTool(name: string, { content }: Record<string, unknown>, toolCallId: string): Fault {
  const blocks = Array.isArray(content) ? (content as { text?: unknown }[]) : [];
  const words = blocks.flatMap(({ text }) => (typeof text === 'string' ? [text] : [])).join(' ');
  return new Fault('provider_error', {
    detail: `${name}: ${words.slice(0, 2000) || 'the tool failed'}`,
    extra: { tool_call_id: toolCallId },
  });
}

const answerPlace = (environmentId: string, toolCallId: string): Place => ({
  environmentId,
  table: 'idempotency_keys',
  column: 'answer_ct',
  rowId: toolCallId,
  generation: 1,
});

async function claimKey(ctx: Ctx, clientId: string, key: string, request: unknown, toolCallId: string) {
  const t = schema.idempotencyKeys;
  const keyMac = await ctx.modules.sealing.mac('idempotency key', [clientId, key]);
  const requestHash = createHash('sha256').update(canonicalJson(request)).digest();
  const where = and(eq(t.environmentId, ctx.environmentId), eq(t.clientId, clientId), eq(t.keyMac, keyMac));
  const claim = await ctx.tx(async (tx) => {
    const made = await tx
      .insert(t)
      .values({ environmentId: ctx.environmentId, clientId, keyMac, requestHash, toolCallId })
      .onConflictDoNothing()
      .returning({ toolCallId: t.toolCallId });
    if (made.length > 0) return 'made';
    const [known] = await tx
      .select({
        requestHash: t.requestHash,
        toolCallId: t.toolCallId,
        answerCt: t.answerCt,
        createdAt: t.createdAt,
        outcome: schema.toolCalls.outcome,
        effect: schema.toolCalls.effect,
      })
      .from(t)
      .leftJoin(schema.toolCalls, eq(schema.toolCalls.id, t.toolCallId))
      .where(where);
    return known;
  });
  if (claim === 'made') return { where };
  // The first call failed between our two looks and gave the key back: its caller may repeat it, and so may this one.
  if (claim === undefined)
    throw new Fault('idempotency_in_progress', { detail: 'the first call with this key has just ended', retryAfterSeconds: 1 });
  const row = claim;
  if (!sameBytes(row.requestHash, requestHash)) {
    throw new Fault('idempotency_mismatch', 'this Idempotency-Key was used for another tool or other arguments');
  }
  if (row.answerCt === null) {
    // A call takes two tries at most, and a refresh between them; after that its process is dead.
    const deadAfterMs = ctx.modules.settings.toolTimeoutMs * 3 + 30_000;
    const isDead = Date.now() - row.createdAt.getTime() > deadAfterMs;
    if (row.outcome !== 'outcome_unknown' && !isDead) {
      throw new Fault('idempotency_in_progress', { detail: 'the first call with this key is still running', retryAfterSeconds: 2 });
    }
    // A call has its row before it is sent: without one nothing happened, and this call may take the dead one's place.
    const nothingHappened =
      row.outcome === null || row.effect === 'read' || ['refused', 'authorization_required', 'failed'].includes(row.outcome);
    if (nothingHappened) {
      const taken = await ctx.tx((tx) =>
        tx
          .update(t)
          .set({ toolCallId, createdAt: new Date() })
          .where(and(where, eq(t.toolCallId, row.toolCallId)))
          .returning({ toolCallId: t.toolCallId }),
      );
      if (taken.length > 0) return { where };
      throw new Fault('idempotency_in_progress', { detail: 'another call with this key was faster', retryAfterSeconds: 2 });
    }
    throw new Fault('outcome_unknown', {
      detail: 'the first call with this key may have happened, and its answer was lost; look before you use another key',
      extra: { tool_call_id: row.toolCallId },
    });
  }
  const answer = await ctx.modules.sealing.openAnswer<ToolResult>(answerPlace(ctx.environmentId, row.toolCallId), row.answerCt);
  const details = { tool: (request as { name: string }).name, replayed: true };
  await ctx.auditAlone('tool.executed', { kind: 'tool_call', id: row.toolCallId }, details);
  return { where, answer };
}
