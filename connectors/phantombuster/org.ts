import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { from, isoOf } from './fields.ts';

export interface OrgBody {
  id: string;
  name?: string;
  slug?: string;
  timezone?: string;
}

export const org = {
  id: '100001',
  name: 'Acme Gnomes',
  slug: 'acme-gnomes',
  timezone: 'Europe/Madrid',
  plan: { name: 'Pro', slug: 'pro' },
  createdAt: 1700000000000,
};

export const orgFetch = tool({
  name: 'phantombuster_org_fetch',
  aliases: ['phantombuster_org_get'],
  title: 'Get the workspace',
  description:
    'Get name and timezone of the workspace that the key belongs to. What is left of its execution time and other allowances comes from ' +
    'phantombuster_org_fetch_resources.',
  effect: 'read',
  scopes: [],
  input: z.object({}),
  output: z.object({ id: z.string(), name: z.string().nullable(), slug: z.string().nullable(), timezone: z.string().nullable() }),
  request: () => get('/orgs/fetch'),
  respond: (body: OrgBody) => ({ id: body.id, name: body.name ?? null, slug: body.slug ?? null, timezone: body.timezone ?? null }),
  docs: 'https://hub.phantombuster.com/reference/get_orgs-fetch',
  provenance: from('GET /orgs/fetch'),
  examples: [
    {
      input: {},
      receives: { body: org },
      gives: { id: '100001', name: 'Acme Gnomes', slug: 'acme-gnomes', timezone: 'Europe/Madrid' },
    },
  ],
});

interface ResourcesBody {
  planName?: string;
  agentCount?: number;
  dailyExecutionTime?: number;
  monthlyExecutionTime?: number;
  monthlyAiCredit?: number;
  monthlyDiscoveredMail?: number;
  monthlyResourceNextResetAt?: number;
}

export const orgResources = tool({
  name: 'phantombuster_org_fetch_resources',
  title: 'Get what the plan leaves',
  description:
    'Get what the workspace’s plan allows and what of it is used: execution time, AI credits, e-mails found, number of Phantoms. Look here ' +
    'before phantombuster_agent_launch where time may be short.',
  effect: 'read',
  scopes: [],
  input: z.object({}),
  output: z.object({
    plan: z.string().nullable(),
    agents: z.int().nullable(),
    daily_execution_time: z.number().nullable(),
    monthly_execution_time: z.number().nullable(),
    monthly_ai_credit: z.number().nullable(),
    monthly_discovered_mail: z.number().nullable(),
    resets_at: z.string().nullable(),
  }),
  request: () => get('/orgs/fetch-resources'),
  respond: (r: ResourcesBody) => ({
    plan: r.planName ?? null,
    agents: r.agentCount ?? null,
    daily_execution_time: r.dailyExecutionTime ?? null,
    monthly_execution_time: r.monthlyExecutionTime ?? null,
    monthly_ai_credit: r.monthlyAiCredit ?? null,
    monthly_discovered_mail: r.monthlyDiscoveredMail ?? null,
    resets_at: isoOf(r.monthlyResourceNextResetAt),
  }),
  docs: 'https://hub.phantombuster.com/reference/get_orgs-fetch-resources',
  provenance: from('GET /orgs/fetch-resources'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          planName: 'Pro',
          agentCount: 4,
          dailyExecutionTime: 3600,
          dailyMail: 5,
          monthlyExecutionTime: 288000,
          monthlyMail: 100,
          monthlyAiCredit: 30000,
          monthlyDiscoveredMail: 2500,
          s3Storage: 10,
          monthlyResourceNextResetAt: 1764547200000,
        },
      },
      gives: {
        plan: 'Pro',
        agents: 4,
        daily_execution_time: 3600,
        monthly_execution_time: 288000,
        monthly_ai_credit: 30000,
        monthly_discovered_mail: 2500,
        resets_at: '2025-12-01T00:00:00.000Z',
      },
    },
  ],
});

interface RunningBody {
  id: string;
  agentId: string;
  agentName?: string | null;
  createdAt: number;
  launchType: string;
}

export const orgRunning = tool({
  name: 'phantombuster_org_fetch_running_containers',
  title: 'List what is running',
  description:
    'List the runs that are under way in the whole workspace with the Phantom of each. To end one use phantombuster_agent_stop with its ' +
    'agent_id; ended runs of one Phantom are in phantombuster_containers_fetch_all.',
  effect: 'read',
  scopes: [],
  input: z.object({}),
  output: z.object({
    containers: z.array(
      z.object({
        id: z.string(),
        agent_id: z.string(),
        agent_name: z.string().nullable(),
        launch_type: z.string(),
        created_at: z.string().nullable(),
      }),
    ),
  }),
  request: () => get('/orgs/fetch-running-containers'),
  respond: ({ containers }: { containers: RunningBody[] }) => ({
    containers: containers.map((c) => ({
      id: c.id,
      agent_id: c.agentId,
      agent_name: c.agentName ?? null,
      launch_type: c.launchType,
      created_at: isoOf(c.createdAt),
    })),
  }),
  docs: 'https://hub.phantombuster.com/reference/get_orgs-fetch-running-containers',
  provenance: from('GET /orgs/fetch-running-containers'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          containers: [
            {
              id: '5100000000000002',
              agentId: '4200000000000001',
              agentName: 'Profiles of the fair’s visitors',
              createdAt: 1763719200000,
              retryNumber: 0,
              launchType: 'manual',
              scriptSlug: 'LinkedIn Profile Scraper.js',
            },
          ],
        },
      },
      gives: {
        containers: [
          {
            id: '5100000000000002',
            agent_id: '4200000000000001',
            agent_name: 'Profiles of the fair’s visitors',
            launch_type: 'manual',
            created_at: '2025-11-21T10:00:00.000Z',
          },
        ],
      },
    },
  ],
});
