import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import jira from './connector.ts';
import { fromDocument, toDocument } from './document.ts';
import { jiraTime, nextStart } from './fields.ts';

connectorSuite(jira);

const byName = (name: string) => {
  const found = jira.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const sent = (name: string, input: object) => {
  const t = byName(name);
  return t.request(t.input.parse(input));
};

describe('an Atlassian document', () => {
  const text = (value: string) => ({ type: 'text', text: value });

  it('has a paragraph for each block of lines, and breaks within', () => {
    expect(toDocument('one\ntwo\n\nthree')).toEqual({
      type: 'doc',
      version: 1,
      content: [
        { type: 'paragraph', content: [text('one'), { type: 'hardBreak' }, text('two')] },
        { type: 'paragraph', content: [text('three')] },
      ],
    });
  });

  it('has headings, lists, code and links', () => {
    expect(toDocument('# Why\n- a\n- b\n1. c\n```\nx < 1\n```\nsee https://acme.example/a?b=1.').content).toEqual([
      { type: 'heading', attrs: { level: 1 }, content: [text('Why')] },
      {
        type: 'bulletList',
        content: ['a', 'b'].map((item) => ({ type: 'listItem', content: [{ type: 'paragraph', content: [text(item)] }] })),
      },
      { type: 'orderedList', content: [{ type: 'listItem', content: [{ type: 'paragraph', content: [text('c')] }] }] },
      { type: 'codeBlock', content: [text('x < 1')] },
      {
        type: 'paragraph',
        content: [
          text('see '),
          { ...text('https://acme.example/a?b=1'), marks: [{ type: 'link', attrs: { href: 'https://acme.example/a?b=1' } }] },
          text('.'),
        ],
      },
    ]);
  });

  it('holds no empty text, which Jira refuses', () => {
    for (const value of ['', '\n\n', '```\n```', '```', 'https://acme.example', '- ', '#', ' ']) {
      expect(JSON.stringify(toDocument(value))).not.toContain('"text":""');
      expect(toDocument(value).content).not.toEqual([]);
    }
  });

  it.each(['one\ntwo\n\nthree', '# Why\n\n- a\n- b\n\n1. c\n\n```\nx < 1\n```\n\nend', 'see https://acme.example/a?b=1.'])(
    'says %j again when it is read',
    (value) => {
      expect(fromDocument(toDocument(value))).toBe(value);
    },
  );

  it('is read with people, dates, cards and tables in it', () => {
    const cell = (value: string) => ({ type: 'tableCell', content: [{ type: 'paragraph', content: [text(value)] }] });
    const content = [
      {
        type: 'paragraph',
        content: [
          { type: 'mention', attrs: { id: '1', text: '@Mira' } },
          text(' by '),
          { type: 'date', attrs: { timestamp: '1763683200000' } },
          text(' '),
          { type: 'inlineCard', attrs: { url: 'https://acme.example/x' } },
        ],
      },
      { type: 'table', content: [{ type: 'tableRow', content: [cell('a'), cell('b')] }] },
      { type: 'rule' },
    ];
    expect(fromDocument({ type: 'doc', version: 1, content })).toBe('@Mira by 2025-11-21 https://acme.example/x\n\na | b');
  });

  it('that is none, or has no bottom, is no accident', () => {
    for (const odd of [null, undefined, 7, [], {}, { type: 'doc', content: 'x' }, { type: 'doc', content: [null, { type: 'text' }] }]) {
      expect(fromDocument(odd)).toBe('');
    }
    let deep: unknown = text('x');
    for (let i = 0; i < 10_000; i += 1) deep = { type: 'blockquote', content: [deep] };
    expect(fromDocument(deep)).toBe('');
  });
});

describe('jira requests', () => {
  it('a project and a parent may be told by key or by id', () => {
    const input = { project_key: '10000', issue_type: 'Sub-task', summary: 'x', parent_key: 'ENG-1', priority_name: 'High' };
    expect(sent('jira_issue_create', input).json).toEqual({
      fields: {
        project: { id: '10000' },
        issuetype: { name: 'Sub-task' },
        parent: { key: 'ENG-1' },
        summary: 'x',
        priority: { name: 'High' },
      },
    });
  });

  it('nobody is assigned by null, which is not the same as left out', () => {
    expect(sent('jira_issue_assign', { issueIdOrKey: 'ENG-1' }).json).toEqual({ accountId: null });
  });

  it('only what was said is changed', () => {
    expect(sent('jira_issue_update', { issueIdOrKey: 'ENG-1', labels: [] }).json).toEqual({ fields: { labels: [] } });
  });

  it('a comment with a step goes along as a document', () => {
    expect(sent('jira_issue_transition', { issueIdOrKey: 'ENG-1', transitionId: '31', comment: 'done' }).json).toEqual({
      transition: { id: '31' },
      update: { comment: [{ add: { body: toDocument('done') } }] },
    });
  });

  it('moments are written as Jira reads them', () => {
    expect(jiraTime('2025-11-21T11:10:00+01:00')).toBe('2025-11-21T10:10:00.000+0000');
    const { query } = sent('jira_issue_worklogs_list', { issueIdOrKey: 'ENG-1', startedAfter: '2025-11-21T10:00:00Z' });
    expect(query).toMatchObject({ startedAfter: 1_763_719_200_000, startedBefore: undefined });
  });

  it.each(['ENG-1/../2', 'ENG', '../x', 'ENG-1?x', '-1', 'ENG 1'])('the issue %j is none', (issueIdOrKey) => {
    expect(byName('jira_issue_get').input.safeParse({ issueIdOrKey }).success).toBe(false);
  });
});

describe('jira paging', () => {
  it('goes on behind what came, not behind what was asked for', () => {
    expect(nextStart({ startAt: 20, maxResults: 100, total: 90 }, 50)).toBe('70');
    expect(nextStart({ startAt: 70, maxResults: 100, total: 90 }, 20)).toBeNull();
    expect(nextStart({ startAt: 0, isLast: false }, 20)).toBe('20');
    expect(nextStart({ startAt: 0, isLast: true, total: 90 }, 20)).toBeNull();
  });

  it('ends where a page is empty, whatever the count says', () => {
    expect(nextStart({ startAt: 20, total: 90 }, 0)).toBeNull();
    expect(nextStart({ startAt: 20, isLast: false }, 0)).toBeNull();
  });

  it('of a search takes the token as it came', () => {
    expect(sent('jira_issues_search', { jql: 'project = ENG', cursor: 'CAEaAggD' }).json).toMatchObject({
      nextPageToken: 'CAEaAggD',
      maxResults: 20,
    });
  });
});
