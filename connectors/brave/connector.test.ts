import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import brave from './connector.ts';
import { fault } from './faults.ts';

connectorSuite(brave);

const refused = (status: number, code: string, headers: Record<string, string> = {}) =>
  fault({ status, headers, body: { type: 'ErrorResponse', error: { code, detail: 'x', status } } });

describe('pages of brave', () => {
  const pages = (name: string, cursor: string | undefined, body: unknown) => {
    const tool = brave.tools.find((t) => t.name === name);
    if (tool === undefined) throw new Error(`there is no ${name}`);
    const asked = tool.request(tool.input.parse({ q: 'gnome', limit: 2, cursor }));
    const read = tool.respond(body, { status: 200, headers: {}, body }, asked) as { next_cursor: string | null };
    return { count: asked.query?.count, offset: asked.query?.offset, next: read.next_cursor };
  };
  const found = (count: number) => ({ results: Array.from({ length: count }, () => ({ title: 'x', url: 'https://gnomes.example' })) });

  it('are gone through by a cursor, up to the tenth', () => {
    const more = { query: { more_results_available: true }, web: found(2) };
    expect(pages('brave_web_search', undefined, more)).toEqual({ count: 2, offset: undefined, next: '1' });
    expect(pages('brave_web_search', '4', more)).toEqual({ count: 2, offset: 4, next: '5' });
    expect(pages('brave_web_search', '9', more).next).toBeNull();
    expect(pages('brave_web_search', '4', { ...more, query: { more_results_available: false } }).next).toBeNull();
  });

  it.each(['brave_news_search', 'brave_video_search'])('of %s end with one that is not full', (name) => {
    expect(pages(name, '1', found(2)).next).toBe('2');
    expect(pages(name, '1', found(1)).next).toBeNull();
  });
});

describe('brave refusals', () => {
  it('a token that is not known is rejected although the status speaks of the request', () => {
    expect(refused(422, 'SUBSCRIPTION_TOKEN_INVALID')?.kind).toBe('rejected');
    expect(refused(422, 'VALIDATION')?.kind).toBe('error');
  });

  it.each([400, 403])('what the plan does not include (%i) leaves the account connected', (status) => {
    expect(refused(status, 'OPTION_NOT_IN_PLAN')).toEqual({
      kind: 'error',
      message: 'Brave: the plan of this subscription does not include that',
    });
  });

  it('only the window that is used up says how long to wait', () => {
    const headers = (remaining: string) => ({ 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': '1, 1419704' });
    expect(refused(429, 'RATE_LIMITED', headers('0, 14200'))).toMatchObject({ retryAfterSeconds: 1 });
    expect(refused(429, 'QUOTA_LIMITED', headers('1, 0'))).toMatchObject({ retryAfterSeconds: 900 });
    expect(refused(429, 'RATE_LIMITED')).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: undefined });
  });
});

describe('brave requests', () => {
  const tool = (name: string) => {
    const found = brave.tools.find((t) => t.name === name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };

  it('several ids are one parameter each', () => {
    const { input, request } = tool('brave_local_pois');
    expect(request(input.parse({ ids: ['a', 'b'] }) as Record<string, unknown>).query).toEqual({ ids: ['a', 'b'] });
  });

  it('a period is one of Brave’s words or two days', () => {
    const { input } = tool('brave_news_search');
    for (const freshness of ['pd', 'py', '2025-01-01to2025-03-31']) expect(input.safeParse({ q: 'x', freshness }).success).toBe(true);
    for (const freshness of ['p', 'today', '2025-01-01', 'pd&country=US'])
      expect(input.safeParse({ q: 'x', freshness }).success).toBe(false);
  });

  it('the parts of a summary are put together in order, with their sources', () => {
    const { respond } = tool('brave_summarizer_search');
    const body = {
      status: 'complete',
      summary: [
        { type: 'token', data: 'A' },
        { type: 'enum_item', data: {} },
        { type: 'token', data: 'B' },
      ],
    };
    expect(respond(body, { status: 200, headers: {}, body })).toMatchObject({ summary: 'AB', sources: [] });
  });
});
