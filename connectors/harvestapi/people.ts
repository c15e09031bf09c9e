import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { cut, envelope, from, linkedinUrl, type Paged, page, paged, pagesOf, query, several, text } from './fields.ts';

const Person = z.object({
  id: z.string(),
  public_identifier: z.string().nullable(),
  name: z.string().nullable(),
  position: z.string().nullable(),
  location: z.string().nullable(),
  linkedin_url: z.string().nullable(),
});

interface PersonBody {
  id: string;
  publicIdentifier?: string;
  name?: string;
  firstName?: string;
  lastName?: string;
  position?: string;
  headline?: string;
  location?: { linkedinText?: string };
  linkedinUrl?: string;
}

function personOf(p: PersonBody): z.input<typeof Person> {
  return {
    id: p.id,
    public_identifier: text(p.publicIdentifier),
    name: text(p.name ?? [p.firstName, p.lastName].filter(Boolean).join(' ')),
    position: text(p.position ?? p.headline),
    location: text(p.location?.linkedinText),
    linkedin_url: text(p.linkedinUrl),
  };
}

const People = z.object({ people: z.array(Person), ...paged });
const peopleOf = (body: Paged & { elements?: PersonBody[] }) => ({ people: (body.elements ?? []).map(personOf), ...pagesOf(body) });

const found = {
  ...envelope,
  pagination: { totalPages: 3, totalElements: 52, pageNumber: 1, previousElements: 0, pageSize: 25, paginationToken: null },
  elements: [
    {
      id: 'ACoAAmadeup01',
      publicIdentifier: 'mira-lopez-example',
      name: 'Mira Lopez',
      position: 'Head of Sales at Acme',
      location: { linkedinText: 'Valencia, Spain' },
      linkedinUrl: 'https://www.linkedin.com/in/mira-lopez-example',
      photo: 'https://img.example/mira.jpg',
      hidden: false,
    },
  ],
};
const foundGiven = {
  people: [
    {
      id: 'ACoAAmadeup01',
      public_identifier: 'mira-lopez-example',
      name: 'Mira Lopez',
      position: 'Head of Sales at Acme',
      location: 'Valencia, Spain',
      linkedin_url: 'https://www.linkedin.com/in/mira-lopez-example',
    },
  ],
  total: 52,
  next_page: 2,
  pagination_token: null,
};

export const peopleSearch = tool({
  name: 'harvestapi_people_search',
  aliases: ['harvestapi_search_people', 'harvestapi_search_leads', 'harvestapi_leads_search'],
  title: 'Search people by job',
  description:
    'Search LinkedIn people by job title, company, place, industry or size of company, as Sales Navigator does. For people by name use ' +
    'harvestapi_profiles_search; for all about one of them harvestapi_profile_get.',
  effect: 'read',
  scopes: [],
  input: z.object({
    search: z.string().max(300).optional().describe('Words anywhere in the profile'),
    currentJobTitles: several('Job titles now'),
    currentCompanies: several('Companies now'),
    pastCompanies: several('Companies before'),
    locations: several('Places, for example Valencia'),
    geoIds: several('Place ids from harvestapi_geo_search'),
    industryIds: several('LinkedIn’s industry ids; they stand in the address of a LinkedIn search by industry'),
    companyHeadcount: z
      .array(z.enum(['self-employed', '1-10', '11-50', '51-200', '201-500', '501-1000', '1001-5000', '5001-10000', '10001+']))
      .max(9)
      .optional()
      .describe('People in the company'),
    recentlyChangedJobs: z.boolean().optional().describe('In a new job since 90 days'),
    page,
  }),
  output: People,
  request: (input) => get('/linkedin-sales-nav/lead-search', query(input)),
  respond: (body: Paged & { elements?: PersonBody[] }) => peopleOf(body),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/profile/lead-search',
  provenance: from('linkedin-sales-nav/lead-search'),
  examples: [
    {
      input: { currentJobTitles: ['Head of Sales'], locations: ['Valencia'], companyHeadcount: ['11-50', '51-200'] },
      receives: { body: found },
      gives: foundGiven,
    },
  ],
});

