import type { File } from '@grantway/contract';
import { schema } from '@grantway/db';
import { and, desc, eq, lt, type SQL } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';
import { decodeCursor, type Page, toPage } from './pagination.ts';
import { mayActFor, within } from './restrictions.ts';
import { type FileRow, isReadable, noSuchFile, openStored, removeFile, storeFile } from './stored-files.ts';

const t = schema.files;

/** What the calling client may know of: a restricted one its own alone, since what another one brought may reach further. */
const ofClient = (ctx: Ctx): SQL | undefined =>
  and(eq(t.environmentId, ctx.environmentId), within.own(ctx, t.clientId), within.identifiers(ctx, t.userIdentifier));

const ofUser = (identifier: string | undefined): SQL | undefined =>
  identifier === undefined ? undefined : eq(t.userIdentifier, identifier);

export interface FileUploaded {
  name: string;
  user_identifier: string;
}

/** @throws Fault as storeFile, and not_found for a user whom the client may not act for */
export async function createFile(
  ctx: Ctx,
  { name, user_identifier: userIdentifier }: FileUploaded,
  sent: { contentType: string; size: number | undefined; bytes: AsyncIterable<Uint8Array>; linkId?: string },
): Promise<File> {
  mayActFor(ctx, userIdentifier);
  const { contentType, size, bytes, linkId } = sent;
  const clientId = ctx.actor.id;
  const row = await storeFile(
    ctx.modules,
    { environmentId: ctx.environmentId, userIdentifier, clientId, name, contentType, size, ...(linkId === undefined ? {} : { linkId }) },
    bytes,
    (tx, made) => ctx.audit(tx, 'file.created', { kind: 'file', id: made.id }, auditOf(made)),
  );
  return presentFile(row);
}

export async function listFiles(
  ctx: Ctx,
  query: { limit: number; cursor?: string | undefined; user_identifier?: string | undefined },
): Promise<Page<File>> {
  const before = decodeCursor('file', query.cursor);
  const rows = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(and(ofClient(ctx), isReadable(), ofUser(query.user_identifier), before === undefined ? undefined : lt(t.id, before)))
      .orderBy(desc(t.id))
      .limit(query.limit + 1),
  );
  return toPage(rows, query.limit, presentFile);
}

async function find(ctx: Ctx, id: string, userIdentifier: string | undefined): Promise<FileRow> {
  const [row] = await ctx.tx((tx) =>
    tx
      .select()
      .from(t)
      .where(and(eq(t.id, id), ofClient(ctx), isReadable(), ofUser(userIdentifier))),
  );
  if (row === undefined) throw noSuchFile();
  return row;
}

export async function getFile(ctx: Ctx, id: string, userIdentifier?: string): Promise<File> {
  return presentFile(await find(ctx, id, userIdentifier));
}

export async function openFile(
  ctx: Ctx,
  id: string,
  userIdentifier?: string,
): Promise<{ file: File; bytes: AsyncIterableIterator<Buffer> }> {
  const row = await find(ctx, id, userIdentifier);
  return { file: presentFile(row), bytes: await openStored(ctx.modules, row) };
}

export async function deleteFile(ctx: Ctx, id: string, userIdentifier?: string): Promise<void> {
  const row = await find(ctx, id, userIdentifier);
  await removeFile(ctx.modules, row, (tx) => ctx.audit(tx, 'file.deleted', { kind: 'file', id }, { reason: 'requested', size: row.size }));
}

export function auditOf(row: FileRow): Record<string, unknown> {
  return {
    user_identifier: row.userIdentifier,
    size: row.size,
    content_type: row.contentType,
    sha256: row.sha256,
    ...(row.toolCallId === null ? {} : { tool_call_id: row.toolCallId }),
    ...(row.linkId === null ? {} : { link_id: row.linkId }),
  };
}

export function presentFile(row: FileRow): File {
  return {
    id: row.id,
    name: row.name,
    content_type: row.contentType,
    size: row.size,
    sha256: row.sha256 ?? '',
    user_identifier: row.userIdentifier,
    tool_call_id: row.toolCallId,
    expires_at: row.expiresAt.toISOString(),
    created_at: row.createdAt.toISOString(),
  };
}
