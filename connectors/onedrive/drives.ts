import { get, tool } from '@grantway/connector-kit';
import {
  type GraphPage,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPage,
  graphPaging,
  nextCursor,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { ids } from './examples.ts';
import { limit } from './fields.ts';

interface DriveBody {
  id: string;
  name?: string | null;
  driveType?: string | null;
  webUrl?: string | null;
  owner?: { user?: { displayName?: string | null; email?: string | null } | null; group?: { displayName?: string | null } | null } | null;
  quota?: { total?: number | null; used?: number | null; remaining?: number | null; state?: string | null } | null;
}

const Drive = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  owner: z.string().nullable(),
  used_bytes: z.number().nullable(),
  total_bytes: z.number().nullable(),
  web_url: z.string().nullable(),
});

const drive = (d: DriveBody): z.input<typeof Drive> => ({
  id: d.id,
  name: d.name ?? '',
  type: d.driveType ?? 'unknown',
  owner: d.owner?.user?.displayName ?? d.owner?.group?.displayName ?? null,
  used_bytes: d.quota?.used ?? null,
  total_bytes: d.quota?.total ?? null,
  web_url: d.webUrl ?? null,
});

const driveExample = {
  createdDateTime: '2024-01-04T14:35:29Z',
  description: '',
  id: ids.drive,
  lastModifiedDateTime: '2025-11-21T08:12:40Z',
  name: 'OneDrive',
  webUrl: 'https://acme-my.sharepoint.example/personal/mira/Documents',
  driveType: 'business',
  createdBy: { user: { displayName: 'System Account' } },
  lastModifiedBy: { user: { email: 'mira@acme.example', displayName: 'Mira Lopez' } },
  owner: { user: { email: 'mira@acme.example', id: '5b1c7e2a-9d34-4f6b-8a10-3c2d1e0f4a5b', displayName: 'Mira Lopez' } },
  quota: { deleted: 256000, remaining: 1099511000000, state: 'normal', total: 1099511627776, used: 627776 },
};

const driveGiven = {
  id: ids.drive,
  name: 'OneDrive',
  type: 'business',
  owner: 'Mira Lopez',
  used_bytes: 627776,
  total_bytes: 1099511627776,
  web_url: 'https://acme-my.sharepoint.example/personal/mira/Documents',
};

export const driveGet = tool({
  name: 'onedrive_drive_get',
  aliases: ['onedrive_get_drive'],
  title: 'Look at one’s drive',
  description:
    'Tell the id of this account’s own drive, whose it is, how much is stored and how much may be. What lies in it is listed by ' +
    'onedrive_items_list; other drives by onedrive_drives_list.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({}),
  output: Drive,
  request: () => get('/me/drive'),
  respond: drive,
  docs: 'https://learn.microsoft.com/graph/api/drive-get',
  provenance: graphPage('GET /me/drive'),
  examples: [
    {
      input: {},
      receives: { body: { '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#drives/$entity', ...driveExample } },
      gives: driveGiven,
    },
  ],
});

export const drivesList = tool({
  name: 'onedrive_drives_list',
  aliases: ['onedrive_list_drives'],
  title: 'List drives',
  description:
    'List the drives of this account with their ids, which the other tools take as drive_id. Most accounts have one, and for that no id is ' +
    'needed: use onedrive_items_list or onedrive_items_search at once.',
  effect: 'read',
  scopes: ['Files.Read'],
  input: z.object({ limit, cursor: graphCursor }),
  output: z.object({ drives: z.array(Drive), next_cursor: graphNextCursor }),
  request: ({ limit: top, cursor }) => get('/me/drives', graphPaging(top, cursor)),
  respond: (body: GraphPage<DriveBody>) => ({ drives: body.value.map(drive), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/drive-list',
  provenance: graphOperation('GET /me/drives'),
  examples: [
    {
      input: {},
      receives: { body: { '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#drives', value: [driveExample] } },
      gives: { drives: [driveGiven], next_cursor: null },
    },
  ],
});
