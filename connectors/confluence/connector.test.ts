import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import confluence from './connector.ts';
import { nextOf } from './fields.ts';
import { textOfHtml } from './text.ts';

connectorSuite(confluence);

const byName = (name: string) => {
  const found = confluence.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const sent = (name: string, input: object) => {
  const t = byName(name);
  return t.request(t.input.parse(input));
};

describe('confluence text', () => {
  it('keeps headings, lists, tables and breaks of a rendered page', () => {
    const html =
      '<h1 id="a">Why</h1><p>One<br/>two &lt;b&gt;</p><ul><li><p>a</p></li><li>b</li></ul>' +
      '<table><tbody><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></tbody></table>';
    expect(textOfHtml(html)).toBe('# Why\n\nOne\ntwo <b>\n\n- a\n\n- b\n\nk | v\n\n1 | 2');
  });

  it('leaves scripts, styles and attributes out', () => {
    expect(textOfHtml('<style>p{}</style><script>if (a < b) x()</script><p onclick="y()">z</p>')).toBe('z');
  });

  it('decodes an entity once', () => {
    expect(textOfHtml('&amp;lt; &#65;&#x42; &#0;&#9999999; &unknown;')).toBe('&lt; AB  &unknown;');
  });

  it('of hostile input takes no longer than its length', () => {
    for (const part of ['<', '<script>', '&', '<li>', '<li><p ', '<!--', '\n ', '<style><']) {
      expect(textOfHtml(part.repeat(50_000)).length).toBeLessThan(500_000);
    }
  });
});

describe('confluence paging', () => {
  it('takes the cursor from the address of the next page, decoded, and nothing else of it', () => {
    expect(nextOf({ _links: { next: '/wiki/api/v2/pages?limit=20&cursor=eyJpZCI6MX0%3D' } })).toBe('eyJpZCI6MX0=');
    expect(nextOf({ _links: { next: '/rest/api/search?next=true&cursor=_f_MTA%3D_sa_&start=20' } })).toBe('_f_MTA=_sa_');
    expect(nextOf({ _links: { next: 'https://evil.example/x?limit=1' } })).toBeNull();
    expect(nextOf({ _links: { next: '/x?cursor=%zz' } })).toBe('%zz');
    expect(nextOf({ _links: {} })).toBeNull();
    expect(nextOf({})).toBeNull();
  });
});

describe('confluence requests', () => {
  it('a new version says which one it is and why', () => {
    const input = { id: '65812', title: 'x', body_value: '<p>y</p>', version_number: 8 };
    expect(sent('confluence_page_update', input).json).toEqual({
      id: '65812',
      title: 'x',
      status: 'current',
      body: { representation: 'storage', value: '<p>y</p>' },
      version: { number: 8, message: undefined },
    });
  });

  it('names of labels that Confluence would split are refused', () => {
    for (const label of ['two words', 'a,b', 'a/b', '../x']) {
      expect(byName('confluence_page_labels_add').input.safeParse({ id: '1', labels: [label] }).success).toBe(false);
    }
    expect(sent('confluence_page_labels_add', { id: '1', labels: ['a', 'größe'] }).json).toEqual([
      { prefix: 'global', name: 'a' },
      { prefix: 'global', name: 'größe' },
    ]);
  });

  it('deletes only where the connection asks for it', () => {
    const { auth } = confluence;
    expect(auth.kind === 'oauth2' && auth.defaultScopes.includes('delete:page:confluence')).toBe(false);
    expect(byName('confluence_page_delete').scopes).toEqual(['delete:page:confluence']);
  });
});
