import { incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { type Received, startWebhookReceiver, type WebhookReceiver } from './receiver.ts';

let broker: TestBroker;
let rows: Rows;
let receiver: WebhookReceiver;
const receivers: WebhookReceiver[] = [];

beforeAll(async () => {
  broker = await startBroker();
  rows = await openRows(broker);
  await incidentSetting(broker);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
});
beforeEach(async () => {
  receiver = await newReceiver();
});
afterEach(async () => {
  for (const { id } of (await broker.api('/v1/webhook-endpoints?limit=100')).body.items) {
    expect((await broker.api(`/v1/webhook-endpoints/${id}`, { method: 'DELETE' })).status).toBe(204);
  }
  for (const one of receivers.splice(0)) await one.close();
});

async function newReceiver(port?: number): Promise<WebhookReceiver> {
  const one = await startWebhookReceiver(port);
  receivers.push(one);
  return one;
}

async function newEndpoint(to = receiver, options: Json = {}): Promise<Json> {
  const made = await broker.api('/v1/webhook-endpoints', { body: { url: to.url, ...options } });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  to.secrets.push(made.body.secret);
  return made.body;
}

let users = 0;
/** A new account: two events, created and link. Answers its id and link. */
async function newAccount(connection_name = 'slack'): Promise<{ id: string; link: string; identifier: string }> {
  const identifier = `webhook-user-${++users}`;
  const { link } = (await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name, identifier } })).body;
  const { items } = (await broker.api(`/v1/connected-accounts?identifier=${identifier}`)).body;
  return { id: items[0].id, link, identifier };
}

/** What is put off is due now. */
const hurry = (endpointId: string) =>
  Promise.all([
    rows.query('update webhook_deliveries set next_attempt_at = now() where endpoint_id = $1', [endpointId]),
    rows.query('update webhook_endpoints set not_before = null where id = $1', [endpointId]),
  ]);

const eventually = (check: () => unknown | Promise<unknown>) => vi.waitFor(check, { timeout: 20_000, interval: 50 });
const types = (of: Received[]) => of.map((one) => one.type);
const deliveries = async (endpointId: string, query = ''): Promise<Json[]> =>
  (await broker.api(`/v1/webhook-endpoints/${endpointId}/deliveries?limit=100${query}`)).body.items;

