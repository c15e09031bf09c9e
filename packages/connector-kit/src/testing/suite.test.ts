import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ApiKeyAuth, OAuth2Auth } from '../auth.ts';
import { type Connector, connector } from '../connector.ts';
import { get, path, post } from '../request.ts';
import { type RunDefinition, runTool } from '../run.ts';
import { act, ask } from '../steps.ts';
import { type Tool, type ToolDefinition, tool } from '../tool.ts';
import { folio } from './files-example.ts';
import { connectorRules, connectorSuite, toolRules } from './index.ts';

const input = z.object({
  board: z
    .string()
    .regex(/^[a-z0-9]{2,20}$/)
    .describe('Board id from acme_boards_list'),
  title: z.string().min(1).max(200).optional().describe('One line of text'),
});
const output = z.object({ id: z.string(), title: z.string() });

const definition: ToolDefinition<typeof input, typeof output> = {
  name: 'acme_card_create',
  title: 'Create a card',
  description: 'Create one card on a board. Each call makes a new card. Board ids are the short names that people see in the address.',
  effect: 'write',
  scopes: ['cards:write'],
  input,
  output,
  request: ({ board, title }) => post(path`/boards/${board}/cards`, { title }),
  respond: ({ card }: { card: { id: string; title: string } }) => ({ id: card.id, title: card.title }),
  docs: 'https://docs.acme.example/cards',
  provenance: { specification: 'acme-openapi', version: '3.1', operation: 'createCard' },
  examples: [
    {
      input: { board: 'ops', title: 'Disk is full' },
      receives: { body: { card: { id: 'CARD-7', title: 'Disk is full', creator: { id: 'u1' }, labels: [], archived: false } } },
      gives: { id: 'CARD-7', title: 'Disk is full' },
      fresh: { '/card/id': 'sequence:CARD-' },
    },
  ],
};

const oauth: OAuth2Auth = {
  kind: 'oauth2',
  authorizeUrl: 'https://acme.example/authorize',
  tokenUrl: 'https://acme.example/token',
  revokeUrl: 'https://acme.example/revoke',
  scopes: { 'cards:write': 'Create cards', 'cards:read': 'See your cards' },
  defaultScopes: ['cards:write', 'cards:read'],
  scopeSeparator: ' ',
  pkce: 'S256',
  clientAuthentication: 'client_secret_basic',
  tokenExample: {
    body: { access_token: 'made-up', token_type: 'Bearer', expires_in: 3600, scope: 'cards:write cards:read' },
    slots: { access_token: '/access_token', expires_in: '/expires_in', scope: '/scope' },
  },
  rotationClass: 'A',
};

const refusals: NonNullable<Connector['api']['refusals']> = {
  rejected: { status: 401, body: { error: 'bad token' } },
  rate_limited: { status: 429, headers: { 'retry-after': '3' }, body: {} },
  error: { status: 404, body: { error: 'no such board' } },
  unavailable: { status: 503, body: 'busy' },
};

const card = tool(definition);

interface Found {
  boards: { id: string; name: string }[];
}
const { request: _request, respond: _respond, ...shape } = definition;
const runDefinition: RunDefinition<typeof input, typeof output> = {
  ...shape,
  name: 'acme_card_file',
  *run({ board, title }) {
    const { boards } = yield* ask<Found>(get('/boards', { name: board }));
    const { card } = yield* act<{ card: { id: string; title: string } }>(post(path`/boards/${boards[0]?.id ?? ''}/cards`, { title }));
    return { id: card.id, title: card.title };
  },
  examples: definition.examples.map((one) => ({
    ...one,
    before: [{ receives: { body: { boards: [{ id: 'b7', name: 'ops', members: 3 }], total: 1 } }, fresh: { '/boards/0/id': 'uuid' } }],
  })),
};
const filed = runTool(runDefinition);

const acme = connector({
  id: 'acme',
  name: 'Acme Boards',
  description: 'Create cards on the boards of Acme.',
  docs: 'https://docs.acme.example',
  auth: oauth,
  api: { baseUrl: 'https://api.acme.example', refusals },
  identify: {
    request: get('/me'),
    subject: ({ id, name }: { id: string; name: string }) => ({ id, label: name }),
    example: { receives: { body: { id: 'u1', name: 'Mira', plan: 'team' } }, gives: { id: 'u1', label: 'Mira' } },
  },
  tools: [card, filed],
});

