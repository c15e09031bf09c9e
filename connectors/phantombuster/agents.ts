import { get, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { agentId, from, isoOf, lastOf } from './fields.ts';

interface AgentBody {
  id: string;
  name?: string | null;
  script?: string | null;
  scriptId?: string | null;
  branch?: string | null;
  launchType?: string | null;
  lastEndType?: string | null;
  lastEndMessage?: string | null;
  nbLaunches?: number;
  argument?: string | Record<string, unknown> | null;
  createdAt?: number | string;
  updatedAt?: number | string;
}

const Agent = z.object({
  id: z.string(),
  name: z.string().nullable(),
  script: z.string().nullable(),
  launch_type: z.string().nullable(),
  last_end_type: z.string().nullable(),
  launches: z.int().nullable(),
  created_at: z.string().nullable(),
  updated_at: z.string().nullable(),
});

function agentOf(a: AgentBody): z.input<typeof Agent> {
  return {
    id: a.id,
    name: a.name ?? null,
    script: a.script ?? a.scriptId ?? null,
    launch_type: a.launchType ?? null,
    last_end_type: a.lastEndType ?? null,
    launches: a.nbLaunches ?? null,
    created_at: isoOf(a.createdAt),
    updated_at: isoOf(a.updatedAt),
  };
}

const agent = {
  id: '4200000000000001',
  name: 'Profiles of the fair’s visitors',
  scriptId: '3149',
  script: 'LinkedIn Profile Scraper.js',
  branch: 'master',
  environment: 'release',
  launchType: 'manually',
  lastEndType: 'finished',
  nbLaunches: 7,
  fileMgmt: 'mix',
  argument: '{"numberOfProfilesPerLaunch":10}',
  createdAt: 1760000000000,
  updatedAt: 1763719200000,
};
const agentGiven = {
  id: '4200000000000001',
  name: 'Profiles of the fair’s visitors',
  script: 'LinkedIn Profile Scraper.js',
  launch_type: 'manually',
  last_end_type: 'finished',
  launches: 7,
  created_at: '2025-10-09T08:53:20.000Z',
  updated_at: '2025-11-21T10:00:00.000Z',
};

export const agentsAll = tool({
  name: 'phantombuster_agents_fetch_all',
  aliases: ['phantombuster_agents_list', 'phantombuster_list_agents'],
  title: 'List Phantoms',
  description:
    'List all Phantoms (agents) of the workspace with how their last run ended. One with its argument comes from ' +
    'phantombuster_agent_fetch; start one with phantombuster_agent_launch.',
  effect: 'read',
  scopes: [],
  input: z.object({}),
  output: z.object({ agents: z.array(Agent), truncated: z.boolean() }),
  request: () => get('/agents/fetch-all'),
  respond: (body: AgentBody[]) => ({ agents: body.slice(0, 200).map(agentOf), truncated: body.length > 200 }),
  docs: 'https://hub.phantombuster.com/reference/get_agents-fetch-all',
  provenance: from('GET /agents/fetch-all'),
  examples: [{ input: {}, receives: { body: [agent] }, gives: { agents: [agentGiven], truncated: false } }],
});

/** The argument is a JSON text in some answers and an object in others. */
function argumentOf(argument: AgentBody['argument']): string | null {
  if (argument === null || argument === undefined) return null;
  return (typeof argument === 'string' ? argument : JSON.stringify(argument)).slice(0, 8000);
}

export const agentFetch = tool({
  name: 'phantombuster_agent_fetch',
  aliases: ['phantombuster_agent_get', 'phantombuster_get_agent'],
  title: 'Get a Phantom',
  description:
    'Get one Phantom with its saved argument, the JSON text that says what it works on. What its last run said comes from ' +
    'phantombuster_agent_fetch_output. Its id comes from phantombuster_agents_fetch_all.',
  effect: 'read',
  scopes: [],
  input: z.object({ id: agentId }),
  output: Agent.extend({ argument: z.string().nullable() }),
  request: ({ id }) => get('/agents/fetch', { id }),
  respond: (body: AgentBody) => ({ ...agentOf(body), argument: argumentOf(body.argument) }),
  docs: 'https://hub.phantombuster.com/reference/get_agents-fetch',
  provenance: from('GET /agents/fetch'),
  examples: [
    {
      input: { id: '4200000000000001' },
      receives: { body: agent },
      gives: { ...agentGiven, argument: '{"numberOfProfilesPerLaunch":10}' },
    },
  ],
});

const argument = z
  .record(z.string(), z.unknown())
  .optional()
  .describe('Argument in place of the saved one, as phantombuster_agent_fetch shows it');
const bonus = z.record(z.string(), z.unknown()).optional().describe('Laid over the saved argument, for this run alone');

export const agentLaunch = tool({
  name: 'phantombuster_agent_launch',
  aliases: ['phantombuster_launch_agent', 'phantombuster_agent_launch_sync'],
  title: 'Launch a Phantom',
  description:
    'Launch one Phantom now and get the id of the run, for phantombuster_container_fetch. It uses execution time and acts at the sites ' +
    'that it is made for; launching twice runs twice. To wait first use phantombuster_agent_launch_soon.',
  effect: 'write',
  scopes: [],
  input: z.object({
    id: agentId,
    argument,
    bonusArgument: bonus,
    saveArgument: z.boolean().optional().describe('Keep the argument for later runs'),
    maxInstanceCount: z.int().min(1).max(100).optional().describe('Refuse where so many runs are under way'),
  }),
  output: z.object({ container_id: z.string().nullable() }),
  request: (input) => post('/agents/launch', input),
  respond: ({ containerId }: { containerId?: string; queued?: boolean }) => ({ container_id: containerId ?? null }),
  docs: 'https://hub.phantombuster.com/reference/post_agents-launch',
  provenance: from('POST /agents/launch'),
  examples: [
    {
      input: { id: '4200000000000001', bonusArgument: { numberOfProfilesPerLaunch: 5 } },
      receives: { body: { containerId: '5100000000000001', queued: false } },
      gives: { container_id: '5100000000000001' },
    },
  ],
});

export const agentLaunchSoon = tool({
  name: 'phantombuster_agent_launch_soon',
  title: 'Launch a Phantom in some minutes',
  description:
    'Plan the launch of one Phantom in some minutes, in place of an earlier plan of this kind. To launch it now use ' +
    'phantombuster_agent_launch; phantombuster_agent_stop takes the plan back.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z.object({
    id: agentId,
    minutes: z.int().min(0).max(10_080).describe('Minutes until the launch'),
    argument,
    saveArgument: z.boolean().optional().describe('Keep the argument for later runs'),
  }),
  output: z.object({ planned: z.boolean() }),
  request: (input) => post('/agents/launch-soon', input),
  respond: () => ({ planned: true }),
  docs: 'https://hub.phantombuster.com/reference/post_agents-launch-soon',
  provenance: from('POST /agents/launch-soon'),
  examples: [
    {
      input: { id: '4200000000000001', minutes: 30 },
      receives: { body: { status: 'success', id: '4200000000000001' } },
      gives: { planned: true },
    },
  ],
});

