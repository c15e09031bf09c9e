import { post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { CrmRecord, docsBase, from, id, recordExample, recordGiven, recordOf, texts } from './fields.ts';
import { type Kind, searchTool } from './records.ts';

/** HubSpot's own association types from a note or a task to a record. */
const associationTypes = {
  notes: { contact_id: 202, company_id: 190, deal_id: 214, ticket_id: 228 },
  tasks: { contact_id: 204, company_id: 192, deal_id: 216, ticket_id: 230 },
};

const about = {
  contact_id: id.optional().describe('About this contact; id from hubspot_contacts_search'),
  company_id: id.optional().describe('About this company; id from hubspot_companies_search'),
  deal_id: id.optional().describe('About this deal; id from hubspot_deals_search'),
  ticket_id: id.optional().describe('About this ticket; id from hubspot_tickets_search'),
};

type About = { [name in keyof typeof about]?: string | undefined };

function associations(kind: keyof typeof associationTypes, records: About) {
  return (Object.entries(associationTypes[kind]) as [keyof About, number][]).flatMap(([name, associationTypeId]) => {
    const to = records[name];
    return to === undefined ? [] : [{ to: { id: to }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId }] }];
  });
}

const moment = z.iso.datetime({ offset: true });
const owner = id.optional().describe('Owner id from hubspot_owners_list');

const note: Kind = {
  plural: 'notes',
  singular: 'note',
  client: 'objects.notes',
  properties: ['hs_note_body', 'hs_timestamp', 'hubspot_owner_id'],
  scope: 'crm.objects.contacts.read',
  searchAlias: 'hubspot_notes_list',
  searchDescription:
    'Search notes by words or filters, last changed first. Those of one contact: filter associations.contact EQ its id ' +
    '(also .company, .deal, .ticket). Texts are HTML, cut at 4,000 characters (truncated). Write one with hubspot_note_create.',
  example: {
    query: 'renewal',
    received: recordExample('3001', {
      hs_note_body: '<p>Wants a renewal in May.</p>',
      hs_timestamp: '2025-11-21T10:00:00Z',
      hubspot_owner_id: null,
    }),
    given: recordGiven('3001', { hs_note_body: '<p>Wants a renewal in May.</p>', hs_timestamp: '2025-11-21T10:00:00Z' }),
  },
};

export const notesSearch = searchTool(note);

export const noteCreate = tool({
  name: 'hubspot_note_create',
  aliases: ['hubspot_note_log'],
  title: 'Write a note',
  description:
    'Write one note on the timeline of the records named; each call writes another. Ids come from hubspot_contacts_search, ' +
    'hubspot_companies_search, hubspot_deals_search. Without a record nobody sees it. For something to do use hubspot_task_create.',
  effect: 'write',
  scopes: ['crm.objects.contacts.write'],
  input: z.object({
    hs_note_body: z.string().min(1).max(65_536).describe('The note, plain or HTML'),
    hs_timestamp: moment.describe('When it happened, which places it on the timeline: now, unless it was earlier'),
    ...about,
    hubspot_owner_id: owner,
  }),
  output: CrmRecord,
  request: ({ hs_note_body, hs_timestamp, hubspot_owner_id, ...records }) =>
    post('/crm/v3/objects/notes', {
      properties: texts({ hs_note_body, hs_timestamp, hubspot_owner_id }),
      associations: associations('notes', records),
    }),
  respond: recordOf,
  docs: `${docsBase}/crm-notes-v3/basic/post-crm-v3-objects-notes`,
  provenance: from('crm.objects.notes.basicApi.create'),
  examples: [
    {
      input: { hs_note_body: '<p>Wants a renewal in May.</p>', hs_timestamp: '2025-11-21T10:00:00Z', contact_id: '101' },
      receives: { status: 201, body: note.example.received },
      gives: note.example.given,
      fresh: { '/createdAt': 'iso_now', '/updatedAt': 'iso_now' },
    },
  ],
});

const task: Kind = {
  plural: 'tasks',
  singular: 'task',
  client: 'objects.tasks',
  properties: ['hs_task_subject', 'hs_task_body', 'hs_task_status', 'hs_task_priority', 'hs_timestamp', 'hubspot_owner_id'],
  scope: 'crm.objects.contacts.read',
  searchAlias: 'hubspot_tasks_list',
  searchDescription:
    'Search tasks by words or filters, last changed first; hs_timestamp is when one is due. Open ones: filter hs_task_status NEQ ' +
    'COMPLETED. Those of one deal: filter associations.deal EQ its id. Make one with hubspot_task_create.',
  example: {
    query: 'call',
    received: recordExample('4001', {
      hs_task_subject: 'Call Ada',
      hs_task_status: 'NOT_STARTED',
      hs_timestamp: '2025-11-24T09:00:00Z',
      hs_task_body: null,
    }),
    given: recordGiven('4001', { hs_task_subject: 'Call Ada', hs_task_status: 'NOT_STARTED', hs_timestamp: '2025-11-24T09:00:00Z' }),
  },
};

export const tasksSearch = searchTool(task);

export const taskCreate = tool({
  name: 'hubspot_task_create',
  title: 'Create a task',
  description:
    'Create one task, due at a time, about the records named; its owner is reminded. Each call makes another. ' +
    'What is open shows hubspot_tasks_search.',
  effect: 'write',
  scopes: ['crm.objects.contacts.write'],
  input: z.object({
    hs_task_subject: z.string().min(1).max(1000).describe('What to do, in one line'),
    hs_timestamp: moment.describe('When it is due; tomorrow unless told'),
    hs_task_body: z.string().max(65_536).optional().describe('More about it'),
    hs_task_priority: z.enum(['LOW', 'MEDIUM', 'HIGH']).optional().describe('How urgent'),
    hs_task_type: z.enum(['TODO', 'CALL', 'EMAIL']).default('TODO').describe('Kind of task'),
    hs_task_status: z
      .enum(['NOT_STARTED', 'IN_PROGRESS', 'WAITING', 'COMPLETED', 'DEFERRED'])
      .default('NOT_STARTED')
      .describe('How far it is'),
    ...about,
    hubspot_owner_id: owner,
  }),
  output: CrmRecord,
  request: ({ contact_id, company_id, deal_id, ticket_id, ...properties }) =>
    post('/crm/v3/objects/tasks', {
      properties: texts(properties),
      associations: associations('tasks', { contact_id, company_id, deal_id, ticket_id }),
    }),
  respond: recordOf,
  docs: `${docsBase}/crm-tasks-v3/basic/post-crm-v3-objects-tasks`,
  provenance: from('crm.objects.tasks.basicApi.create'),
  examples: [
    {
      input: { hs_task_subject: 'Call Ada', hs_timestamp: '2025-11-24T09:00:00Z', deal_id: '9001' },
      receives: { status: 201, body: task.example.received },
      gives: task.example.given,
      fresh: { '/createdAt': 'iso_now', '/updatedAt': 'iso_now' },
    },
  ],
});
