import { z } from 'zod';
import { graphTime } from './microsoft.ts';
import { path } from './request.ts';

/** Files and folders of Graph, which OneDrive and SharePoint name and answer alike. */

export const driveItemId = z.string().regex(/^[A-Za-z0-9!_-]{1,200}$/);

/** Characters that no file name has, and those that servers decode in their own ways, are refused; the rest goes escaped. */
export const driveItemName = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}"*:<>?/\\|]{1,200}$/u)
  .refine((name) => !/^\.{1,2}$|^\s|[\s.]$/.test(name), 'is no name of a file');

/**
 * Where `/content` redirects to: a tenant's own host for work accounts, Microsoft's stores for personal ones. The addresses are good for
 * minutes, for whoever has them.
 */
export const driveContentHosts = ['sharepoint.com', 'files.1drv.com', 'my.microsoftpersonalcontent.com'];

/** https://learn.microsoft.com/graph/api/driveitem-put-content */
export const driveUploadMaxBytes = 262_144_000;

/** What a file of ours is called in a drive: characters that no name has there become underscores. */
export function driveNameOf(name: string): string {
  const plain = name.replaceAll(/[\p{Cc}\p{Cs}"*:<>?/\\|]/gu, '_').replace(/^\s+|[\s.]+$/gu, '');
  return driveItemName.safeParse(plain).success ? plain : 'file';
}

/** The path of a new file below a folder; the name stands between colons. */
export function driveFilePath(parent_id: string, name: string): string {
  return path`/items/${parent_id}:/${name}:/content`;
}

/** A text in search(q='…'), part of the path: without what could end the literal, the segment or the path. */
export const driveQuery = z
  .string()
  .regex(/^[^\p{Cc}\p{Cs}"*:<>?/\\|%#&+]{1,200}$/u)
  .refine((text) => /[\p{L}\p{N}]/u.test(text), 'holds no word');

/** The segment `search(q='…')`; a quote is doubled, as OData has it. */
export function searchSegment(query: string): string {
  return path`/search(q='${query.replaceAll("'", "''")}')`;
}

/** Without @microsoft.graph.downloadUrl, which lets anybody who reads it have the file. */
export const driveItemFields =
  'id,name,size,file,folder,package,parentReference,createdDateTime,lastModifiedDateTime,lastModifiedBy,webUrl,shared,remoteItem';

interface Reference {
  driveId?: string | null;
  id?: string | null;
  path?: string | null;
}

export interface DriveItemBody {
  id: string;
  name?: string | null;
  size?: number | null;
  file?: { mimeType?: string | null } | null;
  folder?: { childCount?: number | null } | null;
  package?: { type?: string | null } | null;
  parentReference?: Reference | null;
  createdDateTime?: string | null;
  lastModifiedDateTime?: string | null;
  lastModifiedBy?: { user?: { displayName?: string | null; email?: string | null } | null } | null;
  webUrl?: string | null;
  shared?: object | null;
  remoteItem?: (Omit<DriveItemBody, 'remoteItem'> & { id?: string | null }) | null;
}

export const DriveItem = z.object({
  id: z.string(),
  drive_id: z.string().nullable(),
  name: z.string(),
  kind: z.enum(['file', 'folder', 'package']),
  size: z.int(),
  mime_type: z.string().nullable(),
  child_count: z.int().nullable(),
  parent_id: z.string().nullable(),
  parent_path: z.string().nullable(),
  created_at: z.string().nullable(),
  modified_at: z.string().nullable(),
  modified_by: z.string().nullable(),
  web_url: z.string().nullable(),
  shared: z.boolean(),
});

/** An item that lies in another drive is given by its ids there, with which alone it can be reached. */
export function driveItem(body: DriveItemBody): z.input<typeof DriveItem> {
  const item = { ...body, ...(body.remoteItem ?? {}), id: body.remoteItem?.id ?? body.id };
  const person = item.lastModifiedBy?.user;
  return {
    id: item.id,
    drive_id: item.parentReference?.driveId ?? null,
    name: item.name ?? '',
    kind: item.folder ? 'folder' : item.package ? 'package' : 'file',
    size: item.size ?? 0,
    mime_type: item.file?.mimeType ?? null,
    child_count: item.folder?.childCount ?? null,
    parent_id: item.parentReference?.id ?? null,
    parent_path: pathOf(item.parentReference?.path),
    created_at: graphTime(item.createdDateTime),
    modified_at: graphTime(item.lastModifiedDateTime),
    modified_by: person?.displayName ?? person?.email ?? null,
    web_url: item.webUrl ?? null,
    shared: (item.shared ?? null) !== null || (body.remoteItem ?? null) !== null,
  };
}

/** `/drives/b!x/root:/Reports/2025` is `/Reports/2025` to people. */
function pathOf(reference: string | null | undefined): string | null {
  const at = reference?.indexOf('root:') ?? -1;
  if (reference === null || reference === undefined || at === -1) return null;
  const below = reference.slice(at + 'root:'.length);
  try {
    return decodeURIComponent(below) || '/';
  } catch {
    return below;
  }
}

/** A permission of an item: whom it reaches, by a link or by name. */
export interface PermissionBody {
  id: string;
  roles?: string[] | null;
  link?: { type?: string | null; scope?: string | null; webUrl?: string | null } | null;
  grantedToV2?: Granted | null;
  grantedToIdentitiesV2?: Granted[] | null;
  inheritedFrom?: object | null;
  expirationDateTime?: string | null;
  hasPassword?: boolean | null;
}

interface Granted {
  user?: Named | null;
  siteUser?: Named | null;
  group?: Named | null;
  siteGroup?: Named | null;
}

interface Named {
  displayName?: string | null;
  email?: string | null;
}

export const DrivePermission = z.object({
  id: z.string(),
  roles: z.array(z.string()),
  granted_to: z.array(z.string()),
  link: z.object({ type: z.string(), scope: z.string(), url: z.string().nullable() }).nullable(),
  inherited: z.boolean(),
  has_password: z.boolean(),
  expires_at: z.string().nullable(),
});

export function drivePermission(p: PermissionBody): z.input<typeof DrivePermission> {
  const granted = [...(p.grantedToV2 ? [p.grantedToV2] : []), ...(p.grantedToIdentitiesV2 ?? [])];
  return {
    id: p.id,
    roles: p.roles ?? [],
    granted_to: granted.flatMap(({ user, siteUser, group, siteGroup }) => {
      const who = user ?? group ?? siteUser ?? siteGroup;
      return who?.email ?? who?.displayName ?? [];
    }),
    link: p.link ? { type: p.link.type ?? 'view', scope: p.link.scope ?? 'unknown', url: p.link.webUrl ?? null } : null,
    inherited: (p.inheritedFrom ?? null) !== null,
    has_password: p.hasPassword ?? false,
    // Permissions without an end have the year one.
    expires_at: p.expirationDateTime?.startsWith('0001') ? null : graphTime(p.expirationDateTime),
  };
}
