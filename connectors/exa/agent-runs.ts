import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, cut, from, isoOf, limit, nextCursor, nextOf } from './fields.ts';

const Run = z.object({
  id: z.string(),
  status: z.string(),
  stop_reason: z.string().nullable(),
  created_at: z.string().nullable(),
  completed_at: z.string().nullable(),
});

interface RunBody {
  id: string;
  status: string;
  stopReason?: string | null;
  createdAt?: string;
  completedAt?: string | null;
  output?: {
    text?: string | null;
    structured?: unknown;
    grounding?: { field: string; citations: { url: string; title?: string | null }[] }[] | null;
  } | null;
  error?: { message?: string };
  costDollars?: { total?: number };
}

function runOf(r: RunBody): z.input<typeof Run> {
  return {
    id: r.id,
    status: r.status,
    stop_reason: r.stopReason ?? null,
    created_at: isoOf(r.createdAt),
    completed_at: isoOf(r.completedAt),
  };
}

const runId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,80}$/)
  .describe('Id from exa_agent_run_create or exa_agent_runs_list');

export const runCreate = tool({
  name: 'exa_agent_run_create',
  title: 'Start an agent run',
  description:
    'Hand a task to Exa’s own web agent, for example to fill a table about many companies. Costs credits; read it with exa_agent_run_get. ' +
    'For a written report exa_research_task_create is enough. Repeating starts another run.',
  effect: 'write',
  scopes: [],
  input: z.object({
    query: z.string().min(1).max(4000).describe('The task, in plain words'),
    effort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh', 'auto']).default('low').describe('How much work it may be'),
    outputSchema: z.record(z.string(), z.unknown()).optional().describe('JSON Schema that the answer must have'),
    systemPrompt: z.string().max(4000).optional().describe('Rules for the run'),
    previousRunId: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,80}$/)
      .optional()
      .describe('A completed run to go on from; id from exa_agent_runs_list'),
  }),
  output: Run,
  request: (input) => post('/agent/runs', input),
  respond: (body: RunBody) => runOf(body),
  docs: 'https://docs.exa.ai/reference/agent-api/create-a-run',
  provenance: from('POST /agent/runs'),
  examples: [
    {
      input: { query: 'Find the head of sales of Acme and Bramble.' },
      receives: {
        status: 201,
        body: {
          id: 'agent_run_made_up_1',
          object: 'agent_run',
          status: 'queued',
          stopReason: null,
          createdAt: '2025-11-21T10:00:00.000Z',
          completedAt: null,
          request: { query: 'Find the head of sales of Acme and Bramble.', effort: 'low' },
          output: null,
        },
      },
      gives: {
        id: 'agent_run_made_up_1',
        status: 'queued',
        stop_reason: null,
        created_at: '2025-11-21T10:00:00.000Z',
        completed_at: null,
      },
    },
  ],
});

export const runGet = tool({
  name: 'exa_agent_run_get',
  title: 'Get an agent run',
  description:
    'Get the state of one run of Exa’s web agent and, once it is completed, what it found and from where. Ask again after some seconds ' +
    'while it is queued or running. Ids come from exa_agent_run_create and exa_agent_runs_list.',
  effect: 'read',
  scopes: [],
  input: z.object({ id: runId }),
  output: Run.extend({
    text: z.string().nullable(),
    truncated: z.boolean(),
    structured: z.unknown(),
    sources: z.array(z.object({ field: z.string(), url: z.string(), title: z.string().nullable() })),
    error: z.string().nullable(),
    cost_dollars: z.number().nullable(),
  }),
  request: ({ id }) => get(path`/agent/runs/${id}`),
  respond: (body: RunBody) => ({
    ...runOf(body),
    ...cut(body.output?.text, 20_000),
    structured: body.output?.structured ?? null,
    sources: (body.output?.grounding ?? [])
      .flatMap(({ field, citations }) => citations.map(({ url, title }) => ({ field, url, title: title ?? null })))
      .slice(0, 50),
    error: body.error?.message ?? null,
    cost_dollars: body.costDollars?.total ?? null,
  }),
  docs: 'https://docs.exa.ai/reference/agent-api/get-a-run',
  provenance: from('GET /agent/runs/{id}'),
  examples: [
    {
      input: { id: 'agent_run_made_up_1' },
      receives: {
        body: {
          id: 'agent_run_made_up_1',
          object: 'agent_run',
          status: 'completed',
          stopReason: 'schema_satisfied',
          createdAt: '2025-11-21T10:00:00.000Z',
          completedAt: '2025-11-21T10:00:48.000Z',
          request: { query: 'Find the head of sales of Acme and Bramble.', effort: 'low' },
          output: {
            text: 'Acme: Jo Park. Bramble: nobody is named.',
            structured: null,
            grounding: [{ field: 'text', citations: [{ url: 'https://acme.example/team', title: 'Team' }], confidence: 'high' }],
          },
          usage: { agentComputeUnits: 3, searches: 4 },
          costDollars: { total: 0.04, agentCompute: 0.03, search: 0.01 },
        },
      },
      gives: {
        id: 'agent_run_made_up_1',
        status: 'completed',
        stop_reason: 'schema_satisfied',
        created_at: '2025-11-21T10:00:00.000Z',
        completed_at: '2025-11-21T10:00:48.000Z',
        text: 'Acme: Jo Park. Bramble: nobody is named.',
        truncated: false,
        structured: null,
        sources: [{ field: 'text', url: 'https://acme.example/team', title: 'Team' }],
        error: null,
        cost_dollars: 0.04,
      },
    },
  ],
});

