/** Files as Google documents them, with invented values. */
const owners = [{ displayName: 'Mira Lopez', emailAddress: 'mira@acme.example' }];

export const memo = {
  id: '1mAdeUp-Memo-Document-Id-0001',
  name: 'Investment memo: Lumen Labs',
  mimeType: 'application/vnd.google-apps.document',
  webViewLink: 'https://docs.google.com/document/d/1mAdeUp-Memo-Document-Id-0001/edit',
  parents: ['0mAdeUp-Folder-Id-Deals'],
  size: '18211',
  modifiedTime: '2025-11-20T17:40:05.113Z',
  owners,
  shared: true,
  trashed: false,
};

export const memoGives = {
  id: memo.id,
  name: memo.name,
  mime_type: memo.mimeType,
  url: memo.webViewLink,
  folder_id: '0mAdeUp-Folder-Id-Deals',
  size: 18211,
  modified_at: '2025-11-20T17:40:05.113Z',
  owner: 'mira@acme.example',
  shared: true,
  trashed: false,
};

export const deck = {
  id: '1mAdeUp-Deck-File-Id-0002',
  name: 'november.pdf',
  mimeType: 'application/pdf',
  webViewLink: 'https://drive.google.com/file/d/1mAdeUp-Deck-File-Id-0002/view',
  parents: ['0mAdeUp-Folder-Id-Deals'],
  size: '482113',
  modifiedTime: '2025-11-21T09:16:20.000Z',
  owners,
  shared: false,
  trashed: false,
};

export const deckGives = {
  id: deck.id,
  name: deck.name,
  mime_type: deck.mimeType,
  url: deck.webViewLink,
  folder_id: '0mAdeUp-Folder-Id-Deals',
  size: 482113,
  modified_at: '2025-11-21T09:16:20.000Z',
  owner: 'mira@acme.example',
  shared: false,
  trashed: false,
};

export const folder = {
  id: '0mAdeUp-Folder-Id-Lumen',
  name: 'Lumen Labs',
  mimeType: 'application/vnd.google-apps.folder',
  webViewLink: 'https://drive.google.com/drive/folders/0mAdeUp-Folder-Id-Lumen',
  parents: ['0mAdeUp-Folder-Id-Deals'],
  modifiedTime: '2025-11-21T10:00:00.000Z',
  owners,
  shared: false,
  trashed: false,
};

export const folderGives = {
  id: folder.id,
  name: folder.name,
  mime_type: folder.mimeType,
  url: folder.webViewLink,
  folder_id: '0mAdeUp-Folder-Id-Deals',
  size: null,
  modified_at: '2025-11-21T10:00:00.000Z',
  owner: 'mira@acme.example',
  shared: false,
  trashed: false,
};
