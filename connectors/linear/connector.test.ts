import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import linear from './connector.ts';
import { fault, waitSeconds } from './faults.ts';
import { readTokenResponse } from './tokens.ts';

connectorSuite(linear);

const answer = (status: number, extensions: object, message = 'refused') => ({
  status,
  headers: {},
  body: { errors: [{ message, extensions }], data: null },
});

describe('linear refusals', () => {
  it.each([200, 400, 401])('an authentication error with status %i asks for a refresh', (status) => {
    expect(fault(answer(status, { type: 'authentication error', code: 'AUTHENTICATION_ERROR' }))?.kind).toBe('rejected');
  });

  it.each([200, 400, 429])('RATELIMITED with status %i is a limited rate', (status) => {
    expect(fault(answer(status, { type: 'ratelimited', code: 'RATELIMITED' }))?.kind).toBe('rate_limited');
  });

  it('the wait is until the latest exhausted budget is full again, at most 15 minutes', () => {
    const headers = {
      'x-ratelimit-requests-remaining': '0',
      'x-ratelimit-requests-reset': '1763719230000',
      'x-ratelimit-complexity-remaining': '900',
      'x-ratelimit-complexity-reset': '1763719999000',
    };
    expect(waitSeconds(headers, 1763719200500)).toBe(30);
    expect(waitSeconds({ ...headers, 'x-ratelimit-complexity-remaining': '0' }, 1763719200000)).toBe(799);
    expect(waitSeconds({ ...headers, 'x-ratelimit-requests-reset': '1763799999000' }, 1763719200000)).toBe(900);
    expect(waitSeconds({ 'retry-after': '5', ...headers }, 1763719200000)).toBe(5);
    expect(waitSeconds({}, 1763719200000)).toBeUndefined();
  });

  it('a forbidden answer that names scopes is a missing scope, any other an error', () => {
    expect(fault(answer(200, { code: 'FORBIDDEN' }, 'Invalid scope: `issues:create` required'))).toMatchObject({
      kind: 'missing_scope',
      needed: ['issues:create'],
    });
    expect(fault(answer(403, { code: 'FORBIDDEN' }, 'You do not have access to this team'))?.kind).toBe('error');
  });

  it('a lock timeout with status 200 is the vendor failing', () => {
    expect(fault(answer(200, { type: 'lock timeout' }))?.kind).toBe('unavailable');
  });

  it('the text meant for people is preferred', () => {
    expect(fault(answer(200, { userPresentableMessage: 'Could not find referenced Issue.' }, 'Entity not found'))).toEqual({
      kind: 'error',
      message: 'Linear: Could not find referenced Issue.',
    });
  });

  it('an answer with both data and errors is a refusal', () => {
    expect(fault({ status: 200, headers: {}, body: { data: { issue: null }, errors: [{ message: 'partial' }] } })?.kind).toBe('error');
  });

  it('a 200 without data is no good answer', () => {
    expect(fault({ status: 200, headers: {}, body: { data: null } })?.kind).toBe('error');
  });
});

describe('linear token answers', () => {
  it.each([['read write'], ['read,write'], [['read', 'write']]])('the scope %j is read', (scope) => {
    expect(readTokenResponse({ access_token: 'made-up', scope })).toMatchObject({ scopes: ['read', 'write'] });
  });
});

describe('linear requests', () => {
  const byName = (name: string) => {
    const found = linear.tools.find((t) => t.name === name);
    if (found === undefined) throw new Error(name);
    return found;
  };
  const variables = (name: string, input: object) => {
    const t = byName(name);
    return (t.request(t.input.parse(input)).json as { variables: Record<string, unknown> }).variables;
  };
  const issueId = 'ENG-142';

  it('a priority is sent as its number', () => {
    const teamId = '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01';
    expect(variables('linear_issue_create', { teamId, title: 'x', priority: 'low' })).toEqual({
      input: { teamId, title: 'x', priority: 4 },
    });
  });

  it('an update sends only what is given, and null where a value is taken away', () => {
    expect(variables('linear_issue_update', { issueId, assigneeId: null })).toEqual({ id: issueId, input: { assigneeId: null } });
  });

  it('an update that changes nothing is refused', () => {
    expect(byName('linear_issue_update').input.safeParse({ issueId }).success).toBe(false);
  });

  it('an issue is addressed by UUID or identifier, and by nothing else', () => {
    const { input } = byName('linear_issue_get');
    expect(input.safeParse({ issueId: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42' }).success).toBe(true);
    expect(input.safeParse({ issueId: 'Checkout latency' }).success).toBe(false);
  });

  it('a list narrows by what is given and leaves the rest out', () => {
    expect(variables('linear_issues_list', { title: 'checkout' })).toEqual({
      filter: { title: { containsIgnoreCase: 'checkout' } },
      first: 20,
    });
  });

  it('lists of further things narrow by what is given alone', () => {
    const teamId = '3f0c2a6e-7c1d-4c55-9e4a-0b6f6a1d2e01';
    expect(variables('linear_projects_list', { name: 'pay' })).toEqual({ filter: { name: { containsIgnoreCase: 'pay' } }, first: 20 });
    expect(variables('linear_cycles_list', { teamId })).toEqual({ filter: { team: { id: { eq: teamId } } }, first: 20 });
    expect(variables('linear_cycles_list', { teamId, which: 'next', limit: 1 })).toEqual({
      filter: { team: { id: { eq: teamId } }, isNext: { eq: true } },
      first: 1,
    });
  });

  it('a project’s date is taken away by null, and a change of nothing is refused', () => {
    const projectId = '6d0f5b7a-2c48-4f0e-bb1d-93c1e0a7f541';
    expect(variables('linear_project_update', { projectId, targetDate: null })).toEqual({ id: projectId, input: { targetDate: null } });
    expect(byName('linear_project_update').input.safeParse({ projectId }).success).toBe(false);
  });

  it('a document has exactly one home', () => {
    const { input } = byName('linear_document_create');
    const id = '6d0f5b7a-2c48-4f0e-bb1d-93c1e0a7f541';
    const text = { title: 'x', content: '' };
    expect(input.safeParse(text).success).toBe(false);
    expect(input.safeParse({ ...text, projectId: id, teamId: id }).success).toBe(false);
    expect(input.safeParse({ ...text, teamId: id }).success).toBe(true);
  });

  it('a link that is no web address is refused', () => {
    const given = { issueId, title: 'x', url: 'javascript:alert(1)' };
    expect(byName('linear_attachment_create').input.safeParse(given).success).toBe(false);
  });

  it('a long document is cut and says so', () => {
    const t = byName('linear_document_get');
    const example = t.examples[0]?.receives.body as { data: { document: object } };
    const body = { data: { document: { ...example.data.document, content: 'x'.repeat(20_001) } } };
    expect(t.respond(body, { status: 200, headers: {}, body })).toMatchObject({ content: 'x'.repeat(20_000), truncated: true });
  });

  it('all tools together cost an agent less than 8,000 tokens', () => {
    const shown = linear.tools.map((t) => ({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }));
    expect(JSON.stringify(shown).length / 4).toBeLessThan(8000);
  });
});
