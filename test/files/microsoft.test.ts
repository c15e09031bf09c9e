import { randomBytes } from 'node:crypto';
import type { Connector } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mcp } from '../ways-in/agent.ts';
import { filesOf, sha256 } from './setting.ts';

/** OneDrive as it would be if its files were redirected to somebody else's host. */
const elsewhere = async (location: string): Promise<Connector> => {
  const onedrive = await registry.onedrive();
  const tools = onedrive.tools.map((tool) =>
    tool.name !== 'onedrive_file_download'
      ? tool
      : { ...tool, examples: tool.examples.map((e) => ({ ...e, receives: { ...e.receives, headers: { location } } })) },
  );
  return { ...onedrive, tools };
};

async function setting(broker: TestBroker, connector: string) {
  await broker.api('/v1/connections', { body: { name: connector, connector, sandbox: true, auth: { fields: { tenant: 'common' } } } });
  await broker.api('/v1/mcp-configs', { body: { name: connector, connection_tool_mappings: [{ connection_name: connector }] } });
  const instance = (await broker.api('/v1/mcp-instances', { method: 'PUT', body: { config_name: connector, user_identifier: 'mira' } }))
    .body;
  expect((await broker.connect(instance.connections[0].authentication_link)).status).toBe(200);
  const ask = async (name: string, args: Json): Promise<Json> =>
    (await mcp(instance.url, 'tools/call', { name: `${connector}_${name}`, arguments: args })).body.result;
  return {
    ask,
    async call(name: string, args: Json): Promise<Json> {
      const result = await ask(name, args);
      expect(result?.isError, JSON.stringify(result)).toBeUndefined();
      return result.structuredContent;
    },
    ledger: async () => (await broker.control(`/${connector}/ledger`, 'GET')).events as Json[],
  };
}

describe('files of Microsoft Graph, over MCP', () => {
  let broker: TestBroker;
  const settings = new Map<string, ReturnType<typeof setting>>();
  const settingOf = (connector: string) => {
    const known = settings.get(connector) ?? setting(broker, connector);
    settings.set(connector, known);
    return known;
  };
  beforeAll(async () => {
    broker = await startBroker();
  });
  afterAll(() => broker?.close());

  it.each([
    ['onedrive', {}, 'items_list'],
    ['sharepoint', { drive_id: 'b!t18F8ybsHUq1z3LTz8xvZqP8zaSWjkFN' }, 'files_list'],
  ])(
    '%s: a file goes into a folder, is listed, replaced, and comes back from another host without the credential',
    async (connector, where, list) => {
      const { upload, download } = filesOf(broker);
      const { call, ledger } = await settingOf(connector);
      const bytes = randomBytes(200_000);
      const { id: file_id } = (await upload(bytes, { name: 'Northwind & Söhne, 100% #1.pdf' })).body;

      const made = await call('file_upload', { ...where, file_id, parent_id: '01NKDM7HPCGUJHE2NVVJDYVV6HRTXRMK2P' });
      expect(made).toMatchObject({ kind: 'file' });
      const listed = await call(list, { ...where, item_id: '01NKDM7HPCGUJHE2NVVJDYVV6HRTXRMK2P' });
      expect(listed.items.map(({ id }: Json) => id)).toContain(made.id);
      const fetched = await call('file_download', { ...where, item_id: made.id });
      expect(fetched).toMatchObject({ size: bytes.length, sha256: sha256(bytes), content_type: 'application/pdf' });
      expect((await download(fetched.file_id)).bytes.equals(bytes)).toBe(true);

      const second = randomBytes(50_000);
      const { id: next } = (await upload(second)).body;
      expect(await call('file_content_replace', { ...where, item_id: made.id, file_id: next })).toMatchObject({ id: made.id });
      expect((await call('file_download', { ...where, item_id: made.id })).sha256).toBe(sha256(second));

      const events = await ledger();
      const paths = events.filter(({ kind }) => kind === 'api_call').map(({ method, path }) => `${method} ${decodeURIComponent(path)}`);
      expect(paths.find((path) => path.startsWith('PUT'))).toMatch(/\/items\/\w+:\/Northwind & Söhne, 100% #1\.pdf:\/content$/);
      const links = events.filter(({ kind }) => kind === 'link');
      expect(links.map(({ status, credential }) => [status, credential])).toEqual([
        [200, false],
        [200, false],
      ]);
      expect(links.every(({ path }) => path.startsWith('/contoso'))).toBe(true);
    },
  );

  it('outlook: a message takes its attachments from handles, and an attachment becomes one, byte for byte', async () => {
    const { upload, download } = filesOf(broker);
    const { call, ask, ledger } = await settingOf('outlook');
    const message_id = 'AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0AVGh1cnNkYXlNYWlsAAA=';
    const [first, second] = [randomBytes(700_001), randomBytes(300_002)];
    const written = { subject: 'Term sheet', body: 'As agreed.' };

    const { id: one } = (await upload(first, { name: 'Entwurf „drei“.pdf' })).body;
    await call('message_send', { ...written, toRecipients: ['jonas@northwind.example'], file_ids: [one] });
    const { attachments } = await call('attachments_list', { message_id });
    const fetched = await call('attachment_download', { message_id, attachment_id: attachments[0].id });
    // The name is the attachment's own: the bytes come without one.
    expect(fetched).toMatchObject({ name: 'Northwind term sheet v2.pdf', content_type: 'application/pdf', sha256: sha256(first) });
    expect((await download(fetched.file_id)).bytes.equals(first)).toBe(true);

    const { id: two } = (await upload(second)).body;
    const draft = await call('draft_create', { ...written, file_ids: [two, one] });
    await call('attachment_add', { message_id: draft.id, file_id: two });
    expect((await call('attachment_download', { message_id, attachment_id: attachments[0].id })).sha256).toBe(sha256(second));

    const before = (await ledger()).length;
    const { id: large } = (await upload(randomBytes(2_300_000))).body;
    const { isError, content } = await ask('draft_create', { ...written, file_ids: [large, one] });
    expect([isError, content[0].text]).toEqual([true, expect.stringContaining('3000001 bytes, of which the provider takes 3000000')]);
    expect((await ledger()).slice(before)).toEqual([]);
  });

  it('another user’s file is not sent, in the words for one that is unknown', async () => {
    const { upload } = filesOf(broker);
    const { ask, ledger } = await settingOf('onedrive');
    const before = (await ledger()).length;
    const { id: theirs } = (await upload('x', { user: 'somebody-else' })).body;
    for (const file_id of [theirs, 'file_01k00000000000000000000000']) {
      const { isError, content } = await ask('file_upload', { file_id });
      expect([isError, content[0].text]).toEqual([true, expect.stringContaining('there is no such file of this user, or it has expired')]);
    }
    expect((await ledger()).slice(before).filter(({ kind }) => kind === 'api_call')).toEqual([]);
  });
});

it.each(['https://evil.example/stolen', 'https://sharepoint.com.evil.example/a', 'http://contoso.sharepoint.com/a', 'https://127.0.0.1/a'])(
  'a file that is said to be at %s is not fetched',
  async (location) => {
    const broker = await startBroker({ connectors: [await elsewhere(location)] });
    try {
      const { ask, ledger } = await setting(broker, 'onedrive');
      const result = await ask('file_download', { item_id: '01NKDM7HMOJTVYMDOSXFDK2QJDXCDI3WUK' });
      expect(result.isError).toBe(true);
      expect(JSON.stringify(result)).toContain('egress_blocked');
      expect((await ledger()).filter(({ kind }) => kind === 'link')).toEqual([]);
    } finally {
      await broker.close();
    }
  },
);
