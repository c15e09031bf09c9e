import {
  type AuthSpec,
  accepts,
  type Connector,
  type Field,
  fieldsOf,
  hasConsentPage,
  isTheOperators,
  scopesOf,
  usesApp,
  variantOf,
} from '@grantway/connector-kit';
import { type Connection, type ConnectionCreate, type ConnectionUpdate, Fault, type FieldError, newId, Secret } from '@grantway/contract';
import { pgErrorCode, schema, type ToolMapping, type Tx, uniqueViolation } from '@grantway/db';
import { privateKeyProblem, readServiceAccountKey, registerSandboxClient } from '@grantway/oauth';
import { clientSecretPlace } from '@grantway/vault';
import { and, count, desc, eq, inArray, isNotNull, lt, sql } from 'drizzle-orm';
import { connectorsBy } from './connectors.ts';
import type { Ctx } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import {
  connectorAmong,
  connectorOf,
  headerCredential,
  remoteConnector,
  remoteConnectorId,
  remoteHeaderPlace,
  sharesHeader,
  storedRemoteServer,
} from './remote-servers.ts';
import { within } from './restrictions.ts';
import { exposedTools, mappedConnection, mustBeDistinct } from './tools.ts';
import { mustBeAllowed, presentVerification, storedVerification, verificationSecretPlace } from './verification.ts';

const t = schema.connections;
export type ConnectionRow = typeof t.$inferSelect;

/** @throws Fault unknown_connector, unknown_scope, invalid_request, name_taken, sandbox_not_allowed */
export async function createConnection(ctx: Ctx, input: ConnectionCreate): Promise<Connection> {
  const mcp = remoteSettings(ctx, input);
  const { connector, variant } = mcp === null ? await wayIn(ctx, input) : { connector: remoteConnector(mcp, input.name), variant: null };
  const sandbox = input.sandbox ?? false;
  if (mcp !== null && sandbox) throw new Fault('invalid_request', 'the sandbox has no MCP server to stand in for a remote one');
  checkAuth(ctx, connector, input.auth ?? {}, sandbox);
  const scopes = checkScopes(connector, input.scopes);
  if (input.verification !== undefined) mustBeAllowed(ctx.modules, input.verification.mode);
  const id = newId('connection');
  // The stand-in's OAuth app is registered over the network, so before the transaction; one that is never used harms nobody.
  const app = sandbox ? await sandboxApp(ctx, connector, id) : ownApp(input.auth);
  const clientSecretCt = app.clientSecret === undefined ? null : await seal(ctx, id, 1, app.clientSecret);
  return ctx.tx(async (tx) => {
    const [row] = await orNameTaken(
      input.name,
      tx
        .insert(t)
        .values({
          id,
          environmentId: ctx.environmentId,
          name: input.name,
          connector: connector.id,
          authVariant: variant,
          clientId: app.clientId ?? null,
          secretGeneration: 1,
          clientSecretCt,
          fields: input.auth?.fields ?? {},
          scopes,
          sandbox,
          mcp,
          ...(await remoteHeader(ctx, id, 1, input.mcp)),
          verification: input.verification === undefined ? null : storedVerification(input.verification),
          ...(await verificationSecret(ctx, id, 1, input.verification)),
          identityMatch: input.identity_match ?? { policy: 'any' },
          onAccountChange: input.on_account_change ?? 'refuse',
        })
        .returning(),
    );
    await ctx.audit(
      tx,
      'connection.created',
      { kind: 'connection', id },
      { name: input.name, connector: connector.id, ...(variant === null ? {} : { auth_variant: variant }), sandbox },
    );
    return present(ctx, row as ConnectionRow, connector);
  });
}

