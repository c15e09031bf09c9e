/** Entries as Microsoft's reference pages show them, with invented values. */

export const ids = {
  site: 'acme.sharepoint.example,da60e844-ba1d-49bc-b4d4-d5e36bae9011,712a596e-90a1-49e3-9b48-bfa80bee8711',
  list: '1234112e-8a33-4d11-9c22-0c6a7b8c9d11',
  drive: 'b!t18F8ybsHUq1z3LTz8xvZqP8zaSWjkFNhsME-Fepo75dTf9vQKfeRblBZjoSQrd7',
  file: '01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WUK',
  folder: '01NKDM7HPCGUJHE2NVVJDYVV6HRTXRMK2P',
  page: 'f45354cb-d634-45df-8b88-2b4e96a1dc11',
};

export const contextOf = (what: string) => ({ '@odata.context': `https://graph.microsoft.com/v1.0/$metadata#${what}` });
export const mira = { user: { email: 'mira@acme.example', id: '5b1c7e2a-9d34-4f6b-8a10-3c2d1e0f4a5b', displayName: 'Mira Lopez' } };

export const siteExample = {
  id: ids.site,
  createdDateTime: '2024-10-18T03:05:59Z',
  lastModifiedDateTime: '2025-11-20T10:40:59Z',
  name: 'deals',
  displayName: 'Deals',
  description: 'Everything about running deals',
  webUrl: 'https://acme.sharepoint.example/sites/deals',
  root: {},
  siteCollection: { hostname: 'acme.sharepoint.example' },
};

export const siteGiven = {
  id: ids.site,
  name: 'Deals',
  description: 'Everything about running deals',
  web_url: 'https://acme.sharepoint.example/sites/deals',
  created_at: '2024-10-18T03:05:59.000Z',
  modified_at: '2025-11-20T10:40:59.000Z',
};

export function listItemExample(changes: object = {}) {
  return {
    '@odata.etag': '"5e3c1b2a-4d5f-4e6a-8b7c-9d0e1f2a3b11,3"',
    createdDateTime: '2025-11-18T09:30:00Z',
    eTag: '"5e3c1b2a-4d5f-4e6a-8b7c-9d0e1f2a3b11,3"',
    id: '7',
    lastModifiedDateTime: '2025-11-21T08:12:40Z',
    webUrl: 'https://acme.sharepoint.example/sites/deals/Lists/Pipeline/7_.000',
    createdBy: mira,
    lastModifiedBy: mira,
    parentReference: { id: '0c9d8e7f-made-up', siteId: ids.site },
    contentType: { id: '0x0100made0up', name: 'Item' },
    fields: {
      '@odata.etag': '"5e3c1b2a-4d5f-4e6a-8b7c-9d0e1f2a3b11,3"',
      id: '7',
      Title: 'Northwind',
      Stage: 'Term sheet',
      Amount: 2500000,
      ContentType: 'Item',
    },
    ...changes,
  };
}

export const listItemGiven = {
  id: '7',
  fields: { Title: 'Northwind', Stage: 'Term sheet', Amount: 2500000, ContentType: 'Item' },
  truncated: false,
  created_at: '2025-11-18T09:30:00.000Z',
  modified_at: '2025-11-21T08:12:40.000Z',
  modified_by: 'Mira Lopez',
  web_url: 'https://acme.sharepoint.example/sites/deals/Lists/Pipeline/7_.000',
};

export function fileExample(id: string, name: string, changes: object = {}) {
  return {
    createdDateTime: '2025-11-18T09:30:00Z',
    eTag: '"{C3C8D98C-DC4E-4D28-A0A4-7710A36DD28A},2"',
    id,
    lastModifiedDateTime: '2025-11-21T08:12:40Z',
    name,
    webUrl: `https://acme.sharepoint.example/sites/deals/Shared%20Documents/${encodeURIComponent(name)}`,
    cTag: '"c:{C3C8D98C-DC4E-4D28-A0A4-7710A36DD28A},3"',
    size: 184320,
    createdBy: mira,
    lastModifiedBy: mira,
    parentReference: { driveType: 'documentLibrary', driveId: ids.drive, id: ids.folder, path: `/drives/${ids.drive}/root:` },
    fileSystemInfo: { createdDateTime: '2025-11-18T09:30:00Z', lastModifiedDateTime: '2025-11-21T08:12:40Z' },
    file: { mimeType: 'application/pdf', hashes: { quickXorHash: 'made0up0hash=' } },
    ...changes,
  };
}

export const fileGiven = {
  id: ids.file,
  drive_id: ids.drive,
  name: 'Term sheet.pdf',
  kind: 'file' as const,
  size: 184320,
  mime_type: 'application/pdf',
  child_count: null,
  parent_id: ids.folder,
  parent_path: '/',
  created_at: '2025-11-18T09:30:00.000Z',
  modified_at: '2025-11-21T08:12:40.000Z',
  modified_by: 'Mira Lopez',
  web_url: 'https://acme.sharepoint.example/sites/deals/Shared%20Documents/Term%20sheet.pdf',
  shared: false,
};

export const pageExample = {
  '@odata.type': '#microsoft.graph.sitePage',
  '@odata.etag': '"{F45354CB-D634-45DF-8B88-2B4E96A1DC11},8"',
  id: ids.page,
  name: 'How-we-decide.aspx',
  webUrl: 'https://acme.sharepoint.example/sites/deals/SitePages/How-we-decide.aspx',
  title: 'How we decide',
  description: 'From first call to partner vote',
  createdDateTime: '2025-03-03T09:12:44Z',
  lastModifiedDateTime: '2025-10-16T10:01:41Z',
  pageLayout: 'article',
  promotionKind: 'page',
  showComments: true,
  showRecommendedPages: false,
  createdBy: mira,
  lastModifiedBy: mira,
  publishingState: { level: 'published', versionId: '1.0' },
  reactions: { commentCount: 1, likeCount: 4 },
};

export const pageGiven = {
  id: ids.page,
  title: 'How we decide',
  name: 'How-we-decide.aspx',
  description: 'From first call to partner vote',
  state: 'published',
  modified_at: '2025-10-16T10:01:41.000Z',
  modified_by: 'Mira Lopez',
  web_url: 'https://acme.sharepoint.example/sites/deals/SitePages/How-we-decide.aspx',
};
