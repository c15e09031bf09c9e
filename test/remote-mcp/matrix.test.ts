import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, startFixture } from '../conformance/fixture/server.ts';
import { type Gate, instanceOf, offers, type Peer, peers, until } from './setting.ts';

/** Servers of each era, and clients of each: whatever meets, the client sees the same. */
let broker: TestBroker;
const servers: Record<string, { fixture: Fixture; gate: Gate }> = {};
const eras = {
  'a server of 2026-07-28': ['modern'],
  'a server of 2025-11-25': ['legacy'],
  'a server of both': ['modern', 'legacy'],
} as const;

/** Nobody listens there. */
const deadUrl = 'http://127.0.0.1:9/mcp';

beforeAll(async () => {
  for (const [name, of] of Object.entries(eras)) {
    const { tools, gate } = offers();
    const fixture = await startFixture({ eras: of });
    fixture.tools.push(...tools);
    servers[name] = { fixture, gate };
  }
  const hosts = Object.values(servers).map(({ fixture }) => new URL(fixture.url).host);
  broker = await startBroker({ allowHosts: [...hosts, new URL(deadUrl).host], toolTimeoutMs: 15_000 });
});
afterAll(async () => {
  const closing = broker.close();
  // Clients of both packages keep connections that they then send nothing on; those are not idle to Node.
  broker.broker.app.server.closeAllConnections();
  await closing;
  for (const { fixture } of Object.values(servers)) await fixture.close();
});

const open: Peer[] = [];
afterEach(async () => {
  for (const { gate } of Object.values(servers)) gate.open();
  await Promise.all(open.splice(0).map((peer) => peer.close()));
});

const calls = async (instance: Json, tool: string) =>
  (await broker.api(`/v1/tool-calls?mcp_instance_id=${instance.id}&tool_name=${tool}`)).body.items as Json[];

describe.each(Object.keys(eras))('%s', (server) => {
  describe.each(peers)('%s', (_, connect) => {
    const at = () => servers[server] as { fixture: Fixture; gate: Gate };
    const passing = async (): Promise<{ peer: Peer; instance: Json }> => {
      const instance = await instanceOf(broker, { server: { url: at().fixture.url } }, 'as_is');
      const peer = await connect(instance.url);
      open.push(peer);
      return { peer, instance };
    };

    it('lists in one order, calls, and leaves one row for each call', async () => {
      const { peer, instance } = await passing();
      const names = (await peer.listTools()).tools.map((tool) => tool.name);
      expect(names).toContain('echo');
      expect(names).toEqual([...names].sort());
      const result = await peer.call('echo', { words: 'grüezi', list: [1, { deep: true }] });
      expect(result.structuredContent).toEqual({ words: 'grüezi', list: [1, { deep: true }] });
      const [row] = await calls(instance, 'echo');
      expect(row).toMatchObject({ outcome: 'success', connector: 'mcp', effect: 'read', via: 'mcp' });
      expect(result._meta['grantway/tool_call_id']).toBe(row.id);
    });

    it('a failed tool is a result, and a failed call in the audit', async () => {
      const { peer, instance } = await passing();
      const result = await peer.call('test_error_handling');
      expect(result.isError).toBe(true);
      expect(result.content[0].text).toContain('intentionally');
      expect(await calls(instance, 'test_error_handling')).toMatchObject([
        { outcome: 'failed', fault_code: 'provider_error', effect: 'write' },
      ]);
    });

    it('progress comes while the call runs, under the client’s own token', async () => {
      const { peer } = await passing();
      const seen: Json[] = [];
      await peer.call('test_tool_with_progress', {}, { onprogress: (progress) => seen.push(progress) });
      expect(seen.map(({ progress, total }) => [progress, total])).toEqual([
        [0, 100],
        [50, 100],
        [100, 100],
      ]);
    });

    it('a question of the server reaches the person, and the answer the server', async () => {
      const { peer, instance } = await passing();
      const result = await peer.call('ask_name');
      expect(result.content[0].text).toBe('Hello, Ada');
      expect((await calls(instance, 'ask_name')).every((row) => row.outcome === 'success')).toBe(true);
    });

    it('a call that is given up is given up at the server, and recorded as what it is', async () => {
      const { peer, instance } = await passing();
      for (const [tool, outcome] of [
        ['look', 'failed'],
        ['wait', 'outcome_unknown'],
      ] as const) {
        const before = at().fixture.abandoned;
        const stop = new AbortController();
        const given = peer.call(tool, {}, { signal: stop.signal }).catch((error: unknown) => error);
        await until(() => at().gate.waiting > 0, `${tool} runs`);
        stop.abort();
        expect(await given).toBeInstanceOf(Error);
        await until(() => at().fixture.abandoned > before, 'the server hears of it');
        await until(async () => (await calls(instance, tool))[0]?.outcome === outcome, 'the outcome is recorded');
        at().gate.open();
        await until(() => at().gate.waiting === 0, 'the server rests');
      }
    });

    it('a slow call holds up no other, and a dead server empties no list', async () => {
      const instance = await instanceOf(broker, { alive: { url: at().fixture.url }, dead: { url: deadUrl } });
      const peer = await connect(instance.url);
      open.push(peer);
      const prefix = `alive_${instance.suffix}_`;
      const names = (await peer.listTools()).tools.map((tool) => tool.name);
      expect(names).toContain(`${prefix}echo`);
      expect(names.every((name) => name.startsWith(prefix))).toBe(true);
      const slow = peer.call(`${prefix}wait`);
      await until(() => at().gate.waiting > 0, 'the slow call runs');
      expect((await peer.call(`${prefix}echo`, { n: 1 })).structuredContent).toEqual({ n: 1 });
      expect((await peer.listTools()).tools.map((tool) => tool.name)).toEqual(names);
      at().gate.open();
      expect((await slow).content[0].text).toBe('done');
    });

    it('a tool that comes and goes is told to the client, and is in the next list', async () => {
      const { peer } = await passing();
      expect((await peer.listTools()).tools.map((tool) => tool.name)).not.toContain('newcomer');
      const { fixture } = at();
      const newcomer = {
        definition: { name: 'newcomer', description: 'New', inputSchema: { type: 'object' } },
        eras: ['modern', 'legacy'] as const,
        run: () => ({ content: [] }),
      };
      fixture.tools.push(newcomer);
      try {
        // Until both streams stand, nobody would hear of it.
        await until(() => {
          fixture.changed('tools');
          return peer.changes() > 0;
        }, 'the client hears of it');
        expect((await peer.listTools()).tools.map((tool) => tool.name)).toContain('newcomer');
      } finally {
        fixture.tools.splice(fixture.tools.indexOf(newcomer), 1);
        fixture.changed('tools');
      }
    });
  });
});
