import { act, ask, type Connector, get, NothingToDo, path, post, runTool } from '@grantway/connector-kit';
import { startSandbox } from '@grantway/sandbox';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { answer, bytes, type Gate, type Script, startGate } from '../bad-input/gate.ts';
import { configOf, outcomeOf } from '../policy/setting.ts';
import { kindVendor } from './kind-vendor.ts';

/* Tools of several requests, against a vendor that fails between two of them. */
interface Boards {
  boards: { id: string; name: string }[];
}
const boards = {
  receives: { body: { boards: [{ id: 'b-4711', name: 'operations', members: 3 }] } },
  fresh: { '/boards/0/id': 'uuid' },
} as const;
const shape = {
  title: 'A run',
  description: 'Looks a board up by its name, and goes on with its id.',
  scopes: [],
  input: z.object({ board: z.string(), title: z.string().default('Disk is full') }),
  docs: 'https://acme.example/docs',
};
function* boardOf(name: string) {
  const found = yield* ask<Boards>(get('/boards', { name }));
  const board = found.boards.find((one) => one.name === name);
  if (board === undefined) throw new NothingToDo('there is no board of that name');
  return board.id;
}
const vendor = kindVendor('acme', {
  kind: 'bearer',
  fields: [{ name: 'key', label: 'Key', secret: true }],
  token: '{key}',
  scheme: 'Bearer',
});
const acme: Connector = {
  ...vendor,
  api: { ...vendor.api, hosts: { reports: 'https://reports.acme.example/v9' } },
  tools: [
    runTool({
      ...shape,
      name: 'acme_report_get',
      effect: 'read',
      output: z.object({ id: z.string(), open: z.int() }),
      *run({ board }) {
        const id = yield* boardOf(board);
        const { open } = yield* ask<{ open: number }>({ ...get(path`/boards/${id}/report`), host: 'reports' });
        return { id, open };
      },
      examples: [{ input: { board: 'operations' }, before: [boards], receives: { body: { open: 7 } }, gives: { id: 'b-4711', open: 7 } }],
    }),
    runTool({
      ...shape,
      name: 'acme_card_file',
      effect: 'write',
      output: z.object({ board: z.string(), card: z.string() }),
      *run({ board, title }) {
        const id = yield* boardOf(board);
        const { card } = yield* act<{ card: { id: string } }>(post(path`/boards/${id}/cards`, { title }));
        return { board: id, card: card.id };
      },
      examples: [
        {
          input: { board: 'operations' },
          before: [boards],
          receives: { body: { card: { id: 'CARD-7', title: 'Disk is full' } } },
          gives: { board: 'b-4711', card: 'CARD-7' },
          fresh: { '/card/id': 'sequence:CARD-' },
        },
      ],
    }),
    runTool({
      ...shape,
      name: 'acme_boards_walk',
      effect: 'read',
      output: z.object({}),
      *run({ board }) {
        for (;;) yield* ask(get('/boards', { name: board }));
      },
      examples: [{ input: { board: 'operations' }, ...boards, gives: {} }],
    }),
  ],
};

let broker: TestBroker;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let gate: Gate;
let url: string;
const toolTimeoutMs = 4_000;

beforeAll(async () => {
  gate = await startGate(() => sandbox.origin);
  broker = await startBroker({ connectors: [acme], sandbox: { origin: gate.origin }, toolTimeoutMs });
  sandbox = await startSandbox({ connectors: [{ ...acme, tools: acme.tools.slice(0, 2) }] });
  await broker.api('/v1/connections', { body: { name: 'acme', connector: 'acme', sandbox: true } });
  const instance = await configOf(broker, ['acme']);
  await broker.connectKey(instance.connections[0].authentication_link, { key: 'made-up-key' });
  url = instance.url;
});
afterEach(() => gate.arm(undefined));
afterAll(async () => {
  await broker?.close();
  await sandbox?.close();
  await gate?.close();
});

const calls = async (): Promise<Json[]> =>
  (await broker.control('/acme/ledger', 'GET')).events.filter(({ kind }: Json) => kind === 'api_call');
