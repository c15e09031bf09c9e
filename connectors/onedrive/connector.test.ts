import { exampleFile, missingScopes, type OAuth2Auth, type Tool } from '@grantway/connector-kit';
import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import onedrive from './connector.ts';

connectorSuite(onedrive);

const byName = (name: string): Tool => {
  const found = onedrive.tools.find((t) => t.name === `onedrive_${name}`);
  if (found === undefined) throw new Error(name);
  return found;
};
const request = (name: string, input: object) => byName(name).request(byName(name).input.parse(input));

describe('onedrive requests', () => {
  it('go to one’s own drive, or to the one that is named', () => {
    expect(request('item_get', { item_id: '01NK' }).path).toBe('/me/drive/items/01NK');
    expect(request('item_get', { item_id: '01NK', drive_id: 'b!t18F' }).path).toBe('/drives/b!t18F/items/01NK');
    expect(request('items_list', {}).path).toBe('/me/drive/items/root/children');
  });

  it('a path is a list of names, of which none is another path', () => {
    expect(request('item_get_by_path', { names: ['Deals & more', 'a#1.pdf'] }).path).toBe('/me/drive/root:/Deals%20%26%20more/a%231.pdf');
    for (const names of [['..'], ['a/b'], ['a:'], []]) expect(byName('item_get_by_path').input.safeParse({ names }).success).toBe(false);
  });

  it('no item is moved into root by that word, and the root is not deleted', () => {
    expect(byName('item_move').input.safeParse({ item_id: '01NK', new_parent_id: 'root' }).success).toBe(false);
    expect(byName('item_delete').input.safeParse({ item_id: 'root' }).success).toBe(false);
  });

  it('a folder never replaces what is there', () => {
    expect(request('folder_create', { parent_id: 'root', name: 'Deals' }).json).toEqual({
      name: 'Deals',
      folder: {},
      '@microsoft.graph.conflictBehavior': 'fail',
    });
  });

  it('an upload never replaces what is there, and goes by the file’s own name unless told', () => {
    const { file_id } = exampleFile;
    expect(request('file_upload', { file_id })).toEqual({
      method: 'PUT',
      path: '/me/drive/items/root:/report.pdf:/content',
      query: { '@microsoft.graph.conflictBehavior': 'fail' },
      upload: { file: file_id, as: 'body', maxBytes: 262_144_000 },
    });
    expect(request('file_upload', { file_id, parent_id: '01NK', name: 'a%b.pdf', drive_id: 'b!x' }).path).toBe(
      '/drives/b!x/items/01NK:/a%25b.pdf:/content',
    );
    expect(byName('file_upload').request({ file_id, parent_id: 'root' }, { ...exampleFile, name: 'a:b.pdf' }).path).toContain('a_b.pdf');
    for (const name of ['..', 'a/b', 'a:b', ' a', '\ud800']) {
      expect(byName('file_upload').input.safeParse({ file_id, name }).success).toBe(false);
    }
  });

  it('the root has no content to fetch or to replace', () => {
    expect(byName('file_download').input.safeParse({ item_id: 'root' }).success).toBe(false);
    expect(byName('file_content_replace').input.safeParse({ item_id: 'root', file_id: exampleFile.file_id }).success).toBe(false);
  });

  it('a link lets in the organization unless told otherwise', () => {
    expect(request('sharing_link_create', { item_id: '01NK', type: 'view' }).json).toEqual({ type: 'view', scope: 'organization' });
  });

  it('an update of nothing is refused', () => {
    expect(byName('item_update').input.safeParse({ item_id: '01NK' }).success).toBe(false);
  });
});

it('the default permission is enough for every tool', () => {
  for (const { scopes } of onedrive.tools) {
    expect(missingScopes(onedrive.auth as OAuth2Auth, ['Files.ReadWrite.All', 'User.Read'], scopes)).toEqual([]);
  }
});

it('all definitions together stay under 8000 tokens', () => {
  const sizes = onedrive.tools.map((t) =>
    JSON.stringify({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }),
  );
  expect(sizes.join('').length / 4).toBeLessThan(8000);
});
