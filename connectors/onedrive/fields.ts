import { path } from '@grantway/connector-kit';
import { driveItemId, driveItemName } from '@grantway/connector-kit/microsoft-drive';
import { z } from 'zod';

export const driveId = z
  .string()
  .regex(/^[A-Za-z0-9!_-]{1,200}$/)
  .optional()
  .describe('drive_id of an item from onedrive_items_search, or an id from onedrive_drives_list; one’s own drive unless told');
export const itemId = driveItemId.describe('Item id from onedrive_items_list or onedrive_items_search');
export const folderId = driveItemId.describe('Folder id, from onedrive_items_list or onedrive_items_search');
export const name = driveItemName;
export const limit = z.int().min(1).max(200).default(20).describe('Entries per page, 1 to 200');

/** One's own drive has a name of its own; any other is addressed by id. */
export function drive(drive_id: string | undefined): string {
  return drive_id === undefined ? '/me/drive' : path`/drives/${drive_id}`;
}

export const Done = z.object({ accepted: z.literal(true) });
export const done = (): z.input<typeof Done> => ({ accepted: true });