export const profilesSearch = tool({
  name: 'harvestapi_profiles_search',
  aliases: ['harvestapi_search_profiles'],
  title: 'Search profiles by name',
  description:
    'Search LinkedIn profiles by name and other words, with company, school or place. To search by job title and size of company use ' +
    'harvestapi_people_search. All about one profile comes from harvestapi_profile_get.',
  effect: 'read',
  scopes: [],
  input: z.object({
    search: z.string().max(300).optional().describe('Words anywhere in the profile'),
    firstName: z.string().max(100).optional().describe('First name'),
    lastName: z.string().max(100).optional().describe('Last name'),
    title: z.string().max(200).optional().describe('Job title'),
    currentCompany: several('Companies now: ids or LinkedIn addresses'),
    pastCompany: several('Companies before: ids or LinkedIn addresses'),
    school: several('Schools: ids or LinkedIn addresses'),
    location: several('Places, for example Valencia'),
    geoId: several('Place ids from harvestapi_geo_search'),
    page,
  }),
  output: People,
  request: (input) => get('/linkedin/profile-search', query(input)),
  respond: (body: Paged & { elements?: PersonBody[] }) => peopleOf(body),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/profile/search',
  provenance: from('linkedin/profile-search'),
  examples: [{ input: { search: 'Mira Lopez', location: ['Valencia'] }, receives: { body: found }, gives: foundGiven }],
});

interface When {
  text?: string;
}
interface ProfileBody extends PersonBody {
  about?: string;
  emails?: (string | { email?: string })[];
  websites?: string[];
  connectionsCount?: number;
  followerCount?: number;
  openToWork?: boolean;
  hiring?: boolean;
  experience?: {
    companyName?: string;
    position?: string;
    location?: string;
    companyLink?: string;
    startDate?: When | null;
    endDate?: When | null;
  }[];
  education?: { title?: string; degree?: string; startDate?: When | null; endDate?: When | null }[];
  skills?: { name: string }[];
  languages?: { language: string }[];
}

const profileRef = {
  url: linkedinUrl('Address of the profile').optional(),
  publicIdentifier: z.string().max(200).optional().describe('The last part of that address'),
  profileId: z.string().max(200).optional().describe('Id from harvestapi_people_search'),
};

