/** OAuth scopes of Grantway's own API, as a client holds them and an access token carries them. */
export const permissions = {
  'connectors:read': 'Read the catalogue of connectors and tools',
  'connections:read': 'Read connections',
  'connections:write': 'Create, change and delete connections',
  'mcp_configs:read': 'Read MCP configs',
  'mcp_configs:write': 'Create, change and delete MCP configs',
  'mcp_instances:read': 'Read MCP instances and their authorization state',
  'mcp_instances:write': 'Ensure MCP instances: get a user’s MCP URL or a session token; rotate, revoke and restore them',
  'mcp_grants:read': 'Read what people allowed MCP clients',
  'mcp_grants:write': 'Revoke what people allowed MCP clients',
  'sign_in_links:write': 'Make links that sign a person in, to allow an MCP client the use of a config',
  'identity_provider:read': 'Read where people sign in to allow MCP clients something',
  'identity_provider:write': 'Set and remove where people sign in to allow MCP clients something',
  'connected_accounts:read': 'Read connected accounts',
  'connected_accounts:write': 'Create authorization links, name and disconnect accounts',
  'organization_accounts:write': 'Create authorization links for the organization’s own accounts, change and disconnect them',
  'credentials:read': 'Read access tokens in clear, where an operator has turned that on for the client',
  'users:write': 'Suspend, resume and forget users',
  'clients:read': 'Read machine clients',
  'clients:write': 'Create, change and suspend machine clients, rotate their secrets',
  'incidents:read': 'Read incidents: who was revoked, and with what receipt',
  'incidents:write': 'Revoke everything that matches a filter',
  'tools:execute': 'Execute tools on behalf of users',
  'files:read': 'Read and download users’ files',
  'files:write': 'Upload and delete users’ files, make links to bring them',
  'approvals:read': 'Read calls that wait for approval, with their arguments',
  'approvals:write': 'Approve and deny calls, make approval links',
  'tool_calls:read': 'Read the audit of tool calls',
  'audit_events:read': 'Read the audit of API calls',
  'webhooks:read': 'Read events, webhook endpoints and what was delivered to them',
  'webhooks:write': 'Create, change and delete webhook endpoints, rotate their secrets, replay events',
} as const;

export type Permission = keyof typeof permissions;
/** Instead of a list: every permission, those of later versions included. The installation's first client holds it. */
export const everyPermission = 'all';
export const allPermissions = Object.keys(permissions) as Permission[];

/** What a restricted client may hold: permissions whose every operation keeps to the restrictions. */
export const restrictablePermissions: ReadonlySet<string> = new Set<Permission>([
  'connectors:read',
  'connections:read',
  'mcp_configs:read',
  'mcp_instances:read',
  'mcp_instances:write',
  'connected_accounts:read',
  'connected_accounts:write',
  'tools:execute',
  'files:read',
  'files:write',
  'tool_calls:read',
]);
