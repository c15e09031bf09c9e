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
  'connected_account.deleted',
  'tool.executed',
] as const;

export type AuditAction = (typeof auditActions)[number];
