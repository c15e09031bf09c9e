import { connector, get } from '@grantway/connector-kit';
import { eventCreate, eventsList } from './events.ts';
import { fault } from './faults.ts';
import { incidentCreate, incidentGet, incidentUpdate } from './incident-changes.ts';
import { incidentsList } from './incidents.ts';
import { metricsList, monitorUpdate } from './metrics.ts';
import { monitorGet, monitorsList } from './monitors.ts';
import { downtimeCancel, downtimesList, monitorCreate, monitorMute } from './muting.ts';
import { dashboardGet, dashboardsList, sloHistory, slosList } from './overview.ts';
import { hostsList, teamOncallGet, teamsList, usersList } from './people.ts';
import { logsAggregate, logsSearch, metricsQuery } from './telemetry.ts';

interface CurrentUser {
  data: { id: string; attributes: { email?: string; handle?: string } };
  included?: { type: string; attributes?: { name?: string } }[];
}

export default connector({
  id: 'datadog',
  name: 'Datadog',
  description: 'Read monitors, logs, metrics, events and dashboards, and work on incidents of a Datadog organization.',
  docs: 'https://docs.datadoghq.com/api/latest/',
  auth: {
    kind: 'api_key',
    fields: [
      {
        name: 'api_key',
        label: 'API key',
        help: 'In Datadog under Organization Settings, API Keys.',
        secret: true,
        pattern: /^[A-Za-z0-9_-]{16,128}$/,
      },
      {
        name: 'application_key',
        label: 'Application key',
        help: 'In Datadog under Personal Settings, Application Keys; it can do what its owner can do, unless it is scoped.',
        secret: true,
        pattern: /^[A-Za-z0-9_-]{16,128}$/,
      },
      {
        name: 'site',
        label: 'Site',
        help: 'The part of the address after "app." when you use Datadog in the browser; us3, us5, ap1 and ap2 stand as they are.',
        secret: false,
        default: 'datadoghq.com',
        options: [
          { value: 'datadoghq.com', label: 'US1 (datadoghq.com)' },
          { value: 'us3.datadoghq.com', label: 'US3 (us3.datadoghq.com)' },
          { value: 'us5.datadoghq.com', label: 'US5 (us5.datadoghq.com)' },
          { value: 'datadoghq.eu', label: 'EU1 (datadoghq.eu)' },
          { value: 'ap1.datadoghq.com', label: 'AP1 (ap1.datadoghq.com)' },
          { value: 'ap2.datadoghq.com', label: 'AP2 (ap2.datadoghq.com)' },
          { value: 'ddog-gov.com', label: 'US1-FED (ddog-gov.com)' },
        ],
      },
    ],
    headers: { 'DD-API-KEY': '{api_key}', 'DD-APPLICATION-KEY': '{application_key}' },
  },
  api: {
    baseUrl: 'https://api.{site}',
    fault,
    refusals: {
      rejected: { status: 403, body: { errors: ['Forbidden'] } },
      rate_limited: {
        status: 429,
        headers: { 'x-ratelimit-limit': '1000', 'x-ratelimit-period': '3600', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '42' },
        body: { errors: ['Too many requests'] },
      },
      error: { status: 404, body: { errors: ['Monitor not found'] } },
      unavailable: { status: 503, body: { errors: ['Service Unavailable'] } },
    },
  },
  identify: {
    // /api/v1/validate would prove the API key alone
    request: get('/api/v2/current_user'),
    subject: ({ data, included }: CurrentUser) => {
      const who = data.attributes.email ?? data.attributes.handle ?? data.id;
      const org = included?.find(({ type }) => type === 'orgs')?.attributes?.name;
      return { id: data.id, label: org === undefined ? who : `${who} @ ${org}` };
    },
    example: {
      receives: {
        body: {
          data: {
            type: 'users',
            id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f',
            attributes: {
              name: 'Mira Lopez',
              handle: 'mira@acme.example',
              email: 'mira@acme.example',
              created_at: '2024-03-01T09:00:00.000000+00:00',
              modified_at: '2025-10-01T09:00:00.000000+00:00',
              disabled: false,
              verified: true,
              service_account: false,
              status: 'Active',
              title: null,
              icon: 'https://example.com/mira.png',
            },
            relationships: { org: { data: { type: 'orgs', id: 'a1c3e5f7-0b2d-4f6a-8c9e-1d2f3a4b5c6d' } }, roles: { data: [] } },
          },
          included: [
            {
              type: 'orgs',
              id: 'a1c3e5f7-0b2d-4f6a-8c9e-1d2f3a4b5c6d',
              attributes: { name: 'Acme', public_id: 'acme1234', sharing: 'none' },
            },
          ],
        },
      },
      gives: { id: '6b0d5f1a-9c2e-4a7b-8d3f-1e2c3b4a5d6f', label: 'mira@acme.example @ Acme' },
    },
  },
  tools: [
    monitorsList,
    monitorGet,
    incidentsList,
    monitorCreate,
    monitorUpdate,
    monitorMute,
    downtimesList,
    downtimeCancel,
    incidentGet,
    incidentCreate,
    incidentUpdate,
    logsSearch,
    logsAggregate,
    metricsQuery,
    metricsList,
    eventsList,
    eventCreate,
    dashboardsList,
    dashboardGet,
    slosList,
    sloHistory,
    hostsList,
    usersList,
    teamsList,
    teamOncallGet,
  ],
});
