import { get, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cursor, cut, from, isoOf, limit, nextCursor, nextOf } from './fields.ts';

const Task = z.object({
  research_id: z.string(),
  status: z.string(),
  model: z.string(),
  instructions: z.string().nullable(),
  created_at: z.string().nullable(),
  finished_at: z.string().nullable(),
});

interface TaskBody {
  researchId: string;
  status: string;
  model: string;
  instructions: string;
  createdAt: number;
  finishedAt?: number;
  output?: { content?: string; parsed?: Record<string, unknown> };
  error?: string;
  costDollars?: { total?: number };
}

function taskOf(t: TaskBody): z.input<typeof Task> {
  return {
    research_id: t.researchId,
    status: t.status,
    model: t.model,
    instructions: cut(t.instructions, 500).text,
    created_at: isoOf(t.createdAt),
    finished_at: isoOf(t.finishedAt),
  };
}

const researchId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,80}$/)
  .describe('researchId from exa_research_task_create or exa_research_tasks_list');

export const taskCreate = tool({
  name: 'exa_research_task_create',
  aliases: ['exa_create_research_task'],
  title: 'Start a research task',
  description:
    'Start a research task that searches and reads many pages and writes a report; it takes minutes and costs credits. Read it with ' +
    'exa_research_task_get until it is completed. For a single question use exa_answer. Repeating starts another task.',
  effect: 'write',
  scopes: [],
  input: z.object({
    instructions: z.string().min(1).max(4096).describe('What to find out, how, and in what form to report'),
    model: z
      .enum(['exa-research-fast', 'exa-research', 'exa-research-pro'])
      .default('exa-research')
      .describe('pro is slower and more thorough'),
    outputSchema: z.record(z.string(), z.unknown()).optional().describe('JSON Schema that the report must have'),
  }),
  output: Task,
  request: (input) => post('/research/v1', input),
  respond: (body: TaskBody) => taskOf(body),
  docs: 'https://docs.exa.ai/reference/research/create-a-task',
  provenance: from('POST /research/v1'),
  examples: [
    {
      input: { instructions: 'List the three largest makers of garden gnomes with their revenue and a source for each.' },
      receives: {
        status: 201,
        body: {
          researchId: 'r_01k9madeup0000000000000001',
          createdAt: 1763719200000,
          model: 'exa-research',
          instructions: 'List the three largest makers of garden gnomes with their revenue and a source for each.',
          status: 'pending',
          outputSchema: { type: 'object', properties: { makers: { type: 'array' } } },
        },
      },
      gives: {
        research_id: 'r_01k9madeup0000000000000001',
        status: 'pending',
        model: 'exa-research',
        instructions: 'List the three largest makers of garden gnomes with their revenue and a source for each.',
        created_at: '2025-11-21T10:00:00.000Z',
        finished_at: null,
      },
    },
  ],
});

export const taskGet = tool({
  name: 'exa_research_task_get',
  aliases: ['exa_get_research_task'],
  title: 'Get a research task',
  description:
    'Get the state of one research task and, when it is completed, its report. Started with exa_research_task_create; ask again after ' +
    'some ten seconds while the status is pending or running.',
  effect: 'read',
  scopes: [],
  input: z.object({ researchId }),
  output: Task.extend({
    report: z.string().nullable(),
    truncated: z.boolean(),
    parsed: z.record(z.string(), z.unknown()).nullable(),
    error: z.string().nullable(),
    cost_dollars: z.number().nullable(),
  }),
  request: ({ researchId: id }) => get(path`/research/v1/${id}`, { stream: 'false' }),
  respond: (body: TaskBody) => {
    const { text: report, truncated } = cut(body.output?.content, 20_000);
    return {
      ...taskOf(body),
      report,
      truncated,
      parsed: body.output?.parsed ?? null,
      error: body.error ?? null,
      cost_dollars: body.costDollars?.total ?? null,
    };
  },
  docs: 'https://docs.exa.ai/reference/research/get-a-task',
  provenance: from('GET /research/v1/{researchId}'),
  examples: [
    {
      input: { researchId: 'r_01k9madeup0000000000000001' },
      receives: {
        body: {
          researchId: 'r_01k9madeup0000000000000001',
          createdAt: 1763719200000,
          finishedAt: 1763719265000,
          model: 'exa-research',
          instructions: 'List the three largest makers of garden gnomes with their revenue and a source for each.',
          status: 'completed',
          output: { content: '1. Acme Gnomes, 12 million euros (https://gnomes.example/report).' },
          events: [
            { eventType: 'research-definition', researchId: 'r_01k9madeup0000000000000001', createdAt: 1763719200000 },
            { eventType: 'research-output', researchId: 'r_01k9madeup0000000000000001', createdAt: 1763719265000 },
          ],
          costDollars: { total: 0.21, numSearches: 8, numPages: 14, reasoningTokens: 5210 },
        },
      },
      gives: {
        research_id: 'r_01k9madeup0000000000000001',
        status: 'completed',
        model: 'exa-research',
        instructions: 'List the three largest makers of garden gnomes with their revenue and a source for each.',
        created_at: '2025-11-21T10:00:00.000Z',
        finished_at: '2025-11-21T10:01:05.000Z',
        report: '1. Acme Gnomes, 12 million euros (https://gnomes.example/report).',
        truncated: false,
        parsed: null,
        error: null,
        cost_dollars: 0.21,
      },
    },
  ],
});

export const tasksList = tool({
  name: 'exa_research_tasks_list',
  aliases: ['exa_list_research_tasks'],
  title: 'List research tasks',
  description:
    'List the research tasks of the team with their state, newest first. Reports are not in the list: read one with ' +
    'exa_research_task_get. Follow next_cursor until it is null.',
  effect: 'read',
  scopes: [],
  input: z.object({ limit, cursor }),
  output: z.object({ tasks: z.array(Task), next_cursor: nextCursor }),
  request: (page) => get('/research/v1', page),
  respond: (body: { data: TaskBody[]; hasMore?: boolean; nextCursor?: string | null }) => ({
    tasks: body.data.map(taskOf),
    next_cursor: nextOf(body),
  }),
  docs: 'https://docs.exa.ai/reference/research/list-tasks',
  provenance: from('GET /research/v1'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: [
            {
              researchId: 'r_01k9madeup0000000000000001',
              createdAt: 1763719200000,
              model: 'exa-research-pro',
              instructions: 'Compare garden gnomes of clay and of plastic.',
              status: 'running',
              outputSchema: { type: 'object' },
            },
          ],
          hasMore: false,
          nextCursor: null,
        },
      },
      gives: {
        tasks: [
          {
            research_id: 'r_01k9madeup0000000000000001',
            status: 'running',
            model: 'exa-research-pro',
            instructions: 'Compare garden gnomes of clay and of plastic.',
            created_at: '2025-11-21T10:00:00.000Z',
            finished_at: null,
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
