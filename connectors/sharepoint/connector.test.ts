import { missingScopes, type OAuth2Auth, type Tool } from '@grantway/connector-kit';
import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import sharepoint from './connector.ts';
import { readFields } from './fields.ts';

connectorSuite(sharepoint);

const byName = (name: string): Tool => {
  const found = sharepoint.tools.find((t) => t.name === `sharepoint_${name}`);
  if (found === undefined) throw new Error(name);
  return found;
};
const request = (name: string, input: object) => byName(name).request(byName(name).input.parse(input));
const site_id = 'acme.sharepoint.example,da60e844-ba1d-49bc-b4d4-d5e36bae9011,712a596e-90a1-49e3-9b48-bfa80bee8711';
const list_id = '1234112e-8a33-4d11-9c22-0c6a7b8c9d11';

describe('sharepoint sites', () => {
  it('a site is an id, of which no part is a path', () => {
    expect(request('site_get', { site_id: 'root' }).path).toBe('/sites/root');
    for (const bad of ['deals', 'a/b,x,y', '..', `${site_id}/lists`])
      expect(byName('site_get').input.safeParse({ site_id: bad }).success).toBe(false);
  });

  it('an address is one of SharePoint’s, and names a site', () => {
    expect(request('site_get_by_url', { url: 'https://acme.sharepoint.com/sites/deals' }).path).toBe(
      '/sites/acme.sharepoint.com:/sites/deals',
    );
    for (const url of [
      'https://evil.example/sites/deals',
      'https://acme.sharepoint.com.evil.example/sites/deals',
      'https://acme.sharepoint.com@evil.example/sites/deals',
      'https://acme.sharepoint.com/sites/..',
      'https://acme.sharepoint.com/sites/deals/Lists/x',
      'http://acme.sharepoint.com/sites/deals',
    ]) {
      expect(byName('site_get_by_url').input.safeParse({ url }).success).toBe(false);
    }
  });
});

describe('sharepoint lists', () => {
  const filtered = (input: object) => request('list_items_list', { site_id, list_id, ...input });

  it.each([
    [{ filter_field: 'Stage', filter_value: "O'Neil" }, "fields/Stage eq 'O''Neil'"],
    [{ filter_field: 'Amount', filter_op: 'ge', filter_value: 5 }, 'fields/Amount ge 5'],
    [{ filter_field: 'Title', filter_op: 'startswith', filter_value: 'North' }, "startswith(fields/Title,'North')"],
  ])('%j is the filter %s', (input, filter) => {
    expect(filtered(input).query).toMatchObject({ $filter: filter, $expand: 'fields' });
    expect(filtered(input).headers).toEqual({ Prefer: 'HonorNonIndexedQueriesWarningMayFailRandomly' });
  });

  it('a column is a name and nothing that could end one', () => {
    const { input } = byName('list_items_list');
    expect(input.safeParse({ site_id, list_id, filter_field: 'Stage eq 1 or x', filter_value: 1 }).success).toBe(false);
    expect(input.safeParse({ site_id, list_id, filter_field: 'Stage' }).success).toBe(false);
    expect(filtered({ columns: ['Title', 'Stage'] }).query).toMatchObject({ $expand: 'fields($select=Title,Stage)' });
  });

  it('several choices are sent with their type', () => {
    expect(request('list_item_create', { site_id, list_id, fields: { Tags: ['a', 'b'], Title: 'x' } }).json).toEqual({
      fields: { 'Tags@odata.type': 'Collection(Edm.String)', Tags: ['a', 'b'], Title: 'x' },
    });
    expect(byName('list_item_create').input.safeParse({ site_id, list_id, fields: {} }).success).toBe(false);
    expect(byName('list_item_create').input.safeParse({ site_id, list_id, fields: { '@odata.type': 'x' } }).success).toBe(false);
  });

  it('a long value is cut and says so, and SharePoint’s own annotations are left out', () => {
    expect(readFields({ '@odata.etag': 'x', id: '7', Notes: 'n'.repeat(2001), Amount: 5 })).toEqual({
      fields: { Notes: 'n'.repeat(2000), Amount: 5 },
      truncated: true,
    });
  });
});

it('the default permissions are enough for every tool', () => {
  for (const { scopes } of sharepoint.tools) {
    expect(missingScopes(sharepoint.auth as OAuth2Auth, ['Sites.ReadWrite.All', 'Files.ReadWrite.All', 'User.Read'], scopes)).toEqual([]);
  }
});

it('all definitions together stay under 8000 tokens', () => {
  const sizes = sharepoint.tools.map((t) =>
    JSON.stringify({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }),
  );
  expect(sizes.join('').length / 4).toBeLessThan(8000);
});
