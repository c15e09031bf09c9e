import { randomUUID } from 'node:crypto';
import { type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Asking, askingSetting, mcpRequest } from './asking.ts';
import { Browser } from './browser.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker?.close());

const create = 'linear_issue_create';

/** A request of 2026-07-28. */
async function modern(of: Asking, method: string, params: Json, capabilities: Json = { elicitation: { url: {} } }): Promise<Json> {
  const response = await fetch(of.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': capabilities },
      },
    }),
  });
  return ((await response.json()) as Json).result;
}

async function pressed(link: string, decision: 'approve' | 'deny'): Promise<void> {
  const html = await (await fetch(link)).text();
  expect((await new Browser().submit({ url: link, html }, { decision })).status).toBe(303);
}

it('a client with URL elicitation is asked to open the approval link, and its next round makes the call', async () => {
  const of = await askingSetting(broker, { approval: { write: 'always_ask' }, approvers: 'user' });
  const call = { name: create, arguments: { teamId: randomUUID(), title: 'Asked for in rounds' } };
  const asked = await modern(of, 'tools/call', call);
  expect(asked.resultType).toBe('input_required');
  const { params } = asked.inputRequests.authorize;
  expect(params).toMatchObject({ mode: 'url', message: expect.stringContaining('the user must approve this call first') });
  expect(params.url).toMatch(/\/approve\/gwap_/);
  const answered = { ...call, requestState: asked.requestState, inputResponses: { authorize: { action: 'accept' } } };
  // Whoever says yes in the client alone has approved nothing.
  expect(await modern(of, 'tools/call', answered)).toMatchObject({ isError: true, _meta: { 'grantway/code': 'approval_required' } });
  await pressed(params.url, 'approve');
  const made = await modern(of, 'tools/call', answered);
  expect([made.resultType, made.isError]).toEqual(['complete', undefined]);
  expect(made.structuredContent).toBeDefined();
  expect(await modern(of, 'tools/call', call)).toEqual(made);

  const other = await modern(of, 'tools/call', { ...call, arguments: { ...call.arguments, title: 'Another one' } });
  await pressed(other.inputRequests.authorize.params.url, 'deny');
  const state = { requestState: other.requestState, inputResponses: { authorize: { action: 'accept' } } };
  const denied = await modern(of, 'tools/call', { ...call, arguments: { ...call.arguments, title: 'Another one' }, ...state });
  expect(denied).toMatchObject({ resultType: 'complete', isError: true, _meta: { 'grantway/code': 'approval_denied' } });
});

it('a client without it, and one whose operator decides, read a sentence; the tool to go on with is there in every mode', async () => {
  const call = () => ({ name: create, arguments: { teamId: randomUUID(), title: 'Asked for in words' } });
  const byUser = await askingSetting(broker, { approval: { write: 'always_ask' }, approvers: 'user' });
  const text = await modern(byUser, 'tools/call', call(), {});
  expect(text).toMatchObject({ resultType: 'complete', isError: true });
  expect(text.content[0].text).toMatch(/Approval link: http.*\/approve\/gwap_/);
  const byOperator = await askingSetting(broker, { approval: { write: 'always_ask' }, tools_mode: 'search' });
  expect(await modern(byOperator, 'tools/call', call())).toMatchObject({ resultType: 'complete', isError: true });
  for (const list of [await modern(byOperator, 'tools/list', {}), (await mcpRequest(broker, byOperator.url, 'tools/list', {})).result]) {
    expect(list.tools.map((tool: Json) => tool.name)).toEqual(expect.arrayContaining(['grantway_approval_status', 'search_tools']));
  }
});
