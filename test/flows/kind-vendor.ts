import { type AuthSpec, type Connector, connector, get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';

const me = { id: 'acct-1', name: 'Acme', email: 'mira@acme.example' };
const item = { id: 'it-1', title: 'One' };

/** A vendor with a read, a form write and an account whose address is that of whoever is signed in. */
export function kindVendor(id: string, auth: AuthSpec, more: Partial<Connector['api']> = {}): Connector {
  const scopes = 'scopes' in auth ? ['items:read'] : [];
  const shape = {
    output: z.looseObject({}),
    respond: (answer: Record<string, unknown>) => answer,
    docs: `https://${id}.example/docs`,
    scopes,
  };
  return connector({
    id,
    name: `Vendor ${id}`,
    description: 'A vendor of the tests.',
    docs: `https://${id}.example/docs`,
    auth,
    api: { baseUrl: `https://api.${id}.example/v1`, ...more },
    identify: {
      request: get('/me'),
      subject: (answer: typeof me) => ({ id: answer.id, label: answer.email }),
      example: { receives: { body: me }, gives: { id: 'acct-1', label: 'mira@acme.example' } },
    },
    tools: [
      tool({
        ...shape,
        name: `${id}_item_list`,
        title: 'List items',
        description: 'Lists items.',
        effect: 'read',
        input: z.object({ query: z.string().optional() }),
        request: ({ query }) => get('/items', { query, view: "a b&c=d+e*'~" }),
        examples: [{ input: { query: 'x' }, receives: { body: { items: ['one'] } }, gives: { items: ['one'] } }],
      }),
      tool({
        ...shape,
        name: `${id}_item_rename`,
        title: 'Rename an item',
        description: 'Renames an item.',
        effect: 'write',
        input: z.object({ item: z.string(), title: z.string() }),
        request: ({ item: name, title }) => ({ method: 'POST', path: path`/items/${name}/rename`, form: { title } }),
        examples: [{ input: { item: 'it-1', title: 'One' }, receives: { body: item }, gives: item }],
      }),
    ],
  });
}
