import { accepts, captured, parametersOf } from '@grantway/connector-kit';
import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import salesforce from './connector.ts';
import { fault } from './faults.ts';
import { rowOf } from './fields.ts';
import { containing, quoted, readsOnly } from './soql.ts';

connectorSuite(salesforce);

const byName = (name: string) => {
  const found = salesforce.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const sent = (name: string, input: object) => {
  const t = byName(name);
  return t.request(t.input.parse(input));
};
const parameter = (name: string) => {
  const found = parametersOf(salesforce.auth).find((p) => p.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};

describe('salesforce hosts', () => {
  it.each(['login.salesforce.com', 'test.salesforce.com', 'acme.my.salesforce.com', 'acme--dev.sandbox.my.salesforce.com'])(
    '%s is a place to sign in',
    (host) => expect(accepts(parameter('login_host'), host)).toBe(true),
  );

  it.each([
    'salesforce.com.evil.example',
    'evil.example',
    'evilsalesforce.com',
    'acme.force.com',
    'acme.my.salesforce.com:8080',
    'a@salesforce.com',
  ])('%s is none', (host) => expect(accepts(parameter('login_host'), host)).toBe(false));

  it('the API is where the token says, if that is Salesforce’s', () => {
    const host = parameter('instance_host');
    expect(captured(host, 'https://acme.my.salesforce.com')).toBe('acme.my.salesforce.com');
    for (const url of ['http://acme.my.salesforce.com', 'https://evil.example', 'https://acme.my.salesforce.com@evil.example', 7]) {
      expect(captured(host, url)).toBeUndefined();
    }
  });
});

describe('salesforce refusals', () => {
  const refused = (status: number, body: unknown) => fault({ status, headers: {}, body });

  it('a session that ended is renewed, one without the scope is not', () => {
    expect(refused(401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }])?.kind).toBe('rejected');
    expect(refused(403, 'Bad_OAuth_Token')?.kind).toBe('rejected');
    const body = [{ message: 'This session is not valid for use with the REST API', errorCode: 'INVALID_SESSION_ID' }];
    expect(refused(403, body)).toMatchObject({ kind: 'missing_scope', needed: ['api'] });
  });

  it('a lack of permission ends nothing', () => {
    expect(refused(403, [{ message: 'insufficient access rights', errorCode: 'INSUFFICIENT_ACCESS_OR_READONLY' }])).toEqual({
      kind: 'error',
      message: 'Salesforce: INSUFFICIENT_ACCESS_OR_READONLY: insufficient access rights',
    });
  });

  it('a spent day waits as long as we ever wait', () => {
    expect(refused(403, [{ message: 'x', errorCode: 'REQUEST_LIMIT_EXCEEDED' }])).toMatchObject({
      kind: 'rate_limited',
      retryAfterSeconds: 900,
    });
  });
});

describe('soql', () => {
  it('texts stay within their quotes', () => {
    expect(quoted('O\'Brien \\ "x"\n')).toBe("'O\\'Brien \\\\ \\\"x\\\"\\n'");
    expect(containing("50%_' OR Name != '")).toBe("'%50\\%\\_\\' OR Name != \\'%'");
  });

  it.each([
    'SELECT Id FROM Account',
    '  select Id from Account',
    "SELECT Id FROM Task WHERE Subject = 'wait FOR UPDATE'",
    "SELECT Id FROM A WHERE B = 'it\\'s FOR VIEW'",
  ])('%j only reads', (query) => expect(readsOnly(query)).toBe(true));

  it.each([
    'SELECT Id FROM Account FOR UPDATE',
    'SELECT Id FROM Account for\n view',
    "SELECT Id FROM A WHERE B = 'x' FOR REFERENCE",
    'SELECT Title FROM KnowledgeArticleVersion UPDATE VIEWSTAT',
    'DELETE FROM Account',
    '',
  ])('%j is refused', (query) => {
    expect(readsOnly(query)).toBe(false);
    expect(byName('salesforce_query_soql').input.safeParse({ query }).success).toBe(false);
  });
});

