import { describe, expect, it } from 'vitest';
import { atlassianAuth, atlassianFault, atlassianSites } from './atlassian.ts';

const site = (id: string, name: string, scopes: string[]) => ({ id, name, url: `https://${name}.atlassian.net`, scopes });
const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => atlassianFault('Jira', { status, headers, body });

describe('the sites of an Atlassian account', () => {
  const body = [
    site('a', 'acme', ['read:jira-work', 'write:jira-work']),
    site('a', 'acme', ['read:page:confluence']),
    site('b', 'beta', ['read:jira-work']),
    site('b', 'beta', ['read:jira-user']),
    site('c', 'wiki-only', ['read:page:confluence']),
  ];

  it('are those that were granted for the product, each once', () => {
    expect(atlassianSites('jira', body)).toEqual([
      { values: { cloud_id: 'a' }, label: 'acme', detail: 'https://acme.atlassian.net' },
      { values: { cloud_id: 'b' }, label: 'beta', detail: 'https://beta.atlassian.net' },
    ]);
    expect(atlassianSites('confluence', body).map(({ label }) => label)).toEqual(['acme', 'wiki-only']);
    expect(atlassianSites('jira', [])).toEqual([]);
  });

  it('are read from the documented answer as the example says', () => {
    const { lookup } = atlassianAuth('jira', { 'read:jira-work': 'See issues' }, ['read:jira-work']);
    expect(lookup?.choices(lookup.example.receives.body as never)).toEqual(lookup?.example.gives);
  });
});

describe('an Atlassian refusal', () => {
  it('for want of a scope is a 401 that does not end the account', () => {
    expect(answer(401, { code: 401, message: 'Unauthorized; scope does not match' })?.kind).toBe('missing_scope');
    expect(answer(401, { code: 401, message: 'Unauthorized' })?.kind).toBe('rejected');
  });

  it('says what Jira says of each field, and what Confluence says as titles', () => {
    expect(answer(400, { errorMessages: ['No such issue.'], errors: { summary: 'is required' } })?.message).toBe(
      'Jira: No such issue.; summary: is required',
    );
    expect(answer(404, { errors: [{ status: 404, code: 'NOT_FOUND', title: 'Not Found', detail: null }] })?.message).toBe(
      'Jira: Not Found',
    );
  });

  it('for too many calls says when to come again', () => {
    expect(answer(429, {}, { 'retry-after': '12' })).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 12 });
  });
});