export const profileGet = tool({
  name: 'harvestapi_profile_get',
  aliases: ['harvestapi_scrape_profile', 'harvestapi_get_profile'],
  title: 'Get a profile',
  description:
    'Get one LinkedIn profile: jobs, schools, skills, languages and, when asked, an e-mail address. Give its address, its public name or ' +
    'the id from harvestapi_people_search or harvestapi_profiles_search. Costs credits; an e-mail costs more.',
  effect: 'read',
  scopes: [],
  input: z.object({
    ...profileRef,
    main: z.boolean().optional().describe('Only the main part, for less credits'),
    findEmail: z.boolean().optional().describe('Look for an e-mail address'),
    skipSmtp: z.boolean().optional().describe('Do not try whether the address takes mail'),
  }),
  output: z.object({
    person: Person,
    about: z.string().nullable(),
    truncated: z.boolean(),
    emails: z.array(z.string()),
    websites: z.array(z.string()),
    connections: z.int().nullable(),
    followers: z.int().nullable(),
    open_to_work: z.boolean(),
    hiring: z.boolean(),
    experience: z.array(
      z.object({
        company: z.string().nullable(),
        position: z.string().nullable(),
        location: z.string().nullable(),
        company_url: z.string().nullable(),
        from: z.string().nullable(),
        to: z.string().nullable(),
      }),
    ),
    education: z.array(
      z.object({ school: z.string().nullable(), degree: z.string().nullable(), from: z.string().nullable(), to: z.string().nullable() }),
    ),
    skills: z.array(z.string()),
    languages: z.array(z.string()),
  }),
  request: (input) => get('/linkedin/profile', query(input)),
  respond: ({ element: p }: { element: ProfileBody }) => {
    const { text: about, truncated } = cut(p.about, 4000);
    return {
      person: personOf(p),
      about,
      truncated,
      emails: (p.emails ?? []).flatMap((e) => (typeof e === 'string' ? [e] : e.email === undefined ? [] : [e.email])),
      websites: p.websites ?? [],
      connections: p.connectionsCount ?? null,
      followers: p.followerCount ?? null,
      open_to_work: p.openToWork ?? false,
      hiring: p.hiring ?? false,
      experience: (p.experience ?? []).slice(0, 20).map((e) => ({
        company: text(e.companyName),
        position: text(e.position),
        location: text(e.location),
        company_url: text(e.companyLink),
        from: text(e.startDate?.text),
        to: text(e.endDate?.text),
      })),
      education: (p.education ?? []).slice(0, 10).map((e) => ({
        school: text(e.title),
        degree: text(e.degree),
        from: text(e.startDate?.text),
        to: text(e.endDate?.text),
      })),
      skills: (p.skills ?? []).slice(0, 50).map((s) => s.name),
      languages: (p.languages ?? []).map((l) => l.language),
    };
  },
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/profile/get',
  provenance: from('linkedin/profile'),
  examples: [
    {
      input: { publicIdentifier: 'mira-lopez-example', findEmail: true },
      receives: {
        body: {
          ...envelope,
          element: {
            id: 'ACoAAmadeup01',
            publicIdentifier: 'mira-lopez-example',
            firstName: 'Mira',
            lastName: 'Lopez',
            headline: 'Head of Sales at Acme',
            about: 'I sell gnomes.',
            linkedinUrl: 'https://www.linkedin.com/in/mira-lopez-example',
            photo: 'https://img.example/mira.jpg',
            emails: ['mira@acme.example'],
            websites: ['https://mira.example'],
            registeredAt: '2014-02-01T00:00:00.000Z',
            topSkills: 'Sales',
            connectionsCount: 500,
            followerCount: 812,
            openToWork: false,
            hiring: true,
            verified: true,
            location: { linkedinText: 'Valencia, Spain', countryCode: 'ES', parsed: { city: 'Valencia', country: 'Spain' } },
            currentPosition: [{ companyName: 'Acme' }],
            experience: [
              {
                companyName: 'Acme',
                position: 'Head of Sales',
                duration: '2 yrs',
                location: 'Valencia',
                companyLink: 'https://www.linkedin.com/company/acme-example',
                description: 'Gnomes.',
                startDate: { text: 'Jan 2024', month: 'Jan', year: 2024 },
                endDate: { text: 'Present' },
                employmentType: 'Full-time',
              },
            ],
            education: [
              {
                title: 'University of Valencia',
                link: 'https://www.linkedin.com/school/example',
                degree: 'Ceramics',
                startDate: { text: '2010', year: 2010 },
                endDate: { text: '2014', year: 2014 },
              },
            ],
            skills: [{ name: 'Sales' }],
            languages: [{ language: 'Spanish', proficiency: 'Native' }],
          },
        },
      },
      gives: {
        person: {
          id: 'ACoAAmadeup01',
          public_identifier: 'mira-lopez-example',
          name: 'Mira Lopez',
          position: 'Head of Sales at Acme',
          location: 'Valencia, Spain',
          linkedin_url: 'https://www.linkedin.com/in/mira-lopez-example',
        },
        about: 'I sell gnomes.',
        truncated: false,
        emails: ['mira@acme.example'],
        websites: ['https://mira.example'],
        connections: 500,
        followers: 812,
        open_to_work: false,
        hiring: true,
        experience: [
          {
            company: 'Acme',
            position: 'Head of Sales',
            location: 'Valencia',
            company_url: 'https://www.linkedin.com/company/acme-example',
            from: 'Jan 2024',
            to: 'Present',
          },
        ],
        education: [{ school: 'University of Valencia', degree: 'Ceramics', from: '2010', to: '2014' }],
        skills: ['Sales'],
        languages: ['Spanish'],
      },
    },
  ],
});

