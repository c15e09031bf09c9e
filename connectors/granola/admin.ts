import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, from, isoOf, nextCursor, nextOf, type Paged } from './fields.ts';

interface EventBody {
  id: string;
  action: string;
  occurred_at?: string;
  actor?: { object?: string; id?: string | null; email?: string | null };
  context?: { ip_address?: string | null; user_agent?: string | null };
  data?: Record<string, unknown>;
}

export const auditList = tool({
  name: 'granola_audit_events_list',
  aliases: ['granola_list_audit_events'],
  title: 'List audit events',
  description:
    'List what happened in the workspace, as its administrators see it: members added, settings changed, who did it and from where. Kept ' +
    'for one year. For meeting notes use granola_notes_list.',
  effect: 'read',
  scopes: [],
  input: z.object({
    action: z
      .string()
      .regex(/^[a-z0-9_.]{1,100}$/)
      .optional()
      .describe('One action, or the beginning of several: workspace'),
    occurred_after: z.iso.datetime().optional().describe('Happened after'),
    occurred_before: z.iso.datetime().optional().describe('Happened before'),
    limit: z.int().min(1).max(30).default(20).describe('Events per page, 1 to 30'),
    cursor,
  }),
  output: z.object({
    events: z.array(
      z.object({
        id: z.string(),
        action: z.string(),
        occurred_at: z.string().nullable(),
        actor_type: z.string().nullable(),
        actor_email: z.string().nullable(),
        ip_address: z.string().nullable(),
        data: z.record(z.string(), z.unknown()),
      }),
    ),
    next_cursor: nextCursor,
  }),
  request: ({ limit, ...rest }) => get('/v1/audit', { ...rest, page_size: limit }),
  respond: (body: Paged & { events: EventBody[] }) => ({
    events: body.events.map((e) => ({
      id: e.id,
      action: e.action,
      occurred_at: isoOf(e.occurred_at),
      actor_type: e.actor?.object ?? null,
      actor_email: e.actor?.email ?? null,
      ip_address: e.context?.ip_address ?? null,
      data: e.data ?? {},
    })),
    next_cursor: nextOf(body),
  }),
  docs: 'https://docs.granola.ai/api-reference/list-audit-events',
  provenance: from('GET /v1/audit'),
  examples: [
    {
      input: { action: 'workspace' },
      receives: {
        body: {
          events: [
            {
              id: 'aud_madeup00000001',
              object: 'audit_event',
              action: 'workspace.member_added',
              occurred_at: '2025-11-21T10:00:00Z',
              collected_at: '2025-11-21T10:00:02Z',
              actor: { object: 'user', id: 'usr_madeup00000001', email: 'mira@acme.example' },
              data: { role: 'member' },
              context: { ip_address: '203.0.113.7', user_agent: 'Granola', client_version: '6.0.0' },
            },
          ],
          hasMore: false,
          cursor: null,
        },
      },
      gives: {
        events: [
          {
            id: 'aud_madeup00000001',
            action: 'workspace.member_added',
            occurred_at: '2025-11-21T10:00:00.000Z',
            actor_type: 'user',
            actor_email: 'mira@acme.example',
            ip_address: '203.0.113.7',
            data: { role: 'member' },
          },
        ],
        next_cursor: null,
      },
    },
  ],
});

interface EndpointBody {
  id: string;
  url: string;
  events?: string[];
  scopes?: string[];
  folder_ids?: string[];
  enabled?: boolean;
  created_at?: string;
  created_by?: { name?: string | null; email?: string } | null;
}

const Endpoint = z.object({
  id: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  scopes: z.array(z.string()),
  folder_ids: z.array(z.string()),
  enabled: z.boolean(),
  created_by: z.string().nullable(),
  created_at: z.string().nullable(),
});

const endpointOf = (e: EndpointBody): z.input<typeof Endpoint> => ({
  id: e.id,
  url: e.url,
  events: e.events ?? [],
  scopes: e.scopes ?? [],
  folder_ids: e.folder_ids ?? [],
  enabled: e.enabled ?? false,
  created_by: e.created_by?.email ?? null,
  created_at: isoOf(e.created_at),
});

const endpoint = {
  id: 'whe_madeup00000001',
  object: 'webhook_endpoint',
  url: 'https://acme.example/granola',
  url_redacted: false,
  events: ['note.generated'],
  folder_ids: [],
  scopes: ['personal'],
  created_by: { name: 'Mira Lopez', email: 'mira@acme.example' },
  enabled: true,
  created_at: '2025-11-21T10:00:00Z',
};
const endpointGiven = {
  id: 'whe_madeup00000001',
  url: 'https://acme.example/granola',
  events: ['note.generated'],
  scopes: ['personal'],
  folder_ids: [],
  enabled: true,
  created_by: 'mira@acme.example',
  created_at: '2025-11-21T10:00:00.000Z',
};