describe('salesforce paging', () => {
  const query = byName('salesforce_query_soql');
  const answer = (nextRecordsUrl: string) =>
    query.respond({ totalSize: 1, done: false, nextRecordsUrl, records: [] }, { status: 200, headers: {}, body: {} });

  it('a cursor is a locator, whatever host or path stands before it', () => {
    expect(answer('/services/data/v64.0/query/01gRM0000000123YAA-2000')).toMatchObject({ next_cursor: '01gRM0000000123YAA-2000' });
    expect(answer('https://evil.example/query/01gRM0000000123YAA-2000')).toMatchObject({ next_cursor: '01gRM0000000123YAA-2000' });
    for (const odd of ['/services/data/v64.0/query/../sobjects', 'https://evil.example/', '/x/01gRM0000000123YAA-2000?y', '']) {
      expect(answer(odd)).toMatchObject({ next_cursor: null });
    }
  });

  it.each([
    'https://evil.example/services/data/v64.0/query/01g',
    '../sobjects',
    '/services/data',
    '01gRM0000000123YAA',
    '01gRM0000000123YAA-1/..',
  ])('the cursor %j is refused', (cursor) =>
    expect(query.input.safeParse({ query: 'SELECT Id FROM Account', cursor }).success).toBe(false),
  );

  it('a page goes on at its locator, in pages of 200 at least', () => {
    const request = sent('salesforce_query_soql', { query: 'SELECT Id FROM Account', cursor: '01gRM0000000123YAA-200', limit: 500 });
    expect(request).toMatchObject({
      path: '/services/data/v64.0/query/01gRM0000000123YAA-200',
      headers: { 'sforce-query-options': 'batchSize=500' },
    });
    expect(request.query).toBeUndefined();
    expect(sent('salesforce_query_soql', { query: 'SELECT Id FROM Account' }).headers).toEqual({ 'sforce-query-options': 'batchSize=200' });
  });

  it('a list goes on behind its last record, and ends where nothing comes', () => {
    const list = byName('salesforce_accounts_list');
    const cursor = '2025-11-21T10:04:40.000Z_001RM000003oLnnYAE';
    expect(sent('salesforce_accounts_list', { search: "O'Brien", owner_id: '005RM0000023FquYAE', cursor, limit: 5 }).query).toEqual({
      q:
        'SELECT Id, Name, Type, Industry, Website, Phone, BillingCity, BillingCountry, OwnerId, LastModifiedDate FROM Account ' +
        "WHERE Name LIKE '%O\\'Brien%' AND OwnerId = '005RM0000023FquYAE' AND (LastModifiedDate < 2025-11-21T10:04:40.000Z OR " +
        "(LastModifiedDate = 2025-11-21T10:04:40.000Z AND Id < '001RM000003oLnnYAE')) ORDER BY LastModifiedDate DESC, Id DESC LIMIT 5",
    });
    expect(list.respond({ records: [] }, { status: 200, headers: {}, body: {} })).toEqual({ records: [], next_cursor: null });
    expect(list.input.safeParse({ cursor: "2025-11-21T10:04:40.000Z_' OR Id != '" }).success).toBe(false);
  });
});

describe('salesforce rows', () => {
  it('lose what Salesforce says about itself, in related records and lists too', () => {
    const attributes = { type: 'X', url: '/x' };
    const contacts = { totalSize: 1, done: true, records: [{ attributes, Name: 'Ada' }] };
    expect(rowOf({ attributes, Name: 'Acme', Owner: { attributes, Name: 'Mira' }, Contacts: contacts, Nothing: null })).toEqual({
      Name: 'Acme',
      Owner: { Name: 'Mira' },
      Contacts: [{ Name: 'Ada' }],
      Nothing: null,
    });
  });

  it('are cut where a text is long', () => {
    expect(rowOf({ Body: 'x'.repeat(5000) })).toEqual({ Body: `${'x'.repeat(4000)}…` });
  });
});