export const geoSearch = tool({
  name: 'harvestapi_geo_search',
  aliases: ['harvestapi_search_geo'],
  title: 'Search place ids',
  description:
    'Search LinkedIn’s ids of places by name: a country, region or town. Give an id as geoIds to harvestapi_people_search or as geoId to ' +
    'harvestapi_companies_search and harvestapi_jobs_search.',
  effect: 'read',
  scopes: [],
  input: z.object({ search: z.string().min(1).max(200).describe('Name of the place, for example Valencia') }),
  output: z.object({ places: z.array(z.object({ geo_id: z.string(), title: z.string().nullable() })) }),
  request: (input) => get('/linkedin/geo-id-search', input),
  respond: ({ elements }: { elements?: { geoId?: string | number; id?: string | number; title?: string }[] }) => ({
    places: (elements ?? []).map((e) => ({ geo_id: String(e.geoId ?? e.id), title: text(e.title) })),
  }),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/geo-id/search',
  provenance: { specification: 'HarvestAPI documentation', version: '1', operation: 'GET /linkedin/geo-id-search' },
  examples: [
    {
      input: { search: 'Valencia' },
      receives: {
        body: {
          ...envelope,
          id: '105973954',
          elements: [{ geoId: '105973954', title: 'Valencia, Valencian Community, Spain' }],
        },
      },
      gives: { places: [{ geo_id: '105973954', title: 'Valencia, Valencian Community, Spain' }] },
    },
  ],
});

export const servicesSearch = tool({
  name: 'harvestapi_services_search',
  aliases: ['harvestapi_search_services'],
  title: 'Search people who offer a service',
  description:
    'Search LinkedIn people who offer a service for hire, for example logo design, with what they offer. For people by their job use ' +
    'harvestapi_people_search.',
  effect: 'read',
  scopes: [],
  input: z.object({
    search: z.string().min(1).max(300).describe('The service, for example logo design'),
    location: z.string().max(200).optional().describe('Place, for example Valencia'),
    geoId: z.string().max(40).optional().describe('Place id from harvestapi_geo_search'),
    page,
  }),
  output: z.object({
    providers: z.array(Person.omit({ public_identifier: true }).extend({ services: z.array(z.string()), summary: z.string().nullable() })),
    ...paged,
  }),
  request: (input) => get('/linkedin/service-search', query(input)),
  respond: (body: Paged & { elements?: (PersonBody & { linkedinProfileUrl?: string; services?: string[]; summary?: string })[] }) => ({
    providers: (body.elements ?? []).map((e) => ({
      id: e.id,
      name: text(e.name),
      position: text(e.position),
      location: text(e.location?.linkedinText),
      linkedin_url: text(e.linkedinProfileUrl ?? e.linkedinUrl),
      services: e.services ?? [],
      summary: cut(e.summary, 1000).text,
    })),
    ...pagesOf(body),
  }),
  docs: 'https://docs.harvest-api.com/linkedin-api-reference/service/search',
  provenance: from('linkedin/service-search'),
  examples: [
    {
      input: { search: 'logo design' },
      receives: {
        body: {
          ...envelope,
          pagination: { totalPages: 1, totalElements: 1, pageNumber: 1, previousElements: 0, pageSize: 10 },
          elements: [
            {
              id: 'ACoAAmadeup02',
              name: 'Jo Park',
              position: 'Designer',
              location: { linkedinText: 'Madrid, Spain' },
              linkedinProfileUrl: 'https://www.linkedin.com/in/jo-park-example',
              picture: 'https://img.example/jo.jpg',
              services: ['Logo design'],
              summary: 'Twenty years of logos.',
              objectUrn: 'urn:li:made-up:2',
            },
          ],
        },
      },
      gives: {
        providers: [
          {
            id: 'ACoAAmadeup02',
            name: 'Jo Park',
            position: 'Designer',
            location: 'Madrid, Spain',
            linkedin_url: 'https://www.linkedin.com/in/jo-park-example',
            services: ['Logo design'],
            summary: 'Twenty years of logos.',
          },
        ],
        total: 1,
        next_page: null,
        pagination_token: null,
      },
    },
  ],
});
