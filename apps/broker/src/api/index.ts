import type { AnyRoute } from '../http.ts';
import { approvals } from './approvals.ts';
import { auditEvents } from './audit-events.ts';
import { clients } from './clients.ts';
import { connectedAccounts } from './connected-accounts.ts';
import { connections } from './connections.ts';
import { connectors } from './connectors.ts';
import { events } from './events.ts';
import { files } from './files.ts';
import { identityProvider } from './identity-provider.ts';
import { incidents } from './incidents.ts';
import { mcpConfigs } from './mcp-configs.ts';
import { mcpGrants } from './mcp-grants.ts';
import { mcpInstances } from './mcp-instances.ts';
import { revocations } from './revocations.ts';
import { toolCalls } from './tool-calls.ts';
import { tools } from './tools.ts';
import { users } from './users.ts';
import { webhookEndpoints } from './webhook-endpoints.ts';

/** Every operation of the REST API; the coverage test and the OpenAPI document walk this list. */
export const apiRoutes: readonly AnyRoute[] = [
  ...connectors,
  ...connections,
  ...mcpConfigs,
  ...mcpInstances,
  ...mcpGrants,
  ...identityProvider,
  ...connectedAccounts,
  ...revocations,
  ...incidents,
  ...clients,
  ...users,
  ...tools,
  ...files,
  ...approvals,
  ...toolCalls,
  ...auditEvents,
  ...events,
  ...webhookEndpoints,
];