export const runsList = tool({
  name: 'exa_agent_runs_list',
  title: 'List agent runs',
  description:
    'List the runs of Exa’s web agent that the team started, with their state. What a run found is read with exa_agent_run_get. ' +
    'Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({ limit, cursor }),
  output: z.object({ runs: z.array(Run), next_cursor: nextCursor }),
  request: (page) => get('/agent/runs', page),
  respond: (body: { data: RunBody[]; hasMore?: boolean; nextCursor?: string | null }) => ({
    runs: body.data.map(runOf),
    next_cursor: nextOf(body),
  }),
  docs: 'https://docs.exa.ai/reference/agent-api/list-runs',
  provenance: from('GET /agent/runs'),
  examples: [
    {
      input: { limit: 1 },
      receives: {
        body: {
          object: 'list',
          data: [
            {
              id: 'agent_run_made_up_1',
              object: 'agent_run',
              status: 'running',
              stopReason: null,
              createdAt: '2025-11-21T10:00:00.000Z',
              completedAt: null,
              request: { query: 'Find the head of sales of Acme and Bramble.' },
            },
          ],
          hasMore: true,
          nextCursor: 'made-up-cursor-2',
        },
      },
      gives: {
        runs: [
          {
            id: 'agent_run_made_up_1',
            status: 'running',
            stop_reason: null,
            created_at: '2025-11-21T10:00:00.000Z',
            completed_at: null,
          },
        ],
        next_cursor: 'made-up-cursor-2',
      },
    },
  ],
});

export const runCancel = tool({
  name: 'exa_agent_run_cancel',
  title: 'Cancel an agent run',
  description:
    'Cancel one run of Exa’s web agent that is queued or running; what it had found is lost. Find its id with exa_agent_runs_list. ' +
    'Cancelling a finished run is refused.',
  effect: 'destructive',
  idempotent: true,
  scopes: [],
  input: z.object({ id: runId }),
  output: Run,
  request: ({ id }) => ({ method: 'POST', path: path`/agent/runs/${id}/cancel` }),
  respond: (body: RunBody) => runOf(body),
  docs: 'https://docs.exa.ai/reference/agent-api/cancel-a-run',
  provenance: from('POST /agent/runs/{id}/cancel'),
  examples: [
    {
      input: { id: 'agent_run_made_up_1' },
      receives: {
        body: {
          id: 'agent_run_made_up_1',
          object: 'agent_run',
          status: 'cancelled',
          stopReason: 'cancelled',
          createdAt: '2025-11-21T10:00:00.000Z',
          completedAt: '2025-11-21T10:00:09.000Z',
          request: { query: 'Find the head of sales of Acme and Bramble.' },
        },
      },
      gives: {
        id: 'agent_run_made_up_1',
        status: 'cancelled',
        stop_reason: 'cancelled',
        created_at: '2025-11-21T10:00:00.000Z',
        completed_at: '2025-11-21T10:00:09.000Z',
      },
    },
  ],
});
