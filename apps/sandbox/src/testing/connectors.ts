import { type Connector, connector, get, graphql, type OAuth2Auth, path, post, type RotationClass, tool } from '@grantway/connector-kit';
import { z } from 'zod';

const example = <T extends object>(body: T) => ({ receives: { body }, gives: body as never });

/** RFC 6749 with PKCE; one REST tool with path parameters, two GraphQL tools. */
export function acorn(rotationClass: RotationClass = 'E', auth: Partial<OAuth2Auth> = {}): Connector {
  return connector({
    id: 'acorn',
    name: 'Acorn',
    description: 'A tracker for tests.',
    docs: 'https://acorn.example/docs',
    auth: {
      kind: 'oauth2',
      authorizeUrl: 'https://acorn.example/oauth/authorize',
      tokenUrl: 'https://api.acorn.example/oauth/token',
      revokeUrl: 'https://api.acorn.example/oauth/revoke',
      scopes: { read: 'See your tickets', 'tickets:write': 'Create and change tickets', offline_access: 'Stay connected' },
      defaultScopes: ['read'],
      scopeSeparator: ',',
      pkce: 'S256',
      clientAuthentication: 'client_secret_basic',
      rotationClass,
      ...auth,
    },
    api: {
      baseUrl: 'https://api.acorn.example/v2',
      refusals: { missing_scope: { status: 403, body: { error: 'needs_scope' } }, revoked: { status: 401, body: { error: 'gone' } } },
    },
    identify: {
      request: graphql('query Me { me { id name } team { name } }'),
      subject: (body: { data: { me: { id: string; name: string }; team: { name: string } } }) => ({
        id: body.data.me.id,
        label: `${body.data.me.name} @ ${body.data.team.name}`,
      }),
      example: {
        receives: { body: { data: { me: { id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21', name: 'Mira' }, team: { name: 'Acme' } } } },
        gives: { id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21', label: 'Mira @ Acme' },
      },
    },
    tools: [
      tool({
        name: 'acorn_ticket_create',
        title: 'Create a ticket',
        description: 'Creates a ticket.',
        effect: 'write',
        scopes: ['tickets:write'],
        input: z.object({ title: z.string(), priority: z.int().optional() }),
        output: z.looseObject({}),
        request: (input) => graphql('mutation TicketCreate($input: TicketInput!) { ticketCreate(input: $input) { id } }', { input }),
        respond: (body: Record<string, unknown>) => body,
        docs: 'https://acorn.example/docs',
        examples: [
          {
            input: { title: 'Checkout is slow today', priority: 2 },
            ...example({
              data: {
                ticket: {
                  id: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42',
                  key: 'ACO-41',
                  title: 'Checkout is slow today',
                  url: 'https://acorn.example/t/ACO-41/checkout-is-slow-today',
                  priority: 2,
                  votes: 2,
                  author: { id: 'b1a5a0f2-3f1e-4f0a-8d75-1c7a0c6d8e21', name: 'Mira' },
                  createdAt: '2025-11-21T10:01:12.482Z',
                },
              },
            }),
            fresh: { '/data/ticket/id': 'uuid', '/data/ticket/key': 'sequence:ACO-', '/data/ticket/createdAt': 'iso_now' },
          },
        ],
      }),
      tool({
        name: 'acorn_ticket_change',
        title: 'Change a ticket',
        description: 'Changes a ticket.',
        effect: 'write',
        scopes: ['tickets:write'],
        input: z.object({ ticket: z.string(), title: z.string() }),
        output: z.looseObject({}),
        request: ({ ticket, title }) =>
          graphql('mutation TicketChange($ticket: ID!, $title: String!) { ticketChange(ticket: $ticket, title: $title) { id } }', {
            ticket,
            title,
          }),
        respond: (body: Record<string, unknown>) => body,
        docs: 'https://acorn.example/docs',
        examples: [
          {
            input: { ticket: 'ACO-41', title: 'Checkout is slow' },
            ...example({ data: { ticket: { id: '9a4f6c1e-58b3-4d0f-8f5b-2f1f0c7d9b42', key: 'ACO-41', title: 'Checkout is slow' } } }),
          },
        ],
      }),
      tool({
        name: 'acorn_board_get',
        title: 'Read a board',
        description: 'Reads a board.',
        effect: 'read',
        scopes: ['read'],
        input: z.object({ owner: z.string(), board: z.int(), page: z.int().default(1) }),
        output: z.looseObject({}),
        request: ({ owner, board, page }) => get(path`/owners/${owner}/boards/${board}`, { page, view: 'full' }),
        respond: (body: Record<string, unknown>) => body,
        docs: 'https://acorn.example/docs',
        examples: [
          { input: { owner: 'acme', board: 7001 }, ...example({ id: 7001, owner: 'acme', title: 'Delivery', page: 1 }) },
          { input: { owner: 'acme', board: 7002 }, ...example({ id: 7002, owner: 'acme', title: 'Support', page: 1 }) },
        ],
      }),
    ],
  });
}

/** Commas, scopes in two parameters, nested tokens, refusals with status 200, no PKCE, its own revocation call. */
export function bramble(): Connector {
  return connector({
    id: 'bramble',
    name: 'Bramble Chat',
    description: 'A chat for tests.',
    docs: 'https://bramble.example/docs',
    auth: {
      kind: 'oauth2',
      authorizeUrl: 'https://bramble.example/oauth/v2/authorize',
      tokenUrl: 'https://bramble.example/api/oauth.access',
      revocation: { method: 'POST', path: '/auth.revoke', form: {} },
      scopes: { 'channels:read': 'See channels', 'chat:write': 'Post messages', 'user:chat:write': 'Post messages as you' },
      defaultScopes: ['channels:read'],
      scopeSeparator: ',',
      pkce: 'unsupported',
      clientAuthentication: 'client_secret_post',
      scopeParams: (scopes) => ({
        scope: scopes.filter((s) => !s.startsWith('user:')).join(','),
        user_scope: scopes
          .filter((s) => s.startsWith('user:'))
          .map((s) => s.slice(5))
          .join(','),
      }),
      tokenExample: {
        body: {
          ok: true,
          authed: { id: 'U0123ABCD', token: 'x', refresh: 'x', ttl: 43200, scope: 'channels:read,chat:write' },
          team: { id: 'T0987ZYXW' },
        },
        slots: { access_token: '/authed/token', refresh_token: '/authed/refresh', expires_in: '/authed/ttl', scope: '/authed/scope' },
        refusal: { status: 200, body: { ok: false, error: 'invalid_code' }, slot: '/error' },
      },
      rotationClass: 'D',
    },
    api: {
      baseUrl: 'https://bramble.example/api',
      fault: ({ status, body }) => {
        const { ok, error } = (body ?? {}) as { ok?: boolean; error?: string };
        return status === 200 && ok === true ? undefined : { kind: 'error', message: String(error) };
      },
      refusals: {
        rejected: { status: 200, body: { ok: false, error: 'invalid_auth' } },
        revoked: { status: 200, body: { ok: false, error: 'token_revoked' } },
        missing_scope: { status: 200, body: { ok: false, error: 'missing_scope' } },
        rate_limited: { status: 429, headers: { 'Retry-After': '30' }, body: { ok: false, error: 'ratelimited' } },
      },
    },
    identify: {
      request: { method: 'POST', path: '/auth.test', form: {} },
      subject: (body: { team_id: string; user_id: string; user: string }) => ({ id: `${body.team_id}:${body.user_id}`, label: body.user }),
      example: {
        receives: { body: { ok: true, team: 'Acme', user: 'mira', team_id: 'T0987ZYXW', user_id: 'U0123ABCD' } },
        gives: { id: 'T0987ZYXW:U0123ABCD', label: 'mira' },
      },
    },
    tools: [
      tool({
        name: 'bramble_message_post',
        title: 'Post',
        description: 'Posts a message.',
        effect: 'write',
        scopes: ['chat:write'],
        input: z.object({ channel: z.string(), text: z.string() }),
        output: z.looseObject({}),
        request: (input) => post('/chat.post', input),
        respond: (body: Record<string, unknown>) => body,
        docs: 'https://bramble.example/docs',
        examples: [
          {
            input: { channel: 'C06INC4LLS1', text: 'Two monitors are alerting' },
            ...example({
              ok: true,
              channel: 'C06INC4LLS1',
              ts: '1763719205.482159',
              message: { ts: '1763719205.482159', text: 'Two monitors are alerting', user: 'U0123ABCD' },
            }),
            fresh: { '/ts': 'unix_micros', '/message/ts': 'unix_micros' },
          },
        ],
      }),
      tool({
        name: 'bramble_message_reply',
        title: 'Reply',
        description: 'Replies to a message.',
        effect: 'write',
        scopes: ['chat:write'],
        input: z.object({ channel: z.string(), text: z.string(), thread_ts: z.string() }),
        output: z.looseObject({}),
        request: (input) => post('/chat.post', input),
        respond: (body: Record<string, unknown>) => body,
        docs: 'https://bramble.example/docs',
        examples: [
          {
            input: { channel: 'C06INC4LLS1', text: 'On it', thread_ts: '1763719205.482159' },
            ...example({
              ok: true,
              channel: 'C06INC4LLS1',
              ts: '1763719321.000739',
              message: { text: 'On it', thread_ts: '1763719205.482159' },
            }),
            fresh: { '/ts': 'unix_micros' },
          },
        ],
      }),
    ],
  });
}

/** Two keys and a site in the host name. */
export function cedar(): Connector {
  return connector({
    id: 'cedar',
    name: 'Cedar',
    description: 'Monitoring for tests.',
    docs: 'https://cedar.example/docs',
    auth: {
      kind: 'api_key',
      fields: [
        { name: 'api_key', label: 'API key', secret: true },
        { name: 'app_key', label: 'Application key', secret: true },
        {
          name: 'site',
          label: 'Site',
          secret: false,
          options: [
            { value: 'cedar.example', label: 'US' },
            { value: 'cedar.test', label: 'EU' },
          ],
        },
      ],
      headers: { 'X-Api-Key': '{api_key}', Authorization: 'App {app_key}' },
    },
    api: {
      baseUrl: 'https://api.{site}',
      headers: { 'X-Version': '2026-01-01' },
      refusals: { rejected: { status: 403, body: { errors: ['Forbidden'] } } },
    },
    identify: {
      request: get('/whoami'),
      subject: (body: { org: string }) => ({ id: body.org, label: body.org }),
      example: { receives: { body: { org: 'acme' } }, gives: { id: 'acme', label: 'acme' } },
    },
    tools: [
      tool({
        name: 'cedar_monitor_get',
        title: 'Read',
        description: 'Reads a monitor.',
        effect: 'read',
        scopes: [],
        input: z.object({ id: z.int() }),
        output: z.looseObject({}),
        request: ({ id }) => get(path`/monitors/${id}`),
        respond: (body: Record<string, unknown>) => body,
        docs: 'https://cedar.example/docs',
        examples: [{ input: { id: 18342011 }, ...example({ id: 18342011, name: 'Checkout p95' }) }],
      }),
    ],
  });
}