describe('what is told', () => {
  it('each step of an account’s life is an event, in order, signed, and without a secret', async () => {
    await newEndpoint();
    const account = await newAccount('linear');
    await broker.connect(account.link);
    await rows.query("update connected_accounts set next_refresh_at = now() - interval '1 second' where id = $1", [account.id]);
    await eventually(() => expect(types(receiver.ofAccount(account.id))).toContain('credential.refreshed'));
    await broker.api(`/v1/connected-accounts/${account.id}`, { method: 'DELETE' });
    await eventually(() =>
      expect(types(receiver.ofAccount(account.id))).toEqual([
        'connected_account.created',
        'authorization_link.created',
        'connected_account.status_changed',
        'credential.refreshed',
        'connected_account.status_changed',
        'connected_account.deleted',
      ]),
    );
    const [created, link, connected, , ended, deleted] = receiver.ofAccount(account.id) as [Received, ...Received[]];
    expect(created.data).toEqual({
      connected_account_id: account.id,
      account_owner: 'user',
      account_label: null,
      identifier: account.identifier,
      connection_id: expect.stringMatching(/^con_/),
      connection_name: 'linear',
      connector: 'linear',
      status: 'PENDING_AUTH',
      reason: 'never_connected',
    });
    expect(link?.data.authorization_link_id).toMatch(/^lnk_/);
    expect(connected?.data).toMatchObject({ old_status: 'PENDING_AUTH', status: 'ACTIVE', reason: null });
    expect(ended?.data).toMatchObject({ old_status: 'ACTIVE', status: 'DISCONNECTED', reason: 'disconnected_by_operator' });
    expect(deleted?.data.old_status).toBe('ACTIVE');
    for (const one of receiver.received) {
      expect(one.verifiedBy).toHaveLength(1);
      expect(one.body).not.toMatch(/gwln_|gwmcp_|gwsk_|whsec_|access_token"|refresh_token"/);
      expect(one.body).not.toContain(account.link);
      expect(one.headers['content-type']).toBe('application/json');
      expect(JSON.parse(one.body)).toEqual({ type: one.type, timestamp: expect.stringMatching(/Z$/), data: one.data });
    }
    // The same list is read from the API, newest first.
    const listed = (await broker.api(`/v1/events?connected_account_id=${account.id}`)).body.items;
    expect(listed.map((e: Json) => e.id).toReversed()).toEqual(receiver.ofAccount(account.id).map((one) => one.id));
    expect((await broker.api('/v1/events?type=connected_account.deleted')).body.items[0].connected_account_id).toBe(account.id);
  });

  it('a grant that the provider revoked: the refresh failed, the status changed, revoked', async () => {
    const account = await newAccount('linear');
    await broker.connect(account.link);
    await newEndpoint();
    await broker.control('/linear/revoke', 'POST', {});
    await rows.query("update connected_accounts set next_refresh_at = now() - interval '1 second' where id = $1", [account.id]);
    await eventually(() =>
      expect(types(receiver.ofAccount(account.id)).sort()).toEqual([
        'connected_account.revoked',
        'connected_account.status_changed',
        'credential.refresh_failed',
      ]),
    );
    const failed = receiver.received.find((one) => one.type === 'credential.refresh_failed');
    expect(failed?.data).toMatchObject({ outcome: 'gone', reason: 'revoked_by_provider', connected_account_id: account.id });
  });

  it('a failed call is an event once; a refused one is none', async () => {
    const account = await newAccount('slack');
    await broker.connect(account.link);
    await newEndpoint(receiver, { events: ['tool_call.failed'] });
    const execute = (tool: string, args: Json) =>
      broker.api(`/v1/tools/${tool}/execute`, { body: { identifier: account.identifier, arguments: args } });
    expect((await execute('slack_post_message', { nonsense: true })).body.code).toBe('argument_invalid');
    await broker.control('/slack/knobs', 'PUT', { fail: 'reset' });
    const unknown = await execute('slack_post_message', { channel: 'C06INC4LLS1', text: 'hello' });
    const failed = await execute('slack_list_channels', {});
    await broker.control('/slack/knobs', 'DELETE');
    expect([unknown.body.code, failed.body.code]).toEqual(['outcome_unknown', 'provider_unavailable']);
    await eventually(() => expect(receiver.received).toHaveLength(2));
    expect(receiver.received.map((one) => one.data)).toEqual([
      expect.objectContaining({ tool_call_id: unknown.body.tool_call_id, tool_name: 'slack_post_message', outcome: 'outcome_unknown' }),
      expect.objectContaining({ tool_call_id: failed.body.tool_call_id, outcome: 'failed', fault_code: 'provider_unavailable' }),
    ]);
    for (const one of receiver.received) {
      expect(one.data).toMatchObject({ connected_account_id: account.id, user_identifier: account.identifier, via: 'api' });
      expect(one.body).not.toContain('hello');
    }
  });

  it('an outage of the provider is told once, not at each repeat', async () => {
    const account = await newAccount('linear');
    await broker.connect(account.link);
    await newEndpoint();
    await broker.control('/linear/knobs', 'PUT', { where: 'token', fail: '500' });
    const attempts = async () =>
      (await rows.one<{ attempts: number }>('select attempts from connected_accounts where id = $1', [account.id])).attempts;
    await eventually(async () => {
      await rows.query('update connected_accounts set next_refresh_at = now(), not_before = null where id = $1', [account.id]);
      expect(await attempts()).toBeGreaterThan(2);
    });
    await broker.control('/linear/knobs', 'DELETE');
    await eventually(async () => {
      await rows.query('update connected_accounts set next_refresh_at = now(), not_before = null where id = $1 and attempts > 0', [
        account.id,
      ]);
      expect(types(receiver.ofAccount(account.id)).at(-1)).toBe('credential.refreshed');
    });
    expect(types(receiver.ofAccount(account.id))).toEqual(['credential.refresh_failed', 'credential.refreshed']);
    expect(receiver.received[0]?.data).toMatchObject({ outcome: 'transient', retry_at: expect.any(String) });
  });

  it('an endpoint gets the types it asked for, and what happened before it was made only when asked for', async () => {
    const early = await newAccount();
    const endpoint = await newEndpoint(receiver, { events: ['authorization_link.created'] });
    const late = await newAccount();
    await eventually(() => expect(receiver.received).toHaveLength(1));
    expect(receiver.received[0]?.data.connected_account_id).toBe(late.id);
    const [event] = (await broker.api(`/v1/events?connected_account_id=${early.id}&type=connected_account.created`)).body.items;
    const replay = await broker.api(`/v1/webhook-endpoints/${endpoint.id}/replay`, { body: { event_ids: [event.id] } });
    expect([replay.status, replay.body]).toEqual([200, { events: 1 }]);
    await eventually(() => expect(receiver.received).toHaveLength(2));
    expect(receiver.received[1]).toMatchObject({ id: event.id, type: 'connected_account.created' });
  });

  it('a deed that is undone leaves no event', async () => {
    await newEndpoint();
    const before = await rows.count('events');
    const refused = await broker.modules.db
      .inEnvironment(broker.broker.environmentId, async (tx) => {
        const { recordEvent } = await import('@grantway/db');
        await recordEvent(tx, { environmentId: broker.broker.environmentId, type: 'tool_call.failed' });
        throw new Error('undone');
      })
      .catch((error: Error) => error.message);
    expect(refused).toBe('undone');
    expect(await rows.count('events')).toBe(before);
    expect(receiver.received).toEqual([]);
  });
});

