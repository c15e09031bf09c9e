/** Audit events: one for each mutating deed, named noun.past_participle. */
export const auditActions = [
  'access_token.issued',
  'client.created',
  'connection.created',
  'connection.updated',
  'connection.deleted',
  'mcp_config.created',
  'mcp_config.updated',
  'mcp_config.deleted',
  'mcp_instance.ensured',
  'authorization_link.created',
  'authorization.started',
  'authorization.denied',
  'authorization.failed',
  'authorization.parked',
  'authorization.verified',
  'connected_account.connected',
  'connected_account.replaced',
  'connected_account.status_changed',
  'connected_account.refresh_requested',
  'connected_account.deleted',
  'revocation.ended',
  'incident.requested',
  'incident.finished',
  'client.updated',
  'client.secret_rotated',
  'user.updated',
  'user.forgotten',
  'environment.suspended',
  'environment.resumed',
  'environment.forgotten',
  'tool.executed',
  'webhook_endpoint.created',
  'webhook_endpoint.updated',
  'webhook_endpoint.secret_rotated',
  'webhook_endpoint.replayed',
  'webhook_endpoint.disabled',
  'webhook_endpoint.deleted',
] as const;

export type AuditAction = (typeof auditActions)[number];

/** What happens to accounts and calls, told to webhook endpoints: type -> when it is sent. */
export const eventTypes = {
  'connected_account.created': 'A user’s account on a connection exists; nobody has connected it yet',
  'connected_account.status_changed': 'An account has another status: old, new and why',
  'connected_account.revoked': 'The provider ended an account, or its credential was lost: the person must connect again',
  'connected_account.deleted': 'An account was disconnected and its credential destroyed',
  'connected_account.expiring':
    'The provider will end an account’s grant in 14, 7 or 1 days, used or not: make a link and ask the user to connect again',
  'authorization_link.created': 'A new link was made for an account; the link itself is not in the event',
  'credential.refreshed': 'The access token of an account was renewed',
  'credential.refresh_failed': 'It could not be renewed: the first failure in a row, or the last one of all',
  'tool_call.failed': 'A tool call failed at the provider, or its outcome is unknown',
  'webhook_endpoint.disabled': 'An endpoint no longer receives events, and why',
} as const;

export type EventType = keyof typeof eventTypes;
export const allEventTypes = Object.keys(eventTypes) as [EventType, ...EventType[]];
