import type { AddressInfo } from 'node:net';
import { createServer, connect as dial, type Socket } from 'node:net';
import { connectAll, incidentSetting, incidentTools, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Row, Step } from './rows.ts';

/** What a client made of a call: `ok` is false where it throws or says that the tool failed, `text` is what its model reads. */
export interface Said {
  ok: boolean;
  text: string;
}

export interface Connected {
  list(): Promise<string[]>;
  call(tool: string, args: Json): Promise<Said>;
  close(): Promise<void>;
}

export interface MatrixClient {
  name: string;
  version: string;
  /** Rejects where the client cannot connect, with its own words. */
  connect(url: string): Promise<Connected>;
}

/** Passes bytes on to the broker, and remembers which version the client named last. */
async function startEar(target: string): Promise<{ origin: string; heard(): string; close(): void }> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let heard = 'none';
  const server = createServer((client) => {
    const broker = dial(Number(port), hostname);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      heard = /^mcp-protocol-version: *(\S+)/im.exec(chunk.toString('latin1'))?.[1] ?? heard;
    });
    client.pipe(broker).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () => heard,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Defines the tests of each client against one broker, in the order of the steps. */
export function defineMatrix(clients: readonly MatrixClient[], done: (rows: Row[]) => void): void {
  let broker: TestBroker;
  const rows: Row[] = [];
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(async () => {
    done(rows);
    const closing = broker.close();
    // Clients open connections that they then send nothing on; those are not idle to Node.
    broker.broker.app.server.closeAllConnections();
    await closing;
  });

  describe.each(clients.map((client) => [client.name, client] as const))('%s', (_, client) => {
    const row: Row = { client: client.name, version: client.version, protocol: '', outcomes: {} };
    let ear: Awaited<ReturnType<typeof startEar>>;
    let instance: Json;
    let url: string;
    let peer: Connected;
    beforeAll(async () => {
      rows.push(row);
      ear = await startEar(broker.baseUrl);
      instance = await incidentSetting(broker);
      await connectAll(broker, instance);
      url = `${ear.origin}${new URL(instance.url).pathname}`;
    });
    afterAll(async () => {
      await peer?.close().catch(() => undefined);
      ear.close();
    });
    const step = (name: Step, words: string, run: () => Promise<string>) =>
      it(words, { timeout: 60_000 }, async () => {
        row.outcomes[name] = 'failed';
        row.outcomes[name] = await run();
      });

    step('connect', 'connects', async () => {
      peer = await client.connect(url);
      return 'ok';
    });

    step('list', 'lists the tools of the config, and no others', async () => {
      expect([...(await peer.list())].sort()).toEqual(Object.values(incidentTools).flat().sort());
      return 'ok';
    });

    step('call', 'calls a tool', async () => {
      const said = await peer.call('slack_list_channels', {});
      expect(said).toMatchObject({ ok: true, text: expect.stringContaining('"channels"') });
      row.protocol = ear.heard();
      return 'ok';
    });

    step('tool error', 'hands a failed tool’s sentence to its model', async () => {
      await broker.control('/datadog/knobs', 'PUT', { fail: '429' });
      const said = await peer.call('datadog_monitors_list', {});
      await broker.control('/datadog/knobs', 'DELETE');
      expect(said).toMatchObject({ ok: false, text: expect.stringMatching(/Datadog: .*\./s) });
      return 'ok';
    });

    step('authorize again', 'hands the link over when the grant has ended, and the same call works after consent', async () => {
      await broker.control('/slack/revoke');
      const refused = await peer.call('slack_list_channels', {});
      expect(refused).toMatchObject({ ok: false, text: expect.stringContaining('must be connected again') });
      const link = /http[^\s"\\]+\/connect\/[\w-]+/.exec(refused.text)?.[0] as string;
      expect((await broker.connect(link)).status).toBe(200);
      expect(await peer.call('slack_list_channels', {})).toMatchObject({ ok: true, text: expect.stringContaining('"channels"') });
      return 'ok';
    });

    step('revoked URL', 'is refused once the URL is revoked, on its connection and on a new one', async () => {
      await broker.modules.db
        .system('sweep')
        .query({ name: 'revoke in a test', text: 'update mcp_instances set revoked_at = now() where id = $1', values: [instance.id] });
      const said = await peer.call('slack_list_channels', {});
      expect(said.ok).toBe(false);
      const again = await client.connect(url).then(
        async (connected) => {
          await connected.close();
          return 'connected';
        },
        (error: Error) => error.message,
      );
      expect(again).not.toBe('connected');
      // How much of the sentence a person sees is the client's affair.
      const shown = [said.text, again].filter((text) => text.includes('was revoked')).length;
      return shown === 2 ? 'ok, says why' : shown === 1 ? 'ok, says why once' : 'ok, without our words';
    });
  });
}
