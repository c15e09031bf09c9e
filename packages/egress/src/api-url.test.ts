import { describe, expect, it } from 'vitest';
import { joinApiUrl } from './api-url.ts';

const base = new URL('https://api.acme.example/v1');

describe('a query parameter with several values', () => {
  it('is sent once for each of them, in their order, and not at all where there is none', () => {
    const url = joinApiUrl(base, '/values', { ranges: ['B2', 'A1:A9'], empty: [], limit: 20 });
    expect(url.href).toBe('https://api.acme.example/v1/values?ranges=B2&ranges=A1%3AA9&limit=20');
  });

  it('is refused where one of them holds a line break, or where its name is a credential’s', () => {
    expect(() => joinApiUrl(base, '/values', { ranges: ['A1', 'B\r\nX: y'] })).toThrow(/line break/);
    expect(() => joinApiUrl(base, '/values', { access_token: ['made-up'] })).toThrow(/reserved/);
  });
});
