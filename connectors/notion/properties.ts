import { z } from 'zod';
import { id, plain, type RichText, textMax, textPieces, uuid } from './fields.ts';

/**
 * One value, under the word for its type, as notion_data_source_retrieve and notion_page_get say it. Bounds stand in the
 * refinement: in the schema they would cost an agent more than the types themselves.
 */
const Value = z
  .strictObject({
    rich_text: z.string(),
    number: z.number().nullable(),
    select: z.string(),
    multi_select: z.array(z.string()),
    status: z.string(),
    date: z.strictObject({ start: z.string(), end: z.string().optional() }),
    people: z.array(z.string()),
    checkbox: z.boolean(),
    url: z.string(),
    email: z.string(),
    phone_number: z.string(),
    relation: z.array(z.string()),
  })
  .partial()
  .refine((value) => Object.keys(value).length === 1, 'give exactly one value, under the word for its type')
  .refine((value) => JSON.stringify(value).length <= 12_000, 'the value is too long')
  .refine(
    (value) => [value.select, value.status, ...(value.multi_select ?? [])].every((name) => (name ?? '').length <= 100),
    'a choice has at most 100 characters',
  )
  .refine(
    (value) => [...(value.people ?? []), ...(value.relation ?? [])].every((found) => id.safeParse(found).success),
    'people and relation take ids',
  )
  .refine(({ date }) => date === undefined || [date.start, date.end ?? ''].every(isDay), 'a date is ISO 8601')
  .meta({ minProperties: 1, maxProperties: 1 });

/** A day, a moment, or nothing: an empty one takes the value away. */
function isDay(text: string): boolean {
  return text === '' || z.union([z.iso.date(), z.iso.datetime({ offset: true, local: true })]).safeParse(text).success;
}

export const properties = z
  .record(z.string(), Value)
  .refine((given) => Object.keys(given).every((name) => name !== '' && name.length <= 200), 'a column’s name has 1 to 200 characters');

/** The short form, written out as Notion takes it. */
export function propertiesOf(given: z.output<typeof properties>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, written(value)]));
}

function written(value: z.output<typeof Value>): Record<string, unknown> {
  const [[type, content] = ['', undefined]] = Object.entries(value);
  switch (type) {
    case 'rich_text':
      return { rich_text: textPieces(content as string) };
    case 'select':
    case 'status':
      return { [type]: content === '' ? null : { name: content } };
    case 'multi_select':
      return { multi_select: (content as string[]).map((name) => ({ name })) };
    case 'people':
      return { people: (content as string[]).map((found) => ({ object: 'user', id: uuid(found) })) };
    case 'relation':
      return { relation: (content as string[]).map((found) => ({ id: uuid(found) })) };
    case 'date': {
      const { start, end } = content as { start: string; end?: string };
      return { date: start === '' ? null : end === undefined || end === '' ? { start } : { start, end } };
    }
    default:
      // number, checkbox, and texts that may be taken away
      return { [type]: content === '' ? null : content };
  }
}

/** What lists and pages show of a property: the word for its type, and its value without the vendor's wrapping. */
export const PropertyOut = z.object({ type: z.string(), value: z.unknown() });

export type PropertyValue = { type: string; [content: string]: unknown };

export function propertiesShown(found: Record<string, PropertyValue>): Record<string, z.input<typeof PropertyOut>> {
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [name, { type: value.type, value: shown(value) }]));
}

function shown(value: PropertyValue): unknown {
  const content = value[value.type] as never;
  switch (value.type) {
    case 'title':
    case 'rich_text':
      return plain(content as RichText[]).slice(0, textMax);
    case 'select':
    case 'status':
      return (content as { name?: string } | null)?.name ?? null;
    case 'multi_select':
      return (content as { name: string }[]).map(({ name }) => name);
    case 'people':
    case 'relation':
      return (content as { id: string }[]).map(({ id }) => id);
    case 'created_by':
    case 'last_edited_by':
      return (content as { id: string }).id;
    case 'date': {
      const date = content as { start: string; end: string | null } | null;
      return date === null ? null : { start: date.start, end: date.end };
    }
    case 'files':
      return (content as { name: string }[]).map(({ name }) => name);
    case 'unique_id': {
      const { prefix, number } = content as { prefix: string | null; number: number | null };
      return prefix === null ? String(number) : `${prefix}-${number}`;
    }
    case 'formula':
      return shown(content as PropertyValue);
    case 'rollup': {
      const rollup = content as PropertyValue;
      return Array.isArray(rollup.array) ? (rollup.array as PropertyValue[]).map(shown) : shown(rollup);
    }
    case 'verification':
      return (content as { state?: string } | null)?.state ?? null;
    default:
      // number, checkbox, url, email, phone_number, created_time, last_edited_time: already plain
      return typeof content === 'object' ? null : (content ?? null);
  }
}