export const endpointsGet = tool({
  name: 'granola_webhook_endpoints_get',
  aliases: ['granola_webhook_endpoints_list', 'granola_list_webhook_endpoints'],
  title: 'Get the webhook endpoints',
  description:
    'Get the addresses to which Granola delivers events of notes, with what each is told. To pause or redirect one use ' +
    'granola_webhook_endpoint_update, to remove it granola_webhook_endpoint_delete.',
  effect: 'read',
  scopes: [],
  input: z.object({}),
  output: z.object({ webhook_endpoints: z.array(Endpoint) }),
  request: () => get('/v1/webhook-endpoints'),
  respond: ({ webhook_endpoints }: { webhook_endpoints: EndpointBody[] }) => ({ webhook_endpoints: webhook_endpoints.map(endpointOf) }),
  docs: 'https://docs.granola.ai/api-reference/list-webhook-endpoints',
  provenance: from('GET /v1/webhook-endpoints'),
  examples: [{ input: {}, receives: { body: { webhook_endpoints: [endpoint] } }, gives: { webhook_endpoints: [endpointGiven] } }],
});

const endpointId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{3,64}$/)
  .describe('Id from granola_webhook_endpoints_get');
const scopes = z
  .array(z.enum(['personal', 'public', 'workspace']))
  .min(1)
  .max(2);
const events = z
  .array(z.enum(['note.generated', 'note.edited', 'note.access_granted']))
  .max(3)
  .optional()
  .describe('Events to deliver');
const folderIds = z
  .array(z.string().regex(/^fol_[A-Za-z0-9]{14}$/))
  .max(100)
  .optional()
  .describe('Only notes in these folders of granola_folders_list');

export const endpointUpdate = tool({
  name: 'granola_webhook_endpoint_update',
  aliases: ['granola_update_webhook_endpoint'],
  title: 'Change a webhook endpoint',
  description:
    'Pause, resume or narrow one webhook endpoint; what is left away stays as it is. Only who made it may. Its id comes from ' +
    'granola_webhook_endpoints_get; its address is changed by a person in Granola.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z.object({
    webhook_endpoint_id: endpointId,
    enabled: z.boolean().optional().describe('Whether deliveries are made'),
    scopes: scopes.optional().describe('Whose notes are told of'),
    events,
    folder_ids: folderIds,
  }),
  output: Endpoint,
  request: ({ webhook_endpoint_id, ...change }) => ({
    method: 'PATCH',
    path: path`/v1/webhook-endpoints/${webhook_endpoint_id}`,
    json: change,
  }),
  respond: (body: EndpointBody) => endpointOf(body),
  docs: 'https://docs.granola.ai/api-reference/update-webhook-endpoint',
  provenance: from('PATCH /v1/webhook-endpoints/{webhook_endpoint_id}'),
  examples: [
    {
      input: { webhook_endpoint_id: 'whe_madeup00000001', enabled: false },
      receives: { body: { ...endpoint, enabled: false } },
      gives: { ...endpointGiven, enabled: false },
    },
  ],
});

export const endpointDelete = tool({
  name: 'granola_webhook_endpoint_delete',
  aliases: ['granola_delete_webhook_endpoint'],
  title: 'Delete a webhook endpoint',
  description:
    'Delete one webhook endpoint, so that Granola delivers nothing more to it; this cannot be undone. To pause it use ' +
    'granola_webhook_endpoint_update. Its id comes from granola_webhook_endpoints_get.',
  effect: 'destructive',
  idempotent: true,
  scopes: [],
  input: z.object({ webhook_endpoint_id: endpointId }),
  output: z.object({ deleted: z.boolean() }),
  request: ({ webhook_endpoint_id }) => ({ method: 'DELETE', path: path`/v1/webhook-endpoints/${webhook_endpoint_id}` }),
  respond: () => ({ deleted: true }),
  docs: 'https://docs.granola.ai/api-reference/delete-webhook-endpoint',
  provenance: from('DELETE /v1/webhook-endpoints/{webhook_endpoint_id}'),
  examples: [
    {
      input: { webhook_endpoint_id: 'whe_madeup00000001' },
      receives: { body: { id: 'whe_madeup00000001', object: 'webhook_endpoint', deleted: true } },
      gives: { deleted: true },
    },
  ],
});