export async function listConnections(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined; connector?: string | undefined; name?: string | undefined },
): Promise<Page<Connection>> {
  const before = decodeCursor('connection', query.cursor);
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(
        and(
          eq(t.environmentId, ctx.environmentId),
          within.connections(ctx, t.id),
          before === undefined ? undefined : lt(t.id, before),
          query.connector === undefined ? undefined : meant(ctx, query.connector),
          query.name === undefined ? undefined : eq(t.name, query.name),
        ),
      )
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  const ids = rows.map((row) => row.connector);
  const connectors = await connectorsBy(ctx.modules.catalogue, ids);
  return toPage(rows, query.limit, (row) => present(ctx, row, connectorAmong(row, connectors.get(row.connector))));
}

/** Those of a connector; by another broker's id of it, those that use the way in which that means. */
export function meant(ctx: Ctx, asked: string) {
  const { id, variant } = ctx.modules.catalogue.meaningOf(asked);
  return and(eq(t.connector, id), variant === null ? undefined : eq(t.authVariant, variant));
}

/** What the id and `auth_variant` of a new connection mean. @throws Fault unknown_connector, invalid_request */
async function wayIn(ctx: Ctx, input: ConnectionCreate): Promise<{ connector: Connector; variant: string | null }> {
  const means = ctx.modules.catalogue.meaningOf(input.connector);
  const connector = await ctx.modules.catalogue.find(means.id);
  if (connector === undefined) throw new Fault('unknown_connector', `there is no connector "${input.connector}"`);
  const variant = input.auth_variant === undefined ? means.variant : input.auth_variant;
  if (means.variant !== null && variant !== means.variant) {
    throw noWayIn(`"${input.connector}" means ${connector.id} by ${means.variant}; leave auth_variant out or name ${connector.id}`);
  }
  const used = variantOf(connector, variant);
  if (used === undefined) {
    const known = Object.keys(connector.authVariants ?? {});
    throw noWayIn(
      known.length === 0 ? `${connector.name} has one way in only` : `${connector.name} has ${known.join(', ')}, or none for the default`,
    );
  }
  return { connector: used, variant };
}

function noWayIn(detail: string): Fault {
  return new Fault('invalid_request', { detail: `/auth_variant: ${detail}`, errors: [{ pointer: '/auth_variant', detail }] });
}

export async function getConnection(ctx: Ctx, id: string): Promise<Connection> {
  const row = await ctx.tx((tx) => getRow(ctx, tx, id));
  return present(ctx, row, await connectorOf(ctx.modules.catalogue, row));
}

/** @throws Fault not_found, unknown_scope, invalid_request, name_taken */
export async function updateConnection(ctx: Ctx, id: string, input: ConnectionUpdate): Promise<Connection> {
  const before = await ctx.tx((tx) => getRow(ctx, tx, id));
  const mcp = input.mcp === undefined ? undefined : remoteSettings(ctx, { ...input, connector: before.connector });
  const connector = await connectorOf(ctx.modules.catalogue, { ...before, mcp: mcp ?? before.mcp });
  if (connector === undefined) throw new Fault('unknown_connector', `this build has no connector "${before.connector}"`);
  if (input.auth !== undefined) checkAuth(ctx, connector, input.auth, before.sandbox);
  const scopes = input.scopes === undefined ? undefined : checkScopes(connector, input.scopes);
  if (input.verification != null) mustBeAllowed(ctx.modules, input.verification.mode);
  return ctx.tx(async (tx) => {
    const current = await getRow(ctx, tx, id, 'lock');
    const app = ownApp(input.auth);
    const generation = current.secretGeneration + 1;
    const [row] = await orNameTaken(
      input.name ?? current.name,
      tx
        .update(t)
        .set({
          ...(input.name === undefined ? {} : { name: input.name }),
          ...(scopes === undefined ? {} : { scopes }),
          ...(await verificationChange(ctx, current, input.verification)),
          ...(input.identity_match === undefined ? {} : { identityMatch: input.identity_match }),
          ...(input.on_account_change === undefined ? {} : { onAccountChange: input.on_account_change }),
          ...(mcp == null ? {} : await remoteChange(ctx, tx, current, mcp, input.mcp)),
          ...(input.auth?.fields === undefined ? {} : { fields: input.auth.fields }),
          ...(app.clientId === undefined ? {} : { clientId: app.clientId }),
          ...(app.clientSecret === undefined
            ? {}
            : { clientSecretCt: await seal(ctx, id, generation, app.clientSecret), secretGeneration: generation }),
          // New credentials end the incident that the old ones caused.
          ...(app.clientId === undefined && app.clientSecret === undefined ? {} : { incidentAt: null, incidentError: null }),
          updatedAt: sql`clock_timestamp()`,
        })
        .where(eq(t.id, id))
        .returning(),
    );
    if (input.name !== undefined && input.name !== current.name) await namesStayDistinct(ctx, tx, id);
    await ctx.audit(tx, 'connection.updated', { kind: 'connection', id }, { changed: Object.keys(input).sort() });
    return present(ctx, row as ConnectionRow, connector);
  });
}

