import { apiRoutes, openApiDocument } from '@grantway/broker';
import { faults } from '@grantway/contract';
import { connectAll, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let broker: TestBroker;
let instance: Json;
beforeAll(async () => {
  broker = await startBroker();
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
  await broker.api('/v1/tools/datadog_monitors_list/execute', { body: { identifier: instance.user_identifier } });
  await broker.api('/v1/tools/slack_explode/execute', { body: { identifier: instance.user_identifier } });
  await broker.api(`/v1/connections/con_nothing`);
  await fetch(`${broker.baseUrl}/some/private/place`);
});
afterAll(() => broker?.close());

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${broker.baseUrl}${path}`, { headers });

describe('GET /', () => {
  it('describes the API to a program, and every link works', async () => {
    for (const accept of ['', 'application/json', '*/*']) {
      const response = await get('/', { accept });
      expect(response.headers.get('content-type')).toMatch(/^application\/json/);
      const body = (await response.json()) as Json;
      expect(body.name).toBe('Grantway');
      expect(body.operations.map((o: Json) => `${o.method} ${o.path}`)).toEqual(apiRoutes.map((r) => `${r.method} ${r.path}`));
      for (const [name, url] of Object.entries<string>(body.links)) {
        expect((await fetch(url, name === 'token_endpoint' ? { method: 'POST' } : {})).status, name).toBe(
          name === 'token_endpoint' ? 400 : 200,
        );
      }
    }
  });

  it('is a page to a browser', async () => {
    const response = await get('/', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await response.text();
    expect(html).not.toContain('<script');
    expect(html).not.toContain(broker.client.clientSecret);
  });
});

describe('health', () => {
  it('and readiness answer', async () => {
    expect(await (await get('/healthz')).json()).toEqual({ status: 'ok' });
    expect(await (await get('/readyz')).json()).toEqual({ status: 'ready' });
  });
});

describe('metrics', () => {
  it('count requests and tool calls, and hold no identifier, name or address in a label', async () => {
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    const text = await response.text();
    expect(text).toMatch(/grantway_tool_calls_total\{connector="datadog",effect="read",via="api",outcome="success",fault="none"\} 1/);
    expect(text).toMatch(/grantway_tool_calls_total\{connector="none",effect="none",via="api",outcome="refused",fault="unknown_tool"\} 1/);
    expect(text).toMatch(/route="\/v1\/connections\/:id",status="404"/);
    const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map((m) => m[1]));
    // Those of the process besides ours.
    const known = [
      'connector',
      'effect',
      'via',
      'outcome',
      'fault',
      'method',
      'route',
      'status',
      'le',
      'quantile',
      'type',
      'kind',
      'version',
      'major',
      'minor',
      'patch',
      'space',
    ];
    expect([...labels].filter((label) => !known.includes(label as string))).toEqual([]);
    const values = [...text.matchAll(/[{,]\w+="([^"]*)"/g)].map((m) => m[1] as string);
    for (const value of values) expect(value).not.toMatch(/\b(gw\w+|con|ca|cfg|mcp|cl|usr|env|ws|tc|lnk)_[0-9a-zA-Z]{16,}/);
    for (const private_ of [instance.user_identifier, 'incident-responder', 'con_nothing', 'private/place', 'slack_explode']) {
      expect(values.filter((value) => value.includes(private_))).toEqual([]);
    }
  });
});

describe('the OpenAPI document', () => {
  let document: Json;
  beforeAll(async () => {
    document = await (await get('/openapi.json')).json();
  });

  const operations = (): { path: string; method: string; operation: Json }[] =>
    Object.entries<Json>(document.paths).flatMap(([path, item]) =>
      Object.entries<Json>(item).map(([method, operation]) => ({ path, method, operation })),
    );

  it('is what is made from the routes', () => {
    expect(document).toEqual(JSON.parse(JSON.stringify(openApiDocument(apiRoutes, '0.0.0-test'))));
    expect(document.openapi).toMatch(/^3\.1\.\d+$/);
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) });
  });

  it('has every operation and no other', () => {
    const listed = operations().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    expect(listed.sort()).toEqual([...apiRoutes.map((r) => `${r.method} ${r.path}`), 'POST /oauth/token'].sort());
  });

  it('gives each operation an id of its own', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('resolves every $ref', () => {
    const refs: string[] = [];
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      for (const [key, inner] of Object.entries(value)) {
        if (key === '$ref') refs.push(inner as string);
        else visit(inner);
      }
    };
    visit(document);
    expect(refs.length).toBeGreaterThan(50);
    for (const ref of new Set(refs)) {
      expect(ref).toMatch(/^#\//);
      const found = ref
        .slice(2)
        .split('/')
        .reduce<Json>((at, step) => at?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], document);
      expect(found, ref).toBeDefined();
    }
  });

  it('declares every path parameter, once, and no other', () => {
    for (const { path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
      const declared = (operation.parameters ?? []).filter((p: Json) => p.in === 'path');
      expect(declared.map((p: Json) => p.name)).toEqual(inPath);
      for (const parameter of declared) expect(parameter.required).toBe(true);
      const names = (operation.parameters ?? []).map((p: Json) => `${p.in} ${p.name}`);
      expect(new Set(names).size).toBe(names.length);
      for (const parameter of operation.parameters ?? []) expect(parameter.schema, `${path} ${parameter.name}`).toBeDefined();
    }
  });

  it('describes success and failures of each operation, and names its scope', () => {
    const scopes = Object.keys(document.components.securitySchemes.oauth2.flows.clientCredentials.scopes);
    const tags = document.tags.map((t: Json) => t.name);
    for (const route of apiRoutes) {
      const operation = document.paths[route.path][route.method.toLowerCase()];
      expect(operation.security).toEqual([{ oauth2: [route.permission] }]);
      expect(scopes).toContain(route.permission);
      expect(tags).toContain(operation.tags[0]);
      expect(operation.summary.length).toBeGreaterThan(5);
      const statuses = Object.keys(operation.responses);
      expect(statuses).toEqual(expect.arrayContaining([String(route.status), '400', '401', '403', '500']));
      for (const code of route.faults ?? []) expect(statuses, code).toContain(String(faults[code].status));
      for (const [status, response] of Object.entries<Json>(operation.responses)) {
        expect(response.description).not.toBe('');
        if (Number(status) >= 400)
          expect(response.content['application/problem+json'].schema).toEqual({ $ref: '#/components/schemas/Problem' });
      }
      expect(operation.requestBody !== undefined).toBe(route.body !== undefined || route.upload === true);
    }
  });
});
