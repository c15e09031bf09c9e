import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { analyticsDocs, attributesExample, data, from, id, isCut, nextCursor, type Row, restDocs, rowOf } from './fields.ts';
import { readsOnly } from './soql.ts';

interface QueryBody {
  totalSize: number;
  done: boolean;
  nextRecordsUrl?: string;
  records: Row[];
}

/** What stands behind the last slash of nextRecordsUrl; its host and path are never used. */
const locator = /\/query\/([A-Za-z0-9]{15,18}-\d{1,8})$/;

const rows = z.array(z.record(z.string(), z.unknown()));

export const querySoql = tool({
  name: 'salesforce_query_soql',
  aliases: ['salesforce_soql_execute'],
  title: 'Query with SOQL',
  description:
    'Read records with a SOQL query, relations and aggregates too. Field names come from salesforce_object_describe. Put LIMIT ' +
    'into the query: pages have 200 rows at least. Follow next_cursor, with the same query, until it is null.',
  effect: 'read',
  scopes: ['api'],
  input: z.object({
    query: z
      .string()
      .max(20_000)
      .regex(/^\s*[Ss][Ee][Ll][Ee][Cc][Tt]\s/)
      .refine(readsOnly, 'must be one SELECT, without FOR UPDATE, FOR VIEW or FOR REFERENCE')
      .describe("For example: SELECT Id, Name, Amount FROM Opportunity WHERE IsClosed = false AND Account.Name = 'Acme' LIMIT 50"),
    limit: z.int().min(1).max(2000).default(20).describe('Rows per page; Salesforce rounds up to 200'),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9]{15,18}-\d{1,8}$/)
      .optional()
      .describe('next_cursor of the page before'),
  }),
  output: z.object({ total: z.int(), records: rows, truncated: z.boolean(), next_cursor: nextCursor }),
  request: ({ query, limit, cursor }) => ({
    ...(cursor === undefined ? get(`${data}/query`, { q: query }) : get(path`/services/data/v64.0/query/${cursor}`)),
    headers: { 'sforce-query-options': `batchSize=${Math.max(limit, 200)}` },
  }),
  respond: (body: QueryBody) => ({
    total: body.totalSize,
    records: body.records.map(rowOf),
    truncated: isCut(body.records),
    next_cursor: body.done ? null : (locator.exec(body.nextRecordsUrl ?? '')?.[1] ?? null),
  }),
  docs: `${restDocs}/resources_query.htm`,
  provenance: from('Connection.query'),
  examples: [
    {
      input: { query: "SELECT Id, Name, Owner.Name FROM Account WHERE Name LIKE 'Acme%'" },
      receives: {
        body: {
          totalSize: 412,
          done: false,
          nextRecordsUrl: `${data}/query/01gRM0000000123YAA-200`,
          records: [
            {
              ...attributesExample('Account', '001RM000003oLnnYAE'),
              Id: '001RM000003oLnnYAE',
              Name: 'Acme',
              Owner: { ...attributesExample('User', '005RM0000023FquYAE'), Name: 'Mira Lopez' },
            },
          ],
        },
      },
      gives: {
        total: 412,
        records: [{ Id: '001RM000003oLnnYAE', Name: 'Acme', Owner: { Name: 'Mira Lopez' } }],
        truncated: false,
        next_cursor: '01gRM0000000123YAA-200',
      },
    },
    {
      input: { query: "SELECT Id, Name, Owner.Name FROM Account WHERE Name LIKE 'Acme%'", cursor: '01gRM0000000123YAA-200' },
      receives: {
        body: {
          totalSize: 412,
          done: true,
          records: [{ ...attributesExample('Account', '001RM000003oLooYAE'), Id: '001RM000003oLooYAE', Name: 'Acme Labs', Owner: null }],
        },
      },
      gives: { total: 412, records: [{ Id: '001RM000003oLooYAE', Name: 'Acme Labs', Owner: null }], truncated: false, next_cursor: null },
    },
  ],
});

