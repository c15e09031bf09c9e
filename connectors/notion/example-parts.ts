/** Parts of answers as Notion documents them, with invented values. */

export const ids = {
  workspace: '5d1c0a7e-3f42-4b8a-9d16-2c7e8f90a1b3',
  mira: '7c4e2a90-1b3d-4f5e-8a6c-0d9e8f7a6b5c',
  bot: '2e9f1c64-7a8b-4d3c-b5e0-6f1a2b3c4d5e',
  home: '1a2b3c4d-5e6f-4a7b-8c9d-0e1f2a3b4c5d',
  page: '9b8a7c6d-5e4f-4d3c-a2b1-0f9e8d7c6b5a',
  database: '3c5e7a91-b2d4-4f68-8a0c-2e4f6a8b0d12',
  source: '6f1e3d5c-7b9a-4c8e-9d0f-1a2b3c4d5e6f',
  block: 'c1d2e3f4-a5b6-4c7d-8e9f-0a1b2c3d4e5f',
  file: 'e4d3c2b1-a0f9-4e8d-9c7b-6a5f4e3d2c1b',
};

/** Where Notion keeps what was uploaded; real ones carry a signature that ends after an hour. */
export const fileUrl = `https://prod-files-secure.s3.us-west-2.amazonaws.com/${ids.workspace}/${ids.file}/term-sheet.pdf?X-Amz-Expires=3600&X-Amz-Signature=made-up`;

const by = { object: 'user', id: ids.mira };

export function richText(content: string) {
  return [
    {
      type: 'text',
      text: { content, link: null },
      annotations: { bold: false, italic: false, strikethrough: false, underline: false, code: false, color: 'default' },
      plain_text: content,
      href: null,
    },
  ];
}

export const titleValue = (title: string) => ({ id: 'title', type: 'title', title: richText(title) });

export function pageBody(id: string, parent: Record<string, unknown>, properties: Record<string, unknown>, more: object = {}) {
  return {
    object: 'page',
    id,
    created_time: '2025-11-20T09:15:00.000Z',
    last_edited_time: '2025-11-21T10:05:00.000Z',
    created_by: by,
    last_edited_by: by,
    cover: null,
    icon: { type: 'emoji', emoji: '📈' },
    parent,
    in_trash: false,
    archived: false,
    is_archived: false,
    is_locked: false,
    properties,
    url: `https://www.notion.so/acme/${id.replaceAll('-', '')}`,
    public_url: null,
    request_id: 'a3f1c2d4-0b5e-4a69-8c7d-1e2f3a4b5c6d',
    ...more,
  };
}

export function blockBody(id: string, type: string, content: object, more: object = {}) {
  return {
    object: 'block',
    id,
    parent: { type: 'page_id', page_id: ids.page },
    created_time: '2025-11-20T09:15:00.000Z',
    last_edited_time: '2025-11-21T10:05:00.000Z',
    created_by: by,
    last_edited_by: by,
    has_children: false,
    in_trash: false,
    archived: false,
    type,
    [type]: content,
    ...more,
  };
}

export function list(type: string, results: unknown[], next: string | null = null) {
  return {
    object: 'list',
    results,
    next_cursor: next,
    has_more: next !== null,
    type,
    [type]: {},
    request_id: 'a3f1c2d4-0b5e-4a69-8c7d-1e2f3a4b5c6d',
  };
}
