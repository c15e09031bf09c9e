import type { Provenance } from '@grantway/connector-kit';
import { z } from 'zod';

export const limit = z.int().min(1).max(100).default(20).describe('Entries per page, 1 to 100');
export const cursor = z.string().min(1).max(512).optional().describe('next_cursor of the page before');
export const nextCursor = z.string().nullable();
export const id = z.int().min(1);

/** No package holds the vendor's OpenAPI document; this client, which others write, names the same paths, parameters and answers. */
export function typed(operation: string): Provenance {
  return { specification: 'affinity-sdk', version: '1.29.0', operation };
}

/** The second version's pages: the next one's address, of which the cursor alone is of use. */
export interface Paged<T> {
  data: T[] | null;
  pagination: { nextUrl?: string | null };
}

export function nextOf({ pagination: { nextUrl } }: Paged<unknown>): string | null {
  return nextUrl ? new URL(nextUrl).searchParams.get('cursor') : null;
}

export const textMax = 4000;

interface FieldBody {
  id: string;
  name: string;
  type: string;
  value: { type: string; data: unknown };
}

export const Field = z.object({ field_id: z.string(), name: z.string(), value_type: z.string(), value: z.unknown() });

/** Fields that hold something, without the vendor's wrapping. */
export function fieldsOf(fields: FieldBody[] | undefined): z.input<typeof Field>[] {
  return (fields ?? [])
    .map((field) => ({ field_id: field.id, name: field.name, value_type: field.value.type, value: shown(field.value.data) }))
    .filter(({ value }) => value !== null && !(Array.isArray(value) && value.length === 0));
}

function shown(data: unknown): unknown {
  if (typeof data === 'string') return data.slice(0, textMax);
  if (Array.isArray(data)) return data.map(shown);
  if (typeof data !== 'object' || data === null) return data ?? null;
  const d = data as Record<string, unknown>;
  if (typeof d.dropdownOptionId === 'number') return { option_id: d.dropdownOptionId, text: d.text };
  if ('calculatedValue' in d) return d.calculatedValue;
  if ('sentAt' in d || 'startTime' in d) return { type: d.type, at: d.sentAt ?? d.startTime, subject: d.subject ?? d.title ?? null };
  if ('firstName' in d) return { person_id: d.id, name: [d.firstName, d.lastName].filter(Boolean).join(' ') };
  if ('domain' in d) return { company_id: d.id, name: d.name };
  if ('country' in d) return [d.streetAddress, d.city, d.state, d.country].filter(Boolean).join(', ');
  return null;
}

export type FieldBodies = FieldBody[];
