import { describe, expect, it } from 'vitest';
import { graphql, path } from './request.ts';
import { sandboxUrl } from './sandbox-url.ts';

describe('path', () => {
  it('makes one segment of each value', () => {
    expect(path`/boards/${'a/b?c#d'}/cards/${7}`).toBe('/boards/a%2Fb%3Fc%23d/cards/7');
  });

  it.each(['', '.', '..'])('refuses the segment "%s"', (segment) => {
    expect(() => path`/boards/${segment}`).toThrow(RangeError);
  });
});

describe('graphql', () => {
  it('leaves undefined variables out, also inside, and keeps null', () => {
    const request = graphql('query Q { q }', { a: undefined, input: { b: undefined, c: null } });
    expect(request).toEqual({ method: 'POST', path: '/graphql', json: { query: 'query Q { q }', variables: { input: { c: null } } } });
  });
});

describe('sandboxUrl', () => {
  it.each([
    ['https://api.linear.app/graphql', 'http://127.0.0.1:9/api.linear.app/graphql'],
    ['https://api.acme.example', 'http://127.0.0.1:9/api.acme.example'],
    ['https://acme.example/authorize?x=1', 'http://127.0.0.1:9/acme.example/authorize?x=1'],
  ])('%s', (url, expected) => {
    expect(sandboxUrl(url, 'http://127.0.0.1:9')).toBe(expected);
  });
});
