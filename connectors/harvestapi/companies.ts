import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cut, envelope, from, isoOf, linkedinUrl, type Paged, page, paged, pagesOf, query, text } from './fields.ts';

const sizes = ['1-10', '11-50', '51-200', '201-500', '501-1000', '1001-5000', '5001-10000', '10001+'] as const;

interface CompanyShort {
  id: string;
  universalName: string;
  name?: string;
  linkedinUrl?: string;
  industries?: string;
  location?: { linkedinText?: string };
  followers?: string;
  summary?: string;
}

export const companiesSearch = tool({
  name: 'harvestapi_companies_search',
  aliases: ['harvestapi_search_companies'],
  title: 'Search companies',
  description:
    'Search LinkedIn companies by words, place, size and industry. All about one of them comes from harvestapi_company_get, its posts ' +
    'from harvestapi_company_posts_get. For people in companies use harvestapi_people_search.',
  effect: 'read',
  scopes: [],
  input: z.object({
    search: z.string().max(300).optional().describe('Words in name or description'),
    location: z.string().max(200).optional().describe('Place, for example Valencia'),
    geoId: z.string().max(40).optional().describe('Place id from harvestapi_geo_search'),
    companySize: z.array(z.enum(sizes)).max(8).optional().describe('People in the company'),
    industryId: z
      .array(z.string().max(20))
      .max(20)
      .optional()
      .describe('LinkedIn’s industry ids; they stand in the address of a LinkedIn search by industry'),
    page,
  }),
  output: z.object({
    companies: z.array(
      z.object({
        id: z.string(),
        universal_name: z.string(),
        name: z.string().nullable(),
        linkedin_url: z.string().nullable(),
        industry: z.string().nullable(),
        location: z.string().nullable(),
        followers: z.string().nullable(),
        summary: z.string().nullable(),
      }),
    ),
    ...paged,
  }),
  request: (input) => get('/linkedin/company-search', query(input)),
  respond: (body: Paged & { elements?: CompanyShort[] }) => ({
    companies: (body.elements ?? []).map((c) => ({
      id: c.id,
      universal_name: c.universalName,
      name: text(c.name),
      linkedin_url: text(c.linkedinUrl),
      industry: text(c.industries),
      location: text(c.location?.linkedinText),
      followers: text(c.followers),
      summary: cut(c.summary, 1000).text,
    })),
    ...pagesOf(body),
  }),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/company/search',
  provenance: from('linkedin/company-search'),
  examples: [
    {
      input: { search: 'garden gnomes', companySize: ['11-50'] },
      receives: {
        body: {
          ...envelope,
          pagination: { totalPages: 1, totalElements: 1, pageNumber: 1, previousElements: 0, pageSize: 50 },
          elements: [
            {
              id: '9000001',
              universalName: 'acme-gnomes-example',
              name: 'Acme Gnomes',
              linkedinUrl: 'https://www.linkedin.com/company/acme-gnomes-example',
              industries: 'Ceramics',
              location: { linkedinText: 'Valencia, Spain' },
              followers: '2K followers',
              summary: 'Gnomes of clay.',
              logo: 'https://img.example/acme.png',
            },
          ],
        },
      },
      gives: {
        companies: [
          {
            id: '9000001',
            universal_name: 'acme-gnomes-example',
            name: 'Acme Gnomes',
            linkedin_url: 'https://www.linkedin.com/company/acme-gnomes-example',
            industry: 'Ceramics',
            location: 'Valencia, Spain',
            followers: '2K followers',
            summary: 'Gnomes of clay.',
          },
        ],
        total: 1,
        next_page: null,
        pagination_token: null,
      },
    },
  ],
});

interface CompanyBody {
  id: string;
  universalName: string;
  name?: string;
  tagline?: string;
  website?: string;
  linkedinUrl?: string;
  foundedOn?: { year?: number };
  employeeCount?: number;
  employeeCountRange?: { start?: number; end?: number };
  followerCount?: number;
  description?: string;
  locations?: { headquarter?: boolean; city?: string; country?: string; parsed?: { text?: string } }[];
  specialities?: string[];
  industries?: { name: string }[];
  phone?: { number?: string };
  crunchbaseFundingData?: {
    numberOfFundingRounds?: number;
    lastFundingRound?: { localizedFundingType?: string; moneyRaised?: { amount?: string; currencyCode?: string } };
  };
}