/**
 * Where two connections of one config have a tool, its name holds the connection's: a new name must not make two alike.
 * @throws Fault name_taken, invalid_request
 */
async function namesStayDistinct(ctx: Ctx, tx: Tx, connectionId: string): Promise<void> {
  const versions = await mappingsWith(tx, connectionId);
  const ids = [...new Set(versions.flatMap((v) => v.mappings.map((m) => m.connectionId)))];
  if (ids.length === 0) return;
  const rows = new Map((await tx.select().from(t).where(inArray(t.id, ids))).map((row) => [row.id, row]));
  for (const { mappings } of versions) {
    const named = mappings.flatMap((mapping) => {
      const row = rows.get(mapping.connectionId);
      return row === undefined ? [] : [mappedConnection(mapping, row)];
    });
    mustBeDistinct(await exposedTools(ctx.modules.catalogue, named));
  }
}

/** The current versions of the configs that name a connection. */
function mappingsWith(tx: Tx, connectionId: string): Promise<{ name: string; mappings: ToolMapping[] }[]> {
  const [configs, versions] = [schema.mcpConfigs, schema.mcpConfigVersions];
  return tx
    .select({ name: configs.name, mappings: versions.mappings })
    .from(configs)
    .innerJoin(versions, and(eq(versions.configId, configs.id), eq(versions.version, configs.version)))
    .where(sql`${versions.mappings} @> ${JSON.stringify([{ connectionId }])}::jsonb`);
}

/** @throws Fault not_found; in_use while configs name it or accounts hold credentials on it */
export async function deleteConnection(ctx: Ctx, id: string): Promise<void> {
  await ctx.tx(async (tx) => {
    const row = await getRow(ctx, tx, id, 'lock');
    const configs = await mappingsWith(tx, id);
    if (configs.length > 0) {
      throw new Fault(
        'in_use',
        `the connection is used by the MCP config ${configs
          .slice(0, 5)
          .map((c) => `"${c.name}"`)
          .join(', ')}; remove it there first`,
      );
    }
    const accounts = schema.connectedAccounts;
    const held = await heldAccounts(tx, id);
    if (held > 0) {
      throw new Fault(
        'in_use',
        `${held} connected account(s) hold credentials on this connection; delete them first, so that they are revoked`,
      );
    }
    const [pending] = await tx
      .select({ n: count() })
      .from(schema.revocations)
      .where(and(eq(schema.revocations.connectionId, id), eq(schema.revocations.status, 'pending')));
    if (pending !== undefined && pending.n > 0) {
      throw new Fault(
        'in_use',
        `${pending.n} credential(s) are still being revoked with this connection’s OAuth app; see GET /v1/revocations`,
      );
    }
    await tx.delete(accounts).where(eq(accounts.connectionId, id));
    await tx.delete(t).where(eq(t.id, id));
    await ctx.audit(tx, 'connection.deleted', { kind: 'connection', id }, { name: row.name, connector: row.connector });
  });
}

