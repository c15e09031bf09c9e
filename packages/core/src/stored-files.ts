import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { FileFacts } from '@grantway/connector-kit';
import { type AuditAction, Fault, isFault, newId } from '@grantway/contract';
import { recordAudit, schema, type Tx } from '@grantway/db';
import type { Place } from '@grantway/vault';
import { and, eq, sql } from 'drizzle-orm';
import { ensureUser } from './connected-accounts.ts';
import type { Modules } from './ctx.ts';
import { eraseRow, settleRoom, takeRoom } from './file-room.ts';

const t = schema.files;

export type FileRow = typeof t.$inferSelect;

export interface NewFile {
  environmentId: string;
  userIdentifier: string;
  clientId: string | null;
  toolCallId?: string;
  linkId?: string;
  name: string;
  contentType: string;
  /** As far as it is known before the bytes come. */
  size?: number | undefined;
  /** Asked when all bytes are there; what it does not say stays. */
  finally?: () => { name?: string | undefined; contentType?: string | undefined };
}

const placeOf = ({ environmentId, id }: Pick<FileRow, 'environmentId' | 'id'>): Place => ({
  environmentId,
  table: 'files',
  column: 'key_ct',
  rowId: id,
  generation: 1,
});

/**
 * Stores one file. Its row comes first, so that nothing lies in the store that no row knows; its key comes with the last byte, so
 * that what was cut off cannot be read by anybody. `deed` runs in the transaction that makes the file readable.
 * @throws Fault payload_too_large, file_limit, user_suspended, invalid_request, unavailable; then nothing is left of it
 */
export async function storeFile(
  modules: Modules,
  of: NewFile,
  bytes: AsyncIterable<Uint8Array>,
  deed: (tx: Tx, row: FileRow) => Promise<void>,
): Promise<FileRow> {
  const { store, sealing, settings } = modules.files;
  const { environmentId, size: declared } = of;
  if (declared !== undefined && declared > settings.maxBytes) throw tooLarge(settings.maxBytes);
  const reserved = declared ?? 0;
  const id = newId('file');
  await modules.db.inEnvironment(environmentId, async (tx) => {
    await takeRoom(tx, environmentId, reserved, settings);
    const userId = await ensureUser(tx, environmentId, of.userIdentifier);
    const { userIdentifier, clientId, toolCallId, linkId, name, contentType } = of;
    const expiresAt = sql`clock_timestamp() + make_interval(secs => ${settings.lifeSeconds})`;
    await tx
      .insert(t)
      .values({ id, environmentId, userId, userIdentifier, clientId, toolCallId, linkId, name, contentType, size: reserved, expiresAt });
  });
  try {
    const measure = { size: 0, sha256: '' };
    const { keyCt, seal } = await sealing.seal(placeOf({ environmentId, id }));
    await store.put(id, seal(measured(bytes, { maxBytes: settings.maxBytes, declared }, measure)));
    const { name = of.name, contentType = of.contentType } = of.finally?.() ?? {};
    return await modules.db.inEnvironment(environmentId, async (tx) => {
      await settleRoom(tx, environmentId, measure.size - reserved, settings);
      const [row] = await tx
        .update(t)
        .set({ status: 'ready', keyCt, name, contentType, ...measure })
        .where(and(eq(t.id, id), eq(t.status, 'writing')))
        .returning();
      if (row === undefined) throw new Fault('not_found', 'the user was forgotten meanwhile');
      await deed(tx, row);
      return row;
    });
  } catch (error) {
    await discard(modules, { environmentId, id });
    throw error instanceof Error && isOfStore(error) ? notStored(modules, id, error) : error;
  }
}

/** What a disk or a store says when it cannot take more: no fault of the caller's. */
const isOfStore = (error: Error & { code?: unknown }) =>
  !isFault(error) &&
  (/^(ENOSPC|EDQUOT|EFBIG|EIO|EROFS|EACCES|EPERM|ENOENT|ENOTDIR|EMFILE|ENFILE)$/.test(String(error.code)) ||
    /file store/.test(error.message));

function notStored(modules: Modules, id: string, cause: Error): Fault {
  modules.log.error({ err: cause, file_id: id }, 'a file could not be stored');
  return new Fault('unavailable', { detail: 'the file could not be stored', retryAfterSeconds: 60, cause });
}

const tooLarge = (maxBytes: number) => new Fault('payload_too_large', `a file may have ${maxBytes} bytes at most`);

/** The same bytes, counted while they pass. */
async function* measured(
  bytes: AsyncIterable<Uint8Array>,
  { maxBytes, declared }: { maxBytes: number; declared: number | undefined },
  into: { size: number; sha256: string },
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const some of bytes) {
    into.size += some.length;
    if (into.size > maxBytes) throw tooLarge(maxBytes);
    hash.update(some);
    yield some;
  }
  if (declared !== undefined && into.size !== declared) {
    throw new Fault('invalid_request', `${into.size} bytes came, and Content-Length said ${declared}`);
  }
  into.sha256 = hash.digest('hex');
}