export const searchSosl = tool({
  name: 'salesforce_search_sosl',
  title: 'Search with SOSL',
  description:
    'Search words over several objects at once, at most 2,000 hits; say objects and fields in RETURNING, and a LIMIT. For ' +
    'conditions on fields, and for all records that fit, use salesforce_query_soql.',
  effect: 'read',
  scopes: ['api'],
  input: z.object({
    search_query: z
      .string()
      .max(10_000)
      .regex(/^\s*[Ff][Ii][Nn][Dd]\s/)
      .describe('For example: FIND {Acme} IN NAME FIELDS RETURNING Account(Id, Name), Contact(Id, Name, Email) LIMIT 20'),
  }),
  output: z.object({ records: z.array(z.object({ type: z.string(), fields: z.record(z.string(), z.unknown()) })), truncated: z.boolean() }),
  request: ({ search_query }) => get(`${data}/search`, { q: search_query }),
  respond: (body: { searchRecords: Row[] }) => ({
    records: body.searchRecords.map((row) => ({ type: row.attributes?.type ?? '', fields: rowOf(row) })),
    truncated: isCut(body.searchRecords),
  }),
  docs: `${restDocs}/resources_search.htm`,
  provenance: from('Connection.search'),
  examples: [
    {
      input: { search_query: 'FIND {Acme} IN NAME FIELDS RETURNING Account(Id, Name), Lead(Id, Name) LIMIT 20' },
      receives: {
        body: {
          searchRecords: [
            { ...attributesExample('Account', '001RM000003oLnnYAE'), Id: '001RM000003oLnnYAE', Name: 'Acme' },
            { ...attributesExample('Lead', '00QRM000001jXyzYAE'), Id: '00QRM000001jXyzYAE', Name: 'Grace Acme' },
          ],
        },
      },
      gives: {
        records: [
          { type: 'Account', fields: { Id: '001RM000003oLnnYAE', Name: 'Acme' } },
          { type: 'Lead', fields: { Id: '00QRM000001jXyzYAE', Name: 'Grace Acme' } },
        ],
        truncated: false,
      },
    },
  ],
});

const reportsMax = 200;

export const reportList = tool({
  name: 'salesforce_report_list',
  title: 'List recent reports',
  description:
    'List the reports that the account viewed last, up to 200, with the ids that salesforce_report_results_get takes. Others are ' +
    "found with salesforce_query_soql: SELECT Id, Name FROM Report WHERE Name LIKE '%pipeline%' LIMIT 20.",
  effect: 'read',
  scopes: ['api'],
  input: z.object({}),
  output: z.object({ reports: z.array(z.object({ id: z.string(), name: z.string() })), truncated: z.boolean() }),
  request: () => get(`${data}/analytics/reports`),
  respond: (body: { id: string; name: string }[]) => ({
    reports: body.slice(0, reportsMax).map(({ id, name }) => ({ id, name })),
    truncated: body.length > reportsMax,
  }),
  docs: `${analyticsDocs}/sforce_analytics_rest_api_recentreportslist.htm`,
  provenance: from('Analytics.reports'),
  examples: [
    {
      input: {},
      receives: {
        body: [
          {
            id: '00ORM000000xJgQ2AU',
            name: 'Pipeline this quarter',
            url: `${data}/analytics/reports/00ORM000000xJgQ2AU`,
            describeUrl: `${data}/analytics/reports/00ORM000000xJgQ2AU/describe`,
            instancesUrl: `${data}/analytics/reports/00ORM000000xJgQ2AU/instances`,
          },
        ],
      },
      gives: { reports: [{ id: '00ORM000000xJgQ2AU', name: 'Pipeline this quarter' }], truncated: false },
    },
  ],
});

interface Cell {
  label?: string;
  value?: unknown;
}

interface ReportBody {
  allData: boolean;
  attributes: { reportName: string };
  reportMetadata: { reportFormat: string; detailColumns?: string[]; aggregates?: string[] };
  reportExtendedMetadata?: {
    detailColumnInfo?: Record<string, { label?: string }>;
    aggregateColumnInfo?: Record<string, { label?: string }>;
  };
  groupingsDown?: { groupings?: Grouping[] };
  factMap: Record<string, { aggregates?: Cell[]; rows?: { dataCells: Cell[] }[] }>;
}

interface Grouping {
  key: string;
  label: string;
  groupings?: Grouping[];
}

const reportRowsMax = 200;

/** Labels of the groups down, by their key in the fact map. */
function labelsOf(groupings: Grouping[], above = ''): [string, string][] {
  return groupings.flatMap(({ key, label, groupings: below = [] }) => {
    const whole = above === '' ? label : `${above} / ${label}`;
    return [[key, whole] as [string, string], ...labelsOf(below, whole)];
  });
}

