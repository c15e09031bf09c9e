import { type ApiRequest, get, offsetPattern, path, post, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { from, isoOf } from './fields.ts';

interface ListBody {
  id: string;
  name?: string;
  description?: string | null;
  totalLeads?: number;
  createdAt?: string | number;
  updatedAt?: string | number;
}

const LeadList = z.object({
  id: z.string(),
  name: z.string().nullable(),
  description: z.string().nullable(),
  created_at: z.string().nullable(),
  updated_at: z.string().nullable(),
});
const listOf = (l: ListBody): z.input<typeof LeadList> => ({
  id: l.id,
  name: l.name ?? null,
  description: l.description ?? null,
  created_at: isoOf(l.createdAt),
  updated_at: isoOf(l.updatedAt),
});

const list = {
  id: '6100000000000001',
  name: 'Visitors of the fair',
  description: 'Whom we met',
  filter: { and: [] },
  tags: ['fair'],
  createdAt: '2025-11-01T09:00:00.000Z',
  updatedAt: '2025-11-21T10:00:00.000Z',
};
const listGiven = {
  id: '6100000000000001',
  name: 'Visitors of the fair',
  description: 'Whom we met',
  created_at: '2025-11-01T09:00:00.000Z',
  updated_at: '2025-11-21T10:00:00.000Z',
};

export const listsAll = tool({
  name: 'phantombuster_lists_fetch_all',
  aliases: ['phantombuster_lists_list'],
  title: 'List the lists of leads',
  description:
    'List the lists of leads of the workspace. The leads of one come from phantombuster_list_leads_fetch with the id given here; add ' +
    'leads with phantombuster_leads_save.',
  effect: 'read',
  scopes: [],
  input: z.object({}),
  output: z.object({ lists: z.array(LeadList) }),
  request: () => get('/org-storage/lists/fetch-all'),
  respond: (body: ListBody[]) => ({ lists: body.map(listOf) }),
  docs: 'https://hub.phantombuster.com/reference/get_org-storage-lists-fetch-all',
  provenance: from('GET /org-storage/lists/fetch-all'),
  examples: [{ input: {}, receives: { body: [list] }, gives: { lists: [listGiven] } }],
});

interface LeadBody {
  id?: string;
  linkedinProfileUrl?: string;
  firstName?: string;
  lastName?: string;
  linkedinHeadline?: string;
  linkedinJobTitle?: string;
  companyName?: string;
  location?: string;
  professionalEmail?: string;
}

const Lead = z.object({
  id: z.string().nullable(),
  linkedin_profile_url: z.string().nullable(),
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  job_title: z.string().nullable(),
  company_name: z.string().nullable(),
  location: z.string().nullable(),
  email: z.string().nullable(),
});

/** Where the next page begins; the number of all leads is not always told. */
function nextLead({ json }: ApiRequest, count: number, total: number | undefined): string | null {
  const { paginationOffset: at, paginationSize: size } = (
    json as { paginationOptions: { paginationOffset: number; paginationSize: number } }
  ).paginationOptions;
  const isMore = total === undefined ? count >= size : at + count < total;
  return isMore && count > 0 ? String(at + count) : null;
}

export const leadsByList = tool({
  name: 'phantombuster_list_leads_fetch',
  aliases: ['phantombuster_leads_fetch_by_list'],
  title: 'Get the leads of a list',
  description:
    'Get the leads of one list: name, job, company, LinkedIn address and e-mail where known. Its id comes from ' +
    'phantombuster_lists_fetch_all. Follow next_cursor until it is null; phantombuster_leads_save adds leads.',
  effect: 'read',
  scopes: [],
  input: z.object({
    listId: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/)
      .describe('List id from phantombuster_lists_fetch_all'),
    paginationOrder: z.enum(['ASC', 'DESC']).optional().describe('Oldest or newest first'),
    limit: z.int().min(1).max(100).default(20).describe('Leads per page, 1 to 100'),
    cursor: z.string().regex(offsetPattern).optional().describe('next_cursor of the page before'),
  }),
  output: z.object({ leads: z.array(Lead), total_count: z.int().nullable(), next_cursor: z.string().nullable() }),
  request: ({ listId, paginationOrder, limit: paginationSize, cursor = '0' }) =>
    post(path`/org-storage/leads/by-list/${listId}`, {
      paginationOptions: { paginationSize, paginationOffset: Number(cursor), paginationOrder, includeTotalCount: true },
    }),
  respond: ({ leads, totalCount }: { leads: LeadBody[]; totalCount?: number }, _response, asked) => ({
    leads: leads.map((l) => ({
      id: l.id ?? null,
      linkedin_profile_url: l.linkedinProfileUrl ?? null,
      first_name: l.firstName ?? null,
      last_name: l.lastName ?? null,
      job_title: l.linkedinJobTitle ?? l.linkedinHeadline ?? null,
      company_name: l.companyName ?? null,
      location: l.location ?? null,
      email: l.professionalEmail ?? null,
    })),
    total_count: totalCount ?? null,
    next_cursor: nextLead(asked, leads.length, totalCount),
  }),
  docs: 'https://hub.phantombuster.com/reference/post_org-storage-leads-by-list-listid',
  provenance: from('POST /org-storage/leads/by-list/{listId}'),
  examples: [
    {
      input: { listId: '6100000000000001' },
      receives: {
        body: {
          leads: [
            {
              id: '7100000000000001',
              linkedinProfileUrl: 'https://www.linkedin.com/in/mira-lopez-example',
              linkedinProfileSlug: 'mira-lopez-example',
              firstName: 'Mira',
              lastName: 'Lopez',
              linkedinHeadline: 'Head of Sales at Acme',
              linkedinJobTitle: 'Head of Sales',
              companyName: 'Acme',
              location: 'Valencia',
              editionsHistory: [{ timestamp: 1763719200000 }],
            },
          ],
          totalCount: 1,
        },
      },
      gives: {
        leads: [
          {
            id: '7100000000000001',
            linkedin_profile_url: 'https://www.linkedin.com/in/mira-lopez-example',
            first_name: 'Mira',
            last_name: 'Lopez',
            job_title: 'Head of Sales',
            company_name: 'Acme',
            location: 'Valencia',
            email: null,
          },
        ],
        total_count: 1,
        next_cursor: null,
      },
    },
  ],
});

