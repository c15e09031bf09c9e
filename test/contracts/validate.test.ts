import { describe, expect, it } from 'vitest';
import type { Description, Operation } from './description.ts';
import { keysIn, renamed } from './specification.ts';
import { discovery } from './specifications/discovery.ts';
import { openapi } from './specifications/openapi.ts';
import { problemsOf, type WireRequest } from './validate.ts';

const document = {
  openapi: '3.0.3',
  servers: [{ url: 'https://api.acme.example/v1' }],
  paths: {
    '/boards/{board}/tasks': {
      parameters: [{ name: 'board', in: 'path', required: true, schema: { type: 'integer' } }],
      get: {
        operationId: 'tasks/list',
        parameters: [
          { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 100 } },
          { name: 'state', in: 'query', required: true, schema: { enum: ['open', 'closed'] } },
          { name: 'filter', in: 'query', style: 'deepObject', schema: { type: 'object', properties: { owner: { type: 'string' } } } },
        ],
        responses: {},
      },
      post: {
        operationId: 'tasks/create',
        requestBody: { required: true, content: { 'application/json': { schema: { $ref: '#/components/schemas/NewTask' } } } },
        responses: {},
      },
    },
    '/boards/{board}/tasks/search': { get: { operationId: 'tasks/search', responses: {} } },
  },
  components: {
    schemas: {
      NewTask: {
        allOf: [
          { type: 'object', required: ['title'], properties: { title: { type: 'string' }, due: { type: 'string', nullable: true } } },
          {
            oneOf: [
              { type: 'object', properties: { owner: { type: 'object', properties: { id: { type: 'integer' } } } } },
              {
                type: 'object',
                properties: { labels: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } } },
              },
            ],
          },
        ],
      },
    },
  },
};

const description = openapi(document);
const operation = (id: string) => description.operations.find((o) => o.id === id) as Operation;
const list: WireRequest = { method: 'GET', path: '/v1/boards/7/tasks', query: [['state', 'open']], headers: {} };
const create: WireRequest = {
  method: 'POST',
  path: '/v1/boards/7/tasks',
  query: [],
  headers: {},
  contentType: 'application/json',
  body: { title: 'Renew', due: null, labels: [{ name: 'ops' }], owner: { id: 3 } },
};
const places = (request: WireRequest, id: string, among: Description = description) =>
  problemsOf(among, operation(id), request).map(({ at }) => at);

describe('the validator', () => {
  it('takes requests as the document has them', () => {
    expect(places(list, 'tasks/list')).toEqual([]);
    expect(places({ ...list, query: [...list.query, ['limit', '20'], ['filter[owner]', 'mira']] }, 'tasks/list')).toEqual([]);
    expect(places(create, 'tasks/create')).toEqual([]);
  });

  it.each<[string, Partial<WireRequest>, string]>([
    [
      'a query key that the operation does not have',
      {
        query: [
          ['state', 'open'],
          ['limt', '20'],
        ],
      },
      'query.limt',
    ],
    ['a query key that is missing', { query: [] }, 'query.state'],
    ['a value outside an enum', { query: [['state', 'new']] }, 'query.state'],
    [
      'a number that is too large',
      {
        query: [
          ['state', 'open'],
          ['limit', '101'],
        ],
      },
      'query.limit',
    ],
    [
      'text for a number',
      {
        query: [
          ['state', 'open'],
          ['limit', 'many'],
        ],
      },
      'query.limit',
    ],
    [
      'a key of a deep object',
      {
        query: [
          ['state', 'open'],
          ['filter[ownr]', 'x'],
        ],
      },
      'query.filter.ownr',
    ],
    ['a path parameter of another type', { path: '/v1/boards/x/tasks' }, 'path.board'],
    ['a body where there is none', { contentType: 'application/json', body: { a: 1 } }, 'body'],
  ])('objects to %s', (_, change, at) => {
    expect(places({ ...list, ...change }, 'tasks/list')).toContain(at);
  });

  it.each<[string, Partial<WireRequest>, string]>([
    ['a body key that no alternative has', { body: { title: 'x', duee: null } }, 'body.duee'],
    ['a key inside a list', { body: { title: 'x', labels: [{ nme: 'ops' }] } }, 'body.labels.0.nme'],
    ['a key inside an object', { body: { title: 'x', owner: { ids: 3 } } }, 'body.owner.ids'],
    ['a required key that is missing', { body: { due: null } }, 'body'],
    ['null where it may not be', { body: { title: null } }, 'body.title'],
    ['another content type', { contentType: 'application/x-www-form-urlencoded' }, 'content-type'],
  ])('objects to %s', (_, change, at) => {
    expect(places({ ...create, ...change }, 'tasks/create')).toContain(at);
  });

  it('objects to a body that is missing', () => {
    const { contentType: _, body: __, ...bare } = create;
    expect(places(bare, 'tasks/create')).toEqual(['body']);
  });

  it('reads what Google requires of one method at the property', () => {
    const google = discovery({
      servicePath: '',
      resources: {
        files: {
          methods: {
            create: { id: 'x.files.create', path: 'x/v1/files', httpMethod: 'POST', request: { $ref: 'File' } },
            list: {
              id: 'x.files.list',
              path: 'x/v1/{+parent}/files',
              httpMethod: 'GET',
              parameters: { ids: { type: 'string', location: 'query', repeated: true } },
            },
          },
        },
      },
      schemas: {
        File: {
          id: 'File',
          type: 'object',
          properties: {
            name: { type: 'string', annotations: { required: ['x.files.create'] } },
            size: { type: 'string', format: 'int64' },
          },
        },
      },
    });
    const [made, listed] = google.operations as [Operation, Operation];
    const post = { ...create, path: '/x/v1/files' };
    expect(problemsOf(google, made, { ...post, body: { name: 'a', size: '3' } })).toEqual([]);
    expect(problemsOf(google, made, { ...post, body: { size: '3', nam: 'a' } }).map(({ at }) => at)).toEqual(['body', 'body.nam']);
    expect(
      problemsOf(google, listed, {
        ...list,
        path: '/x/v1/a/b/files',
        query: [
          ['ids', '1'],
          ['ids', '2'],
        ],
      }),
    ).toEqual([]);
  });
});

describe('mutants', () => {
  it('rename each key of query and body once, those in lists too', () => {
    const all = renamed({
      ...create,
      query: [
        ['state', 'open'],
        ['filter[owner]', 'x'],
      ],
    });
    expect(all.map(({ at }) => at)).toEqual([
      'query.state',
      'query.filter[owner]',
      'body.title',
      'body.due',
      'body.labels',
      'body.labels.*.name',
      'body.owner',
      'body.owner.id',
    ]);
    expect(all[1]?.request.query).toEqual([
      ['state', 'open'],
      ['filter[owner_renamed]', 'x'],
    ]);
    expect(all[5]?.request.body).toEqual({ ...(create.body as object), labels: [{ name_renamed: 'ops' }] });
  });

  it('are all objected to where the document is closed', () => {
    for (const { request } of renamed(create)) expect(places(request, 'tasks/create')).not.toEqual([]);
  });

  it('leave the rest of the value as it was', () => {
    const value = { a: [{ b: 1 }, { b: 2 }] };
    expect(keysIn(value, 'body').map(({ changed }) => changed)).toEqual([
      { a_renamed: value.a },
      { a: [{ b_renamed: 1 }, { b: 2 }] },
      { a: [{ b: 1 }, { b_renamed: 2 }] },
    ]);
  });
});
