import { expect, it } from 'vitest';
import { nextOffset } from './paging.ts';
import { get, post } from './request.ts';

it('a full page names the next one, from where the last one began', () => {
  expect(nextOffset(get('/rows', { limit: 20 }), 20)).toBe('20');
  expect(nextOffset(post('/rows/query', { limit: 20, offset: 40 }), 20)).toBe('60');
  expect(nextOffset(get('/rows', { count: 5, start: 5 }), 5, { limit: 'count', offset: 'start' })).toBe('10');
});

it('a page that is not full is the last, and so is one of unknown size', () => {
  expect(nextOffset(get('/rows', { limit: 20, offset: 40 }), 19)).toBeNull();
  expect(nextOffset(get('/rows', { limit: 20 }), 0)).toBeNull();
  expect(nextOffset(get('/rows'), 20)).toBeNull();
  expect(nextOffset(undefined, 20)).toBeNull();
});