export const leadsSave = tool({
  name: 'phantombuster_leads_save',
  aliases: ['phantombuster_lead_save'],
  title: 'Save a lead',
  description:
    'Save one lead to the workspace, or change it where its LinkedIn address is known already. Lists of leads fill themselves by their ' +
    'filters: see phantombuster_lists_fetch_all.',
  effect: 'write',
  idempotent: true,
  scopes: [],
  input: z.object({
    linkedinProfileUrl: z
      .string()
      .regex(/^https:\/\/([a-z]{2,3}\.)?linkedin\.com\/[^\s]+$/)
      .max(500)
      .describe('Address of the profile; by it a lead is known'),
    firstName: z.string().max(100).optional().describe('First name'),
    lastName: z.string().max(100).optional().describe('Last name'),
    companyName: z.string().max(200).optional().describe('Company now'),
  }),
  output: z.object({ id: z.string().nullable(), created: z.boolean() }),
  request: (input) => post('/org-storage/leads/save', input),
  respond: ({ id, isCreation }: { id?: string; isCreation?: boolean }) => ({ id: id ?? null, created: isCreation ?? false }),
  docs: 'https://hub.phantombuster.com/reference/post_org-storage-leads-save',
  provenance: from('POST /org-storage/leads/save'),
  examples: [
    {
      input: { linkedinProfileUrl: 'https://www.linkedin.com/in/mira-lopez-example', firstName: 'Mira' },
      receives: { body: { id: '7100000000000001', linkedinProfileSlug: 'mira-lopez-example', isCreation: true } },
      gives: { id: '7100000000000001', created: true },
    },
  ],
});
