import { connectAll, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configOf, outcomeOf, rpc, setPolicy } from './setting.ts';

let broker: TestBroker;
beforeAll(async () => {
  broker = await startBroker();
  for (const name of ['slack', 'linear', 'datadog']) {
    await broker.api('/v1/connections', { body: { name, connector: name, sandbox: true } });
  }
});
afterAll(() => broker?.close());
afterEach(async () => {
  for (const name of ['slack', 'linear', 'datadog']) await broker.control(`/${name}/knobs`, 'DELETE');
});

async function connected(policy: Json, user?: string): Promise<Json> {
  const instance = await configOf(broker, ['slack', 'linear', 'datadog'], policy, user);
  await connectAll(broker, instance);
  return instance;
}
/** Another user of the same config. */
async function another(instance: Json): Promise<Json> {
  const body = { config_name: instance.name, user_identifier: `other-of-${instance.name}` };
  const other = (await broker.api('/v1/mcp-instances', { method: 'PUT', body })).body;
  await connectAll(broker, other);
  return other;
}
const read = (instance: Json) => outcomeOf(instance.url, 'datadog_monitors_list', {});
const list = (instance: Json) => outcomeOf(instance.url, 'slack_list_channels', {});
const write = (instance: Json) => outcomeOf(instance.url, 'linear_comment_create', { issueId: 'ENG-142', body: 'Rolled back' });
const outcomes = async (...calls: (() => Promise<{ outcome: string }>)[]) => {
  const all: string[] = [];
  for (const call of calls) all.push((await call()).outcome);
  return all;
};
const apiCalls = async (connector: string) => (await broker.control(`/${connector}/ledger`, 'GET')).counts.api_calls;

