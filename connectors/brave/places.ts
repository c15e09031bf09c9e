import { get, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { country, from, nullable, safesearch, searchLang } from './fields.ts';

const Place = z.object({
  id: z.string().nullable(),
  name: z.string(),
  url: z.string().nullable(),
  description: z.string().nullable(),
  address: z.string().nullable(),
  coordinates: z.array(z.number()).nullable(),
  phone: z.string().nullable(),
  email: z.string().nullable(),
  price_range: z.string().nullable(),
  rating: z.number().nullable(),
  review_count: z.int().nullable(),
  hours: z.array(z.object({ day: z.string(), opens: z.string(), closes: z.string() })),
});

interface Hours {
  full_name?: string;
  abbr_name?: string;
  opens?: string;
  closes?: string;
}

interface PlaceBody {
  id?: string;
  title: string;
  url?: string;
  description?: string;
  coordinates?: [number, number];
  postal_address?: { displayAddress?: string };
  contact?: { telephone?: string; email?: string };
  price_range?: string;
  rating?: { ratingValue?: number; reviewCount?: number };
  opening_hours?: { days?: (Hours | Hours[])[] };
}

function placeOf(p: PlaceBody): z.input<typeof Place> {
  return {
    id: p.id ?? null,
    name: p.title,
    url: nullable(p.url),
    description: nullable(p.description),
    address: nullable(p.postal_address?.displayAddress),
    coordinates: p.coordinates ?? null,
    phone: nullable(p.contact?.telephone),
    email: nullable(p.contact?.email),
    price_range: nullable(p.price_range),
    rating: p.rating?.ratingValue ?? null,
    review_count: p.rating?.reviewCount ?? null,
    hours: (p.opening_hours?.days ?? [])
      .flat()
      .map((h) => ({ day: h.full_name ?? h.abbr_name ?? '', opens: h.opens ?? '', closes: h.closes ?? '' })),
  };
}

const place: PlaceBody & Record<string, unknown> = {
  type: 'location_result',
  id: 'loc4made-up=',
  title: 'Gnome Café',
  url: 'https://cafe.example',
  provider_url: 'https://maps.example/gnome-cafe',
  description: 'Café',
  is_source_local: true,
  is_source_both: false,
  zoom_level: 17,
  coordinates: [39.47, -0.376],
  postal_address: {
    type: 'PostalAddress',
    country: 'ES',
    streetAddress: 'Calle del Gnomo 3',
    addressLocality: 'Valencia',
    displayAddress: 'Calle del Gnomo 3, Valencia',
  } as PlaceBody['postal_address'] & object,
  opening_hours: {
    current_day: [{ abbr_name: 'Fri', full_name: 'Friday', opens: '09:00', closes: '18:00' }],
    days: [[{ abbr_name: 'Mon', full_name: 'Monday', opens: '09:00', closes: '18:00' }]],
  } as PlaceBody['opening_hours'] & object,
  contact: { telephone: '+34 960 000 000' },
  price_range: '$$',
  rating: { ratingValue: 4.5, bestRating: 5, reviewCount: 120 } as PlaceBody['rating'] & object,
};

const placeGiven = {
  id: 'loc4made-up=',
  name: 'Gnome Café',
  url: 'https://cafe.example',
  description: 'Café',
  address: 'Calle del Gnomo 3, Valencia',
  coordinates: [39.47, -0.376],
  phone: '+34 960 000 000',
  email: null,
  price_range: '$$',
  rating: 4.5,
  review_count: 120,
  hours: [{ day: 'Monday', opens: '09:00', closes: '18:00' }],
};

export const placeSearch = tool({
  name: 'brave_local_place_search',
  aliases: ['brave_place_search', 'brave_local_search'],
  title: 'Search places',
  description:
    'Search shops, restaurants and other places near a town or a point, with address, phone, hours and rating. Say the town in location, ' +
    'or give latitude and longitude. For ids that brave_web_search gave use brave_local_pois.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q: z.string().max(400).optional().describe('What kind of place, for example café; without it any'),
    location: z.string().min(2).max(200).optional().describe('Town and country, without commas: valencia spain'),
    latitude: z.number().min(-90).max(90).optional().describe('Of the point, in degrees'),
    longitude: z.number().min(-180).max(180).optional().describe('Of the point, in degrees'),
    radius: z.number().min(0).optional().describe('Prefer places within so many metres'),
    count: z.int().min(1).max(50).default(20).describe('Places, 1 to 50'),
    country,
    search_lang: searchLang,
    units: z.enum(['metric', 'imperial']).optional().describe('Units of distances'),
    safesearch,
  }),
  output: z.object({ results: z.array(Place) }),
  request: (input) => get('/local/place_search', input),
  respond: ({ results }: { results?: PlaceBody[] }) => ({ results: (results ?? []).map(placeOf) }),
  docs: 'https://api-dashboard.search.brave.com/api-reference/web/place_search',
  provenance: from('GET /res/v1/local/place_search'),
  examples: [
    {
      input: { q: 'café', location: 'valencia spain' },
      receives: { body: { type: 'locations', query: { original: 'café' }, results: [place] } },
      gives: { results: [placeGiven] },
    },
  ],
});

const ids = z.array(z.string().min(1).max(200)).min(1).max(20).describe('Ids from locations of brave_web_search, at most 20');

export const pois = tool({
  name: 'brave_local_pois',
  aliases: ['brave_local_pois_get'],
  title: 'Get places by id',
  description:
    'Get address, phone, hours and rating of places whose ids brave_web_search gave in locations; ids last for about eight hours. To ' +
    'search for places by words use brave_local_place_search.',
  effect: 'read',
  scopes: [],
  input: z.object({ ids }),
  output: z.object({ results: z.array(Place) }),
  request: ({ ids: list }) => get('/local/pois', { ids: list }),
  respond: ({ results }: { results?: PlaceBody[] }) => ({ results: (results ?? []).map(placeOf) }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/web-search/get-started',
  provenance: from('GET /res/v1/local/pois'),
  examples: [
    {
      input: { ids: ['loc4made-up='] },
      receives: { body: { type: 'local_pois', results: [place] } },
      gives: { results: [placeGiven] },
    },
  ],
});

export const descriptions = tool({
  name: 'brave_local_descriptions',
  aliases: ['brave_local_descriptions_get'],
  title: 'Describe places by id',
  description:
    'Get a written description of places whose ids brave_web_search gave in locations. For address, phone and hours of the same places ' +
    'use brave_local_pois.',
  effect: 'read',
  scopes: [],
  input: z.object({ ids }),
  output: z.object({ results: z.array(z.object({ id: z.string(), description: z.string().nullable() })) }),
  request: ({ ids: list }) => get('/local/descriptions', { ids: list }),
  respond: ({ results }: { results?: ({ id: string; description?: string } | null)[] }) => ({
    results: (results ?? []).flatMap((r) => (r === null ? [] : [{ id: r.id, description: nullable(r.description) }])),
  }),
  docs: 'https://api-dashboard.search.brave.com/app/documentation/web-search/get-started',
  provenance: from('GET /res/v1/local/descriptions'),
  examples: [
    {
      input: { ids: ['loc4made-up='] },
      receives: {
        body: {
          type: 'local_descriptions',
          results: [{ type: 'local_description', id: 'loc4made-up=', description: 'A small café among the gnomes.' }],
        },
      },
      gives: { results: [{ id: 'loc4made-up=', description: 'A small café among the gnomes.' }] },
    },
  ],
});
