import { type Connector, connector, get, tool } from '@grantway/connector-kit';
import { z } from 'zod';

/** A made-up vendor with so many tools: what a list of tools costs grows with it. */
export function manyTools(count: number): Connector {
  const id = `many${count}`;
  const tools = Array.from({ length: count }, (_, i) =>
    tool({
      name: `${id}_thing${i}_get`,
      title: `Read thing ${i}`,
      description: `Read one thing of kind ${i}: its name, its state and who changed it last. Ids come from the list of things of the same kind.`,
      effect: 'read',
      scopes: [],
      input: z.object({
        thing_id: z.string().min(1).max(64).describe('The id of the thing'),
        fields: z
          .array(z.enum(['name', 'state', 'changed_by']))
          .optional()
          .describe('Only these'),
        limit: z.int().min(1).max(100).default(20),
      }),
      output: z.object({ id: z.string(), name: z.string(), state: z.enum(['open', 'closed']), changed_by: z.string().nullable() }),
      request: ({ thing_id }) => get('/things', { id: thing_id }),
      respond: (body: { id: string; name: string }) => ({ id: body.id, name: body.name, state: 'open' as const, changed_by: null }),
      docs: 'https://many.example/docs',
      examples: [
        {
          input: { thing_id: 't1' },
          receives: { body: { id: 't1', name: 'One' } },
          gives: { id: 't1', name: 'One', state: 'open', changed_by: null },
        },
      ],
    }),
  );
  return connector({
    id,
    name: `Many (${count})`,
    description: 'Made up, for measuring.',
    docs: 'https://many.example/docs',
    auth: {
      kind: 'bearer',
      fields: [{ name: 'token', label: 'Token', secret: true }],
      token: '{token}',
      scheme: 'Bearer',
    },
    api: { baseUrl: 'https://api.many.example' },
    identify: {
      request: get('/current_user'),
      subject: ({ data }: { data: { id: string } }) => ({ id: data.id, label: data.id }),
      example: { receives: { body: { data: { id: 'u1' } } }, gives: { id: 'u1', label: 'u1' } },
    },
    tools,
  });
}
