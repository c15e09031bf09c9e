import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker?.close());

describe('the main job', () => {
  it('debug', async () => {
    const instance: Json = await incidentSetting(broker);
    console.log(JSON.stringify(instance, null, 1));
    const run = await broker.api('/v1/tools/datadog_monitors_list/execute', { body: { identifier: instance.user_identifier, arguments: {} } });
    console.log(JSON.stringify(run, null, 1));
    const t = await broker.api('/v1/tool-calls');
    console.log(JSON.stringify(t.body, null, 1));
    console.log(broker.logLines.filter((l) => /error|warn/.test(l)).join('').slice(0, 3000));
    expect(instance.url).toContain('/u/gwmcp_');
  });
});
