import { afterAll, describe, expect, it, vi } from 'vitest';
import { startWebhookReceiver } from '../events/receiver.ts';
import { cleanUp, clientOf, newDataDir, startProcess } from './broker-process.ts';

afterAll(cleanUp);

describe('a broker that is killed', () => {
  it('between commit and delivery loses no webhook: all come after the next start, in order, the repeated one with its webhook-id', async () => {
    const receiver = await startWebhookReceiver();
    // Takes what comes and never answers: the kill falls between sending and knowing.
    receiver.answer(() => 'hang');
    const dataDir = newDataDir();
    const first = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    await first.listening;
    let api = await clientOf(dataDir);
    const endpoint = await api('POST', '/v1/webhook-endpoints', { url: receiver.url });
    receiver.secrets.push(endpoint.secret);
    await api('POST', '/v1/connections', { name: 'slack', connector: 'slack', sandbox: true });
    const link = (identifier: string) => api('POST', '/v1/connected-accounts/authorization-link', { connection_name: 'slack', identifier });
    await link('first');
    await vi.waitFor(() => expect(receiver.received).toHaveLength(1), { timeout: 20_000 });
    await Promise.all([link('second'), link('third')]);
    first.child.kill('SIGKILL');
    await first.exited;
    const hung = receiver.received.splice(0);

    receiver.answer(() => 204);
    const second = startProcess({ GRANTWAY_DATA_DIR: dataDir });
    await second.listening;
    api = await clientOf(dataDir);
    const events = (await api('GET', '/v1/events')).items as { id: string; connected_account_id: string }[];
    expect(events).toHaveLength(6);
    // The claim of the killed process runs out after half a minute.
    await vi.waitFor(() => expect(new Set(receiver.received.map((one) => one.id)).size).toBe(6), { timeout: 60_000, interval: 200 });
    for (const one of receiver.received) expect(one.verifiedBy).toEqual([endpoint.secret]);
    expect(receiver.received.map((one) => one.id)).toContain(hung[0]?.id);
    for (const account of new Set(events.map((event) => event.connected_account_id))) {
      expect(receiver.ofAccount(account).map((one) => one.type)).toEqual(['connected_account.created', 'authorization_link.created']);
    }
    expect(await second.interrupt()).toBe(0);
    await receiver.close();
  }, 120_000);
});
