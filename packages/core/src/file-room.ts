import { Fault } from '@grantway/contract';
import { schema, type Tx } from '@grantway/db';
import { and, eq, sql } from 'drizzle-orm';

const t = schema.fileTotals;

/** What one environment's files may come to. */
export interface FileRoom {
  maxFiles: number;
  quotaBytes: number;
}

const isFull = ({ maxFiles, quotaBytes }: FileRoom) =>
  new Fault('file_limit', `there is room for ${maxFiles} files and ${quotaBytes} bytes; delete some, or wait until they expire`);

/** Sets room aside for one more file. @throws Fault file_limit */
export async function takeRoom(tx: Tx, environmentId: string, bytes: number, room: FileRoom): Promise<void> {
  if (bytes > room.quotaBytes || room.maxFiles < 1) throw isFull(room);
  const taken = await tx
    .insert(t)
    .values({ environmentId, files: 1, bytes })
    .onConflictDoUpdate({
      target: t.environmentId,
      set: { files: sql`${t.files} + 1`, bytes: sql`${t.bytes} + ${bytes}` },
      setWhere: and(sql`${t.files} < ${room.maxFiles}`, sql`${t.bytes} + ${bytes} <= ${room.quotaBytes}`),
    })
    .returning({ files: t.files });
  if (taken.length === 0) throw isFull(room);
}

/** What was set aside becomes what it came to. Takes the lock that `leaveRoom` takes first too. @throws Fault file_limit */
export async function settleRoom(tx: Tx, environmentId: string, more: number, room: FileRoom): Promise<void> {
  const kept = await tx
    .update(t)
    .set({ bytes: sql`${t.bytes} + ${more}` })
    .where(and(eq(t.environmentId, environmentId), more > 0 ? sql`${t.bytes} + ${more} <= ${room.quotaBytes}` : undefined))
    .returning({ files: t.files });
  if (kept.length === 0) throw isFull(room);
}

/** Erases a file's row and gives its room back, whoever comes first. */
export async function eraseRow(tx: Tx, environmentId: string, id: string): Promise<boolean> {
  await tx.select({ files: t.files }).from(t).where(eq(t.environmentId, environmentId)).for('update');
  const [gone] = await tx.delete(schema.files).where(eq(schema.files.id, id)).returning({ size: schema.files.size });
  if (gone === undefined) return false;
  await tx
    .update(t)
    .set({ files: sql`${t.files} - 1`, bytes: sql`${t.bytes} - ${gone.size}` })
    .where(eq(t.environmentId, environmentId));
  return true;
}