async function getRow(ctx: Ctx, tx: Tx, id: string, lock?: 'lock'): Promise<ConnectionRow> {
  const query = tx
    .select()
    .from(t)
    .where(and(eq(t.id, id), eq(t.environmentId, ctx.environmentId), within.connections(ctx, t.id)));
  const [row] = await (lock === undefined ? query : query.for('update'));
  if (row === undefined) throw new Fault('not_found', 'no such connection');
  return row;
}

/** Finds by name; callers name the fault, because a body that names a missing thing is not a missing page. */
export async function findConnectionByName(ctx: Ctx, tx: Tx, name: string): Promise<ConnectionRow | undefined> {
  const [row] = await tx
    .select()
    .from(t)
    .where(and(eq(t.name, name), eq(t.environmentId, ctx.environmentId), within.connections(ctx, t.id)));
  return row;
}

export type ConnectionStatus = Connection['status'];

/** RFC 6749 section 2.1: a client that has no secret. */
function isPublicClient(auth: AuthSpec | undefined): boolean {
  return auth?.kind === 'oauth2' && auth.clientAuthentication === 'none';
}

export function connectionStatus(row: Pick<ConnectionRow, 'clientId' | 'clientSecretCt' | 'fields'>, auth: AuthSpec): ConnectionStatus {
  if (!usesApp(auth)) return lacksField(row, auth) ? 'DRAFT' : 'COMPLETED';
  if (isPublicClient(auth)) return row.clientId === null ? 'DRAFT' : 'COMPLETED';
  const parts = [row.clientId, row.clientSecretCt].filter((part) => part !== null).length;
  return parts === 0 ? 'DRAFT' : parts === 1 || lacksField(row, auth) ? 'IN_PROGRESS' : 'COMPLETED';
}

/** Whether something is missing that only the operator can say. */
function lacksField(row: Pick<ConnectionRow, 'fields'>, auth: AuthSpec): boolean {
  return fieldsOf(auth).some(
    (f) => isTheOperators(auth, f) && f.optional !== true && f.default === undefined && row.fields[f.name] === undefined,
  );
}

export function redirectUri(baseUrl: string, connectionId: string): string {
  return `${baseUrl}/oauth/callback/${connectionId}`;
}

