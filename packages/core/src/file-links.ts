import { Fault, type File, type FileLinkCreate, type FileUploadLink, newId, parseBearer } from '@grantway/contract';
import { type StoredRestrictions, schema } from '@grantway/db';
import { mintBearer } from '@grantway/vault';
import { and, eq, isNull, sql } from 'drizzle-orm';
import { ensureUser } from './connected-accounts.ts';
import { type Ctx, createCtx, type Log, type Modules } from './ctx.ts';
import { createFile, presentFile } from './files.ts';
import { allowsIdentifier, mayActFor } from './restrictions.ts';
import { type FileRow, isReadable, openStored } from './stored-files.ts';

const t = schema.fileLinks;
type Kind = 'upload' | 'download';

const urlOf = (modules: Modules, token: string) => `${modules.baseUrl()}/files/${token}`;
const macOf = (modules: Modules, token: string) => modules.sealing.mac('file link', [token]);

/** A link by which whoever has it brings one file of a user's: for agents, which have the bytes and no access token. */
export async function createUploadLink(ctx: Ctx, input: FileLinkCreate): Promise<FileUploadLink> {
  const { user_identifier: identifier, name, life_seconds: life } = input;
  mayActFor(ctx, identifier);
  const token = mintBearer('fileLink');
  const id = newId('fileLink');
  const tokenMac = await macOf(ctx.modules, token);
  const expiresAt = await ctx.tx(async (tx) => {
    const userId = await ensureUser(tx, ctx.environmentId, identifier);
    const [row] = await tx
      .insert(t)
      .values({
        id,
        environmentId: ctx.environmentId,
        kind: 'upload' satisfies Kind,
        tokenMac,
        userId,
        clientId: ctx.actor.id,
        name,
        expiresAt: sql`clock_timestamp() + make_interval(secs => ${life})`,
      })
      .returning({ expiresAt: t.expiresAt });
    await ctx.audit(tx, 'file_link.created', { kind: 'file_link', id }, { kind: 'upload', user_identifier: identifier });
    return row?.expiresAt ?? new Date();
  });
  return { id, url: urlOf(ctx.modules, token), expires_at: expiresAt.toISOString() };
}

const downloadLifeSeconds = 3600;

/** A link to one file, for the holder of the MCP instance whose tool downloaded it. It ends with the file, after an hour, or with the instance. */
export async function createDownloadLink(
  modules: Modules,
  of: { environmentId: string; userId: string; clientId: string | null; instanceId: string; fileId: string },
): Promise<string> {
  const token = mintBearer('fileLink');
  const tokenMac = await macOf(modules, token);
  const { environmentId } = of;
  const expiresAt = sql`clock_timestamp() + make_interval(secs => ${downloadLifeSeconds})`;
  await modules.db.inEnvironment(environmentId, (tx) =>
    tx.insert(t).values({ id: newId('fileLink'), kind: 'download' satisfies Kind, tokenMac, expiresAt, ...of }),
  );
  return `${urlOf(modules, token)}/content`;
}

interface OpenedLink {
  ctx: Ctx;
  id: string;
  fileId: string | null;
  name: string | null;
  identifier: string;
}

/** @throws Fault link_invalid, link_used, link_expired; environment_suspended, user_suspended, client_suspended, instance_revoked */
async function open(modules: Modules, kind: Kind, token: string, request: { requestId: string; log: Log }): Promise<OpenedLink> {
  if (parseBearer('fileLink', token) === undefined) throw new Fault('link_invalid');
  const [row] = await modules.db.system('open authorization link').query<{
    id: string;
    environment_id: string;
    kind: Kind;
    client_id: string | null;
    file_id: string | null;
    name: string | null;
    identifier: string;
    used: boolean;
    expired: boolean;
    environment_suspended: boolean;
    user_suspended: boolean;
    client_suspended: boolean;
    restrictions: StoredRestrictions | null;
    instance_ended: boolean;
  }>({
    name: 'file link by token',
    text: `select l.id, l.environment_id, l.kind, l.client_id, l.file_id, l.name, u.identifier, l.used_at is not null as used,
             l.expires_at <= clock_timestamp() as expired, e.suspended_at is not null as environment_suspended,
             u.suspended_at is not null as user_suspended, coalesce(c.suspended_at is not null, false) as client_suspended, c.restrictions,
             l.instance_id is not null and (i.id is null or i.revoked_at is not null or coalesce(i.expires_at <= clock_timestamp(), false)) as instance_ended
           from file_links l join users u on u.id = l.user_id join environments e on e.id = l.environment_id
             left join clients c on c.id = l.client_id left join mcp_instances i on i.id = l.instance_id
           where l.token_mac = $1`,
    values: [await macOf(modules, token)],
  });
  if (row === undefined || row.kind !== kind || !allowsIdentifier(row.restrictions, row.identifier)) throw new Fault('link_invalid');
  if (row.used) throw new Fault('link_used');
  if (row.expired) throw new Fault('link_expired');
  if (row.environment_suspended) throw new Fault('environment_suspended');
  if (row.user_suspended) throw new Fault('user_suspended');
  if (row.client_suspended) throw new Fault('client_suspended');
  if (row.instance_ended) throw new Fault('instance_revoked');
  const ctx = createCtx(modules, {
    environmentId: row.environment_id,
    actor: row.client_id === null ? { kind: 'system', id: null } : { kind: 'client', id: row.client_id },
    ...request,
  });
  return { ctx, id: row.id, fileId: row.file_id, name: row.name, identifier: row.identifier };
}

/**
 * Takes the one file that a link is for. Whoever comes second finds it used; an upload that failed gives it back.
 * @throws Fault as open and storeFile
 */
export async function uploadByLink(
  modules: Modules,
  token: string,
  name: string | undefined,
  sent: { contentType: string; size: number | undefined; bytes: AsyncIterable<Uint8Array> },
  request: { requestId: string; log: Log },
): Promise<File> {
  const link = await open(modules, 'upload', token, request);
  const called = link.name ?? name;
  if (called === undefined) {
    const detail = 'say what the file is called, as ?name=';
    throw new Fault('invalid_request', { detail, errors: [{ pointer: '/name', detail }] });
  }
  const claimed = await link.ctx.tx((tx) =>
    tx
      .update(t)
      .set({ usedAt: sql`clock_timestamp()` })
      .where(and(eq(t.id, link.id), isNull(t.usedAt)))
      .returning({ id: t.id }),
  );
  if (claimed.length === 0) throw new Fault('link_used');
  try {
    return await createFile(link.ctx, { name: called, user_identifier: link.identifier }, { ...sent, linkId: link.id });
  } catch (error) {
    await link.ctx.tx((tx) => tx.update(t).set({ usedAt: null }).where(eq(t.id, link.id)));
    throw error;
  }
}

/** @throws Fault as open, and not_found once the file has ended */
export async function downloadByLink(
  modules: Modules,
  token: string,
  request: { requestId: string; log: Log },
): Promise<{ file: File; bytes: AsyncIterableIterator<Buffer> }> {
  const link = await open(modules, 'download', token, request);
  const rows: FileRow[] = await link.ctx.tx((tx) =>
    tx
      .select()
      .from(schema.files)
      .where(and(eq(schema.files.id, link.fileId ?? ''), isReadable())),
  );
  const [row] = rows;
  if (row === undefined) throw new Fault('link_invalid');
  return { file: presentFile(row), bytes: await openStored(modules, row) };
}
