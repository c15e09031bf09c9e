import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { agentId, containerId, from, isoOf, lastOf } from './fields.ts';

interface ContainerBody {
  id: string;
  agentId?: string;
  agentName?: string | null;
  status?: string;
  launchType?: string;
  endType?: string | null;
  exitCode?: number | null;
  createdAt?: number;
  launchedAt?: number | null;
  endedAt?: number | null;
}

const Container = z.object({
  id: z.string(),
  status: z.string().nullable(),
  launch_type: z.string().nullable(),
  end_type: z.string().nullable(),
  exit_code: z.int().nullable(),
  created_at: z.string().nullable(),
  launched_at: z.string().nullable(),
  ended_at: z.string().nullable(),
});

function containerOf(c: ContainerBody): z.input<typeof Container> {
  return {
    id: c.id,
    status: c.status ?? null,
    launch_type: c.launchType ?? null,
    end_type: c.endType ?? null,
    exit_code: c.exitCode ?? null,
    created_at: isoOf(c.createdAt),
    launched_at: isoOf(c.launchedAt),
    ended_at: isoOf(c.endedAt),
  };
}

const container = {
  id: '5100000000000001',
  status: 'finished',
  createdAt: 1763719200000,
  launchType: 'manual',
  retryNumber: 0,
  endType: 'finished',
  endedAt: 1763719260000,
  launchedAt: 1763719201000,
  lastEndMessage: 'Execution successful',
  exitCode: 0,
};
const containerGiven = {
  id: '5100000000000001',
  status: 'finished',
  launch_type: 'manual',
  end_type: 'finished',
  exit_code: 0,
  created_at: '2025-11-21T10:00:00.000Z',
  launched_at: '2025-11-21T10:00:01.000Z',
  ended_at: '2025-11-21T10:01:00.000Z',
};

export const containersAll = tool({
  name: 'phantombuster_containers_fetch_all',
  aliases: ['phantombuster_containers_list'],
  title: 'List the runs of a Phantom',
  description:
    'List the runs (containers) of one Phantom, newest first. What one collected comes from phantombuster_container_fetch_result, what ' +
    'it said from phantombuster_container_fetch_output. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({
    agentId,
    mode: z.enum(['all', 'finalized']).optional().describe('finalized: only those that have ended'),
    limit: z.int().min(1).max(100).default(20).describe('Runs per page, 1 to 100'),
    cursor: z
      .string()
      .regex(/^\d{1,16}$/)
      .optional()
      .describe('next_cursor of the page before'),
  }),
  output: z.object({ containers: z.array(Container), next_cursor: z.string().nullable() }),
  request: ({ cursor, ...rest }) => get('/containers/fetch-all', { ...rest, beforeEndedAt: cursor }),
  respond: ({ containers, maxLimitReached }: { containers: ContainerBody[]; maxLimitReached?: boolean }) => {
    const ends = containers.flatMap(({ endedAt }) => (typeof endedAt === 'number' ? [endedAt] : []));
    return {
      containers: containers.map(containerOf),
      next_cursor: maxLimitReached === true && ends.length > 0 ? String(Math.min(...ends)) : null,
    };
  },
  docs: 'https://hub.phantombuster.com/reference/get_containers-fetch-all',
  provenance: from('GET /containers/fetch-all'),
  examples: [
    {
      input: { agentId: '4200000000000001' },
      receives: { body: { maxLimitReached: false, containers: [container] } },
      gives: { containers: [containerGiven], next_cursor: null },
    },
  ],
});

export const containerFetch = tool({
  name: 'phantombuster_container_fetch',
  aliases: ['phantombuster_container_get'],
  title: 'Get a run',
  description:
    'Get the state of one run (container) of a Phantom: whether it has ended, and how. What it collected comes from ' +
    'phantombuster_container_fetch_result. Its id comes from phantombuster_agent_launch.',
  effect: 'read',
  scopes: [],
  input: z.object({ id: containerId }),
  output: Container,
  request: ({ id }) => get('/containers/fetch', { id }),
  respond: (body: ContainerBody) => containerOf(body),
  docs: 'https://hub.phantombuster.com/reference/get_containers-fetch',
  provenance: from('GET /containers/fetch'),
  examples: [{ input: { id: '5100000000000001' }, receives: { body: container }, gives: containerGiven }],
});

export const containerOutput = tool({
  name: 'phantombuster_container_fetch_output',
  title: 'Get the log of a run',
  description:
    'Get what one run (container) of a Phantom wrote to its log, the end of it where it is long. What it collected comes from ' +
    'phantombuster_container_fetch_result.',
  effect: 'read',
  scopes: [],
  input: z.object({ id: containerId }),
  output: z.object({ output: z.string().nullable(), truncated: z.boolean() }),
  request: ({ id }) => get('/containers/fetch-output', { id, mode: 'json' }),
  respond: (body: { output?: string | null }) => {
    const { text, truncated } = lastOf(body.output, 20_000);
    return { output: text, truncated };
  },
  docs: 'https://hub.phantombuster.com/reference/get_containers-fetch-output',
  provenance: from('GET /containers/fetch-output'),
  examples: [
    {
      input: { id: '5100000000000001' },
      receives: { body: { id: '5100000000000001', output: '10 profiles read.', outputPos: 17 } },
      gives: { output: '10 profiles read.', truncated: false },
    },
  ],
});

export const containerResult = tool({
  name: 'phantombuster_container_fetch_result',
  aliases: ['phantombuster_container_fetch_result_object', 'phantombuster_container_result_get'],
  title: 'Get what a run collected',
  description:
    'Get what one run (container) of a Phantom collected, as JSON text; for much data the text says the addresses of files. Its id comes ' +
    'from phantombuster_agent_launch or phantombuster_containers_fetch_all.',
  effect: 'read',
  scopes: [],
  input: z.object({ id: containerId }),
  output: z.object({ result: z.string().nullable(), truncated: z.boolean() }),
  request: ({ id }) => get('/containers/fetch-result-object', { id }),
  respond: ({ resultObject }: { resultObject?: string | null }) => ({
    result: resultObject?.slice(0, 30_000) ?? null,
    truncated: (resultObject?.length ?? 0) > 30_000,
  }),
  docs: 'https://hub.phantombuster.com/reference/get_containers-fetch-result-object',
  provenance: from('GET /containers/fetch-result-object'),
  examples: [
    {
      input: { id: '5100000000000001' },
      receives: { body: { id: '5100000000000001', status: 'finished', resultObject: '[{"fullName":"Mira Lopez"}]' } },
      gives: { result: '[{"fullName":"Mira Lopez"}]', truncated: false },
    },
  ],
});