export const agentStop = tool({
  name: 'phantombuster_agent_stop',
  aliases: ['phantombuster_stop_agent', 'phantombuster_agent_abort'],
  title: 'Stop a Phantom',
  description:
    'Stop the run of one Phantom that is under way; what it had collected stays. With softAbort it may finish its step. Which run is ' +
    'under way says phantombuster_org_fetch_running_containers.',
  effect: 'destructive',
  idempotent: true,
  scopes: [],
  input: z.object({
    id: agentId,
    softAbort: z.boolean().optional().describe('Let it end by itself where it can'),
    dontLaunchSoon: z.boolean().optional().describe('Take back a planned launch as well'),
    switchToManualLaunch: z.boolean().optional().describe('End repeated launches as well'),
  }),
  output: z.object({ stopped: z.boolean() }),
  request: (input) => post('/agents/stop', input),
  respond: () => ({ stopped: true }),
  docs: 'https://hub.phantombuster.com/reference/post_agents-stop',
  provenance: from('POST /agents/stop'),
  examples: [
    {
      input: { id: '4200000000000001', softAbort: true },
      receives: { body: { status: 'success', containerId: '5100000000000001' } },
      gives: { stopped: true },
    },
  ],
});

interface OutputBody {
  containerId?: string;
  status: string;
  output?: string | null;
  outputPos?: number;
  progress?: number | null;
  progressLabel?: string | null;
  mostRecentEndedAt?: number;
  isAgentRunning?: boolean;
}

export const agentOutput = tool({
  name: 'phantombuster_agent_fetch_output',
  aliases: ['phantombuster_agent_output_get', 'phantombuster_get_agent_output'],
  title: 'Get a Phantom’s output',
  description:
    'Get status, progress and log of the latest run of one Phantom. What the run collected comes from phantombuster_container_fetch_result ' +
    'with the container_id. Give output_pos back as fromOutputPos to get only what is new.',
  effect: 'read',
  scopes: [],
  input: z.object({
    id: agentId,
    fromOutputPos: z.int().min(0).optional().describe('Log from there, output_pos of the answer before'),
    prevContainerId: z.string().max(64).optional().describe('Wait for the run after this one; id from phantombuster_containers_fetch_all'),
  }),
  output: z.object({
    container_id: z.string().nullable(),
    status: z.string(),
    running: z.boolean(),
    progress: z.number().nullable(),
    progress_label: z.string().nullable(),
    output: z.string().nullable(),
    truncated: z.boolean(),
    output_pos: z.int().nullable(),
    ended_at: z.string().nullable(),
  }),
  request: (input) => get('/agents/fetch-output', input),
  respond: (body: OutputBody) => {
    const { text, truncated } = lastOf(body.output, 12_000);
    return {
      container_id: body.containerId ?? null,
      status: body.status,
      running: body.isAgentRunning ?? false,
      progress: body.progress ?? null,
      progress_label: body.progressLabel ?? null,
      output: text,
      truncated,
      output_pos: body.outputPos ?? null,
      ended_at: isoOf(body.mostRecentEndedAt),
    };
  },
  docs: 'https://hub.phantombuster.com/reference/get_agents-fetch-output',
  provenance: from('GET /agents/fetch-output'),
  examples: [
    {
      input: { id: '4200000000000001' },
      receives: {
        body: {
          containerId: '5100000000000001',
          status: 'finished',
          output: '* Container starts\n10 profiles read.\n* Container ends',
          outputPos: 53,
          progress: 1,
          progressLabel: 'Done',
          messages: [{ id: 1, type: 'info', text: 'Started' }],
          runtimeEvents: [{ type: 'progress', value: 1 }],
          mostRecentEndedAt: 1763719260000,
          isAgentRunning: false,
          canSoftAbort: false,
        },
      },
      gives: {
        container_id: '5100000000000001',
        status: 'finished',
        running: false,
        progress: 1,
        progress_label: 'Done',
        output: '* Container starts\n10 profiles read.\n* Container ends',
        truncated: false,
        output_pos: 53,
        ended_at: '2025-11-21T10:01:00.000Z',
      },
    },
  ],
});