const rows = async () => (await broker.api('/v1/tool-calls?limit=100')).body.items.length;
/** What came of a call, which requests reached the vendor, and how many rows were written. */
async function made(name: string, board = 'operations') {
  const [before, rowsBefore] = [(await calls()).length, await rows()];
  const { outcome, text } = await outcomeOf(url, name, { board });
  const requests = (await calls()).slice(before).map(({ method, path: at }) => `${method} ${at}`);
  return { outcome, text, requests, rows: (await rows()) - rowsBefore };
}
/** On a connection of its own: the gate answers all that comes on one. */
const said = (body: string, type = 'application/json', status = '200 OK'): Script => answer(body, type, 'connection: close\r\n', status);
const refusal = (status: string): Script => said('{}', 'application/json', status);

describe('a tool of several requests', () => {
  it('goes on with what it was answered, also at another host, under one row', async () => {
    const read = await made('acme_report_get');
    const id = JSON.parse(read.text).id;
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(read.requests).toEqual(['GET /api.acme.example/v1/boards', `GET /reports.acme.example/v9/boards/${id}/report`]);
    const write = await made('acme_card_file');
    expect(write.requests[1]).toBe(`POST /api.acme.example/v1/boards/${JSON.parse(write.text).board}/cards`);
    expect([read.rows, write.rows]).toEqual([1, 1]);
  });

  it('says that there is nothing to do before anything is changed', async () => {
    gate.arm(said('{"boards":[{"id":"b1","name":"elsewhere"}]}'));
    expect(await made('acme_card_file')).toMatchObject({
      outcome: 'provider_error',
      text: expect.stringContaining('there is no board of that name'),
      requests: [],
      rows: 1,
    });
    expect(gate.answered()).toBe(1);
  });

  it('ends after eight requests', async () => {
    const { outcome, requests, rows: written } = await made('acme_boards_walk');
    expect([outcome, requests.length, written]).toEqual(['provider_answer_invalid', 8, 1]);
  });

  it.each<[string, Script, string, number]>([
    ['refuses', refusal('404 Not Found'), 'provider_error', 1],
    ['limits', refusal('429 Too Many Requests'), 'provider_rate_limited', 1],
    ['fails', refusal('500 Internal Server Error'), 'provider_unavailable', 2],
    ['breaks off', bytes('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{'), 'provider_unavailable', 2],
    ['answers another shape', said('{"boards":7}'), 'provider_answer_invalid', 1],
    ['answers a page', said('<html>hotel</html>', 'text/html'), 'provider_answer_invalid', 1],
    ['says nothing', () => {}, 'provider_timeout', 1],
  ])(
    'of a write: where the vendor %s before the change, nothing was changed and nobody need look',
    async (_what, script, outcome, asked) => {
      gate.arm(script, '/v1/boards?');
      expect(await made('acme_card_file')).toMatchObject({ outcome, requests: [], rows: 1 });
      expect(gate.answered()).toBe(asked);
    },
  );

  it.each<[string, Script]>([
    ['fails', refusal('500 Internal Server Error')],
    ['breaks off', bytes('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{')],
    ['answers another shape', said('{"card":null}')],
    ['answers a page', said('<html>hotel</html>', 'text/html')],
  ])('of a write: where the vendor %s at the change, it is sent once and may have happened', async (_what, script) => {
    gate.arm(script, '/cards');
    expect(await made('acme_card_file')).toMatchObject({ outcome: 'outcome_unknown', requests: ['GET /api.acme.example/v1/boards'] });
    expect(gate.answered()).toBe(1);
  });

  it('has one time for all of its requests', async () => {
    await broker.control('/acme/knobs', 'PUT', { slow_ms: toolTimeoutMs * 0.75 });
    try {
      expect((await made('acme_report_get')).outcome).toBe('provider_timeout');
    } finally {
      await broker.control('/acme/knobs', 'DELETE');
    }
  });

  it('an answer leads nowhere but to the vendor', async () => {
    for (const id of ['../../x', '@evil.example', '//evil.example', 'a/b', '\r\nX: y']) {
      gate.arm(said(JSON.stringify({ boards: [{ id, name: 'operations' }] })), '/v1/boards?');
      const { requests } = await made('acme_report_get');
      for (const request of requests) expect(request.startsWith('GET /reports.acme.example/v9/boards/'), request).toBe(true);
    }
  });

  it('is described with its example as any other', async () => {
    const tools = (await broker.api('/v1/connectors/acme')).body.tools;
    expect(tools.map(({ name, effect }: Json) => [name, effect])).toContainEqual(['acme_card_file', 'write']);
  });
});