const keys: ApiKeyAuth = {
  kind: 'api_key',
  fields: [
    { name: 'api_key', label: 'Key', secret: true, pattern: /^[a-z0-9]{8,64}$/ },
    { name: 'region', label: 'Region', secret: false, pattern: /^[a-z0-9]{2,10}$/, default: 'eu' },
  ],
  headers: { 'X-Acme-Key': '{api_key}' },
};
const acmeKeys: Connector = {
  ...acme,
  auth: keys,
  api: { ...acme.api, baseUrl: 'https://{region}.acme.example' },
  tools: [
    { ...card, scopes: [] },
    { ...filed, scopes: [] },
  ],
};

connectorSuite(acme);
connectorSuite(acmeKeys);
connectorSuite(folio);

const ofFolio = (name: string) => folio.tools.find((t) => t.name === name) as Tool;
const [sends, fetches] = [ofFolio('folio_upload_send'), ofFolio('folio_file_download')];
const [fetched] = fetches.examples as [Tool['examples'][number]];

/** The titles of the rules that object. */
const objections = {
  toTool: (changed: Tool, whole: Connector = acme) =>
    toolRules.filter((rule) => rule.problems(changed, whole).length > 0).map((rule) => rule.title),
  toConnector: (changed: Connector) => connectorRules.filter((rule) => rule.problems(changed).length > 0).map((rule) => rule.title),
};
const change = (changes: Partial<typeof definition>) => tool({ ...definition, ...changes });
const changeRun = (changes: Partial<typeof runDefinition>) => runTool({ ...runDefinition, ...changes });
const withInput = (extended: z.ZodObject) => tool({ ...(definition as unknown as ToolDefinition), input: extended });
const [example] = definition.examples;
if (example === undefined) throw new Error('the example is missing');
const described = (n: number) =>
  Object.fromEntries(Array.from({ length: n }, (_, i) => [`field_${i}`, z.string().optional().describe('Some text here')]));

