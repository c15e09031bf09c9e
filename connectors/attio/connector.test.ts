import { connectorSuite } from '@grantway/connector-kit/testing';
import { describe, expect, it } from 'vitest';
import attio from './connector.ts';
import { fault } from './faults.ts';
import { isoOf, valuesOf } from './fields.ts';

connectorSuite(attio);

const byName = (name: string) => {
  const found = attio.tools.find((t) => t.name === name);
  if (found === undefined) throw new Error(name);
  return found;
};
const request = (name: string, input: object) => {
  const t = byName(name);
  return t.request(t.input.parse(input));
};
const uuid = '891dcbfc-9141-415d-9b2a-2238a6cc012d';

describe('attio’s values', () => {
  it.each([
    [{ attribute_type: 'status', status: { title: 'Won', id: {} } }, 'Won'],
    [{ attribute_type: 'select', option: 'High' }, 'High'],
    [
      { attribute_type: 'currency', currency_value: 5, currency_code: 'EUR' },
      { amount: 5, currency: 'EUR' },
    ],
    [{ attribute_type: 'personal-name', full_name: 'Mira Lopez', first_name: 'Mira', last_name: 'Lopez' }, 'Mira Lopez'],
    [
      { attribute_type: 'interaction', interaction_type: 'email', interacted_at: '2025-11-20' },
      { type: 'email', at: '2025-11-20' },
    ],
    [{ attribute_type: 'location', line_1: null, locality: 'Kiel', country_code: 'DE' }, 'Kiel, DE'],
    [{ attribute_type: 'checkbox', value: false }, false],
    [{ attribute_type: 'text', value: 'x'.repeat(5000) }, 'x'.repeat(4000)],
  ])('%j is shown as %j', (value, shown) => {
    expect(valuesOf({ a: [value] })).toEqual({ a: [shown] });
  });

  it('an attribute without a value is left out', () => {
    expect(valuesOf({ a: [] })).toEqual({});
  });

  it('moments with nanoseconds become RFC 3339 to the millisecond', () => {
    expect(isoOf('2025-11-20T16:02:31.754123456Z')).toBe('2025-11-20T16:02:31.754Z');
  });
});

describe('attio’s pages', () => {
  it('a full page names the next one, one that is not full is the last', () => {
    const t = byName('attio_list_notes');
    const asked = request('attio_list_notes', { limit: 1, cursor: '3' });
    expect(asked.query).toMatchObject({ limit: 1, offset: 3 });
    const note = t.examples[0]?.receives.body as { data: unknown[] };
    const read = (body: unknown) => t.respond(body, { status: 200, headers: {}, body }, asked);
    expect(read(note)).toMatchObject({ next_cursor: '4' });
    expect(read({ data: [] })).toEqual({ notes: [], next_cursor: null });
  });

  it('a query counts in its body', () => {
    const asked = request('attio_list_entries', { list: 'seed', limit: 5, cursor: '10', filter: { stage: 'Won' } });
    expect(asked.json).toEqual({ limit: 5, offset: 10, filter: { stage: 'Won' } });
  });
});

describe('attio’s requests', () => {
  it('a comment goes to a record or a discussion, never both or half of one', () => {
    const { input } = byName('attio_create_comment');
    const given = { author_id: uuid, content: 'x' };
    expect(input.safeParse({ ...given, thread_id: uuid }).success).toBe(true);
    expect(input.safeParse({ ...given, record_object: 'people', record_id: uuid }).success).toBe(true);
    for (const odd of [
      {},
      { record_id: uuid },
      { record_object: 'people' },
      { thread_id: uuid, record_object: 'people', record_id: uuid },
    ]) {
      expect(input.safeParse({ ...given, ...odd }).success).toBe(false);
    }
  });

  it('a task that is changed keeps what is not given, and loses its deadline where null is', () => {
    expect(request('attio_update_task', { task_id: uuid, deadline_at: null }).json).toEqual({ data: { deadline_at: null } });
    expect(byName('attio_update_task').input.safeParse({ task_id: uuid }).success).toBe(false);
  });

  it('deadlines are sent in UTC', () => {
    expect(request('attio_create_task', { content: 'x', deadline_at: '2025-11-28T18:00:00+01:00' }).json).toMatchObject({
      data: { deadline_at: '2025-11-28T17:00:00.000Z' },
    });
  });
});

describe('attio refusals', () => {
  it('a lacking scope is named', () => {
    const body = { status_code: 403, message: 'Required scopes: note:read-write, record_permission:read' };
    expect(fault({ status: 403, headers: {}, body })).toMatchObject({
      kind: 'missing_scope',
      needed: ['note:read-write', 'record_permission:read'],
    });
  });

  it('a plan that does not allow it is an error, not a lacking scope', () => {
    const body = { status_code: 403, type: 'auth_error', code: 'billing_error', message: 'Your plan does not include this.' };
    expect(fault({ status: 403, headers: {}, body })).toEqual({ kind: 'error', message: 'Attio: Your plan does not include this.' });
  });

  it('a token that introspection calls dead is gone', () => {
    expect(fault({ status: 200, headers: {}, body: { active: false } })?.kind).toBe('revoked');
  });
});

describe('attio’s size', () => {
  it('all tools together cost an agent less than 8,000 tokens', () => {
    const shown = attio.tools.map((t) => ({ name: t.name, title: t.title, description: t.description, inputSchema: t.inputSchema() }));
    expect(JSON.stringify(shown).length / 4).toBeLessThan(8000);
  });
});
