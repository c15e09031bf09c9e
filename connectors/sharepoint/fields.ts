import { driveItemId } from '@grantway/connector-kit/microsoft-drive';
import { z } from 'zod';

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** A site is a host and two ids, or the second of them alone, or the root of the tenant. */
export const siteId = z
  .string()
  .regex(new RegExp(`^(?:root|(?:[a-z0-9.-]{1,200},${uuid},)?${uuid})$`))
  .describe('Site id from sharepoint_sites_search or sharepoint_site_get_by_url, or root');
export const listId = z
  .string()
  .regex(new RegExp(`^${uuid}$`))
  .describe('List id from sharepoint_lists_list');
export const listItemId = z
  .string()
  .regex(/^\d{1,12}$/)
  .describe('Item id, a number, from sharepoint_list_items_list');
export const pageId = z
  .string()
  .regex(new RegExp(`^${uuid}$`))
  .describe('Page id from sharepoint_pages_list');
export const driveId = z
  .string()
  .regex(/^[A-Za-z0-9!_-]{1,200}$/)
  .describe('Library id from sharepoint_drives_list');
export const fileId = driveItemId.describe('Item id from sharepoint_files_list or sharepoint_files_search');
export const limit = z.int().min(1).max(200).default(20).describe('Entries per page, 1 to 200');

/** SharePoint’s internal names of columns; spaces stand there as _x0020_. */
export const columnName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/);

/** More choices than one need their type said; people write a list. */
export const values = z
  .record(columnName, z.union([z.string().max(20_000), z.number(), z.boolean(), z.null(), z.array(z.string().max(255)).max(100)]))
  .refine((record) => Object.keys(record).length > 0, 'no column is given')
  .describe('Column’s name from sharepoint_list_columns_list -> value; a list for several choices, null for none');

export function fieldsOf(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) =>
      Array.isArray(value) ? [[`${name}@odata.type`, 'Collection(Edm.String)'] as const, [name, value] as const] : [[name, value] as const],
    ),
  );
}

const textMax = 2000;

/** Values of an item without SharePoint’s own annotations, long ones cut. */
export function readFields(fields: Record<string, unknown> | null | undefined): { fields: Record<string, unknown>; truncated: boolean } {
  let truncated = false;
  const kept = Object.entries(fields ?? {}).filter(([name]) => !name.includes('@odata.') && name !== 'id');
  const read = kept.map(([name, value]) => {
    if (typeof value !== 'string' || value.length <= textMax) return [name, value] as const;
    truncated = true;
    return [name, value.slice(0, textMax)] as const;
  });
  return { fields: Object.fromEntries(read), truncated };
}

export const Done = z.object({ accepted: z.literal(true) });
export const done = (): z.input<typeof Done> => ({ accepted: true });

export interface By {
  user?: { displayName?: string | null; email?: string | null } | null;
}

export const personOf = (by: By | null | undefined): string | null => by?.user?.displayName ?? by?.user?.email ?? null;