describe('the suite objects to a tool that', () => {
  const cases: [string, Tool, string][] = [
    ['is named after another connector', { ...card, name: 'other_card_create' }, 'has a name of the form'],
    ['has a name in camel case', { ...card, name: 'acme_cardCreate' }, 'has a name of the form'],
    ['hardly describes itself', change({ description: 'Create a card.' }), 'has a title, a description'],
    ['describes itself at length', change({ description: `${'word '.repeat(70)}.` }), 'has a title, a description'],
    [
      'sends the agent to a sibling that does not exist',
      change({ description: `${definition.description} See acme_card_find.` }),
      'names only tools',
    ],
    [
      'takes an id that comes from nowhere',
      withInput(
        input.extend({
          label_id: z
            .string()
            .regex(/^\d{1,9}$/)
            .optional()
            .describe('Label to put on it'),
        }),
      ),
      'says of every id',
    ],
    [
      'sends the agent for an id to a tool that has none such',
      withInput(
        input.extend({
          label_id: z
            .string()
            .regex(/^\d{1,9}$/)
            .optional()
            .describe('Label id from acme_card_file'),
        }),
      ),
      'says of every id',
    ],
    [
      'hides an id behind a plain name',
      tool({
        ...(definition as unknown as ToolDefinition),
        input: input.extend({
          label: z
            .string()
            .regex(/^L\d{4,9}$/)
            .optional()
            .describe('Label to put on it'),
        }),
        examples: [{ ...example, input: { board: 'ops', label: 'L12345' } }] as never,
      }),
      'says of every id',
    ],
    ['leaves a parameter undescribed', withInput(input.extend({ due: z.string().optional() })), 'has at most 12 parameters'],
    [
      'leaves a nested parameter undescribed',
      withInput(input.extend({ at: z.object({ x: z.int() }).optional().describe('Where it stands') })),
      'has at most 12 parameters',
    ],
    ['has 13 parameters', withInput(input.extend(described(11))), 'has at most 12 parameters'],
    [
      'has a required parameter after an optional one',
      withInput(input.extend({ column: z.string().describe('Column of the board') })),
      'has at most 12 parameters',
    ],
    [
      'costs too many tokens',
      withInput(
        input.extend({
          kind: z
            .enum(Array.from({ length: 200 }, (_, i) => `kind_${i}`))
            .optional()
            .describe('Its kind'),
        }),
      ),
      'costs an agent',
    ],
    ['does not say what it is held against', { ...card, provenance: undefined as never }, 'says which operation'],
    [
      'names no operation of its specification',
      change({ provenance: { specification: 'acme-openapi', version: '3.1', operation: ' ' } }),
      'says which operation',
    ],
    [
      'leaves the version of its specification open',
      change({ provenance: { specification: 'acme-openapi', version: '', operation: 'createCard' } }),
      'says which operation',
    ],
    ['writes with GET', change({ request: () => get('/boards/ops/cards') }), 'tells clients its effect'],
    [
      'deletes and calls it a write',
      change({ request: ({ board }) => ({ method: 'DELETE', path: path`/boards/${board}/cards` }) }),
      'tells clients its effect',
    ],
    ['has an example without the answers before its last', changeRun({ examples: definition.examples }), 'makes as many requests'],
    ['has answers to requests that it does not make', change({ examples: runDefinition.examples }), 'makes as many requests'],
    [
      'goes on after a change',
      changeRun({
        *run({ board, title }) {
          yield* act(post('/boards', { board }));
          const { card } = yield* act<{ card: { id: string; title: string } }>(post('/cards', { title }));
          return { id: card.id, title: card.title };
        },
      }),
      'makes as many requests',
    ],
    [
      'never ends',
      changeRun({
        *run({ board }) {
          for (;;) yield* ask(get(path`/boards/${board}`));
        },
        examples: [{ ...example, before: Array.from({ length: 20 }, () => ({ receives: { body: {} } })) }],
      }),
      'makes as many requests',
    ],
    [
      'changes something in a request that it calls a question',
      changeRun({
        *run({ board, title }) {
          yield* ask({ method: 'PUT', path: path`/boards/${board}` });
          const { card } = yield* act<{ card: { id: string; title: string } }>(post('/cards', { title }));
          return { id: card.id, title: card.title };
        },
      }),
      'tells clients its effect',
    ],
    [
      'lets an answer choose the path',
      changeRun({
        *run({ title }) {
          const { boards } = yield* ask<Found>(get('/boards'));
          const { card } = yield* act<{ card: { id: string; title: string } }>(post(`/boards/${boards[0]?.id}/cards`, { title }));
          return { id: card.id, title: card.title };
        },
      }),
      'lets no answer steer',
    ],
    [
      'takes a text of any length',
      withInput(
        input.extend({
          note: z
            .array(z.object({ text: z.string() }))
            .optional()
            .describe('Notes of any length'),
        }),
      ),
      'refuses a text of 10 MB',
    ],
    [
      'makes an empty list of what it cannot read',
      tool({
        ...definition,
        name: 'acme_labels_list',
        output: z.object({ labels: z.array(z.string()) }),
        respond: (body: { card?: { labels?: string[] } }) => ({ labels: body.card?.labels ?? [] }),
        examples: [{ ...example, receives: { body: { card: { id: 'CARD-7', labels: ['red'], open: true } } }, gives: { labels: ['red'] } }],
      }),
      'reads no page',
    ],
    [
      'goes on after an error of GraphQL',
      change({
        request: () => post('/graphql', { query: 'mutation { create { id } }' }),
        respond: (body: { data?: { id?: string } }) => ({ id: body.data?.id ?? 'none', title: 'x' }),
      }),
      'takes errors of GraphQL',
    ],
    ['needs a scope without words', change({ scopes: ['cards:admin'] }), 'has scopes that are said'],
    ['lists without a cursor', { ...card, name: 'acme_cards_list' }, 'is paged'],
    [
      'lists everything at once, and takes a limit all the same',
      tool({
        ...(definition as unknown as ToolDefinition),
        name: 'acme_cards_list',
        input: input.extend({ limit: z.int().min(1).max(50).default(20).describe('Cards per page') }) as z.ZodObject,
        output: z.object({ cards: z.array(z.string()), truncated: z.boolean() }) as z.ZodObject,
      }),
      'is paged',
    ],
    [
      'has an example that its own schema refuses',
      change({ examples: [{ ...example, input: { board: 'OPS!' } }] }),
      'takes its examples’ input',
    ],
    ['swallows unknown arguments', { ...card, input: z.object(input.shape) }, 'takes its examples’ input'],
    ['builds a path from two slashes', change({ request: ({ board }) => post(`//${board}`, {}) }), 'builds whole requests'],
    ['climbs out of its base path', change({ request: () => post('/boards/../admin', {}) }), 'builds whole requests'],
    [
      'sends the word undefined',
      change({ request: ({ board }) => post(`/boards/${board}/${undefined as unknown as string}`, {}) }),
      'builds whole requests',
    ],
    [
      'sends a credential of its own',
      change({ request: () => ({ ...post('/cards', {}), headers: { authorization: 'Basic x' } }) }),
      'builds whole requests',
    ],
    [
      'names a host that its connector does not declare',
      change({ request: ({ board, title }) => ({ ...post(path`/boards/${board}/cards`, { title }), host: 'uploads' }) }),
      'builds whole requests',
    ],
    [
      'lets an argument choose the host',
      change({
        request: ({ board, title }) => ({
          ...post(path`/boards/${board}/cards`, { title }),
          ...(title === undefined || title === 'harmless' ? {} : { host: 'uploads' }),
        }),
      }),
      'cannot be steered',
    ],
    [
      'reads something else than its example gives',
      change({ examples: [{ ...example, gives: { id: 'CARD-8', title: 'Disk is full' } }] }),
      'reads what the vendor documents',
    ],
    [
      'has an example no richer than what it takes',
      change({
        examples: [
          { ...example, receives: { body: { card: example.gives } }, gives: { ...example.gives, title: 'Disk is full'.repeat(2) } },
        ],
      }),
      'has examples richer',
    ],
    [
      'has a fresh value where nothing stands',
      change({ examples: [{ ...example, fresh: { '/card/uuid': 'uuid' } }] }),
      'reads its examples also',
    ],
    [
      'lets an argument choose the path',
      tool({
        ...definition,
        input: input.extend({ board: z.string().describe('Board id, unescaped') }),
        request: ({ board }) => post(`/boards/${board}/cards`, {}),
      }),
      'cannot be steered',
    ],
    [
      'throws where its schema should refuse',
      tool({ ...definition, input: input.extend({ board: z.string().describe('Board id, escaped only') }) }),
      'cannot be steered',
    ],
    [
      'lets an argument into a header',
      tool({
        ...definition,
        request: ({ board, title }) => ({ ...post(path`/boards/${board}/cards`, {}), headers: { 'X-Title': title ?? 'none' } }),
      }),
      'cannot be steered',
    ],
    [
      'lets an argument into a GraphQL document',
      tool({ ...definition, request: ({ title }) => post('/graphql', { query: `mutation { create(title: "${title}") { id } }` }) }),
      'cannot be steered',
    ],
    ['sends a file by an id of its own', { ...sends, input: z.object({ upload_id: z.string(), file_id: z.string() }) }, 'takes a file as'],
    [
      'sends another file than it was given',
      {
        ...sends,
        request: () => ({ method: 'POST', path: '/send', upload: { file: 'file_01k0000000000000000000000a', as: 'body' } }),
      },
      'takes a file as',
    ],
    ['takes a file and sends none', { ...sends, request: () => post('/send', {}) }, 'takes a file as'],
    [
      'sends a file beside a form as the whole body',
      {
        ...sends,
        request: ({ file_id }) => ({ method: 'POST', path: '/send', form: { a: 1 }, upload: { file: String(file_id), as: 'body' } }),
      },
      'builds whole requests',
    ],
    [
      'follows links to a host that it does not name',
      { ...fetches, download: { ...fetches.download, hostSuffixes: [] } },
      'downloads from',
    ],
    [
      'names a domain with a wildcard',
      { ...fetches, download: { ...fetches.download, hostSuffixes: ['*.folio-content.example'] } },
      'downloads from',
    ],
    ['does not say what stands at its link', { ...fetches, examples: [{ ...fetched, file: undefined } as never] }, 'downloads from'],
  ];

  it.each(cases)('%s', (_, changed, rule) => {
    expect(objections.toTool(changed)).toContainEqual(expect.stringContaining(rule));
  });

  it('every rule has a case', () => {
    expect(toolRules.map(({ title }) => title).filter((title) => !cases.some(([, , rule]) => title.startsWith(rule)))).toEqual([]);
  });

  it('lists without a cursor, and takes it once it says what it left out', () => {
    const whole = tool({
      ...(definition as unknown as ToolDefinition),
      name: 'acme_cards_list',
      output: z.object({ cards: z.array(z.string()), truncated: z.boolean() }) as z.ZodObject,
    });
    expect(objections.toTool(whole)).not.toContainEqual(expect.stringContaining('is paged'));
  });

  it('has an example no richer than what it takes, but not where the answer has no body', () => {
    const empty = change({
      examples: [{ ...example, receives: { status: 204, body: '' } }],
      respond: () => ({ id: 'CARD-7', title: 'x' }),
    });
    expect(objections.toTool(empty)).not.toContainEqual(expect.stringContaining('has examples richer'));
  });

  it('is paged in its own way, and takes it once it follows the rule', () => {
    const paged = z.object({
      limit: z.int().min(1).max(50).default(20).describe('Cards per page'),
      cursor: z.string().max(99).optional().describe('next_cursor of the page before'),
    });
    const cards = (size: number) =>
      tool({
        name: 'acme_cards_list',
        title: 'List cards',
        description: definition.description,
        effect: 'read',
        scopes: ['cards:read'],
        docs: definition.docs,
        provenance: { specification: 'acme-openapi', version: '3.1', operation: 'listCards' },
        input: paged.extend({ limit: z.int().min(1).max(50).default(size).describe('Cards per page') }),
        output: z.object({ cards: z.array(z.string()), next_cursor: z.string().nullable() }),
        request: ({ limit, cursor }) => get('/cards', { limit, cursor }),
        respond: (body: { cards: { id: string }[]; next?: string }) => ({
          cards: body.cards.map((c) => c.id),
          next_cursor: body.next ?? null,
        }),
        examples: [
          {
            input: {},
            receives: { body: { cards: [{ id: 'CARD-7', title: 'Disk is full' }], total: 1 } },
            gives: { cards: ['CARD-7'], next_cursor: null },
          },
        ],
      });
    const whole = { ...acme, tools: [card, cards(20)] };
    expect(objections.toTool(cards(20), whole)).toEqual([]);
    expect(objections.toTool(cards(50), whole)).toEqual([expect.stringContaining('is paged')]);
  });
});