describe('delivery', () => {
  it('a receiver that was down gets everything when it is back: each event, each account in order, the same webhook-id', async () => {
    const endpoint = await newEndpoint();
    receiver.answer(() => 503);
    const accounts = await Promise.all(Array.from({ length: 5 }, () => newAccount()));
    await eventually(() => expect(receiver.received.length).toBeGreaterThan(0));
    await receiver.close();
    receivers.splice(receivers.indexOf(receiver), 1);
    const refused = receiver.received;
    await eventually(async () => expect((await deliveries(endpoint.id, '&status=pending')).some((d) => d.attempts > 1)).toBe(true));
    for (const one of accounts) await broker.api(`/v1/connected-accounts/${one.id}`, { method: 'DELETE' });

    const back = await newReceiver(receiver.port);
    back.secrets.push(endpoint.secret);
    await eventually(async () => {
      await hurry(endpoint.id);
      expect(back.received).toHaveLength(20);
    });
    for (const one of accounts) {
      expect(types(back.ofAccount(one.id))).toEqual([
        'connected_account.created',
        'authorization_link.created',
        'connected_account.status_changed',
        'connected_account.deleted',
      ]);
    }
    expect(back.received.every((one) => one.verifiedBy.length === 1)).toBe(true);
    expect(new Set(back.received.map((one) => one.id)).size).toBe(20);
    for (const one of refused) expect(back.received.map((r) => r.id)).toContain(one.id);
    expect(await deliveries(endpoint.id, '&status=pending')).toEqual([]);
    expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}`)).body.failing_since).toBeNull();
  });

  it('a later event of an account waits for the earlier one; other accounts do not', async () => {
    const endpoint = await newEndpoint();
    const stuckUser = `webhook-user-${users + 1}`;
    receiver.answer((one) => (one.type === 'connected_account.created' && one.data.identifier === stuckUser ? 500 : 204));
    const stuck = await newAccount();
    const free = await newAccount();
    await eventually(async () => {
      await hurry(endpoint.id);
      expect(receiver.ofAccount(free.id)).toHaveLength(2);
      expect(receiver.ofAccount(stuck.id).length).toBeGreaterThan(2);
    });
    expect(new Set(types(receiver.ofAccount(stuck.id)))).toEqual(new Set(['connected_account.created']));
    receiver.answer(() => 200);
    await eventually(async () => {
      await hurry(endpoint.id);
      expect(types(receiver.ofAccount(stuck.id)).at(-1)).toBe('authorization_link.created');
    });
    expect(new Set(receiver.ofAccount(stuck.id).map((one) => one.id)).size).toBe(2);
  });

  it('a redirect is not followed, and counts as a refusal', async () => {
    const elsewhere = await newReceiver();
    const endpoint = await newEndpoint();
    receiver.answer(() => ({ status: 307, headers: { location: elsewhere.url } }));
    await newAccount();
    await eventually(async () => expect((await deliveries(endpoint.id)).some((d) => d.last_status === 307)).toBe(true));
    expect(elsewhere.received).toEqual([]);
    expect(await deliveries(endpoint.id, '&status=delivered')).toEqual([]);
  });

  it('Retry-After puts the whole endpoint off for as long as it says', async () => {
    const endpoint = await newEndpoint();
    receiver.answer(() => ({ status: 429, headers: { 'retry-after': '3600' } }));
    await newAccount();
    await eventually(async () => expect((await deliveries(endpoint.id)).some((d) => d.last_status === 429)).toBe(true));
    const [put] = await rows.query<{ delivery: number; endpoint: number }>(
      `select extract(epoch from max(d.next_attempt_at) - now())::int as delivery, extract(epoch from w.not_before - now())::int as endpoint
       from webhook_deliveries d join webhook_endpoints w on w.id = d.endpoint_id where w.id = $1 group by w.not_before`,
      [endpoint.id],
    );
    expect(put?.delivery).toBeGreaterThan(3500);
    expect(put?.endpoint).toBeGreaterThan(3500);
    const before = receiver.received.length;
    await newAccount();
    await broker.broker.jobs.runNow('webhook.deliver', endpoint.id);
    expect(receiver.received).toHaveLength(before);
  });

  it('a claim whose process died is taken over after its end, and the event comes again with the same webhook-id', async () => {
    const endpoint = await newEndpoint();
    const account = await newAccount();
    await eventually(() => expect(receiver.received).toHaveLength(2));
    // As a process that was killed between the receiver’s answer and its own note of it leaves the row.
    await rows.query(
      `update webhook_deliveries set status = 'pending', claim = gen_random_uuid(), claimed_until = now() + interval '30 seconds'
       where endpoint_id = $1 and event_id = $2`,
      [endpoint.id, receiver.received[0]?.id],
    );
    await broker.broker.jobs.runNow('webhook.deliver', endpoint.id);
    expect(receiver.received).toHaveLength(2);
    await rows.query("update webhook_deliveries set claimed_until = now() - interval '1 second' where endpoint_id = $1", [endpoint.id]);
    await eventually(() => expect(receiver.received).toHaveLength(3));
    expect(receiver.received[2]?.id).toBe(receiver.received[0]?.id);
    expect(receiver.received[2]?.body).toBe(receiver.received[0]?.body);
    expect(receiver.ofAccount(account.id)).toHaveLength(3);
  });

  it('many deliverers at once send each event once', async () => {
    const endpoint = await newEndpoint();
    await rows.query("update webhook_endpoints set not_before = now() + interval '1 hour' where id = $1", [endpoint.id]);
    for (let i = 0; i < 12; i++) await newAccount();
    await rows.query('update webhook_endpoints set not_before = null where id = $1', [endpoint.id]);
    const { deliverWebhooks } = await import('@grantway/core');
    await Promise.all(Array.from({ length: 6 }, () => deliverWebhooks(broker.modules, endpoint.id)));
    await eventually(async () => expect(await deliveries(endpoint.id, '&status=pending')).toEqual([]));
    expect(receiver.received).toHaveLength(24);
    expect(new Set(receiver.received.map((one) => one.id)).size).toBe(24);
  });

  it('the sweep enqueues ids of endpoints and nothing else', async () => {
    const endpoint = await newEndpoint();
    receiver.answer(() => 500);
    await newAccount();
    await eventually(() => expect(receiver.received.length).toBeGreaterThan(0));
    await hurry(endpoint.id);
    const { jobs } = await import('@grantway/broker');
    const enqueued: [string, string][] = [];
    await eventually(async () => {
      await hurry(endpoint.id);
      await jobs.find((job) => job.name === 'webhook.sweep')?.run(broker.modules, '', async (job, id) => void enqueued.push([job, id]));
      expect(enqueued[0]).toEqual(['webhook.deliver', endpoint.id]);
    });
  });
});

describe('an endpoint that fails', () => {
  it('is disabled after three days without a success, with an audit event and an event for the other endpoints', async () => {
    const endpoint = await newEndpoint();
    const watcher = await newReceiver();
    await newEndpoint(watcher, { events: ['webhook_endpoint.disabled'] });
    receiver.answer(() => 500);
    const account = await newAccount();
    await eventually(async () => expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}`)).body.failing_since).not.toBeNull());
    expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}`)).body.status).toBe('ENABLED');
    await rows.query("update webhook_endpoints set failing_since = now() - interval '3 days' where id = $1", [endpoint.id]);
    await eventually(async () => {
      await hurry(endpoint.id);
      expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}`)).body).toMatchObject({ status: 'DISABLED', reason: 'failing' });
    });
    await eventually(() => expect(watcher.received).toHaveLength(1));
    expect(watcher.received[0]?.data).toMatchObject({ webhook_endpoint_id: endpoint.id, reason: 'failing', status: 500 });
    const audit = (await broker.api(`/v1/audit-events?action=webhook_endpoint.disabled&target_id=${endpoint.id}`)).body.items;
    expect(audit).toHaveLength(1);
    expect(audit[0].actor.kind).toBe('system');
    const count = receiver.received.length;
    await hurry(endpoint.id);
    await broker.broker.jobs.runNow('webhook.sweep');
    await broker.broker.jobs.runNow('webhook.deliver', endpoint.id);
    expect(receiver.received).toHaveLength(count);
    expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}/replay`, { body: { event_ids: ['evt_x'] } })).body.code).toBe(
      'endpoint_disabled',
    );

    // Mended and enabled: what waited comes, and a replay brings what happened meanwhile.
    const meanwhile = await newAccount();
    receiver.answer(() => 200);
    const { created_at } = (await broker.api(`/v1/events?connected_account_id=${account.id}`)).body.items.at(-1);
    expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}`, { method: 'PATCH', body: { status: 'ENABLED' } })).body).toMatchObject(
      { status: 'ENABLED', reason: null, failing_since: null },
    );
    await eventually(() =>
      expect(
        receiver
          .ofAccount(account.id)
          .map((one) => one.type)
          .at(-1),
      ).toBe('authorization_link.created'),
    );
    expect(receiver.ofAccount(meanwhile.id)).toEqual([]);
    await broker.api(`/v1/webhook-endpoints/${endpoint.id}/replay`, { body: { since: created_at } });
    await eventually(() =>
      expect(types(receiver.ofAccount(meanwhile.id))).toEqual(['connected_account.created', 'authorization_link.created']),
    );
  });

  it('one event that is refused for three days is given up, and the next of its account goes out', async () => {
    const endpoint = await newEndpoint();
    receiver.answer((one) => (one.type === 'connected_account.created' ? 400 : 200));
    const account = await newAccount();
    await eventually(() => expect(receiver.received.length).toBeGreaterThan(0));
    await rows.query('update webhook_deliveries set give_up_at = now() where endpoint_id = $1', [endpoint.id]);
    await eventually(async () => {
      await hurry(endpoint.id);
      expect(types(receiver.ofAccount(account.id)).at(-1)).toBe('authorization_link.created');
    });
    const [given] = await deliveries(endpoint.id, '&status=given_up');
    expect(given).toMatchObject({ type: 'connected_account.created', last_status: 400, next_attempt_at: null });
    expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}`)).body.status).toBe('ENABLED');
  });

  it('that answers 410 is disabled at once', async () => {
    const endpoint = await newEndpoint();
    receiver.answer(() => 410);
    await newAccount();
    await eventually(async () =>
      expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}`)).body).toMatchObject({ status: 'DISABLED', reason: 'gone' }),
    );
  });
});

