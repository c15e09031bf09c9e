import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import harvestapi from './connector.ts';
import { fault } from './faults.ts';

connectorSuite(harvestapi);

const answer = (status: number, body: unknown) => ({ status, headers: {}, body });
const tool = (name: string) => {
  const found = harvestapi.tools.find((t) => t.name === name || t.aliases.includes(name));
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
};
const request = (name: string, input: Record<string, unknown>) => {
  const { input: schema, request: build } = tool(name);
  return build(schema.parse(input) as Record<string, unknown>);
};

describe('harvestapi refusals', () => {
  it('a 200 whose body bears a bad status is a refusal', () => {
    expect(fault(answer(200, { status: 404, error: { message: 'Profile not found' } }))).toEqual({
      kind: 'error',
      message: 'HarvestAPI: Profile not found',
    });
    expect(fault(answer(200, { status: 'success', elements: [] }))).toBeUndefined();
    expect(fault(answer(200, { status: 200, elements: [] }))).toBeUndefined();
  });

  it('a 403 is the key’s fault only where it speaks of the key', () => {
    expect(fault(answer(403, { error: 'Invalid API key' }))?.kind).toBe('rejected');
    expect(fault(answer(403, { error: 'This search is not in your plan' }))?.kind).toBe('error');
    expect(fault(answer(402, { error: 'Payment required' }))?.message).toContain('no credits');
  });
});

describe('harvestapi requests', () => {
  it('lists go into one parameter each, and nothing that was not given is sent', () => {
    expect(request('harvestapi_search_people', { currentJobTitles: ['CTO', 'VP Engineering'], locations: [] })).toEqual({
      method: 'GET',
      path: '/linkedin-sales-nav/lead-search',
      query: { currentJobTitles: 'CTO,VP Engineering' },
    });
  });

  it('an address must be one of LinkedIn', () => {
    const { input } = tool('harvestapi_profile_get');
    expect(input.safeParse({ url: 'https://www.linkedin.com/in/mira' }).success).toBe(true);
    for (const url of [
      'https://linkedin.com.evil.example/in/mira',
      'http://www.linkedin.com/in/mira',
      'https://evil.example/?linkedin.com/in/x',
    ])
      expect(input.safeParse({ url }).success).toBe(false);
  });

  it('the last page has no next one', () => {
    const { respond } = tool('harvestapi_companies_search');
    const last = { elements: [], pagination: { totalPages: 2, pageNumber: 2, totalElements: 60 } };
    expect(respond(last, answer(200, last))).toEqual({ companies: [], total: 60, next_cursor: null });
  });

  it('a cursor is the number of the next page, with the token of LinkedIn where the operation takes one', () => {
    const feed = { elements: [], pagination: { totalPages: 3, pageNumber: 1, totalElements: 60, paginationToken: 'made~up' } };
    const { next_cursor } = tool('harvestapi_posts_search').respond(feed, answer(200, feed)) as { next_cursor: string };
    expect(next_cursor).toBe('2~made~up');
    expect(request('harvestapi_posts_search', { cursor: next_cursor }).query).toEqual({ page: 2, paginationToken: 'made~up' });
    expect(request('harvestapi_post_reactions_get', { post: '1', cursor: next_cursor }).query).toEqual({ post: '1', page: 2 });
    const tokenAlone = { elements: [], pagination: { paginationToken: 'made-up' } };
    expect(tool('harvestapi_posts_search').respond(tokenAlone, answer(200, tokenAlone))).toMatchObject({ next_cursor: '2~made-up' });
  });

  it('the names of the seed articles are callable', () => {
    for (const name of ['search_people', 'search_companies', 'search_jobs', 'search_posts', 'scrape_profile', 'get_company', 'get_post'])
      expect(tool(`harvestapi_${name}`).effect).toBe('read');
  });
});
