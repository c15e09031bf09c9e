import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  id: string;
  type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape of an event is what the tests assert
  data: any;
  /** Which of the receiver's secrets a signature fits. */
  verifiedBy: string[];
  headers: IncomingMessage['headers'];
  body: string;
}

export interface WebhookReceiver {
  url: string;
  port: number;
  /** Every request that came, in order, whatever was answered. */
  received: Received[];
  secrets: string[];
  /** How the next requests are answered; 'hang' never does. */
  answer(how: (request: Received) => number | 'hang' | { status: number; headers: Record<string, string> }): void;
  ofAccount(accountId: string): Received[];
  close(): Promise<void>;
}

/** An operator's receiver on this machine. It checks signatures by the letter of Standard Webhooks, with code of its own. */
export async function startWebhookReceiver(port = 0): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const secrets: string[] = [];
  let judge: Parameters<WebhookReceiver['answer']>[0] = () => 204;

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const id = String(request.headers['webhook-id']);
      const timestamp = String(request.headers['webhook-timestamp']);
      const given = String(request.headers['webhook-signature']).split(' ');
      const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) < 300;
      const verifiedBy = secrets.filter((secret) => {
        const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
        return fresh && given.includes(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`);
      });
      const { type, data } = JSON.parse(body);
      const one: Received = { id, type, data, verifiedBy, headers: request.headers, body };
      received.push(one);
      const verdict = judge(one);
      if (verdict === 'hang') return;
      const { status, headers } = typeof verdict === 'number' ? { status: verdict, headers: {} } : verdict;
      response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const at = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${at}/hook`,
    port: at,
    received,
    secrets,
    answer: (how) => {
      judge = how;
    },
    ofAccount: (accountId) => received.filter((one) => one.data.connected_account_id === accountId),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
