import { connectAll, incidentSetting, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker({ decryptLimits: { perProcess: 100, perClient: 3 } });
});
afterAll(() => broker?.close());

it('B21: a client that needs more different credentials than its budget is refused, seen in metric and log, and goes on with those it has', async () => {
  const users: string[] = [];
  for (let i = 0; i < 2; i++) {
    const instance = await incidentSetting(broker);
    await connectAll(broker, instance);
    users.push(instance.user_identifier);
  }
  const call = (tool: string, identifier: string | undefined) => broker.api(`/v1/tools/${tool}/execute`, { body: { identifier } });
  const tools = ['datadog_monitors_list', 'slack_list_channels', 'linear_teams_list'];
  for (const tool of tools) expect((await call(tool, users[0])).status).toBe(200);
  const refused = await call('datadog_monitors_list', users[1]);
  expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } });
  expect(Number(refused.headers.get('retry-after'))).toBe(60);
  for (const tool of tools) expect((await call(tool, users[0])).status).toBe(200);
  const metrics = await (await fetch(`${broker.baseUrl}/metrics`)).text();
  expect(metrics).toContain('grantway_decrypt_refusals_total{scope="client"} 1');
  expect(broker.logLines.filter((line) => line.includes('the decrypt budget is spent'))).toHaveLength(1);
});
