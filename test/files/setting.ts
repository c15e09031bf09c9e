import { createHash } from 'node:crypto';
import type { Connector } from '@grantway/connector-kit';
import { folio } from '@grantway/connector-kit/testing';
import { type Answer, type Json, startBroker, type TestBroker } from '@grantway/test/harness';

export { folio } from '@grantway/connector-kit/testing';

export const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

export interface Uploads {
  name?: string;
  user?: string;
  contentType?: string;
  token?: string;
}

/** A broker whose users hold files and have an account at Folio. */
export async function fileSetting(options: Parameters<typeof startBroker>[0] = {}) {
  const connectors: readonly Connector[] = options.connectors ?? [folio];
  const broker = await startBroker({ ...options, connectors });
  await broker.api('/v1/connections', { body: { name: 'folio', connector: 'folio', sandbox: true } });
  await broker.api('/v1/mcp-configs', { body: { name: 'files', connection_tool_mappings: [{ connection_name: 'folio' }] } });

  const connect = async (identifier: string) => {
    const { link } = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'folio', identifier } }))
      .body;
    const page = await broker.connectKey(link, { token: 'made-up-access-token' });
    if (page.status !== 200) throw new Error(`Folio: HTTP ${page.status}`);
  };
  return { broker, connect, ...filesOf(broker) };
}

export function filesOf(broker: TestBroker) {
  let first: Promise<string> | undefined;
  const ownToken = () => {
    first ??= broker.token();
    return first;
  };
  const upload = async (
    bytes: RequestInit['body'],
    { name = 'report.pdf', user = 'mira', contentType = 'application/pdf', token }: Uploads = {},
  ): Promise<Answer<Json>> => {
    const response = await fetch(`${broker.baseUrl}/v1/files?${new URLSearchParams({ name, user_identifier: user })}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token ?? (await ownToken())}`, 'content-type': contentType },
      body: bytes,
      duplex: 'half',
    } as RequestInit);
    return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
  };
  const download = async (id: string): Promise<{ status: number; headers: Headers; bytes: Buffer }> => {
    const response = await fetch(`${broker.baseUrl}/v1/files/${id}/content`, {
      headers: { authorization: `Bearer ${await ownToken()}` },
    });
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const run = (tool: string, args: Json, identifier = 'mira') =>
    broker.api(`/v1/tools/${tool}/execute`, { body: { identifier, connection_name: 'folio', arguments: args } });
  return { upload, download, run };
}
