import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import github from './connector.ts';
import { fault, waitSeconds } from './faults.ts';

connectorSuite(github);

const byName = (name: string) => {
  const found = github.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

const at = { owner: 'acme', repo: 'checkout-api' };

describe('github refusals', () => {
  const forbidden = (headers: Record<string, string>, message = 'Forbidden') => fault({ status: 403, headers, body: { message } });

  it('a spent budget waits until its reset, at most 15 minutes', () => {
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1763719800' };
    expect(waitSeconds(headers, 1_763_719_740_000)).toBe(60);
    expect(waitSeconds(headers, 1_763_700_000_000)).toBe(900);
    expect(forbidden(headers)?.kind).toBe('rate_limited');
  });

  it('a secondary limit is told by Retry-After or by its words', () => {
    expect(forbidden({ 'retry-after': '60' })).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 60 });
    expect(forbidden({}, 'You have exceeded a secondary rate limit.')?.kind).toBe('rate_limited');
  });

  it('a missing scope is one where none of the accepted ones is held', () => {
    const accepted = { 'x-accepted-oauth-scopes': 'public_repo, repo' };
    expect(forbidden({ ...accepted, 'x-oauth-scopes': 'read:user' })).toEqual({
      kind: 'missing_scope',
      message: 'GitHub: the account lacks the scope public_repo or repo',
      needed: ['public_repo', 'repo'],
    });
    expect(forbidden({ ...accepted, 'x-oauth-scopes': 'repo, read:user' })?.kind).toBe('error');
    expect(forbidden({ 'x-accepted-oauth-scopes': 'read:org', 'x-oauth-scopes': 'admin:org' })?.kind).toBe('error');
  });

  it('a GitHub App that lacks a permission is refused, not ended', () => {
    expect(forbidden({}, 'Resource not accessible by integration')).toEqual({
      kind: 'error',
      message: 'GitHub: Resource not accessible by integration',
    });
  });

  it('a refused value is named', () => {
    const body = { message: 'Validation Failed', errors: [{ resource: 'Issue', field: 'title', code: 'missing_field' }] };
    expect(fault({ status: 422, headers: {}, body })?.message).toBe('GitHub: Validation Failed (title: missing_field)');
  });
});

describe('github paging', () => {
  const list = byName('github_branches_list');
  const next = (link: string) => list.respond([], { status: 200, headers: { link }, body: [] });

  it('the cursor is the page that the Link header calls next', () => {
    const page = 'https://api.github.com/repositories/1/branches';
    expect(next(`<${page}?page=1>; rel="prev", <${page}?per_page=20&page=3>; rel="next", <${page}?page=9>; rel="last"`)).toMatchObject({
      next_cursor: '3',
    });
    expect(next(`<${page}?page=1>; rel="first", <${page}?page=8>; rel="prev"`)).toMatchObject({ next_cursor: null });
    expect(list.request(list.input.parse({ ...at, cursor: '3' })).query).toMatchObject({ page: 3, per_page: 20 });
  });

  it('a link elsewhere gives nothing but a number', () => {
    expect(next('<https://evil.example/x?page=../2>; rel="next"')).toMatchObject({ next_cursor: null });
    expect(list.input.safeParse({ ...at, cursor: 'https://evil.example' }).success).toBe(false);
  });
});

describe('github files', () => {
  const read = byName('github_file_contents_get');
  const write = byName('github_file_create_update');

  it('a path stays one segment below contents', () => {
    expect(read.request(read.input.parse({ ...at, path: 'src/a b/tax.ts' })).path).toBe(
      '/repos/acme/checkout-api/contents/src%2Fa%20b%2Ftax.ts',
    );
  });

  it.each(['/etc/passwd', '../secrets', 'src/../../x', 'src/..', './x', 'a//b', 'src/', 'a\\b', 'a%2e%2e', 'a\nb', ''])(
    'the path %j is refused',
    (path) => {
      expect(read.input.safeParse({ ...at, path }).success).toBe(false);
    },
  );

  it.each(['.github/workflows/test.yml', '...', 'a..b/c', 'Grüße.md'])('the path %j is taken', (path) => {
    expect(read.input.safeParse({ ...at, path }).success).toBe(true);
  });

  it('text is written as base64 of its UTF-8 and read back', () => {
    const text = 'Grüße, 世界 🚀\n';
    const { json } = write.request(write.input.parse({ ...at, path: 'a.md', message: 'm', content: text }));
    const { content } = json as { content: string };
    const body = { type: 'file', path: 'a.md', sha: 's', size: 30, html_url: null, encoding: 'base64', content };
    expect(read.respond(body, { status: 200, headers: {}, body })).toMatchObject({ text, truncated: false });
  });

  it('bytes that are no text, and files too large to be shown, have no text', () => {
    const file = { type: 'file', path: 'logo.png', sha: 's', size: 5, html_url: null };
    for (const more of [
      { encoding: 'base64', content: btoa('\u0089PNG\u0000') },
      { encoding: 'none', content: '', size: 5_000_000 },
    ]) {
      const body = { ...file, ...more };
      expect(read.respond(body, { status: 200, headers: {}, body })).toMatchObject({ text: null });
    }
  });

  it('a long text is cut and says so', () => {
    const body = { type: 'file', path: 'a', sha: 's', size: 20_001, html_url: null, encoding: 'base64', content: btoa('x'.repeat(20_001)) };
    expect(read.respond(body, { status: 200, headers: {}, body })).toMatchObject({ text: 'x'.repeat(20_000), truncated: true });
  });

  it('a folder gives its entries', () => {
    const body = [{ type: 'file', path: 'src/tax.ts', sha: 's', size: 44, html_url: null }];
    expect(read.respond(body, { status: 200, headers: {}, body })).toMatchObject({
      type: 'dir',
      path: 'src',
      entries: [{ type: 'file', path: 'src/tax.ts', size: 44 }],
    });
  });
});
