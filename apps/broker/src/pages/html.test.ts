import { expect, it } from 'vitest';
import { foreign, html, safeHref, unescapedHtml } from './html.ts';

it('every value is escaped, also inside lists, attributes and nested templates', () => {
  const hostile = `<img src=x onerror=alert(1)>"'\`&`;
  const { markup } = html`<p title="${hostile}">${hostile}${[hostile, html`<b>${hostile}</b>`]}</p>`;
  expect(markup.match(/<(?!\/?[pb][ >])/g)).toBeNull();
  expect(markup.match(/["'`]/g)).toEqual(['"', '"']);
  expect(markup).toContain('<b>&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&#96;&amp;</b>');
});

it('an object that merely looks like markup is refused', () => {
  expect(() => html`${{ markup: '<script>' } as never}`).toThrow(TypeError);
});

it('undefined and false leave nothing, zero stays', () => {
  expect(html`[${undefined}${false}${0}${''}]`.markup).toBe('[0]');
});

it('raw markup needs the named symbol', () => {
  expect(html`${unescapedHtml('<i>')}`.markup).toBe('<i>');
});

it('foreign text cannot reorder its surroundings', () => {
  expect(html`${foreign('\u202eevil')}`.markup).toBe('<bdi>\u202eevil</bdi>');
});

it.each([
  ['javascript:alert(1)', undefined],
  [' javascript:alert(1)', undefined],
  ['data:text/html,x', undefined],
  ['http://example.test/', undefined],
  ['//example.test', undefined],
  ['https://example.test/a b', 'https://example.test/a%20b'],
])('%j as an address becomes %j', (url, expected) => expect(safeHref(url)).toBe(expected));
