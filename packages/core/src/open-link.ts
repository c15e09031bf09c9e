import { type Connector, missingScopes } from '@grantway/connector-kit';
import { Fault, parseBearer } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { and, eq, isNull, sql } from 'drizzle-orm';
import type { AccountRow } from './connected-accounts.ts';
import type { ConnectionRow } from './connections.ts';
import { type Ctx, createCtx, type Log, type Modules } from './ctx.ts';
import { connectorOf } from './remote-servers.ts';

const links = schema.authorizationLinks;

export interface OpenLink {
  ctx: Ctx;
  link: typeof links.$inferSelect;
  account: AccountRow;
  connection: ConnectionRow;
  connector: Connector;
  /** Who is to open the link: the account's own user, or who connects it for the organization. */
  userId: string;
  identifier: string;
  workspaceName: string;
}

export type Request = { requestId: string; log: Log };

/** @throws Fault link_invalid */
export async function openLink(modules: Modules, token: string, request: Request): Promise<OpenLink> {
  const parsed = parseBearer('link', token);
  if (parsed === undefined || !(await modules.sealing.isDerived('link', token, 1))) throw new Fault('link_invalid');
  const [found] = await modules.db.system('open authorization link').query<{ environment_id: string }>({
    name: 'link by token id',
    text: 'select environment_id from authorization_links where token_id = $1',
    values: [parsed.id],
  });
  if (found === undefined) throw new Fault('link_invalid');
  return readLink(modules, found.environment_id, eq(links.tokenId, parsed.id), request);
}

export async function readLink(modules: Modules, environmentId: string, where: ReturnType<typeof eq>, request: Request): Promise<OpenLink> {
  const row = await modules.db.inEnvironment(environmentId, async (tx) => {
    const [one] = await tx
      .select({
        link: links,
        account: schema.connectedAccounts,
        connection: schema.connections,
        userId: schema.users.id,
        identifier: schema.users.identifier,
        userSuspendedAt: schema.users.suspendedAt,
        environmentSuspendedAt: schema.environments.suspendedAt,
        workspaceName: schema.workspaces.name,
      })
      .from(links)
      .innerJoin(schema.connectedAccounts, eq(schema.connectedAccounts.id, links.connectedAccountId))
      .innerJoin(schema.connections, eq(schema.connections.id, schema.connectedAccounts.connectionId))
      .innerJoin(schema.users, eq(schema.users.id, sql`coalesce(${links.userId}, ${schema.connectedAccounts.userId})`))
      .innerJoin(schema.environments, eq(schema.environments.id, links.environmentId))
      .innerJoin(schema.workspaces, eq(schema.workspaces.id, schema.environments.workspaceId))
      .where(where);
    return one;
  });
  if (row === undefined) throw new Fault('link_invalid');
  if (row.environmentSuspendedAt !== null) throw new Fault('environment_suspended');
  if (row.userSuspendedAt !== null) throw new Fault('user_suspended');
  const connector = await connectorOf(modules.catalogue, row.connection);
  if (connector === undefined) throw new Fault('link_invalid', { internal: `no connector ${row.connection.connector}` });
  const ctx = createCtx(modules, { environmentId, actor: { kind: 'person', id: row.userId }, ...request });
  return { ctx, connector, ...row };
}

export function linkState(link: OpenLink['link']): 'live' | 'expired' | 'used' {
  return link.usedAt !== null ? 'used' : link.expiresAt.getTime() <= Date.now() ? 'expired' : 'live';
}

/** @throws Fault link_used, link_expired */
export function mustBeLive(link: OpenLink['link']): void {
  const state = linkState(link);
  if (state === 'used') throw new Fault('link_used');
  if (state === 'expired') throw new Fault('link_expired');
}

/** @throws Fault link_used */
export async function useLink(tx: Tx, linkId: string): Promise<void> {
  const used = await tx
    .update(links)
    .set({ usedAt: sql`clock_timestamp()` })
    .where(and(eq(links.id, linkId), isNull(links.usedAt)))
    .returning({ id: links.id });
  if (used.length === 0) throw new Fault('link_used');
}

/** Scopes that the connection asks for and this grant lacks. */
export function missingOf({ connector, connection }: OpenLink, granted: readonly string[]): string[] {
  return connector.auth.kind === 'oauth2' ? missingScopes(connector.auth, granted, connection.scopes) : [];
}