/** Bytes and row of a file that nobody can read. What does not go now goes with the sweep. */
async function discard(modules: Modules, { environmentId, id }: Pick<FileRow, 'environmentId' | 'id'>): Promise<void> {
  try {
    await modules.db.inEnvironment(environmentId, (tx) => tx.update(t).set({ status: 'deleting', keyCt: null }).where(eq(t.id, id)));
    await modules.files.store.remove(id);
    await modules.db.inEnvironment(environmentId, (tx) => eraseRow(tx, environmentId, id));
  } catch (err) {
    modules.log.warn({ err, file_id: id }, 'a file is not removed yet; the sweep tries again');
  }
}

/** Ends a file at once: its key goes with the caller's deed, its bytes right after. */
export async function removeFile(modules: Modules, row: FileRow, deed: (tx: Tx) => Promise<void>): Promise<void> {
  const { environmentId, id } = row;
  await modules.db.inEnvironment(environmentId, async (tx) => {
    const gone = await tx
      .update(t)
      .set({ status: 'deleting', keyCt: null })
      .where(and(eq(t.id, id), eq(t.status, 'ready')))
      .returning({ id: t.id });
    if (gone.length === 0) throw noSuchFile();
    await deed(tx);
  });
  await discard(modules, row);
}

/** The same whether it never was, has ended or is somebody else's. */
export const noSuchFile = () => new Fault('not_found', 'there is no such file, or it has expired');

export const isReadable = () => and(eq(t.status, 'ready'), sql`${t.keyCt} is not null`, sql`${t.expiresAt} > clock_timestamp()`);

/**
 * The bytes of a file; a piece comes out after it was found to be what was stored. Whoever does not read to the end calls `return`.
 * @throws Fault unavailable where the store does not have it or does not answer
 */
export async function openStored(modules: Modules, row: FileRow): Promise<AsyncIterableIterator<Buffer>> {
  const { store, sealing } = modules.files;
  let sealed: Readable;
  let bytes: AsyncGenerator<Buffer>;
  try {
    const open = await sealing.open(placeOf(row), row.keyCt ?? Buffer.alloc(0));
    sealed = await store.get(row.id);
    // It may fail before anybody reads; who reads then hears of it.
    sealed.on('error', () => {});
    bytes = open(sealed);
  } catch (cause) {
    modules.log.error({ err: cause, file_id: row.id }, 'a file could not be opened');
    throw new Fault('unavailable', { detail: 'the file could not be read', cause });
  }
  const reading: AsyncIterableIterator<Buffer> = {
    [Symbol.asyncIterator]: () => reading,
    next: () => bytes.next(),
    async return() {
      // A generator that was never started would not close its source.
      sealed.destroy();
      return bytes.return(undefined);
    },
  };
  return reading;
}

export function factsOf(row: FileRow): FileFacts {
  return {
    file_id: row.id,
    name: row.name,
    size: row.size,
    content_type: row.contentType,
    sha256: row.sha256 ?? '',
    expires_at: row.expiresAt.toISOString(),
  };
}

const perSweep = 500;
/** Longer than any upload may take. */
const abandonedAfterSeconds = 3600;

/** Ends what has expired and what was never finished, and removes the bytes of all that has ended. Answers how many rows went. */
export async function sweepFiles(modules: Modules): Promise<number> {
  const system = modules.db.system('sweep');
  await system.tx(async (tx) => {
    const { rows } = await tx.execute<{ id: string; environment_id: string; size: string; expired: boolean }>(sql`
      with due as (
        select id, status from files
        where (status = 'ready' and expires_at <= clock_timestamp())
          or (status = 'writing' and created_at < clock_timestamp() - make_interval(secs => ${abandonedAfterSeconds}))
        order by id limit ${perSweep} for update skip locked)
      update files f set status = 'deleting', key_ct = null from due where f.id = due.id
      returning f.id, f.environment_id, f.size, due.status = 'ready' as expired`);
    for (const { id, environment_id: environmentId, size, expired } of rows) {
      if (!expired) continue;
      await recordAudit(tx, {
        environmentId,
        action: 'file.deleted' satisfies AuditAction,
        actor: { kind: 'system', id: null },
        target: { kind: 'file', id },
        requestId: null,
        details: { reason: 'expired', size: Number(size) },
      });
    }
  });
  const ended = await system.query<{ id: string; environment_id: string }>({
    name: 'files to remove',
    text: `select id, environment_id from files where status = 'deleting' order by id limit ${perSweep}`,
    values: [],
  });
  let gone = 0;
  for (const { id, environment_id: environmentId } of ended) {
    try {
      await modules.files.store.remove(id);
    } catch (err) {
      modules.log.warn({ err, file_id: id }, 'the bytes of a file could not be removed');
      continue;
    }
    if (await modules.db.inEnvironment(environmentId, (tx) => eraseRow(tx, environmentId, id))) gone += 1;
  }
  await system.query({ name: 'prune file links', text: "delete from file_links where expires_at < now() - interval '1 day'", values: [] });
  return gone;
}