export const reportResultsGet = tool({
  name: 'salesforce_report_results_get',
  title: 'Run a report',
  description:
    'Run one report as it is saved and read totals by group and up to 200 rows (truncated). Ids come from salesforce_report_list. ' +
    'For other conditions query the records themselves with salesforce_query_soql.',
  effect: 'read',
  scopes: ['api'],
  input: z.object({
    report_id: id.describe('Report id from salesforce_report_list'),
    include_details: z.boolean().default(true).describe('Rows too, not totals alone'),
  }),
  output: z.object({
    name: z.string(),
    format: z.string(),
    columns: z.array(z.string()),
    rows: z.array(z.array(z.string())),
    total_names: z.array(z.string()),
    totals: z.array(z.object({ group: z.string(), values: z.array(z.string()) })),
    truncated: z.boolean(),
  }),
  request: ({ report_id, include_details }) =>
    get(path`/services/data/v64.0/analytics/reports/${report_id}`, { includeDetails: include_details }),
  respond: (body: ReportBody) => {
    const { detailColumns = [], aggregates = [], reportFormat } = body.reportMetadata;
    const { detailColumnInfo = {}, aggregateColumnInfo = {} } = body.reportExtendedMetadata ?? {};
    const labels = new Map([['T', 'Total'], ...labelsOf(body.groupingsDown?.groupings ?? [])]);
    const facts = Object.entries(body.factMap);
    const found = facts.flatMap(([, fact]) => fact.rows ?? []);
    const shown = (cells: Cell[]) => cells.map((cell) => (cell.label ?? String(cell.value ?? '')).slice(0, 500));
    const totals = facts.filter(([key]) => key.endsWith('!T'));
    return {
      name: body.attributes.reportName,
      format: reportFormat,
      columns: detailColumns.map((name) => detailColumnInfo[name]?.label ?? name),
      rows: found.slice(0, reportRowsMax).map((row) => shown(row.dataCells)),
      total_names: aggregates.map((name) => aggregateColumnInfo[name]?.label ?? name),
      totals: totals.slice(0, reportRowsMax).map(([key, fact]) => ({
        group: labels.get(key.slice(0, -2)) ?? key,
        values: shown(fact.aggregates ?? []),
      })),
      truncated: !body.allData || found.length > reportRowsMax || totals.length > reportRowsMax,
    };
  },
  docs: `${analyticsDocs}/sforce_analytics_rest_api_get_reportdata.htm`,
  provenance: from('Report.execute'),
  examples: [
    {
      input: { report_id: '00ORM000000xJgQ2AU' },
      receives: {
        body: {
          allData: true,
          hasDetailRows: true,
          attributes: {
            describeUrl: `${data}/analytics/reports/00ORM000000xJgQ2AU/describe`,
            instancesUrl: `${data}/analytics/reports/00ORM000000xJgQ2AU/instances`,
            reportId: '00ORM000000xJgQ2AU',
            reportName: 'Pipeline this quarter',
            type: 'Report',
          },
          reportMetadata: {
            id: '00ORM000000xJgQ2AU',
            name: 'Pipeline this quarter',
            reportFormat: 'SUMMARY',
            detailColumns: ['OPPORTUNITY_NAME', 'AMOUNT'],
            aggregates: ['s!AMOUNT', 'RowCount'],
            reportFilters: [],
          },
          reportExtendedMetadata: {
            detailColumnInfo: {
              OPPORTUNITY_NAME: { label: 'Opportunity', dataType: 'string' },
              AMOUNT: { label: 'Amount', dataType: 'currency' },
            },
            aggregateColumnInfo: {
              's!AMOUNT': { label: 'Sum of Amount', dataType: 'currency' },
              RowCount: { label: 'Record Count', dataType: 'int' },
            },
          },
          groupingsAcross: { groupings: [] },
          groupingsDown: { groupings: [{ key: '0', label: 'Negotiation', value: 'Negotiation/Review', groupings: [] }] },
          factMap: {
            '0!T': {
              aggregates: [
                { label: 'EUR 12,000', value: 12000 },
                { label: '1', value: 1 },
              ],
              rows: [
                {
                  dataCells: [
                    { label: 'Acme, 40 seats', value: '006RM000005ZbQqYAK' },
                    { label: 'EUR 12,000', value: { amount: 12000, currency: 'EUR' } },
                  ],
                },
              ],
            },
            'T!T': {
              aggregates: [
                { label: 'EUR 12,000', value: 12000 },
                { label: '1', value: 1 },
              ],
              rows: [],
            },
          },
        },
      },
      gives: {
        name: 'Pipeline this quarter',
        format: 'SUMMARY',
        columns: ['Opportunity', 'Amount'],
        rows: [['Acme, 40 seats', 'EUR 12,000']],
        total_names: ['Sum of Amount', 'Record Count'],
        totals: [
          { group: 'Negotiation', values: ['EUR 12,000', '1'] },
          { group: 'Total', values: ['EUR 12,000', '1'] },
        ],
        truncated: false,
      },
    },
  ],
});