describe('the suite objects to a connector that', () => {
  const withAuth = (changes: Partial<OAuth2Auth>): Connector => ({ ...acme, auth: { ...oauth, ...changes } });
  const withApi = (changes: Partial<Connector['api']>): Connector => ({ ...acme, api: { ...acme.api, ...changes } });
  const withField = (changes: object): Connector => ({
    ...acmeKeys,
    auth: { ...keys, fields: keys.fields.map((f) => (f.name === 'region' ? { ...f, ...changes } : f)) },
  });
  const cases: [string, Connector, string][] = [
    ['speaks plain http', withApi({ baseUrl: 'http://api.acme.example' }), 'is well formed'],
    ['has no tools', { ...acme, tools: [] }, 'is well formed'],
    [
      'has more tools than an agent could be told of',
      { ...acme, tools: Array.from({ length: 90 }, (_, i) => ({ ...card, name: `acme_card${i}_create` })) },
      'costs an agent that has all',
    ],
    [
      'identifies somebody else than its example',
      { ...acme, identify: { ...acme.identify, subject: () => ({ id: 'u2', label: 'Mira' }) } },
      'identifies the account',
    ],
    [
      'takes a revoked grant for a refused request',
      withApi({ refusals: { ...refusals, revoked: { status: 403, body: {} } } }),
      'judges the refusals',
    ],
    ['documents no limited rate', withApi({ refusals: { rejected: refusals.rejected as never } }), 'documents a refused credential'],
    [
      'takes a 500 for good when the body says ok',
      withApi({ fault: ({ body }) => (body === null ? { kind: 'error', message: 'nothing' } : undefined) }),
      'judges any body',
    ],
    [
      'stumbles over a body that is no object',
      withApi({ fault: ({ body }) => ((body as { ok: boolean }).ok ? undefined : { kind: 'error', message: 'no' }) }),
      'judges any body',
    ],
    [
      'repeats what the vendor says word for word',
      withApi({ fault: ({ body, status }) => (status < 300 ? undefined : { kind: 'error', message: JSON.stringify(body) ?? 'nothing' }) }),
      'keeps credentials and long texts',
    ],
    ['authorizes over http', withAuth({ authorizeUrl: 'http://acme.example/authorize' }), 'is authorized over https'],
    ['brings its own state', withAuth({ authorizeParams: { state: 'fixed' } }), 'is authorized over https'],
    ['loses a scope on the way', withAuth({ scopeParams: ([first = '']) => ({ scope: first }) }), 'is authorized over https'],
    ['has a scope without words', withAuth({ scopes: { ...oauth.scopes, 'cards:read': 'cards' } }), 'is authorized over https'],
    [
      'is revoked in two ways',
      withAuth({ revocationByApp: { method: 'DELETE', path: '/token', json: { token: '{access_token}' } } }),
      'is authorized over https',
    ],
    [
      'puts a token into the path of its revocation',
      withAuth({
        revokeUrl: undefined as never,
        revocationByApp: { method: 'POST', path: '/revoke/{access_token}', json: { token: '{access_token}' } },
      }),
      'is well formed',
    ],
    [
      'has a way in whose fields may be any host',
      {
        ...acme,
        authVariants: {
          key: { label: 'Own key', description: 'A key of the person’s own.', auth: keys, api: { baseUrl: 'https://{site}' } },
        },
      },
      'is well formed',
    ],
    [
      'reads the token from the wrong place',
      withAuth({ readTokenResponse: (body) => ({ access_token: String((body as { token?: string } | null)?.token) }) }),
      'reads its token endpoint’s',
    ],
    [
      'forgets the scopes',
      withAuth({
        readTokenResponse: (body) => {
          const token = (body as { access_token?: unknown } | null)?.access_token;
          return typeof token === 'string' && token !== '' ? { access_token: token, expires_in: 4321 } : { error: 'no_access_token' };
        },
      }),
      'reads its token endpoint’s',
    ],
    [
      'has a slot where nothing stands',
      withAuth({ tokenExample: { body: { token: 'made-up' }, slots: { access_token: '/access_token' } } }),
      'reads its token endpoint’s',
    ],
    [
      'reads an answer of another shape from the usual place',
      withAuth({
        scopeParams: (scopes) => ({ person_scope: scopes.join(' ') }),
        readTokenResponse: (body) => {
          const token = (body as { access_token?: unknown } | null)?.access_token;
          return typeof token === 'string' && token !== '' ? { access_token: token } : { error: 'no_access_token' };
        },
        tokenExample: { body: { access_token: 'made-up' }, slots: { access_token: '/access_token' } },
        otherTokenExamples: [
          {
            scopeParam: 'person_scope',
            answers: 'authorization_code',
            body: { person: { access_token: 'made-up' } },
            slots: { access_token: '/person/access_token' },
          },
        ],
      }),
      'reads its token endpoint’s',
    ],
    ['lets a field choose the host', withField({ pattern: /^.+$/ }), 'takes only fields'],
    ['has a pattern without an end', withField({ pattern: /^[a-z]+/ }), 'takes only fields'],
    ['lets a field of the host be anything', withField({ pattern: undefined }), 'takes only fields'],
    [
      'offers a host with a path',
      withField({ pattern: undefined, default: undefined, options: [{ value: 'eu.acme.example/x', label: 'EU' }] }),
      'takes only fields',
    ],
    [
      'puts a field that does not exist into a header',
      { ...acmeKeys, auth: { ...keys, headers: { 'X-Acme-Key': '{key}' } } },
      'takes only fields',
    ],
    ['puts a key into its constant headers', withApi({ headers: { 'X-Api-Key': 'made-up' } }), 'sends no credential'],
  ];

  it.each(cases)('%s', (_, changed, rule) => {
    expect(objections.toConnector(changed)).toContainEqual(expect.stringContaining(rule));
  });

  it('every rule has a case', () => {
    expect(connectorRules.map(({ title }) => title).filter((title) => !cases.some(([, , rule]) => title.startsWith(rule)))).toEqual([]);
  });
});