export const companyGet = tool({
  name: 'harvestapi_company_get',
  aliases: ['harvestapi_get_company', 'harvestapi_scrape_company'],
  title: 'Get a company',
  description:
    'Get one LinkedIn company: size, industry, headquarters, website, funding. Give its address, the universal_name from ' +
    'harvestapi_companies_search, or words of which the best match is taken.',
  effect: 'read',
  scopes: [],
  input: z.object({
    url: linkedinUrl('Address of the company’s page').optional(),
    universalName: z.string().max(200).optional().describe('The last part of that address'),
    companyId: z.string().max(40).optional().describe('Id from harvestapi_companies_search'),
    search: z.string().max(200).optional().describe('Name; the best match is taken'),
  }),
  output: z.object({
    id: z.string(),
    universal_name: z.string(),
    name: z.string().nullable(),
    tagline: z.string().nullable(),
    website: z.string().nullable(),
    linkedin_url: z.string().nullable(),
    founded: z.int().nullable(),
    employees: z.int().nullable(),
    size: z.string().nullable(),
    followers: z.int().nullable(),
    headquarters: z.string().nullable(),
    industries: z.array(z.string()),
    specialities: z.array(z.string()),
    phone: z.string().nullable(),
    funding_rounds: z.int().nullable(),
    last_funding: z.string().nullable(),
    description: z.string().nullable(),
    truncated: z.boolean(),
  }),
  request: (input) => get('/linkedin/company', query(input)),
  respond: ({ element: c }: { element: CompanyBody }) => {
    const { text: description, truncated } = cut(c.description, 4000);
    const home = (c.locations ?? []).find((l) => l.headquarter === true) ?? c.locations?.[0];
    const last = c.crunchbaseFundingData?.lastFundingRound;
    const range = c.employeeCountRange;
    return {
      id: c.id,
      universal_name: c.universalName,
      name: text(c.name),
      tagline: text(c.tagline),
      website: text(c.website),
      linkedin_url: text(c.linkedinUrl),
      founded: c.foundedOn?.year ?? null,
      employees: c.employeeCount ?? null,
      size: range?.start === undefined ? null : `${range.start}-${range.end ?? ''}`,
      followers: c.followerCount ?? null,
      headquarters: text(home?.parsed?.text ?? [home?.city, home?.country].filter(Boolean).join(', ')),
      industries: (c.industries ?? []).map((i) => i.name),
      specialities: c.specialities ?? [],
      phone: text(c.phone?.number),
      funding_rounds: c.crunchbaseFundingData?.numberOfFundingRounds ?? null,
      last_funding: text(
        [last?.localizedFundingType, last?.moneyRaised?.amount, last?.moneyRaised?.currencyCode].filter(Boolean).join(' '),
      ),
      description,
      truncated,
    };
  },
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/company/get',
  provenance: from('linkedin/company'),
  examples: [
    {
      input: { universalName: 'acme-gnomes-example' },
      receives: {
        body: {
          ...envelope,
          element: {
            id: '9000001',
            universalName: 'acme-gnomes-example',
            name: 'Acme Gnomes',
            tagline: 'Clay with a hat',
            website: 'https://gnomes.example',
            linkedinUrl: 'https://www.linkedin.com/company/acme-gnomes-example',
            logo: 'https://img.example/acme.png',
            foundedOn: { year: 1998, month: null, day: null },
            employeeCount: 41,
            employeeCountRange: { start: 11, end: 50 },
            followerCount: 2101,
            description: 'Gnomes of clay since 1998.',
            locations: [{ headquarter: true, city: 'Valencia', country: 'ES', parsed: { text: 'Valencia, Spain', countryCode: 'ES' } }],
            specialities: ['gnomes'],
            industries: [{ id: '52', name: 'Ceramics' }],
            active: true,
            phone: { number: '+34 960 000 000', extension: null },
            crunchbaseFundingData: {
              numberOfFundingRounds: 1,
              lastFundingRound: { localizedFundingType: 'Seed', moneyRaised: { amount: '2000000', currencyCode: 'EUR' } },
              updatedAt: 1763719200,
            },
            pageVerified: true,
          },
        },
      },
      gives: {
        id: '9000001',
        universal_name: 'acme-gnomes-example',
        name: 'Acme Gnomes',
        tagline: 'Clay with a hat',
        website: 'https://gnomes.example',
        linkedin_url: 'https://www.linkedin.com/company/acme-gnomes-example',
        founded: 1998,
        employees: 41,
        size: '11-50',
        followers: 2101,
        headquarters: 'Valencia, Spain',
        industries: ['Ceramics'],
        specialities: ['gnomes'],
        phone: '+34 960 000 000',
        funding_rounds: 1,
        last_funding: 'Seed 2000000 EUR',
        description: 'Gnomes of clay since 1998.',
        truncated: false,
      },
    },
  ],
});

