import { type Connector, captured, type OAuth2Auth, type Parameter, placeholders } from '@grantway/connector-kit';
import { loadAllConnectors } from '@grantway/connectors';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Sandbox, startSandbox } from './index.ts';
import { valueAt } from './json-places.ts';
import { answeredScopes, nestedIn, type Quirk, quirksOf, refreshSeconds, unnamed } from './quirks.ts';
import { type Grant, keyHeaders, VendorClient, verdictOn } from './testing/vendor-client.ts';
import { toldValues } from './told.ts';

const connectors = await loadAllConnectors();
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({ connectors });
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(connectors.map(({ id }) => fetch(`${sandbox.origin}/_sandbox/${id}/knobs`, { method: 'DELETE' })));
});
afterAll(() => sandbox.close());

/** Lets time pass for the sandbox without waiting: it asks only the clock. */
function pass(seconds: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
}

/** Quirks of the calls themselves, which connectors without OAuth have too. */
const ofEvery = ['several secrets', 'header with each call'] as const;
type OfEvery = (typeof ofEvery)[number];
const isOfEvery = (quirk: Quirk): quirk is OfEvery => ofEvery.some((one) => one === quirk);

interface Playing {
  connector: Connector;
  auth: OAuth2Auth;
  client: VendorClient;
}

const isGrant = (answer: Grant | string): answer is Grant => typeof answer !== 'string';
const refreshed = async (client: VendorClient, token: string | undefined): Promise<Grant> => {
  const answer = await client.refresh(token);
  if (!isGrant(answer)) throw new Error(`the refresh was refused: ${answer}`);
  return answer;
};
const knobs = (id: string, body: object) => fetch(`${sandbox.origin}/_sandbox/${id}/knobs`, { method: 'PUT', body: JSON.stringify(body) });
const words = (shown: unknown) => (Array.isArray(shown) ? shown.map(String) : String(shown).split(/[\s,]+/));

