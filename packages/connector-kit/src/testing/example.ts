import { connector, get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';

const tasksList = tool({
  name: 'acme_tasks_list',
  title: 'List tasks',
  description:
    'List the open tasks of one board, newest first, with the ids that acme_task_close takes. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: ['tasks:read'],
  input: z.object({
    board: z
      .string()
      .regex(/^[a-z0-9-]{2,30}$/)
      .describe('Board name as it stands in the address, for example operations'),
    limit: z.int().min(1).max(100).default(20).describe('Tasks per page, 1 to 100'),
    cursor: z.string().max(200).optional().describe('next_cursor of the page before'),
  }),
  output: z.object({
    tasks: z.array(z.object({ id: z.int(), title: z.string(), created_at: z.string() })),
    next_cursor: z.string().nullable(),
  }),
  request: ({ board, ...page }) => get(path`/v1/boards/${board}/tasks`, page),
  respond: (body: { data: { id: number; text: string; created: number }[]; next?: string }) => ({
    tasks: body.data.map((t) => ({ id: t.id, title: t.text, created_at: new Date(t.created * 1000).toISOString() })),
    next_cursor: body.next ?? null,
  }),
  docs: 'https://docs.acme.example/tasks#list',
  provenance: { specification: 'acme-openapi', version: '1.4', operation: 'GET /v1/boards/{board}/tasks' },
  examples: [
    {
      input: { board: 'operations' },
      receives: { body: { data: [{ id: 7, text: 'Renew the certificate', created: 1763719200, owner: 'u1', votes: 3 }], total: 1 } },
      gives: { tasks: [{ id: 7, title: 'Renew the certificate', created_at: '2025-11-21T10:00:00.000Z' }], next_cursor: null },
    },
  ],
});

const taskClose = tool({
  name: 'acme_task_close',
  title: 'Close a task',
  description: 'Close one task; closing it again changes nothing. Find its id with acme_tasks_list. Its followers are notified.',
  effect: 'write',
  idempotent: true,
  scopes: ['tasks:write'],
  input: z.object({ task_id: z.int().min(1).describe('Task id from acme_tasks_list') }),
  output: z.object({ id: z.int(), closed_at: z.string() }),
  request: ({ task_id }) => post(path`/v1/tasks/${task_id}/close`, {}),
  respond: (body: { id: number; closed: string }) => ({ id: body.id, closed_at: body.closed }),
  docs: 'https://docs.acme.example/tasks#close',
  provenance: { specification: 'acme-openapi', version: '1.4', operation: 'POST /v1/tasks/{task_id}/close' },
  examples: [
    {
      input: { task_id: 7 },
      receives: { body: { id: 7, text: 'Renew the certificate', closed: '2025-11-21T10:05:00.000Z', closed_by: 'u1' } },
      gives: { id: 7, closed_at: '2025-11-21T10:05:00.000Z' },
      fresh: { '/closed': 'iso_now' },
    },
  ],
});

export default connector({
  id: 'acme',
  name: 'Acme Tasks',
  description: 'Read and close the tasks on the boards of Acme.',
  docs: 'https://docs.acme.example',
  auth: {
    kind: 'oauth2',
    authorizeUrl: 'https://acme.example/oauth/authorize',
    tokenUrl: 'https://acme.example/oauth/token',
    revokeUrl: 'https://acme.example/oauth/revoke',
    scopes: { 'tasks:read': 'See the tasks on your boards', 'tasks:write': 'Close and change tasks' },
    defaultScopes: ['tasks:read', 'tasks:write'],
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_basic',
    rotationClass: 'E',
  },
  api: {
    baseUrl: 'https://api.acme.example',
    refusals: {
      rejected: { status: 401, body: { message: 'Token expired' } },
      rate_limited: { status: 429, headers: { 'retry-after': '20' }, body: { message: 'Slow down' } },
      error: { status: 404, body: { message: 'No such board' } },
      unavailable: { status: 503, body: { message: 'Try again later' } },
    },
  },
  identify: {
    request: get('/v1/me'),
    subject: ({ id, name }: { id: string; name: string }) => ({ id, label: name }),
    example: { receives: { body: { id: 'u1', name: 'Mira Lopez', locale: 'es' } }, gives: { id: 'u1', label: 'Mira Lopez' } },
  },
  tools: [tasksList, taskClose],
});
