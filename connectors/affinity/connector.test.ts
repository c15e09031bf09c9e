import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import affinity from './connector.ts';
import { fault } from './faults.ts';
import { fieldsOf } from './fields.ts';

connectorSuite(affinity);

const byName = (name: string) => {
  const found = affinity.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const request = (name: string, input: object) => {
  const t = byName(name);
  return t.request(t.input.parse(input));
};

describe('affinity’s fields', () => {
  const field = (type: string, data: unknown) => [{ id: 'f', name: 'F', type: 'list', value: { type, data } }];

  it.each([
    ['dropdown', { dropdownOptionId: 1, text: 'Won' }, { option_id: 1, text: 'Won' }],
    ['person', { id: 2, firstName: 'Mira', lastName: null, primaryEmailAddress: null }, { person_id: 2, name: 'Mira' }],
    ['company-multi', [{ id: 3, name: 'Acme', domain: null }], [{ company_id: 3, name: 'Acme' }]],
    ['location', { streetAddress: null, city: 'Kiel', state: null, country: 'Germany', continent: 'Europe' }, 'Kiel, Germany'],
    ['formula-number', { calculatedValue: 7.5 }, 7.5],
    [
      'interaction',
      { type: 'meeting', id: 4, title: 'Call', startTime: '2025-11-19' },
      { type: 'meeting', at: '2025-11-19', subject: 'Call' },
    ],
    ['number', 0, 0],
  ])('%s is shown without its wrapping', (type, data, value) => {
    expect(fieldsOf(field(type, data))).toEqual([{ field_id: 'f', name: 'F', value_type: type, value }]);
  });

  it.each([
    ['text', null],
    ['dropdown-multi', []],
  ])('an empty %s is left out', (type, data) => {
    expect(fieldsOf(field(type, data))).toEqual([]);
  });
});

describe('affinity’s requests', () => {
  const change = { list_id: 1, list_entry_id: 2, field_id: 'field-3' };

  it.each([
    ['ranked-dropdown', 7, { dropdownOptionId: 7 }],
    ['person', 7, { id: 7 }],
    ['text', 'x', 'x'],
    ['datetime', '2025-11-28T17:00:00Z', '2025-11-28T17:00:00Z'],
    ['number', 1.5, 1.5],
    ['company', null, null],
  ])('a %s is written as Affinity takes it', (type, value, data) => {
    expect(request('affinity_v2_update_list_entry_field', { ...change, type, value }).json).toEqual({ value: { type, data } });
  });

  it.each([
    ['dropdown', 'Won'],
    ['number', '5'],
    ['text', 5],
    ['datetime', 'tomorrow'],
    ['person', 1.5],
  ])('a %s is never %j', (type, value) => {
    expect(byName('affinity_v2_update_list_entry_field').input.safeParse({ ...change, type, value }).success).toBe(false);
  });

  it('contacts are asked for of exactly one, within a year', () => {
    const { input } = byName('affinity_list_interactions');
    const asked = { type: 'email', start_time: '2025-01-01T00:00:00Z', end_time: '2025-12-31T00:00:00Z', person_id: 1 };
    expect(input.safeParse(asked).success).toBe(true);
    for (const odd of [
      { organization_id: 2 },
      { person_id: undefined },
      { end_time: '2026-06-01T00:00:00Z' },
      { end_time: '2024-01-01T00:00:00Z' },
    ]) {
      expect(input.safeParse({ ...asked, ...odd }).success).toBe(false);
    }
    expect(request('affinity_list_interactions', asked).query).toMatchObject({ type: 3, person_id: 1 });
  });

  it('meetings are read from under their own name', () => {
    const body = { events: [{ id: 1, type: 0, date: '2025-11-19T00:00:00Z', title: 'Call' }], next_page_token: 'p2' };
    expect(byName('affinity_list_interactions').respond(body, { status: 200, headers: {}, body })).toEqual({
      interactions: [{ interaction_id: 1, type: 'meeting', at: '2025-11-19T00:00:00.000Z', subject: 'Call', direction: null, persons: [] }],
      next_cursor: 'p2',
    });
  });

  it('a note is about something', () => {
    const { input } = byName('affinity_create_note');
    expect(input.safeParse({ content: 'x', person_ids: [] }).success).toBe(false);
    expect(input.safeParse({ content: 'x', opportunity_ids: [1] }).success).toBe(true);
  });
});

describe('affinity refusals', () => {
  it('a lack of permission does not reject the key', () => {
    const body = { errors: [{ code: 'authorization', message: 'no' }] };
    expect(fault({ status: 403, headers: {}, body })?.kind).toBe('error');
  });

  it('both versions’ texts are read', () => {
    expect(fault({ status: 422, headers: {}, body: ['Name is missing'] })?.message).toBe('Affinity: Name is missing');
    expect(fault({ status: 400, headers: {}, body: { errors: [{ code: 'bad-request', message: 'limit is wrong' }] } })?.message).toBe(
      'Affinity: limit is wrong',
    );
  });

  it('a limited rate says when it is lifted', () => {
    expect(fault({ status: 429, headers: { 'x-ratelimit-limit-user-reset': '42' }, body: {} })).toMatchObject({ retryAfterSeconds: 42 });
  });
});
