/** Entries as Microsoft's reference pages show them, with invented values. */

export const ids = {
  drive: 'b!t18F8ybsHUq1z3LTz8xvZqP8zaSWjkFNhsME-Fepo75dTf9vQKfeRblBZjoSQrd7',
  deck: '01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WUK',
  folder: '01NKDM7HPCGUJHE2NVVJDYVV6HRTXRMK2P',
  archive: '01NKDM7HN6Y2GOVW7725BZO354PWSELRRZ',
  permission: 'aTowIy5mfG1lbWJlcnNoaXB8dGhlbw',
};

const mira = { user: { email: 'mira@acme.example', id: '5b1c7e2a-9d34-4f6b-8a10-3c2d1e0f4a5b', displayName: 'Mira Lopez' } };
const entity = { '@odata.context': "https://graph.microsoft.com/v1.0/$metadata#drives('b%21t18F')/items/$entity" };

export function itemExample(id: string, name: string, changes: object = {}) {
  return {
    ...entity,
    createdDateTime: '2025-11-18T09:30:00Z',
    eTag: '"{C3C8D98C-DC4E-4D28-A0A4-7710A36DD28A},2"',
    id,
    lastModifiedDateTime: '2025-11-21T08:12:40Z',
    name,
    webUrl: `https://acme-my.sharepoint.example/personal/mira/Documents/Deals/${encodeURIComponent(name)}`,
    cTag: '"c:{C3C8D98C-DC4E-4D28-A0A4-7710A36DD28A},3"',
    size: 184320,
    createdBy: mira,
    lastModifiedBy: mira,
    parentReference: {
      driveType: 'business',
      driveId: ids.drive,
      id: ids.folder,
      name: 'Deals',
      path: `/drives/${ids.drive}/root:/Deals`,
      siteId: 'f20cb780-7523-481a-8b01-b51f42a7a0b0',
    },
    file: { mimeType: 'application/pdf', hashes: { quickXorHash: 'made0up0hash=' } },
    fileSystemInfo: { createdDateTime: '2025-11-18T09:30:00Z', lastModifiedDateTime: '2025-11-21T08:12:40Z' },
    ...changes,
  };
}

export const itemGiven = {
  id: ids.deck,
  drive_id: ids.drive,
  name: 'Northwind term sheet.pdf',
  kind: 'file' as const,
  size: 184320,
  mime_type: 'application/pdf',
  child_count: null,
  parent_id: ids.folder,
  parent_path: '/Deals',
  created_at: '2025-11-18T09:30:00.000Z',
  modified_at: '2025-11-21T08:12:40.000Z',
  modified_by: 'Mira Lopez',
  web_url: 'https://acme-my.sharepoint.example/personal/mira/Documents/Deals/Northwind%20term%20sheet.pdf',
  shared: false,
};

export const deckExample = itemExample(ids.deck, 'Northwind term sheet.pdf');

export function folderExample(id: string, name: string) {
  const { file: _, ...item } = itemExample(id, name);
  return { ...item, size: 0, folder: { childCount: 3 } };
}

export const folderGiven = (id: string, name: string) => ({
  ...itemGiven,
  id,
  name,
  kind: 'folder' as const,
  size: 0,
  mime_type: null,
  child_count: 3,
  web_url: `https://acme-my.sharepoint.example/personal/mira/Documents/Deals/${encodeURIComponent(name)}`,
});

export const pageOf = (value: object[], more: object = {}) => ({
  '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#Collection(driveItem)',
  value,
  ...more,
});
