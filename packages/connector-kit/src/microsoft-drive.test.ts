import { describe, expect, it } from 'vitest';
import {
  driveContentHosts,
  driveFilePath,
  driveItem,
  driveItemFields,
  driveItemName,
  driveNameOf,
  drivePermission,
  driveQuery,
  searchSegment,
} from './microsoft-drive.ts';

describe('a search of a drive', () => {
  it('is one segment of the path that no text can leave', () => {
    expect(searchSegment("O'Neil (final) 100")).toBe("/search(q='O''Neil%20(final)%20100')");
  });

  it.each(['a/b', 'a\\b', 'a?b', 'a#b', 'a%2fb', 'a\nb', '', '..', ' ', 'x'.repeat(201)])('does not take %j', (text) => {
    expect(driveQuery.safeParse(text).success).toBe(false);
  });
});

it.each(['', '.', '..', 'a/b', 'a\\b', 'a:b', ' a', 'a.', 'a\nb', 'a\ud800', 'x'.repeat(201)])('%j is no name of a file', (name) => {
  expect(driveItemName.safeParse(name).success).toBe(false);
});

describe('a file that goes into a drive', () => {
  it.each([
    ['Bericht für Mira.pdf', 'Bericht für Mira.pdf'],
    ['a:b?*"<c>|.pdf', 'a_b____c__.pdf'],
    [' a. . ', 'a'],
    ['...', 'file'],
    ['', 'file'],
    ['a\ud800', 'a_'],
  ])('called %j is %j there', (name, there) => {
    expect(driveNameOf(name)).toBe(there);
    expect(driveItemName.safeParse(there).success).toBe(true);
  });

  it('has its name between colons, in a segment of its own', () => {
    expect(driveFilePath('root', 'a b#1.pdf')).toBe('/items/root:/a%20b%231.pdf:/content');
  });

  it('comes back from hosts of Microsoft’s alone', () => {
    expect(driveContentHosts.every((host) => /^(?:[a-z]+\.)?(?:sharepoint|1drv|microsoftpersonalcontent)\.com$/.test(host))).toBe(true);
  });
});

describe('an item of a drive', () => {
  it('that lies in another drive is given by its ids there', () => {
    const remote = { id: 'there', parentReference: { driveId: 'b!other', id: 'p', path: '/drives/b!other/root:/Deals%202025' } };
    expect(driveItem({ id: 'here', name: 'Deck', parentReference: { driveId: 'b!own' }, remoteItem: remote })).toMatchObject({
      id: 'there',
      drive_id: 'b!other',
      name: 'Deck',
      parent_path: '/Deals 2025',
      shared: true,
    });
  });

  it('in the root is below /, one without a path below nothing that is known', () => {
    expect(driveItem({ id: 'x', parentReference: { path: '/drive/root:' } }).parent_path).toBe('/');
    expect(driveItem({ id: 'x' }).parent_path).toBeNull();
    expect(driveItem({ id: 'x', parentReference: { path: '/drive/root:/100%' } }).parent_path).toBe('/100%');
  });

  it('is never asked for with its download link', () => {
    expect(driveItemFields).not.toContain('downloadUrl');
  });
});

it('a permission without an end has no moment, one by name says whom it reaches', () => {
  expect(
    drivePermission({
      id: '1',
      roles: ['write'],
      grantedToV2: { user: { email: 'a@acme.example' }, siteUser: { displayName: 'A' } },
      expirationDateTime: '0001-01-01T00:00:00Z',
    }),
  ).toMatchObject({ granted_to: ['a@acme.example'], link: null, expires_at: null });
});