interface JobBody {
  id: string;
  title?: string;
  url?: string;
  linkedinUrl?: string;
  postedDate?: string;
  company?: { name?: string; universalName?: string };
  location?: { linkedinText?: string };
  easyApply?: boolean;
}

export const jobsSearch = tool({
  name: 'harvestapi_jobs_search',
  aliases: ['harvestapi_search_jobs'],
  title: 'Search jobs',
  description:
    'Search open jobs on LinkedIn by words, company, place, kind of work, salary and age. The full text of one comes from ' +
    'harvestapi_job_get.',
  effect: 'read',
  scopes: [],
  input: z.object({
    search: z.string().max(300).optional().describe('Job title or words'),
    companyId: z.array(z.string().max(40)).max(20).optional().describe('Company ids from harvestapi_companies_search'),
    location: z.string().max(200).optional().describe('Place, for example Valencia'),
    geoId: z.string().max(40).optional().describe('Place id from harvestapi_geo_search'),
    sortBy: z.enum(['date', 'relevance']).optional().describe('Which come first'),
    workplaceType: z
      .array(z.enum(['office', 'hybrid', 'remote']))
      .optional()
      .describe('Where one works'),
    employmentType: z
      .array(z.enum(['full-time', 'part-time', 'contract', 'internship']))
      .optional()
      .describe('How one is employed'),
    experienceLevel: z
      .array(z.enum(['internship', 'entry', 'associate', 'mid-senior', 'director', 'executive']))
      .optional()
      .describe('Experience asked for'),
    salary: z.enum(['40k+', '60k+', '80k+', '100k+', '120k+', '140k+', '160k+', '180k+', '200k+']).optional().describe('Yearly salary'),
    postedLimit: z.enum(['1h', '24h', 'week', 'month']).optional().describe('Posted within'),
    page,
  }),
  output: z.object({
    jobs: z.array(
      z.object({
        id: z.string(),
        title: z.string().nullable(),
        company: z.string().nullable(),
        location: z.string().nullable(),
        posted_at: z.string().nullable(),
        url: z.string().nullable(),
        easy_apply: z.boolean(),
      }),
    ),
    ...paged,
  }),
  request: (input) => get('/linkedin/job-search', query(input)),
  respond: (body: Paged & { elements?: JobBody[] }) => ({
    jobs: (body.elements ?? []).map((j) => ({
      id: j.id,
      title: text(j.title),
      company: text(j.company?.name),
      location: text(j.location?.linkedinText),
      posted_at: isoOf(j.postedDate),
      url: text(j.url ?? j.linkedinUrl),
      easy_apply: j.easyApply ?? false,
    })),
    ...pagesOf(body),
  }),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/job/search',
  provenance: from('linkedin/job-search'),
  examples: [
    {
      input: { search: 'ceramicist', workplaceType: ['office', 'hybrid'], postedLimit: 'week' },
      receives: {
        body: {
          ...envelope,
          pagination: { totalPages: 2, totalElements: 30, pageNumber: 1, previousElements: 0, pageSize: 25 },
          elements: [
            {
              id: '4300000001',
              url: 'https://www.linkedin.com/jobs/view/4300000001',
              title: 'Ceramicist',
              postedDate: '2025-11-20T09:00:00.000Z',
              company: { id: '9000001', universalName: 'acme-gnomes-example', name: 'Acme Gnomes' },
              location: { linkedinText: 'Valencia, Spain' },
              easyApply: true,
            },
          ],
        },
      },
      gives: {
        jobs: [
          {
            id: '4300000001',
            title: 'Ceramicist',
            company: 'Acme Gnomes',
            location: 'Valencia, Spain',
            posted_at: '2025-11-20T09:00:00.000Z',
            url: 'https://www.linkedin.com/jobs/view/4300000001',
            easy_apply: true,
          },
        ],
        total: 30,
        next_page: 2,
        pagination_token: null,
      },
    },
  ],
});

