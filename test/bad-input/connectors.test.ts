import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type ApiResponse,
  type Connector,
  exchangesOf,
  faultByStatus,
  isOfOtherKind,
  replay,
  type Tool,
  waysOf,
} from '@grantway/connector-kit';
import { loadAllConnectors } from '@grantway/connectors';
import { createEgress, type Egress, EgressError } from '@grantway/egress';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sampleAccount } from '../harness/sample-account.ts';

/* Vendors that are hostile, over the wire, once for every connector (security.md, group D). */
const connectors = (await loadAllConnectors()).flatMap(waysOf);
const planted = 'plantedcredential0123456789abcdefghij';
const answerLimit = 1_048_576;
let vendor: { origin: string; server: Server };
let elsewhere: { origin: string; server: Server };
let egress: Egress;
let answerWith: RequestListener;
let asked: { url: string; headers: NodeJS.Dict<string | string[]> }[] = [];
let strayed: string[] = [];

const listen = async (listener: RequestListener) => {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};
beforeAll(async () => {
  elsewhere = await listen((request, response) => {
    strayed.push(`${request.url} ${JSON.stringify(request.headers)}`);
    response.end('{}');
  });
  vendor = await listen((request, response) => {
    asked.push({ url: request.url ?? '', headers: request.headers });
    request.resume();
    answerWith(request, response);
  });
  egress = createEgress({ sandboxOrigin: () => vendor.origin, maxAnswerBytes: answerLimit });
});
beforeEach(() => {
  asked = [];
  strayed = [];
});
afterAll(async () => {
  await egress.close();
  for (const { server } of [vendor, elsewhere]) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

const json = { 'content-type': 'application/json' };

describe.each(connectors.map((connector) => [[connector.id, connector.variant].filter(Boolean).join(' by '), connector] as const))(
  '%s',
  (_id, connector: Connector) => {
    const tools = connector.tools.filter((tool) => tool.effect === 'read').slice(0, 3);
    const first = (tool: Tool) => {
      const [example] = tool.examples;
      const [exchange] = example === undefined ? [] : exchangesOf(tool, example);
      if (example === undefined || exchange === undefined) throw new Error('the example is missing');
      return { input: tool.input.parse(example.input), request: exchange.request };
    };
    const { fields, app, credential } = sampleAccount(connector, planted);
    const call = (request: Parameters<Egress['call']>[1]) =>
      egress.call({ connector, fields, app, sandbox: true }, request, credential, { timeoutMs: 10_000 });
    const requests = () => [connector.identify.request, ...tools.map((tool) => first(tool).request)];
    /** What an agent would get; undefined where it is told that the answer is none. */
    const read = (tool: Tool, answer: ApiResponse): unknown => {
      if ((connector.api.fault ?? faultByStatus)(answer) !== undefined || isOfOtherKind(tool, answer)) return undefined;
      try {
        const output = tool.output.safeParse(replay(tool, first(tool).input, [answer]).output);
        return output.success ? output.data : undefined;
      } catch {
        return undefined;
      }
    };

    it.each([301, 302, 303, 307, 308])('a redirect (%i) to another host is not followed, and no answer', async (status) => {
      answerWith = (_request, response) => response.writeHead(status, { location: `${elsewhere.origin}/taken`, ...json }).end('{}');
      for (const request of requests()) expect((await call(request)).status).toBe(status);
      expect([asked.length, strayed]).toEqual([requests().length, []]);
      for (const tool of tools) expect(read(tool, { status, headers: {}, body: {} }), tool.name).toBeUndefined();
    });

    // Without a credential there is none to give away.
    it.skipIf(connector.auth.kind === 'none')(
      'a vendor that echoes the credential, wherever and however it spells it, gives it to nobody',
      async () => {
        answerWith = (request, response) => {
          const whole = JSON.stringify([request.url, request.headers, request.rawHeaders]);
          const texts = [whole, encodeURIComponent(whole), Buffer.from(planted).toString('base64'), planted];
          response.writeHead(200, { ...json, 'x-echo': encodeURIComponent(whole).slice(0, 4_000) });
          response.end(
            JSON.stringify({ texts, data: { [planted]: planted }, errors: [{ message: whole }], error: whole, message: planted }),
          );
        };
        for (const request of requests()) {
          const answer = await call(request);
          const { body, headers } = answer;
          expect(JSON.stringify([body, headers])).not.toContain(planted);
          expect(JSON.stringify((connector.api.fault ?? faultByStatus)({ ...answer, status: 400 }))).not.toContain(planted);
        }
      },
    );

    it('an answer of 50 MB ends at the bound, whether its length is told or not', async () => {
      let written = 0;
      for (const told of [true, false]) {
        answerWith = (_request, response) => {
          const part = Buffer.alloc(65_536, 0x20);
          response.writeHead(200, { ...json, ...(told ? { 'content-length': String(50 * answerLimit) } : {}) });
          const go = () => {
            while (written < 50 * answerLimit && !response.destroyed) {
              written += part.length;
              if (!response.write(part)) return void response.once('drain', go);
            }
            response.end();
          };
          go();
        };
        written = 0;
        const error = await call(connector.identify.request).catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(EgressError);
        expect(written).toBeLessThan(40 * answerLimit);
      }
    });

    it('a page and a broken answer with status 200 are none', async () => {
      for (const [type, body] of [
        ['text/html', '<!DOCTYPE html><html><body>Sign in</body></html>'],
        ['application/json', '<html>Sign in</html>'],
        ['application/json', '{"data":[{"id":'],
        ['text/plain', 'upstream connect error'],
      ] as const) {
        answerWith = (_request, response) => response.writeHead(200, { 'content-type': type }).end(body);
        for (const tool of tools) expect(read(tool, await call(first(tool).request)), `${tool.name}: ${body}`).toBeUndefined();
      }
    });

    it('a list that never ends is one page to each call', async () => {
      for (const tool of tools.filter(({ run }) => run === undefined)) {
        asked = [];
        const [example] = tool.examples;
        answerWith = (_request, response) => response.writeHead(200, json).end(JSON.stringify(example?.receives.body ?? {}));
        await call(first(tool).request);
        expect(asked).toHaveLength(1);
      }
    });
  },
);
