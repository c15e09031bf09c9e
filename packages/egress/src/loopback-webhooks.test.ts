import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEgress, type Egress } from './index.ts';

let origin: string;
let served = 0;
const server = createServer((_request, response) => {
  served++;
  response.end('ok');
});
const made: Egress[] = [];
const egress = (loopbackWebhooks: boolean, resolve?: () => Promise<string[]>) => {
  const one = createEgress({ loopbackWebhooks: () => loopbackWebhooks, ...(resolve === undefined ? {} : { resolve }) });
  made.push(one);
  return one;
};
const webhook = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body: '{}', timeoutMs: 5000 });

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const one of made) await one.close();
  await new Promise((resolve) => server.close(resolve));
});

describe('the loopback exception', () => {
  it('lets a webhook through where the broker is at a loopback address, and nowhere else', async () => {
    expect((await egress(true).sendWebhook(webhook(origin))).status).toBe(200);
    expect(served).toBe(1);
    await expect(egress(false).sendWebhook(webhook(origin))).rejects.toMatchObject({ kind: 'blocked', sent: false });
    await expect(egress(false).sendWebhook(webhook(origin.replace('127.0.0.1', 'localhost')))).rejects.toMatchObject({ kind: 'blocked' });
    expect(served).toBe(1);
  });

  it('is for webhooks alone: no other request profits, not even over the connection that a webhook opened', async () => {
    const one = egress(true);
    await one.sendWebhook(webhook(origin));
    const before = served;
    await expect(one.send({ method: 'GET', url: origin })).rejects.toMatchObject({ kind: 'blocked', sent: false });
    expect(served).toBe(before);
  });

  it('is not for a name that leads to a loopback or private address', async () => {
    for (const address of ['127.0.0.1', '10.1.2.3', '::1', '169.254.169.254']) {
      const one = egress(true, async () => [address]);
      await expect(one.sendWebhook(webhook('https://receiver.example/'))).rejects.toMatchObject({ kind: 'blocked', sent: false });
    }
  });

  it.each([
    'https://receiver.example:22/',
    'http://receiver.example/',
    'http://10.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://0.0.0.0/',
    'not a url',
  ])('refuses %s before anything is looked up', async (url) => {
    const one = egress(true, () => Promise.reject(new Error('looked up')));
    expect(one.webhookRefusal(url)).toEqual(expect.any(String));
    await expect(one.sendWebhook(webhook(url))).rejects.toMatchObject({ sent: false });
  });

  it.each(['https://receiver.example/', 'https://receiver.example:8443/a?b=c'])('takes %s', (url) => {
    expect(egress(false).webhookRefusal(url)).toBeUndefined();
  });
});