export const jobGet = tool({
  name: 'harvestapi_job_get',
  aliases: ['harvestapi_scrape_job', 'harvestapi_get_job'],
  title: 'Get a job',
  description:
    'Get one open job on LinkedIn with its full text, salary and number of applicants. Give its address or the id from ' +
    'harvestapi_jobs_search.',
  effect: 'read',
  scopes: [],
  input: z.object({
    jobId: z.string().max(40).optional().describe('Id from harvestapi_jobs_search'),
    url: linkedinUrl('Address of the job').optional(),
  }),
  output: z.object({
    id: z.string(),
    title: z.string().nullable(),
    company: z.string().nullable(),
    location: z.string().nullable(),
    state: z.string().nullable(),
    employment_type: z.string().nullable(),
    workplace_type: z.string().nullable(),
    experience_level: z.string().nullable(),
    salary: z.string().nullable(),
    applicants: z.int().nullable(),
    posted_at: z.string().nullable(),
    expires_at: z.string().nullable(),
    url: z.string().nullable(),
    description: z.string().nullable(),
    truncated: z.boolean(),
  }),
  request: (input) => get('/linkedin/job', query(input)),
  respond: ({
    element: j,
  }: {
    element: JobBody & {
      jobState?: string;
      employmentType?: string;
      workplaceType?: string;
      experienceLevel?: string;
      salary?: { text?: string } | null;
      applicants?: number;
      expireAt?: string;
      descriptionText?: string;
    };
  }) => {
    const { text: description, truncated } = cut(j.descriptionText, 8000);
    return {
      id: j.id,
      title: text(j.title),
      company: text(j.company?.name),
      location: text(j.location?.linkedinText),
      state: text(j.jobState),
      employment_type: text(j.employmentType),
      workplace_type: text(j.workplaceType),
      experience_level: text(j.experienceLevel),
      salary: text(j.salary?.text),
      applicants: j.applicants ?? null,
      posted_at: isoOf(j.postedDate),
      expires_at: isoOf(j.expireAt),
      url: text(j.url ?? j.linkedinUrl),
      description,
      truncated,
    };
  },
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/job/get',
  provenance: from('linkedin/job'),
  examples: [
    {
      input: { jobId: '4300000001' },
      receives: {
        body: {
          ...envelope,
          element: {
            id: '4300000001',
            url: 'https://www.linkedin.com/jobs/view/4300000001',
            title: 'Ceramicist',
            jobState: 'LISTED',
            postedDate: '2025-11-20T09:00:00.000Z',
            expireAt: '2025-12-20T09:00:00.000Z',
            descriptionText: 'You make gnomes.',
            descriptionHtml: '<p>You make gnomes.</p>',
            location: { linkedinText: 'Valencia, Spain', parsed: { city: 'Valencia' } },
            employmentType: 'full_time',
            workplaceType: 'on_site',
            experienceLevel: 'Entry level',
            applicants: 12,
            company: { id: '9000001', universalName: 'acme-gnomes-example', name: 'Acme Gnomes', employeeCount: 41 },
            salary: { text: '€24K/yr', min: 24000, max: 24000, currency: 'EUR', payPeriod: 'YEARLY' },
          },
        },
      },
      gives: {
        id: '4300000001',
        title: 'Ceramicist',
        company: 'Acme Gnomes',
        location: 'Valencia, Spain',
        state: 'LISTED',
        employment_type: 'full_time',
        workplace_type: 'on_site',
        experience_level: 'Entry level',
        salary: '€24K/yr',
        applicants: 12,
        posted_at: '2025-11-20T09:00:00.000Z',
        expires_at: '2025-12-20T09:00:00.000Z',
        url: 'https://www.linkedin.com/jobs/view/4300000001',
        description: 'You make gnomes.',
        truncated: false,
      },
    },
  ],
});