describe('secrets', () => {
  it('the secret is shown at creation and rotation only, and stored sealed', async () => {
    const endpoint = await newEndpoint();
    expect(endpoint.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    for (const answer of [await broker.api('/v1/webhook-endpoints'), await broker.api(`/v1/webhook-endpoints/${endpoint.id}`)]) {
      expect(JSON.stringify(answer.body)).not.toContain('whsec_');
    }
    const [row] = await rows.query<{ secret_ct: Buffer }>('select secret_ct from webhook_endpoints where id = $1', [endpoint.id]);
    const raw = Buffer.from(endpoint.secret.slice(6), 'base64');
    for (const form of [raw, Buffer.from(endpoint.secret), Buffer.from(endpoint.secret.slice(6))]) {
      expect(row?.secret_ct.includes(form)).toBe(false);
    }
    await newAccount();
    await eventually(() => expect(receiver.received).toHaveLength(2));
    expect(broker.logLines.some((line) => line.includes(endpoint.secret.slice(6, 30)))).toBe(false);
  });

  it('B22: during the overlap both secrets verify, afterwards the new one alone', async () => {
    const endpoint = await newEndpoint();
    const rotated = await broker.api(`/v1/webhook-endpoints/${endpoint.id}/rotate-secret`, { body: { overlap_seconds: 3600 } });
    expect(rotated.body.secret).not.toBe(endpoint.secret);
    receiver.secrets.push(rotated.body.secret);
    await newAccount();
    await eventually(() => expect(receiver.received).toHaveLength(2));
    for (const one of receiver.received) expect(one.verifiedBy).toEqual([endpoint.secret, rotated.body.secret]);
    await rows.query("update webhook_endpoints set previous_secret_expires_at = now() - interval '1 second' where id = $1", [endpoint.id]);
    await newAccount();
    await eventually(() => expect(receiver.received).toHaveLength(4));
    for (const one of receiver.received.slice(2)) expect(one.verifiedBy).toEqual([rotated.body.secret]);
    expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}`)).body.previous_secret_expires_at).toBeNull();
  });

  it('B22: a secret row copied from another endpoint does not open: nothing is sent under it', async () => {
    const endpoint = await newEndpoint();
    const other = await newEndpoint(await newReceiver());
    await rows.query('update webhook_endpoints set secret_ct = (select secret_ct from webhook_endpoints where id = $2) where id = $1', [
      endpoint.id,
      other.id,
    ]);
    await newAccount();
    await expect(broker.broker.jobs.runNow('webhook.deliver', endpoint.id)).rejects.toThrow();
    expect(receiver.received).toEqual([]);
  });
});

describe('where webhooks may go', () => {
  it.each([
    ['http://example.com/hook', 'only https'],
    ['https://10.0.0.1/hook', 'private'],
    ['https://169.254.169.254/latest', 'linkLocal'],
    ['https://user:pw@example.com/', 'user information'],
    ['https://example.com:25/', 'port 25'],
    ['https://example.com/#part', 'fragment'],
    ['ftp://example.com/', 'scheme'],
    ['https://[::ffff:10.0.0.1]/', 'private'],
  ])('%s is refused when it is given', async (url, why) => {
    const refused = await broker.api('/v1/webhook-endpoints', { body: { url } });
    expect([refused.status, refused.body.code, refused.body.errors[0].pointer]).toEqual([400, 'invalid_request', '/url']);
    expect(refused.body.detail).toContain(why);
    expect(await rows.count('webhook_endpoints')).toBe(0);
  });

  it('the sandbox is no receiver', async () => {
    expect((await broker.api('/v1/webhook-endpoints', { body: { url: `${broker.sandbox.origin}/slack` } })).status).toBe(400);
  });

  it('replay refuses an event that is not there, and sends nothing', async () => {
    const endpoint = await newEndpoint();
    const refused = await broker.api(`/v1/webhook-endpoints/${endpoint.id}/replay`, {
      body: { event_ids: ['evt_00000000000000000000000000'] },
    });
    expect([refused.status, refused.body.code]).toEqual([422, 'unknown_event']);
    expect(await deliveries(endpoint.id)).toEqual([]);
    for (const body of [{}, { event_ids: [], since: new Date().toISOString() }, { event_ids: ['a'], since: new Date().toISOString() }]) {
      expect((await broker.api(`/v1/webhook-endpoints/${endpoint.id}/replay`, { body })).status).toBe(400);
    }
  });
});