function present(ctx: Ctx, row: ConnectionRow, connector: Connector | undefined): Connection {
  const kind = connector?.auth.kind ?? (row.clientId === null ? 'api_key' : 'oauth2');
  return {
    id: row.id,
    name: row.name,
    connector: row.connector,
    auth_variant: row.authVariant,
    status: connector !== undefined ? connectionStatus(row, connector.auth) : row.clientId === null ? 'COMPLETED' : 'IN_PROGRESS',
    auth: {
      kind,
      client_id: row.clientId,
      client_secret_set: row.clientSecretCt !== null,
      redirect_uri:
        kind === 'oauth2' || (connector !== undefined && hasConsentPage(connector.auth))
          ? redirectUri(ctx.modules.baseUrl(), row.id)
          : null,
      fields: row.fields,
    },
    scopes: row.scopes,
    sandbox: row.sandbox,
    mcp:
      row.mcp === null
        ? null
        : {
            url: row.mcp.url,
            credential: row.mcp.credential,
            header_name: row.mcp.headerName,
            header_prefix: row.mcp.headerPrefix,
            header_value_set: row.mcpHeaderCt !== null,
          },
    verification: presentVerification(ctx.modules, row),
    identity_match: { policy: row.identityMatch.policy, value: row.identityMatch.value ?? null },
    on_account_change: row.onAccountChange as Connection['on_account_change'],
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}

function checkScopes(connector: Connector, asked: string[] | undefined): string[] {
  if (!('scopes' in connector.auth)) {
    if (asked !== undefined && asked.length > 0)
      throw new Fault('unknown_scope', `${connector.name} has no scopes: it is authorized by key`);
    return [];
  }
  const known = scopesOf(connector.auth);
  const unknown = asked?.filter((s) => !Object.hasOwn(known, s)) ?? [];
  if (unknown.length > 0) {
    throw new Fault('unknown_scope', {
      detail: `${connector.name} has no scope ${unknown.map((s) => `"${s}"`).join(', ')}`,
      errors: unknown.map((s) => ({ pointer: `/scopes/${asked?.indexOf(s)}`, detail: `unknown scope "${s}"` })),
    });
  }
  return [...new Set(asked ?? connector.auth.defaultScopes)];
}

function checkAuth(ctx: Ctx, connector: Connector, auth: NonNullable<ConnectionCreate['auth']>, sandbox: boolean): void {
  const errors: FieldError[] = [];
  const refuse = (name: string, detail: string) => errors.push({ pointer: `/auth/${name}`, detail });
  for (const name of ['client_id', 'client_secret'] as const) {
    if (auth[name] === undefined) continue;
    if (sandbox) refuse(name, 'a sandbox connection has its own OAuth app');
    else if (name === 'client_secret' && isPublicClient(connector.auth))
      refuse(name, `${connector.name} takes public clients, which have none`);
    else if (!usesApp(connector.auth)) refuse(name, `${connector.name} is authorized by key and has no OAuth app`);
  }
  if (connector.auth.kind === 'jwt_service_account' && auth.client_secret !== undefined && errors.length === 0) {
    const read = readServiceAccountKey(auth.client_secret);
    if ('problem' in read) refuse('client_secret', `the key file ${read.problem}`);
  }
  const jwt = connector.auth.kind === 'minted' ? connector.auth.mint.jwt : undefined;
  if (jwt?.key === '{client_secret}' && auth.client_secret !== undefined && errors.length === 0) {
    const problem = privateKeyProblem(auth.client_secret, jwt.algorithm);
    if (problem !== undefined) refuse('client_secret', `the private key ${problem}`);
  }
  for (const [name, value] of Object.entries(auth.fields ?? {})) {
    const field = fieldsOf(connector.auth).find((f) => f.name === name);
    if (field === undefined) refuse(`fields/${name}`, `${connector.name} has no such field`);
    else if (field.secret) refuse(`fields/${name}`, 'a secret belongs to each person’s own account, not to the connection');
    else if (!fieldAccepts(field, value)) refuse(`fields/${name}`, 'the value does not fit the field');
    else if (field.operatorUrl === true && !sandbox) {
      const refusal = ctx.modules.egress.serverRefusal(value, 'accept');
      if (refusal !== undefined) refuse(`fields/${name}`, refusal);
    }
  }
  if (errors.length > 0) throw new Fault('invalid_request', { detail: `${errors[0]?.pointer}: ${errors[0]?.detail}`, errors });
}

export function fieldAccepts(field: Pick<Field, 'name' | 'options' | 'pattern' | 'hostSuffixes' | 'operatorUrl'>, value: string): boolean {
  if (field.hostSuffixes !== undefined || field.operatorUrl === true) return accepts(field, value);
  if (field.options !== undefined) return field.options.some((o) => o.value === value);
  return field.pattern === undefined || field.pattern.test(value);
}

function ownApp(auth: ConnectionCreate['auth']): { clientId: string | undefined; clientSecret: Secret | undefined } {
  return { clientId: auth?.client_id, clientSecret: auth?.client_secret === undefined ? undefined : new Secret(auth.client_secret) };
}

async function sandboxApp(
  ctx: Ctx,
  connector: Connector,
  connectionId: string,
): Promise<{ clientId: string | undefined; clientSecret: Secret | undefined }> {
  const origin = ctx.modules.sandboxOrigin();
  if (origin === undefined)
    throw new Fault('sandbox_not_allowed', 'the sandbox is off; in server mode it must be allowed with GRANTWAY_SANDBOX=on');
  if (!usesApp(connector.auth)) return { clientId: undefined, clientSecret: undefined };
  const way = connector.variant === undefined ? connector.id : `${connector.id}.${connector.variant}`;
  return registerSandboxClient(ctx.modules.egress, origin, way, redirectUri(ctx.modules.baseUrl(), connectionId));
}

function seal(ctx: Ctx, connectionId: string, generation: number, secret: Secret): Promise<Buffer> {
  return ctx.modules.sealing.seal(clientSecretPlace({ environmentId: ctx.environmentId, id: connectionId, generation }), secret);
}

type InputRemote = ConnectionCreate['mcp'];

/** @throws Fault invalid_request */
function remoteSettings(
  ctx: Ctx,
  input: { connector: string; auth_variant?: string | null | undefined; mcp?: InputRemote },
): ConnectionRow['mcp'] {
  if (input.connector !== remoteConnectorId) {
    if (input.mcp === undefined) return null;
    throw new Fault('invalid_request', 'only a connection of the connector "mcp" has a remote MCP server');
  }
  if (input.auth_variant != null) throw noWayIn('a remote MCP server has one way in only');
  if (input.mcp === undefined) {
    throw new Fault('invalid_request', {
      detail: '/mcp: the connector "mcp" needs the URL of a server',
      errors: [{ pointer: '/mcp', detail: 'the connector "mcp" needs the URL of a server' }],
    });
  }
  return storedRemoteServer(ctx.modules, input.mcp);
}

async function remoteHeader(ctx: Ctx, connectionId: string, generation: number, input: InputRemote) {
  if (input?.header_value === undefined) return {};
  const place = remoteHeaderPlace({ environmentId: ctx.environmentId, id: connectionId, generation });
  return { mcpHeaderCt: await ctx.modules.sealing.seal(place, headerCredential(input.header_value)), mcpHeaderGeneration: generation };
}

/**
 * A shared header that is not named again stays only with the place that it belongs to; what people entered never moves.
 * @throws Fault in_use
 */
async function remoteChange(ctx: Ctx, tx: Tx, current: ConnectionRow, mcp: NonNullable<ConnectionRow['mcp']>, input: InputRemote) {
  const same = current.mcp !== null && sharesHeader(current.mcp, mcp);
  if (!same && (await heldAccounts(tx, current.id)) > 0) {
    throw new Fault(
      'in_use',
      'accounts hold credentials for the server as it is; delete them before its origin, header or credential changes',
    );
  }
  return { mcp, ...(same ? {} : { mcpHeaderCt: null }), ...(await remoteHeader(ctx, current.id, current.mcpHeaderGeneration + 1, input)) };
}

async function heldAccounts(tx: Tx, connectionId: string): Promise<number> {
  const accounts = schema.connectedAccounts;
  const [held] = await tx
    .select({ n: count() })
    .from(accounts)
    .where(and(eq(accounts.connectionId, connectionId), isNotNull(accounts.credentialCt)));
  return held?.n ?? 0;
}

type InputVerification = ConnectionUpdate['verification'];

async function verificationSecret(ctx: Ctx, connectionId: string, generation: number, input: InputVerification) {
  const secret = input?.oidc?.client_secret;
  if (secret === undefined) return {};
  const place = verificationSecretPlace({ environmentId: ctx.environmentId, id: connectionId, generation });
  return { verificationSecretCt: await ctx.modules.sealing.seal(place, new Secret(secret)), verificationSecretGeneration: generation };
}

/** A secret that is not named again stays only with the client and issuer that it belongs to. */
async function verificationChange(ctx: Ctx, current: ConnectionRow, input: InputVerification) {
  if (input === undefined) return {};
  const verification = input === null ? null : storedVerification(input);
  const [before, after] = [current.verification?.oidc, verification?.oidc];
  const same = after !== undefined && before?.issuer === after.issuer && before.clientId === after.clientId;
  return {
    verification,
    ...(same ? {} : { verificationSecretCt: null }),
    ...(await verificationSecret(ctx, current.id, current.verificationSecretGeneration + 1, input)),
  };
}

/** Turns the unique index's refusal into the caller's fault; every noun with a name has one. */
export async function orNameTaken<T>(name: string, work: PromiseLike<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (pgErrorCode(error) === uniqueViolation) throw new Fault('name_taken', `the name "${name}" is taken`);
    throw error;
  }
}
