import { connector, get } from '@grantway/connector-kit';
import { agentFetch, agentLaunch, agentLaunchSoon, agentOutput, agentStop, agentsAll } from './agents.ts';
import { containerFetch, containerOutput, containerResult, containersAll } from './containers.ts';
import { fault } from './faults.ts';
import { leadsByList, leadsSave, listsAll } from './leads.ts';
import { type OrgBody, org, orgFetch, orgResources, orgRunning } from './org.ts';

export default connector({
  id: 'phantombuster',
  name: 'PhantomBuster',
  description: 'Launch Phantoms, follow their runs, and read what they collected and the leads of the workspace.',
  docs: 'https://hub.phantombuster.com/reference',
  auth: {
    kind: 'api_key',
    fields: [
      {
        name: 'api_key',
        label: 'API key',
        help: 'In PhantomBuster under Workspace settings, API keys; it is shown once.',
        secret: true,
        pattern: /^[A-Za-z0-9_-]{16,128}$/,
      },
    ],
    headers: { 'X-Phantombuster-Key': '{api_key}' },
  },
  api: {
    baseUrl: 'https://api.phantombuster.com/api/v2',
    fault,
    refusals: {
      rejected: { status: 401, body: { status: 'error', error: 'Invalid API key' } },
      rate_limited: { status: 429, headers: { 'retry-after': '30' }, body: { status: 'error', error: 'Too many requests' } },
      error: { status: 404, body: { status: 'error', error: 'Agent not found' } },
      unavailable: { status: 503, body: { status: 'error', error: 'Service unavailable' } },
    },
  },
  identify: {
    request: get('/orgs/fetch'),
    subject: ({ id, name }: OrgBody) => ({ id: String(id), label: name ?? `workspace ${id}`, team: String(id) }),
    example: { receives: { body: org }, gives: { id: '100001', label: 'Acme Gnomes', team: '100001' } },
  },
  tools: [
    agentsAll,
    agentFetch,
    agentLaunch,
    agentLaunchSoon,
    agentStop,
    agentOutput,
    containersAll,
    containerFetch,
    containerOutput,
    containerResult,
    listsAll,
    leadsByList,
    leadsSave,
    orgFetch,
    orgResources,
    orgRunning,
  ],
});
