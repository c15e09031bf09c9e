import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import sheets from './connector.ts';
import { fault } from './faults.ts';
import { range } from './fields.ts';

connectorSuite(sheets);

const byName = (name: string) => {
  const found = sheets.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const spreadsheetId = '1mAdeUp-Sheet-Id_of_the_Pipeline_0001';
const answer = (body: unknown) => ({ status: 200, headers: {}, body });
const refusal = (status: number, error: object, headers: Record<string, string> = {}) => fault({ status, headers, body: { error } });

describe('google sheets refusals', () => {
  it('a missing scope is told by either reason, or by the header alone', () => {
    const missing = { kind: 'missing_scope', needed: [] };
    expect(refusal(403, { errors: [{ reason: 'insufficientPermissions' }] })).toMatchObject(missing);
    expect(refusal(403, { details: [{ reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' }] })).toMatchObject(missing);
    expect(refusal(403, {}, { 'www-authenticate': 'Bearer realm="x", error="insufficient_scope"' })).toMatchObject(missing);
  });

  it('a spreadsheet that is closed to the person does not look like a missing scope or a dead account', () => {
    expect(refusal(403, { message: 'The caller does not have permission', status: 'PERMISSION_DENIED' })).toEqual({
      kind: 'error',
      message: 'Google Sheets: The caller does not have permission',
    });
  });

  it('a limited rate comes with 429 and with 403, and carries Retry-After where it is said', () => {
    for (const reason of ['rateLimitExceeded', 'userRateLimitExceeded']) {
      expect(refusal(403, { errors: [{ reason }] }, { 'retry-after': '7' })).toMatchObject({ kind: 'rate_limited', retryAfterSeconds: 7 });
    }
    expect(refusal(429, {})?.kind).toBe('rate_limited');
  });

  it('an API that is switched off in the operator’s project is not the person’s fault', () => {
    expect(refusal(403, { details: [{ reason: 'SERVICE_DISABLED' }] })?.message).toContain('switched on');
  });
});

describe('google sheets ranges', () => {
  it.each(['Deals!A1:C3', "'Q4 / plan'!A:C", 'Totals', 'Übersicht 50%!B2', "'a.b'!A1", 'Deals!R1C1:R2C2'])('%s is one', (text) => {
    expect(range.safeParse(text).success).toBe(true);
  });

  it.each(['', '..', '../x', 'a/../b', 'a\\b', 'a%2e%2e', 'a\nb', 'x'.repeat(201)])('%j is none', (text) => {
    expect(range.safeParse(text).success).toBe(false);
  });

  it('a range stays one segment of the path, whatever the tab is called', () => {
    const { input, request } = byName('google_sheets_values_get');
    const { path } = request(input.parse({ spreadsheetId, range: "'Q4 / plan?'!A:C" }));
    expect(path).toBe(`/v4/spreadsheets/${spreadsheetId}/values/'Q4%20%2F%20plan%3F'!A%3AC`);
  });

  it('several ranges are a parameter each', () => {
    const { input, request } = byName('google_sheets_values_batch_get');
    expect(request(input.parse({ spreadsheetId, ranges: ['A1', 'B2'] })).query).toMatchObject({ ranges: ['A1', 'B2'] });
  });
});

describe('google sheets answers', () => {
  it('an empty range has no rows, and Google leaves the member out', () => {
    const body = { range: 'Deals!A1:C3', majorDimension: 'ROWS' };
    expect(byName('google_sheets_values_get').respond(body, answer(body))).toEqual({ range: 'Deals!A1:C3', rows: [] });
  });

  it('a large range and a long text are cut and say so', () => {
    const many = { range: 'A1:B9999', values: Array.from({ length: 6000 }, () => [1, 2]) };
    const read = byName('google_sheets_values_get').respond(many, answer(many)) as { rows: unknown[]; truncated?: true };
    expect(read.rows).toHaveLength(5000);
    expect(read.truncated).toBe(true);
    const long = { range: 'A1', values: [['x'.repeat(5001)]] };
    expect(byName('google_sheets_values_get').respond(long, answer(long))).toMatchObject({ rows: [['x'.repeat(5000)]], truncated: true });
  });
});

describe('google sheets search by name', () => {
  it('a quote in a name cannot leave its place in the query', () => {
    const { input, request } = byName('google_sheets_spreadsheets_list');
    const { query, host } = request(input.parse({ name: "x' or trashed = true or name contains '\\" }));
    expect(host).toBe('www');
    expect(query?.q).toContain(String.raw`name contains 'x\' or trashed = true or name contains \'\\'`);
  });
});

describe('the google account', () => {
  it('an address that Google has not verified is shown and not vouched for', () => {
    const body = { id: '1', email: 'mira@acme.example', verified_email: false };
    expect(sheets.identify.subject(body as never, answer(body))).toEqual({ id: '1', label: 'mira@acme.example' });
  });
});
