import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import hubspot from './connector.ts';
import { fault } from './faults.ts';
import { recordOf } from './fields.ts';

connectorSuite(hubspot);

const byName = (name: string) => {
  const found = hubspot.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const sent = (name: string, input: object) => {
  const t = byName(name);
  return t.request(t.input.parse(input));
};

describe('hubspot refusals', () => {
  const refused = (status: number, body: object, headers: Record<string, string> = {}) => fault({ status, headers, body });

  it('a missing scope is named, and is no refused token', () => {
    const errors = [{ message: 'x', context: { requiredGranularScopes: ['crm.objects.deals.write', 'BAD SCOPE', 7] } }];
    expect(refused(403, { category: 'MISSING_SCOPES', message: 'm', errors })).toEqual({
      kind: 'missing_scope',
      message: 'HubSpot: the account lacks the scope crm.objects.deals.write',
      needed: ['crm.objects.deals.write'],
    });
    expect(refused(403, { category: 'MISSING_SCOPES', message: 'm', errors: 'x' })).toMatchObject({ kind: 'missing_scope', needed: [] });
    expect(refused(403, { category: 'BANNED', message: 'm' })?.kind).toBe('error');
  });

  it('a limit of ten seconds is waited out, one of a day as long as we ever wait', () => {
    const interval = { 'x-hubspot-ratelimit-interval-milliseconds': '10000' };
    expect(refused(429, { policyName: 'TEN_SECONDLY_ROLLING' }, interval)).toMatchObject({ retryAfterSeconds: 10 });
    expect(refused(429, { policyName: 'DAILY' }, interval)).toMatchObject({ retryAfterSeconds: 900 });
    expect(refused(429, {}, { ...interval, 'retry-after': '3' })).toMatchObject({ retryAfterSeconds: 3 });
  });
});

describe('hubspot records', () => {
  it('leave out what is empty and what is said elsewhere', () => {
    const properties = { email: 'a@b.example', phone: null, city: '', hs_object_id: '1', createdate: 'x' };
    expect(recordOf({ id: '1', properties })).toMatchObject({ properties: { email: 'a@b.example' }, created_at: null });
  });

  it('with a long text are cut and say so', () => {
    const record = recordOf({ id: '1', properties: { content: 'x'.repeat(4001) } });
    expect(record).toMatchObject({ properties: { content: 'x'.repeat(4000) }, truncated: true });
  });

  it('are written as texts, what is named outweighing the rest', () => {
    const input = { name: 'Acme', numberofemployees: 120, properties: { name: 'Other', tier_c: 'gold' } };
    expect(sent('hubspot_company_create', input).json).toEqual({ properties: { name: 'Acme', numberofemployees: '120', tier_c: 'gold' } });
  });

  it('keep what was not said, and empty what was said to be empty', () => {
    expect(sent('hubspot_contact_update', { contact_id: '101', properties: { phone: '' } }).json).toEqual({ properties: { phone: '' } });
  });

  it('have properties with plain names', () => {
    for (const name of ['a.b', 'a/b', '__proto__.x', 'A', '']) {
      const properties = Object.fromEntries([[name, 'x']]);
      expect(byName('hubspot_contact_update').input.safeParse({ contact_id: '1', properties }).success).toBe(false);
    }
  });
});

describe('hubspot searches', () => {
  it('hold all filters at once, and go on after the cursor', () => {
    const filters = [{ propertyName: 'associations.contact', operator: 'EQ', value: '101' }];
    expect(sent('hubspot_notes_search', { filters, cursor: '20', limit: 5 }).json).toEqual({
      filterGroups: [{ filters }],
      sorts: ['-hs_lastmodifieddate'],
      properties: ['hs_note_body', 'hs_timestamp', 'hubspot_owner_id'],
      limit: 5,
      after: '20',
    });
  });

  it('without words or filters list everything', () => {
    expect(sent('hubspot_deals_search', {}).json).toMatchObject({ limit: 20, sorts: ['-hs_lastmodifieddate'] });
    expect(Object.keys(sent('hubspot_deals_search', {}).json as object)).not.toContain('filterGroups');
  });
});

describe('hubspot notes and tasks', () => {
  it('are linked to every record that was named', () => {
    const json = sent('hubspot_task_create', {
      hs_task_subject: 'Call',
      hs_timestamp: '2025-11-24T09:00:00Z',
      contact_id: '101',
      ticket_id: '7001',
    }).json as { associations: unknown; properties: object };
    expect(json.associations).toEqual([
      { to: { id: '101' }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 204 }] },
      { to: { id: '7001' }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 230 }] },
    ]);
    expect(json.properties).toEqual({
      hs_task_subject: 'Call',
      hs_timestamp: '2025-11-24T09:00:00Z',
      hs_task_type: 'TODO',
      hs_task_status: 'NOT_STARTED',
    });
  });
});