/** That the sandbox plays it: each fails where the sandbox does what other vendors do. */
const proofs: Record<Exclude<Quirk, OfEvery>, (playing: Playing) => Promise<void>> = {
  async 'client authentication'({ auth, client }) {
    const form = await client.codeFor();
    const other = auth.clientAuthentication === 'client_secret_basic' ? 'post' : 'basic';
    expect(client.refusalIn((await client.token(form, other)).body)).toBe('invalid_client');
    expect(client.read((await client.token(form)).body).access_token).toEqual(expect.any(String));
  },
  async 'token body'({ client }) {
    const form = await client.codeFor();
    expect(client.refusalIn((await client.token(form, client.how, 'form')).body)).toEqual(expect.any(String));
    expect(client.read((await client.token(form)).body).access_token).toEqual(expect.any(String));
  },
  async PKCE({ auth, client }) {
    const scopes = auth.defaultScopes;
    if (auth.pkce === 'S256') {
      expect(await client.refusedAt(client.page(scopes, { code_challenge: undefined, code_challenge_method: undefined }))).toBe(
        'invalid_request',
      );
      const { code_verifier: _, ...form } = await client.codeFor();
      expect(client.refusalIn((await client.token(form)).body)).toEqual(expect.any(String));
    } else {
      const form = await client.codeFor(scopes, undefined, { code_challenge: 'passed-over', code_challenge_method: 'S256' });
      expect(client.read((await client.token(form)).body).access_token).toEqual(expect.any(String));
    }
  },
  async 'scope separator'({ auth, client }) {
    const scopes = auth.defaultScopes.slice(0, 2);
    expect(scopes).toHaveLength(2);
    expect(await client.refusedAt(client.page(scopes, { scope: scopes.join(' ') }))).toBe('invalid_scope');
    expect((await client.grant(scopes)).read.scopes?.toSorted()).toEqual(scopes.toSorted());
  },
  async 'scopes of the app'({ client }) {
    expect(await client.refusedAt(client.page([], { scope: 'anything' }))).toBe('invalid_scope');
    expect(await client.verdict((await client.grant()).read.access_token)).toBeUndefined();
  },
  async 'nested tokens'({ auth, client }) {
    for (const { pointer, scopeParam } of nestedIn(auth)) {
      const held = Object.keys(auth.scopes).filter((scope) => auth.scopeParams?.([scope])[scopeParam ?? ''] !== undefined);
      const { body, read } = await client.grant(scopeParam === undefined ? auth.defaultScopes : held.slice(0, 2));
      expect(body).not.toHaveProperty('access_token');
      expect(valueAt(body, pointer)).toBe(read.access_token);
      expect(await client.verdict(read.access_token)).toBeUndefined();
      const next = auth.otherTokenExamples?.find((one) => one.scopeParam === scopeParam && one.answers === 'refresh_token');
      const renewed = await refreshed(client, read.refresh_token);
      if (next !== undefined) expect(valueAt(renewed.body, next.slots.access_token ?? '')).toBe(renewed.read.access_token);
      expect(await client.verdict(renewed.read.access_token)).toBeUndefined();
    }
  },
  async '200 with an error, token endpoint'({ auth, client }) {
    const answer = await client.token({ ...(await client.codeFor()), code: 'another' });
    expect([answer.status, client.refusalIn(answer.body)]).toEqual([200, 'invalid_grant']);
    expect(Object.keys(answer.body).sort()).toEqual(Object.keys(auth.tokenExample?.refusal?.body ?? {}).sort());
  },
  async '200 with an error, API'({ connector, client }) {
    expect(['rejected', 'revoked']).toContain(await client.verdict('unknown'));
    expect(Object.values(connector.api.refusals ?? {}).map(({ status }) => status)).toContain(200);
    await knobs(connector.id, { fail: '200_with_error' });
    expect(await client.verdict((await client.grant()).read.access_token)).toEqual(expect.any(String));
  },
  async 'refusal of its own'({ auth, client }) {
    const answer = await client.token({ ...(await client.codeFor()), code: 'another' });
    expect(answer.status).toBe(auth.tokenExample?.refusal?.status);
    expect(client.refusalIn(answer.body)).toBe('invalid_grant');
  },
  async 'scopes in the answer'({ auth, client }) {
    const { separator, prefix, isList } = answeredScopes(auth);
    const { body, read } = await client.grant();
    const shown = valueAt(body, auth.tokenExample?.slots.scope ?? '');
    expect(Array.isArray(shown)).toBe(isList);
    expect(words(shown).length).toBeGreaterThan(1);
    for (const word of words(shown)) {
      expect(word.startsWith(prefix)).toBe(true);
      expect(auth.defaultScopes).toContain(word.slice(prefix.length));
    }
    if (separator !== undefined) expect(String(shown).split(separator)).toEqual(words(shown));
    for (const scope of unnamed(auth)) expect(words(shown).some((word) => word.endsWith(scope))).toBe(false);
    expect(read.refresh_token).toEqual(expect.any(String));
  },
  async rotation({ auth, client }) {
    const { read } = await client.grant();
    if (auth.tokenExample?.slots.refresh_token === undefined && auth.tokenExample !== undefined) {
      expect(read.refresh_token).toBeUndefined();
      return;
    }
    const old = read.refresh_token;
    const next = await refreshed(client, old);
    const { rotationClass, leewaySeconds = 60 } = auth;
    if (rotationClass === 'A') expect(next.read.refresh_token ?? old).toBe(old);
    else expect(next.read.refresh_token).not.toBe(old);
    if (rotationClass === 'C') {
      pass(leewaySeconds - 10);
      await refreshed(client, old);
      pass(20);
    }
    expect(isGrant(await client.refresh(old))).toBe(rotationClass === 'A' || rotationClass === 'B');
    // Where using the old one again ends the grant, the new one goes too.
    expect(isGrant(await client.refresh(next.read.refresh_token ?? old))).toBe(rotationClass !== 'E');
  },
  async 'staying connected'({ auth, client }) {
    const { offline } = auth;
    if (offline === undefined) throw new Error('nothing is declared');
    const without =
      'scope' in offline
        ? await client.grant(auth.defaultScopes.filter((scope) => scope !== offline.scope))
        : await client.grant(
            auth.defaultScopes,
            undefined,
            Object.fromEntries(Object.keys(offline.params).map((name) => [name, undefined])),
          );
    expect(without.read.refresh_token).toBeUndefined();
    expect(await client.verdict(without.read.access_token)).toBeUndefined();
    expect((await client.grant()).read.refresh_token).toEqual(expect.any(String));
  },
  async 'life of access tokens'({ auth, client }) {
    const { read } = await client.grant();
    const { expires_in: pointer, refresh_token } = auth.tokenExample?.slots ?? {};
    const seconds = pointer === undefined ? undefined : Number(valueAt(auth.tokenExample?.body, pointer));
    expect(read.expires_in).toBe(seconds);
    if (seconds === undefined && refresh_token === undefined) {
      pass(5 * 365 * 86_400);
      expect(await client.verdict(read.access_token)).toBeUndefined();
      return;
    }
    pass((seconds ?? 3600) - 5);
    expect(await client.verdict(read.access_token)).toBeUndefined();
    pass(10);
    expect(await client.verdict(read.access_token)).toBe('rejected');
  },
  async 'life of refresh tokens'({ auth, client }) {
    const seconds = refreshSeconds(auth) ?? 0;
    const [used, unused] = [await client.grant(undefined, 'ada@example.test'), await client.grant(undefined, 'eve@example.test')];
    pass(seconds - 3600);
    const next = await refreshed(client, used.read.refresh_token);
    pass(7200);
    expect(isGrant(await client.refresh(unused.read.refresh_token))).toBe(false);
    expect(isGrant(await client.refresh(next.read.refresh_token))).toBe(true);
  },
  async 'life of grants'({ auth, client }) {
    let token = (await client.grant()).read.refresh_token;
    const [step, whole] = [(refreshSeconds(auth) ?? 0) - 3600, auth.grantSeconds ?? 0];
    for (let passed = step; passed < whole; passed += step) {
      pass(step);
      token = (await refreshed(client, token)).read.refresh_token;
    }
    pass(whole % step);
    expect(isGrant(await client.refresh(token))).toBe(false);
  },
  async 'address of the account’s own'({ auth, client }) {
    for (const name of placeholders(auth.authorizeUrl)) {
      const field = auth.fields?.find((one) => one.name === name);
      const [suffix] = field?.hostSuffixes ?? [];
      const at = (value: string) =>
        fetch(client.page(auth.defaultScopes).replace(`/${field?.default}/`, `/${value}/`), { redirect: 'manual' });
      expect((await at(suffix === undefined ? 'organizations' : `acme.${suffix}`)).status).toBe(303);
      expect((await at('Evil_example')).status).toBe(404);
    }
  },
  async 'API host with the token'({ connector, auth, client }) {
    const { body, read } = await client.grant();
    for (const capture of auth.captureFromToken ?? []) {
      const host = captured(capture, valueAt(body, capture.pointer));
      expect(host).toBe(toldValues(connector).get(capture.name)?.[0]);
      const at = (value: string) => client.verdict(read.access_token, connector.api.baseUrl.replaceAll(`{${capture.name}}`, value));
      expect(await at(host ?? '')).toBeUndefined();
      expect(await at(`other.${capture.hostSuffixes?.[0]}`)).toEqual(expect.any(String));
    }
  },
  async 'choice after consent'({ connector, auth, client }) {
    const { lookup } = auth;
    if (lookup === undefined) throw new Error('nothing is declared');
    const { access_token } = (await client.grant()).read;
    const sites = async () => {
      const answer = await fetch(client.at(`${lookup.baseUrl ?? connector.api.baseUrl}${lookup.request.path}`), {
        headers: { ...connector.api.headers, authorization: `Bearer ${access_token}` },
      });
      return lookup.choices((await answer.json()) as never);
    };
    expect(await sites()).toEqual(lookup.example.gives);
    await knobs(connector.id, { lookup_choices: 3 });
    const several = await sites();
    expect(new Set(several.map(({ label }) => label)).size).toBe(3);
    const [capture] = lookup.captures as [Parameter];
    const at = (value: string | undefined) =>
      client.verdict(access_token, connector.api.baseUrl.replaceAll(`{${capture.name}}`, value ?? ''));
    for (const { values } of several) expect(await at(values[capture.name])).toBeUndefined();
    expect(await at(crypto.randomUUID())).toEqual(expect.any(String));
    await knobs(connector.id, { lookup_choices: 0 });
    expect(await sites()).toEqual([]);
  },
  async revocation({ connector, auth, client }) {
    const { read } = await client.grant();
    if (auth.revokeUrl !== undefined) {
      expect((await client.revoke(auth.revokeUrl, read.refresh_token ?? read.access_token)).status).toBe(200);
    } else {
      const { path, form } = auth.revocation ?? { path: '' };
      const headers = { authorization: `Bearer ${read.access_token}`, 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await fetch(client.at(`${connector.api.baseUrl}${path}`), {
        method: 'POST',
        headers,
        body: new URLSearchParams(form as never),
      });
      expect(answer.status).toBe(200);
    }
    expect(['rejected', 'revoked']).toContain(await client.verdict(read.access_token));
    expect(isGrant(await client.refresh(read.refresh_token))).toBe(false);
  },
  async 'revocation of all'({ auth, client }) {
    const grants = [await client.grant(undefined, 'ada@example.test'), await client.grant(undefined, 'ada@example.test')];
    const other = await client.grant(undefined, 'eve@example.test');
    await client.revoke(auth.revokeUrl ?? '', grants[0]?.read.refresh_token ?? '');
    for (const { read } of grants) expect(['rejected', 'revoked']).toContain(await client.verdict(read.access_token));
    expect(await client.verdict(other.read.access_token)).toBeUndefined();
  },
};

const played = connectors.filter((connector) => quirksOf(connector).length > 0);

describe.each(played.map((connector) => [connector.id, connector] as const))('%s', (_id, connector) => {
  it.each(quirksOf(connector))('%s: %s', async (quirk) => {
    const { auth } = connector;
    const client = auth.kind === 'oauth2' ? await VendorClient.register(sandbox.origin, connector, auth) : undefined;
    if (!isOfEvery(quirk)) {
      if (auth.kind !== 'oauth2' || client === undefined) throw new Error('that is a quirk of OAuth');
      return proofs[quirk]({ connector, auth, client });
    }
    const credential =
      client === undefined ? keyHeaders(connector) : { authorization: `Bearer ${(await client.grant()).read.access_token}` };
    const names = quirk === 'several secrets' ? Object.keys(credential) : Object.keys(connector.api.headers ?? {});
    expect(names.length).toBeGreaterThan(0);
    expect(await verdictOn(sandbox.origin, connector, credential)).toBeUndefined();
    for (const without of names.filter((name) => !/^(accept|user-agent|content-type)$/i.test(name)))
      expect(await verdictOn(sandbox.origin, connector, credential, { without }), without).toEqual(expect.any(String));
  });
});

it('what each vendor is known for is among what is proven', () => {
  const said = new Map(connectors.map((connector) => [connector.id, quirksOf(connector).map(([, words]) => words)]));
  const known: Record<string, string[]> = {
    slack: [
      'token at `/authed_user/access_token` for `user_scope`',
      'refuses tokens with 200',
      'refuses calls with 200',
      'scopes with commas',
    ],
    github: ['refuses tokens with 200', 'answers scopes with commas'],
    linear: ['scopes with commas', 'new refresh tokens, the old one good for 60 s', 'revocation by RFC 7009'],
    jira: ['new refresh tokens, the old one good for 600 s', 'site looked up after consent, chosen where there are several'],
    confluence: ['site looked up after consent, chosen where there are several', 'token requests in JSON'],
    salesforce: ['API host at `/instance_url` of the token answer', 'refresh token only for scope `refresh_token`'],
    notion: ['client by HTTP Basic', 'token requests in JSON', 'refresh tokens work once, reuse ends the grant'],
    gmail: ['refresh token only for `access_type=offline`', 'which ends all that the person granted to the app'],
    outlook: ['new refresh tokens, old ones stay good', '`{tenant}` in the address of its pages'],
    attio: ['no refresh token', 'access without an end'],
    hubspot: ['the refresh token stays', 'client in the body'],
    datadog: ['2 secrets with each call'],
  };
  for (const [id, words] of Object.entries(known)) expect(said.get(id), id).toEqual(expect.arrayContaining(words));
});