describe('F15: limits', () => {
  it('what is over one is refused with the time to wait, sends nothing, is recorded, and does not count', async () => {
    const instance = await connected({ limits: [{ per: 'user', requests_per_minute: 2 }] });
    const before = await apiCalls('datadog');
    expect(await outcomes(...Array.from({ length: 4 }, () => () => read(instance)))).toEqual([
      'done',
      'done',
      'rate_limited',
      'rate_limited',
    ]);
    expect((await apiCalls('datadog')) - before).toBe(2);
    const { result } = await rpc(instance.url, 'tools/call', { name: 'datadog_monitors_list', arguments: {} });
    const seconds = result._meta['grantway/retry_after_seconds'];
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(result.content[0].text).toBe(`2 calls a minute of each user are allowed here, and made. Try again in ${seconds} seconds.`);
    const { body } = await broker.api(`/v1/tool-calls/${result._meta['grantway/tool_call_id']}`);
    expect(body).toMatchObject({ outcome: 'refused', fault_code: 'rate_limited' });
  });

  it('per user: another user is not held up; per config: both share', async () => {
    const instance = await connected({ limits: [{ per: 'user', calls_per_day: 1 }] });
    const other = await another(instance);
    expect(
      await outcomes(
        () => read(instance),
        () => read(instance),
        () => read(other),
      ),
    ).toEqual(['done', 'rate_limited', 'done']);
    await setPolicy(broker, instance, { limits: [{ per: 'config', calls_per_day: 1 }] });
    expect(
      await outcomes(
        () => read(instance),
        () => read(other),
      ),
    ).toEqual(['done', 'rate_limited']);
  });

  it('per tool and per connection: others go on', async () => {
    const instance = await connected({ limits: [{ per: 'tool', requests_per_minute: 1 }] });
    expect(
      await outcomes(
        () => read(instance),
        () => read(instance),
        () => list(instance),
      ),
    ).toEqual(['done', 'rate_limited', 'done']);
    await setPolicy(broker, instance, { limits: [{ per: 'connection', requests_per_minute: 1 }] });
    const monitor = () => outcomeOf(instance.url, 'datadog_incidents_list', {});
    expect(
      await outcomes(
        () => read(instance),
        monitor,
        () => list(instance),
      ),
    ).toEqual(['done', 'rate_limited', 'done']);
  });

  it('for one tool or one connection count those calls only', async () => {
    const instance = await connected({
      limits: [
        { per: 'client', tool: 'datadog_monitors_list', requests_per_minute: 1 },
        { per: 'client', connection_name: 'linear', calls_per_day: 1 },
      ],
    });
    expect(
      await outcomes(
        () => list(instance),
        () => list(instance),
        () => read(instance),
        () => read(instance),
      ),
    ).toEqual(['done', 'done', 'done', 'rate_limited']);
    expect(
      await outcomes(
        () => write(instance),
        () => write(instance),
      ),
    ).toEqual(['done', 'rate_limited']);
  });

  it('F16: a change of the policy or a rotated version gives nobody new calls', async () => {
    const instance = await connected({ limits: [{ per: 'user', requests_per_minute: 1 }] });
    expect(await outcomes(() => read(instance))).toEqual(['done']);
    await setPolicy(broker, instance, { limits: [{ per: 'user', requests_per_minute: 1 }], read_only: true });
    expect(await outcomes(() => read(instance))).toEqual(['rate_limited']);
    await setPolicy(broker, instance, { limits: [{ per: 'user', requests_per_minute: 2 }] });
    expect(
      await outcomes(
        () => read(instance),
        () => read(instance),
      ),
    ).toEqual(['done', 'rate_limited']);
  });

  it('F16: a call through the API that names the config adds to the same counts', async () => {
    const instance = await connected({ limits: [{ per: 'user', requests_per_minute: 1 }] });
    const execute = async () => {
      const body = { identifier: instance.user_identifier, mcp_config_name: instance.name };
      const answer = await broker.api('/v1/tools/datadog_monitors_list/execute', { body });
      return { outcome: answer.status === 200 ? 'done' : answer.body.code };
    };
    expect(await outcomes(execute, () => read(instance), execute)).toEqual(['done', 'rate_limited', 'rate_limited']);
  });

  it('F16: of many calls at once no more than the limit are made', async () => {
    const instance = await connected({ limits: [{ per: 'user', requests_per_minute: 5 }] });
    const before = await apiCalls('datadog');
    const all = await Promise.all(Array.from({ length: 20 }, () => read(instance)));
    expect(all.filter(({ outcome }) => outcome === 'done')).toHaveLength(5);
    expect((await apiCalls('datadog')) - before).toBe(5);
  });

  it('a call that needs a person first, or breaks a rule, is not counted', async () => {
    const instance = await configOf(broker, ['slack', 'linear', 'datadog'], {
      limits: [{ per: 'user', requests_per_minute: 1 }],
      tools: [{ tool: 'datadog_monitors_list', constraints: { query: { max_length: 5 } } }],
    });
    expect(
      await outcomes(
        () => read(instance),
        () => read(instance),
      ),
    ).toEqual(['authorization_required', 'authorization_required']);
    await connectAll(broker, instance);
    expect(await outcomes(() => outcomeOf(instance.url, 'datadog_monitors_list', { query: 'checkout' }))).toEqual(['argument_not_allowed']);
    expect(
      await outcomes(
        () => read(instance),
        () => read(instance),
      ),
    ).toEqual(['done', 'rate_limited']);
  });
});

describe('a provider that limits the rate', () => {
  it('is left alone by that account for as long as it asked, over MCP and the API, and by nobody else', async () => {
    const instance = await connected({});
    const other = await another(instance);
    await broker.control('/datadog/knobs', 'PUT', { fail: '429', fail_times: 1 });
    const first = await read(instance);
    expect(first.outcome).toBe('provider_rate_limited');
    const before = await apiCalls('datadog');
    const second = await read(instance);
    expect(second.outcome).toBe('rate_limited');
    expect(second.text).toMatch(/^Datadog asked this account to wait; nothing was sent\. Try again in \d+ seconds\.$/);
    const api = await broker.api('/v1/tools/datadog_monitors_list/execute', { body: { identifier: instance.user_identifier } });
    expect([api.status, api.body.code]).toEqual([429, 'rate_limited']);
    expect(Number(api.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await apiCalls('datadog')).toBe(before);
    expect(
      await outcomes(
        () => read(other),
        () => list(instance),
      ),
    ).toEqual(['done', 'done']);
  });
});
