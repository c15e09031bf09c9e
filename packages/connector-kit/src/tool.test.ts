import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { get } from './request.ts';
import { annotations, type Effect, tool } from './tool.ts';

const make = (effect: Effect, idempotent?: boolean) =>
  tool({
    name: 'acme_cards_list',
    title: 'List cards',
    description: 'List cards.',
    effect,
    ...(idempotent === undefined ? {} : { idempotent }),
    scopes: [],
    input: z.object({
      since: z.iso.datetime({ offset: true }).describe('Only later cards'),
      board: z.uuid().optional().describe('Board id'),
      limit: z.int().default(20).describe('Cards per page'),
    }),
    output: z.object({ total: z.int() }),
    request: () => get('/cards'),
    respond: () => ({ total: 0 }),
    docs: 'https://docs.acme.example',
    examples: [],
  });

describe('tool()', () => {
  it('says of its arguments what an agent needs, once', () => {
    expect(make('read').inputSchema()).toEqual({
      type: 'object',
      properties: {
        since: { type: 'string', format: 'date-time', description: 'Only later cards' },
        board: { type: 'string', format: 'uuid', description: 'Board id' },
        limit: { type: 'integer', default: 20, description: 'Cards per page' },
      },
      required: ['since'],
      additionalProperties: false,
    });
  });

  it('refuses an unknown argument', () => {
    expect(make('read').input.safeParse({ since: '2025-11-21T10:00:00Z', sinse: 1 }).success).toBe(false);
  });

  it('refuses to be declared with an argument that begins as Grantway’s own do', () => {
    const declare = (name: string) => () =>
      tool({
        ...make('read'),
        input: z.object({ [name]: z.string() }),
        request: () => get('/cards'),
        respond: () => ({ total: 0 }),
        output: z.object({ total: z.int() }),
        examples: [],
      });
    expect(declare('grantway_account')).toThrow(/grantway_account begins as Grantway's own/);
    expect(declare('account')).not.toThrow();
  });

  it('keeps what an object schema refuses as a whole', () => {
    const input = z
      .object({ a: z.int().optional(), b: z.int().optional() })
      .refine((v) => v.a !== undefined || v.b !== undefined, 'a or b');
    const { input: strict } = tool({
      ...make('write'),
      input,
      output: z.object({}),
      request: () => get('/x'),
      respond: () => ({}),
      examples: [],
    });
    expect(strict.safeParse({}).success).toBe(false);
    expect(strict.safeParse({ a: 1, c: 1 }).success).toBe(false);
    expect(strict.safeParse({ a: 1 }).success).toBe(true);
  });
});

describe('annotations', () => {
  it.each([
    ['read', undefined, { readOnlyHint: true, destructiveHint: false, idempotentHint: true }],
    ['write', undefined, { readOnlyHint: false, destructiveHint: false, idempotentHint: false }],
    ['write', true, { readOnlyHint: false, destructiveHint: false, idempotentHint: true }],
    ['destructive', undefined, { readOnlyHint: false, destructiveHint: true, idempotentHint: false }],
  ] as const)('%s, idempotent %s', (effect, idempotent, hints) => {
    expect(annotations(make(effect, idempotent))).toEqual({ title: 'List cards', openWorldHint: true, ...hints });
  });
});
