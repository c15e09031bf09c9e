import { describe, expect, it } from 'vitest';
import {
  cut,
  graphCursor,
  graphFault,
  graphPaging,
  graphTime,
  graphTokenCursor,
  microsoftAuth,
  nextCursor,
  nextHit,
  odataText,
} from './microsoft.ts';
import { accepts } from './parameters.ts';

const auth = microsoftAuth({ 'Mail.Read': 'Read your mail', 'Mail.ReadWrite': 'Read and change your mail' }, ['Mail.Read']);
const answer = (status: number, error: object, headers = {}) => ({ status, headers, body: { error } });

describe('the cursor of a search', () => {
  it('goes on behind the hits that were given, where Graph says that there are more', () => {
    const asked = { method: 'POST', path: '/search/query', json: { requests: [{ from: 40, size: 20 }] } } as const;
    expect(nextHit(asked, true)).toBe('60');
    expect(nextHit(asked, false)).toBeNull();
  });
});

describe('the cursor of a page', () => {
  const link = (query: string) => ({ '@odata.nextLink': `https://graph.microsoft.com/v1.0/me/messages?${query}` });

  it.each([
    ['$top=20&$skip=40', { $top: 20, $skip: 40 }],
    ['%24top=20&%24skip=40', { $top: 20, $skip: 40 }],
    ['$skiptoken=%5b%7B%22a%22%3a%22%2bRID%7D%5d&$top=20', { $top: 20, $skiptoken: '[{"a":"+RID}]' }],
    ['$skipToken=1asd!x', { $top: 20, $skiptoken: '1asd!x' }],
  ])('of %s leads to the same page', (query, sent) => {
    const cursor = nextCursor(link(query));
    expect(graphCursor.parse(cursor)).toBe(cursor);
    expect(graphPaging(20, cursor ?? undefined)).toEqual(sent);
  });

  it('takes nothing else of the link: no host, no path', () => {
    const cursor = nextCursor({ '@odata.nextLink': 'https://evil.example/v1.0/admin?$skiptoken=abc&x=https://evil.example' });
    expect(graphPaging(5, cursor ?? undefined)).toEqual({ $top: 5, $skiptoken: 'abc' });
  });

  it('is null on the last page, and a link that cannot be followed is an error, not an end', () => {
    expect(nextCursor({})).toBeNull();
    expect(() => nextCursor(link('$deltatoken=x'))).toThrow(RangeError);
  });

  it.each(['40', 'https://evil.example/', 's-1', 's40&$select=body', 't', 't!', `t${Buffer.from('a\r\nX: y').toString('base64url')}`])(
    '%j is no cursor',
    (text) => expect(graphCursor.safeParse(text).success).toBe(false),
  );

  it('of a collection without $skip is a token', () => {
    expect(graphTokenCursor.safeParse('tYWJj').success).toBe(true);
    expect(graphTokenCursor.safeParse('s40').success).toBe(false);
    expect(graphTokenCursor.safeParse(`t${Buffer.from('a\nb').toString('base64url')}`).success).toBe(false);
  });
});

describe('refusals of Graph', () => {
  it('a missing permission of Teams names the narrowest that would do', () => {
    const message =
      "Missing scope permissions on the request. API requires one of 'Chat.ReadBasic, Chat.Read, Chat.ReadWrite'. Scopes on the request 'User.Read'";
    expect(graphFault(answer(403, { code: 'Forbidden', message }))).toMatchObject({ kind: 'missing_scope', needed: ['Chat.ReadBasic'] });
  });

  it.each(['ErrorAccessDenied', 'accessDenied', 'Authorization_RequestDenied'])('%s is an error: it may be the item as well', (code) => {
    expect(graphFault(answer(403, { code, message: 'Access is denied.' }))).toMatchObject({
      kind: 'error',
      message: expect.stringContaining('access denied'),
    });
  });

  it('an expired access token leads to a refresh, and nothing that the API says ends a grant', () => {
    expect(graphFault(answer(401, { code: 'InvalidAuthenticationToken', message: 'x' }))?.kind).toBe('rejected');
  });

  it.each([
    [429, {}],
    [503, { code: 'activityLimitReached' }],
  ])('throttling with %i waits as long as it is told', (status, error) => {
    expect(graphFault(answer(status, error, { 'retry-after': '17' }))).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 17 });
  });

  it('a page in the place of an answer is an error, an empty 204 is not', () => {
    expect(graphFault({ status: 200, headers: {}, body: '<html>Sign in</html>' })?.kind).toBe('error');
    expect(graphFault({ status: 204, headers: {}, body: '' })).toBeUndefined();
  });
});

describe('the identity platform', () => {
  it.each([
    'https://graph.microsoft.com/Mail.ReadWrite https://graph.microsoft.com/User.Read',
    'Mail.ReadWrite User.Read',
    'mail.readwrite user.read',
  ])('grants %j are read by the names that tools use', (scope) => {
    expect(auth.readTokenResponse?.({ access_token: 'made-up', scope })).toMatchObject({ scopes: ['Mail.ReadWrite', 'User.Read'] });
  });

  it('a tenant is one of the three common ones, a directory id or a domain, and never a path', () => {
    const [tenant] = auth.fields ?? [];
    if (tenant === undefined) throw new Error('there is no field');
    for (const good of ['common', 'organizations', 'consumers', '0b1d2c3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e', 'acme.onmicrosoft.example'])
      expect(accepts(tenant, good)).toBe(true);
    for (const bad of ['', 'acme', '..', 'common/x', 'a.b/../c', 'common?x', 'evil.example\n', 'COMMON'])
      expect(accepts(tenant, bad)).toBe(false);
  });

  it('covers only by scopes that the connector has', () => {
    expect(auth.scopeCovers).toEqual({ 'Mail.ReadWrite': ['Mail.Read'] });
  });
});

it('a moment of seven digits is read in UTC', () => {
  expect(graphTime('2025-11-21T10:00:05.1234567Z')).toBe('2025-11-21T10:00:05.123Z');
  expect(graphTime(null)).toBeNull();
});

it('a quote cannot end an OData literal', () => {
  expect(odataText("O'Neil' or 1 eq 1")).toBe("'O''Neil'' or 1 eq 1'");
});

it('a long text is cut and says so', () => {
  expect(cut('abcd', 3)).toEqual({ text: 'abc', truncated: true });
  expect(cut(null, 3)).toEqual({ text: '', truncated: false });
});
