import { readFileSync } from 'node:fs';
import { incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, beforeAll, expect, it } from 'vitest';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.close());

it('the policy in the README is taken as written, and kept', async () => {
  const [, text = ''] = /^```json\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  const policy = JSON.parse(text) as Json;
  const instance = await incidentSetting(broker);
  const changed = await broker.api(`/v1/mcp-configs/${instance.config.id}`, { method: 'PATCH', body: { policy } });
  expect(changed.status, JSON.stringify(changed.body)).toBe(200);
  expect(changed.body.policy).toMatchObject(policy);
  expect(changed.body.version).toBe(instance.config.version + 1);
});
