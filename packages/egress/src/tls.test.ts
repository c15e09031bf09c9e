import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Connector, Credential } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEgress } from './index.ts';

// A self-signed certificate (RFC 5280) for good.example.com, made here so that no key is ever stored.
function der(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length =
    body.length < 0x80
      ? Buffer.from([body.length])
      : body.length < 0x100
        ? Buffer.from([0x81, body.length])
        : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
}
const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const utcTime = (ms: number) => der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

function selfSigned(host: string): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaSha256 = sequence(oid('2a8648ce3d040302'));
  const name = sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(host)))));
  const altNames = sequence(der(0x82, Buffer.from(host)));
  const caTrue = sequence(der(0x01, Buffer.from([0xff])));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaSha256,
    name,
    sequence(utcTime(Date.now() - 3_600_000), utcTime(Date.now() + 3_600_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(oid('551d11'), der(0x04, altNames)), sequence(oid('551d13'), der(0x04, caTrue)))),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, privateKey));
  const base64 = sequence(body, ecdsaSha256, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}

const key = new Secret<Credential>({ kind: 'api_key', fields: { key: randomBytes(12).toString('hex') } });
const keyConnector = (baseUrl: string) =>
  ({
    auth: { kind: 'api_key', fields: [{ name: 'key', label: 'Key', secret: true }], headers: { 'x-key': '{key}' } },
    api: { baseUrl },
  }) as unknown as Connector;

let server: Server;
let port: number;
let folder: string;
let requests = 0;
let opened = 0;
const names: string[] = [];

beforeAll(async () => {
  const { key, cert } = selfSigned('good.example.com');
  folder = await mkdtemp(join(tmpdir(), 'egress-tls-'));
  await writeFile(join(folder, 'ca.pem'), cert);
  server = createServer({ key, cert }, (_req, res) => {
    requests += 1;
    res.end('over tls');
  });
  server.on('secureConnection', (socket) => {
    opened += 1;
    names.push(String(socket.servername));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  await rm(folder, { recursive: true });
});

it('a certificate that nobody vouches for is refused before anything is sent, whatever the environment says', async () => {
  const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  const egress = createEgress({ allowHosts: [`good.example.com:${port}`], resolve: async () => ['127.0.0.1'] });
  try {
    const url = `https://good.example.com:${port}`;
    const send = egress.send({ method: 'GET', url: `${url}/` });
    await expect(send).rejects.toMatchObject({ kind: 'unreachable', sent: false });
    const call = egress.call({ connector: keyConnector(url), fields: {}, sandbox: false }, { method: 'GET', path: '/' }, key);
    await expect(call).rejects.toMatchObject({ kind: 'unreachable', sent: false });
    expect(requests).toBe(0);
  } finally {
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    await egress.close();
  }
});

it('a trusted certificate is good for its own name and for no other, although the connection goes to an address', async () => {
  // Trust can only be added when a process starts.
  const script = `
    import { createEgress } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    import { Secret } from ${JSON.stringify(import.meta.resolve('@grantway/contract'))};
    const key = new Secret({ kind: 'api_key', fields: { key: 'abcdefgh' } });
    const hosts = ['good.example.com:${port}', 'other.example.com:${port}', '127.0.0.1:${port}'];
    const egress = createEgress({ allowHosts: hosts, resolve: async () => ['127.0.0.1'] });
    const results = [];
    for (const host of hosts) {
      const request = { method: 'GET', url: 'https://' + host + '/' };
      results.push(await egress.send(request).then((r) => r.body.toString(), (e) => [e.kind, e.sent]));
      const connector = { auth: ${JSON.stringify(keyConnector('').auth)}, api: { baseUrl: 'https://' + host } };
      for (let i = 0; i < 2; i++) {
        const call = egress.call({ connector, fields: {}, sandbox: false }, { method: 'GET', path: '/' }, key);
        results.push(await call.then((r) => r.body, (e) => [e.kind, e.sent]));
        for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      }
    }
    await egress.close();
    process.stdout.write(JSON.stringify(results));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
  });
  const [good, refused] = ['over tls', ['unreachable', false]];
  // Sent by undici, and by the client for calls: that one's second call goes over the connection of the first.
  expect(JSON.parse(stdout)).toEqual([good, good, good, ...Array(6).fill(refused)]);
  expect(requests).toBe(3);
  expect(opened).toBe(2);
  expect(names).toContain('good.example.com');
}, 30_000);
