import { get, nextOffset, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { actor, ids } from './example-parts.ts';
import { cursor, isoOf, limit, nextCursor, page, textMax, typed } from './fields.ts';

const Task = z.object({
  task_id: z.string(),
  content: z.string(),
  deadline_at: z.string().nullable(),
  is_completed: z.boolean(),
  linked_record_ids: z.array(z.string()),
  assignee_ids: z.array(z.string()),
  created_at: z.string(),
});

interface TaskBody {
  id: { task_id: string };
  content_plaintext: string;
  deadline_at: string | null;
  is_completed: boolean;
  linked_records: { target_record_id: string }[];
  assignees: { referenced_actor_id: string }[];
  created_at: string;
}

function taskOf(task: TaskBody): z.input<typeof Task> {
  return {
    task_id: task.id.task_id,
    content: task.content_plaintext.slice(0, textMax),
    deadline_at: isoOf(task.deadline_at),
    is_completed: task.is_completed,
    linked_record_ids: task.linked_records.map(({ target_record_id }) => target_record_id),
    assignee_ids: task.assignees.map(({ referenced_actor_id }) => referenced_actor_id),
    created_at: isoOf(task.created_at),
  };
}

const taskBody = {
  id: { workspace_id: ids.workspace, task_id: ids.task },
  content_plaintext: 'Ask Nordlicht for references',
  deadline_at: '2025-11-28T17:00:00.000000000Z',
  is_completed: false,
  completed_at: null,
  linked_records: [{ target_object_id: 'companies', target_record_id: ids.record }],
  assignees: [{ referenced_actor_type: 'workspace-member', referenced_actor_id: ids.member }],
  created_by_actor: actor,
  created_at: '2025-11-21T10:01:12.482000000Z',
};

const taskShown = {
  task_id: ids.task,
  content: 'Ask Nordlicht for references',
  deadline_at: '2025-11-28T17:00:00.000Z',
  is_completed: false,
  linked_record_ids: [ids.record],
  assignee_ids: [ids.member],
  created_at: '2025-11-21T10:01:12.482Z',
};

const docs = 'https://docs.attio.com/rest-api/endpoint-reference/tasks/';
const others = ['object_configuration:read', 'record_permission:read', 'user_management:read'];
const slug = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const deadline = z.iso.datetime({ offset: true });
const assignees = z.array(z.uuid()).max(20);

function actorsOf(members: string[]) {
  return members.map((id) => ({ referenced_actor_type: 'workspace-member', referenced_actor_id: id }));
}

export const listTasks = tool({
  name: 'attio_list_tasks',
  title: 'List tasks',
  description:
    'List tasks, the newest first, narrowed by record, assignee or whether they are done. Members come from attio_list_workspace_members, ' +
    'records from attio_search_records; attio_update_task ticks them off.',
  effect: 'read',
  scopes: ['task:read', ...others],
  input: z
    .object({
      is_completed: z.boolean().optional().describe('Only done ones, or only open ones'),
      assignee: z.uuid().optional().describe('Only tasks of this member'),
      linked_object: slug.optional().describe('Object of the record: companies; with linked_record_id'),
      linked_record_id: z.uuid().optional().describe('Only tasks about this record'),
      limit,
      cursor,
    })
    .refine(
      (given) => (given.linked_object === undefined) === (given.linked_record_id === undefined),
      'linked_object and linked_record_id go together',
    ),
  output: z.object({ tasks: z.array(Task), next_cursor: nextCursor }),
  request: ({ limit: most, cursor: from, ...narrowed }) =>
    get('/v2/tasks', { ...page({ limit: most, cursor: from }), sort: 'created_at:desc', ...narrowed }),
  respond: (body: { data: TaskBody[] }, _response, asked) => ({
    tasks: body.data.map(taskOf),
    next_cursor: nextOffset(asked, body.data.length),
  }),
  docs: `${docs}list-tasks`,
  provenance: typed('GET /v2/tasks'),
  examples: [
    { input: { is_completed: false }, receives: { body: { data: [taskBody] } }, gives: { tasks: [taskShown], next_cursor: null } },
  ],
});

export const createTask = tool({
  name: 'attio_create_task',
  title: 'Create a task',
  description:
    'Create one task, with a deadline, assignees and records that it is about; assignees are notified, and each call makes another. Members ' +
    'come from attio_list_workspace_members, records from attio_search_records.',
  effect: 'write',
  scopes: ['task:read-write', ...others],
  input: z.object({
    content: z.string().min(1).max(2000).describe('What is to be done, in plain text'),
    deadline_at: deadline.optional().describe('When it is due'),
    assignees: assignees.default([]).describe('Member ids'),
    linked_records: z
      .array(
        z.object({
          target_object: slug.describe('Object of the record: companies, people'),
          target_record_id: z.uuid().describe('Record id'),
        }),
      )
      .max(20)
      .default([])
      .describe('Records that it is about'),
  }),
  output: Task,
  request: ({ content, deadline_at, assignees: members, linked_records }) =>
    post('/v2/tasks', {
      data: {
        content,
        format: 'plaintext',
        deadline_at: deadline_at === undefined ? null : isoOf(deadline_at),
        is_completed: false,
        linked_records,
        assignees: actorsOf(members),
      },
    }),
  respond: (body: { data: TaskBody }) => taskOf(body.data),
  docs: `${docs}create-a-task`,
  provenance: typed('POST /v2/tasks'),
  examples: [
    {
      input: {
        content: 'Ask Nordlicht for references',
        deadline_at: '2025-11-28T17:00:00Z',
        assignees: [ids.member],
        linked_records: [{ target_object: 'companies', target_record_id: ids.record }],
      },
      receives: { body: { data: taskBody } },
      gives: taskShown,
      fresh: { '/data/id/task_id': 'uuid', '/data/created_at': 'iso_now' },
    },
  ],
});

export const updateTask = tool({
  name: 'attio_update_task',
  title: 'Change a task',
  description:
    'Tick a task off, move its deadline or give it to others; what is not given stays. Its text cannot be changed: make another with ' +
    'attio_create_task. Ids come from attio_list_tasks.',
  effect: 'write',
  idempotent: true,
  scopes: ['task:read-write', ...others],
  input: z
    .object({
      task_id: z.uuid().describe('Task id from attio_list_tasks'),
      is_completed: z.boolean().optional().describe('Done or not'),
      deadline_at: deadline.nullable().optional().describe('When it is due; null takes the deadline away'),
      assignees: assignees.optional().describe('Member ids; replaces all of them'),
    })
    .refine(({ task_id: _, ...changes }) => Object.values(changes).some((value) => value !== undefined), 'give something to change'),
  output: Task,
  request: ({ task_id, is_completed, deadline_at, assignees: members }) => ({
    method: 'PATCH',
    path: path`/v2/tasks/${task_id}`,
    json: {
      data: {
        ...(is_completed === undefined ? {} : { is_completed }),
        ...(deadline_at === undefined ? {} : { deadline_at: isoOf(deadline_at) }),
        ...(members === undefined ? {} : { assignees: actorsOf(members) }),
      },
    },
  }),
  respond: (body: { data: TaskBody }) => taskOf(body.data),
  docs: `${docs}update-a-task`,
  provenance: typed('PATCH /v2/tasks/{task_id}'),
  examples: [
    {
      input: { task_id: ids.task, is_completed: true },
      receives: { body: { data: { ...taskBody, is_completed: true, completed_at: '2025-11-21T10:05:00.000000000Z' } } },
      gives: { ...taskShown, is_completed: true },
    },
  ],
});

export const listWorkspaceMembers = tool({
  name: 'attio_list_workspace_members',
  title: 'List members',
  description:
    'List the members of the workspace with the ids that attio_create_task, attio_update_task and attio_create_comment take. They are the ' +
    'people who use Attio; contacts are records, found with attio_search_records.',
  effect: 'read',
  scopes: ['user_management:read'],
  input: z.object({}),
  output: z.object({
    members: z.array(z.object({ member_id: z.string(), name: z.string(), email: z.string(), access_level: z.string() })),
  }),
  request: () => get('/v2/workspace_members'),
  respond: (body: {
    data: {
      id: { workspace_member_id: string };
      first_name: string;
      last_name: string;
      email_address: string;
      access_level: string;
    }[];
  }) => ({
    members: body.data.map((member) => ({
      member_id: member.id.workspace_member_id,
      name: `${member.first_name} ${member.last_name}`.trim(),
      email: member.email_address,
      access_level: member.access_level,
    })),
  }),
  docs: 'https://docs.attio.com/rest-api/endpoint-reference/workspace-members/list-workspace-members',
  provenance: typed('GET /v2/workspace_members'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          data: [
            {
              id: { workspace_id: ids.workspace, workspace_member_id: ids.member },
              first_name: 'Mira',
              last_name: 'Lopez',
              avatar_url: null,
              email_address: 'mira@acme.example',
              created_at: '2025-06-02T08:00:00.000000000Z',
              access_level: 'admin',
            },
          ],
        },
      },
      gives: { members: [{ member_id: ids.member, name: 'Mira Lopez', email: 'mira@acme.example', access_level: 'admin' }] },
    },
  ],
});
