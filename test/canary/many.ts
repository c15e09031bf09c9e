import { someKeys, type TestBroker } from '@grantway/test/harness';
import { Browser } from '../flows/browser.ts';

/**
 * Many secrets, by every way that takes one from outside, so that a leak that happens now and then is seen too. `next`
 * makes a new one and notes it.
 */
export async function plantMany(broker: TestBroker, next: (name: string) => string, count: number): Promise<void> {
  const authorization = `Bearer ${await broker.token()}`;
  const keyLink = (
    await broker.api('/v1/connected-accounts/authorization-link', { body: { connection_name: 'datadog', identifier: 'many' } })
  ).body.link as string;
  const person = new Browser();
  const form = await person.follow(keyLink, () => false);
  const [connection] = (await broker.api('/v1/connections?name=linear')).body.items;
  const post = (path: string, body: string | URLSearchParams, headers: Record<string, string> = {}) =>
    fetch(`${broker.baseUrl}${path}`, { method: 'POST', body, headers });
  const json = { 'content-type': 'application/json', authorization };

  const ways: ((n: number) => Promise<unknown>)[] = [
    // Kept sealed.
    (n) =>
      broker.api('/v1/connections', {
        body: { name: `many-${n}`, connector: 'slack', auth: { client_id: `many-${n}`, client_secret: next('one app secret of many') } },
      }),
    // Never kept.
    () =>
      post(
        '/oauth/token',
        new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: broker.client.clientId,
          client_secret: next('one wrong client secret of many'),
        }),
      ),
    () => fetch(`${broker.baseUrl}/v1/connections`, { headers: { authorization: `Bearer ${next('one wrong access token of many')}` } }),
    () =>
      fetch(
        `${broker.baseUrl}/oauth/callback/${connection.id}?state=${next('one forged state of many')}&code=${next('one forged code of many')}`,
        { redirect: 'manual', headers: { cookie: `gw_flow=${next('one cookie of many')}` } },
      ),
    () => post('/v1/connected-accounts/verify', JSON.stringify({ auth_request_id: next('one request of many'), identifier: 'many' }), json),
    () => post(`/v1/connections`, `{"client_secret": "${next('one secret in a broken body of many')}" oops`, json),
    () => fetch(`${broker.baseUrl}/connect/${next('one link of many')}`),
    () =>
      fetch(`${broker.baseUrl}/u/${next('one URL of many')}/mcp`, {
        method: 'POST',
        body: '{}',
        headers: { 'content-type': 'application/json' },
      }),
    () =>
      broker.api('/v1/tools/linear_teams_list/execute', {
        body: { identifier: 'many', connection_name: 'linear' },
        headers: { 'idempotency-key': next('one idempotency key of many') },
      }),
    // Tried at the provider, and refused there.
    () => person.submit(form, { ...someKeys(), api_key: `invalid-${next('one refused key of many')}`, site: 'datadoghq.com' }, '/key'),
  ];
  let n = 0;
  const worker = async () => {
    for (let mine = n++; mine < count; mine = n++) await (ways[mine % ways.length] as (typeof ways)[number])(mine);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
}
