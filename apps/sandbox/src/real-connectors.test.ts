import {
  type ApiRequest,
  answersOf,
  baseUrlFor,
  type Connector,
  faultByStatus,
  missingScopes,
  replay,
  type Step,
  sandboxUrl,
  type Tool,
  takesFile,
  waysOf,
} from '@grantway/connector-kit';
import { loadAllConnectors } from '@grantway/connectors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiRoutesOf } from './api-routes.ts';
import { type Sandbox, startSandbox } from './index.ts';
import { asSent, filled, keyHeaders, toStay } from './testing/vendor-client.ts';
import { type App, pkce, postForm, redirectUri, registerApp, Visitor } from './testing/visitor.ts';

const loaded = await loadAllConnectors();
const connectors = loaded.flatMap(waysOf);
let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ connectors: loaded });
});

afterAll(() => sandbox.close());

/** Credential headers for these scopes, obtained as the broker does. */
async function connect(connector: Connector, needed: string[], account = 'ada@example.test'): Promise<Record<string, string>> {
  const { auth } = connector;
  const scopes = auth.kind === 'oauth2' ? toStay(auth, needed) : needed;
  if (auth.kind !== 'oauth2') {
    return keyHeaders(connector);
  }
  const app: App = await registerApp(sandbox.origin, connector.id);
  const { verifier, challenge } = pkce();
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: app.client_id,
    redirect_uri: redirectUri,
    state: 'state-1',
    ...(auth.pkce === 'S256' ? { code_challenge: challenge, code_challenge_method: 'S256' } : {}),
    ...auth.authorizeParams,
    ...(auth.scopesAt === 'app' ? {} : (auth.scopeParams?.(scopes) ?? { scope: scopes.join(auth.scopeSeparator) })),
  });
  const back = await new Visitor().decide(`${sandboxUrl(filled(connector, auth.authorizeUrl), sandbox.origin)}?${query}`, 'allow', account);
  const form = {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code') ?? '',
    redirect_uri: redirectUri,
    ...(auth.pkce === 'S256' ? { code_verifier: verifier } : {}),
  };
  const how = auth.clientAuthentication === 'client_secret_basic' ? 'basic' : 'post';
  const answer = await postForm(sandboxUrl(filled(connector, auth.tokenUrl), sandbox.origin), form, app, how, auth.tokenBodyFormat);
  const read = (auth.readTokenResponse?.(answer.body) ?? answer.body) as { access_token: string; refresh_token: string; scopes?: string[] };
  expect(read.access_token, JSON.stringify(answer.body)).toEqual(expect.any(String));
  const rotates = auth.tokenExample === undefined || auth.tokenExample.slots.refresh_token !== undefined;
  if (rotates) expect(read.refresh_token).toEqual(expect.any(String));
  const named = scopes.filter((scope) => auth.unlistedScopes?.includes(scope) !== true);
  const shown = read.scopes?.filter((scope) => auth.unlistedScopes?.includes(scope) !== true);
  if (shown !== undefined && auth.scopesAt !== 'app') expect(shown.sort()).toEqual(asSent(auth, named).sort());
  return { authorization: `Bearer ${read.access_token}` };
}

async function send(connector: Connector, request: ApiRequest, credential: Record<string, string>) {
  const base = filled(connector, baseUrlFor(connector.api, request) ?? '');
  const url = new URL(sandboxUrl(`${base}${request.path}`, sandbox.origin));
  for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
  const json = request.json === undefined ? {} : { body: JSON.stringify(request.json) };
  const form = request.form === undefined ? {} : { body: new URLSearchParams(request.form as Record<string, string>) };
  const headers = {
    ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...connector.api.headers,
    ...credential,
  };
  const answer = await fetch(url, { method: request.method, headers: { ...headers, ...request.headers }, ...json, ...form });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') === true;
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: isJson ? JSON.parse(text) : text };
}

const judge = (connector: Connector, response: Awaited<ReturnType<typeof send>>) => (connector.api.fault ?? faultByStatus)(response);
/** What a tool gives for the sandbox's answers. */
async function give(connector: Connector, tool: Tool, input: Record<string, unknown>, credential: Record<string, string>) {
  const answers: Awaited<ReturnType<typeof send>>[] = [];
  for (;;) {
    const { steps, output } = replay(tool, input, answers);
    const next = steps[answers.length];
    if (next === undefined) return tool.output.parse(output);
    const response = await send(connector, next.request, credential);
    expect(judge(connector, response), `${tool.name}: ${JSON.stringify(response.body)}`).toBeUndefined();
    answers.push(response);
  }
}

const scopesOf = (connector: Connector, tools: Tool[]) => {
  const needed = new Set(tools.flatMap((t) => t.scopes));
  return connector.auth.kind === 'oauth2' ? Object.keys(connector.auth.scopes).filter((scope) => needed.has(scope)) : [];
};

describe.each(connectors.map((connector) => [[connector.id, connector.variant].filter(Boolean).join(' by '), connector] as const))(
  '%s',
  (_id, connector) => {
    it('each worked example is answered for its own tool, in the shape of its output', async () => {
      const before = (await ledgerOf(connector)).length;
      const credential = await connect(connector, scopesOf(connector, connector.tools));
      for (const tool of connector.tools) {
        // Those that send a file are played over a whole broker (test/files).
        if (takesFile(tool)) continue;
        for (const example of tool.examples) {
          const output = await give(connector, tool, tool.input.parse(example.input), credential);
          if (example.fresh === undefined && connector.auth.kind !== 'oauth2') expect(output).toEqual(example.gives);
          expect(Object.keys(output).sort()).toEqual(Object.keys(example.gives).sort());
        }
      }
      const called = (await ledgerOf(connector))
        .slice(before)
        .filter(({ kind }) => kind === 'api_call')
        .map(({ tool }) => tool);
      const played = connector.tools.filter((t) => !takesFile(t));
      expect(called).toEqual(played.flatMap((t) => t.examples.flatMap((example) => answersOf(example).map(() => t.name))));
    });

    it('identify tells accounts apart', async () => {
      const who = async (account: string) => {
        const response = await send(
          connector,
          connector.identify.request,
          await connect(connector, scopesOf(connector, connector.tools), account),
        );
        expect(judge(connector, response)).toBeUndefined();
        return connector.identify.subject(response.body as never, response);
      };
      const [ada, grace] = [await who('ada@example.test'), await who('grace@example.test')];
      if (connector.auth.kind !== 'oauth2') return expect(ada).toEqual(connector.identify.example.gives);
      expect(grace.id).not.toBe(ada.id);
      // some vendors tell nothing of the person but an id, and the label names the workspace
      if (ada.label === grace.label) return;
      expect(ada.label.toLowerCase()).toContain('ada');
      expect(grace.label.toLowerCase()).toContain('grace');
    });

    it('a lacking scope and a revoked grant read as what they are', async () => {
      const { auth } = connector;
      const [scoped] = connector.tools.filter((t) => t.scopes.length > 0);
      if (auth.kind === 'oauth2' && auth.scopesAt !== 'app' && scoped !== undefined) {
        const others = Object.keys(auth.scopes).filter((scope) => missingScopes(auth, [scope], scoped.scopes).length > 0);
        const credential = await connect(connector, others.slice(0, 1));
        const [first] = replay(scoped, scoped.input.parse(scoped.examples[0]?.input), []).steps;
        // Some vendors say no more than that it is denied.
        const told = connector.api.refusals?.missing_scope === undefined ? 'error' : 'missing_scope';
        expect(judge(connector, await send(connector, (first as Step).request, credential))?.kind).toBe(told);
      }
      const credential = await connect(connector, scopesOf(connector, connector.tools));
      expect(judge(connector, await send(connector, connector.identify.request, credential))).toBeUndefined();
      await fetch(`${sandbox.origin}/_sandbox/${connector.id}/revoke`, { method: 'POST' });
      expect(['revoked', 'rejected']).toContain(judge(connector, await send(connector, connector.identify.request, credential))?.kind);
    });

    it('every call has a place of its own', () => {
      const names = new Set(apiRoutesOf(connector).map((route) => route.name));
      expect([...names].sort()).toEqual(
        [
          ...new Set([
            ...connector.tools.map((t) => t.name),
            'identify',
            ...(hasRevocation(connector) ? ['revocation'] : []),
            ...(hasLookup(connector) ? ['lookup'] : []),
          ]),
        ].sort(),
      );
    });
  },
);

/** All ways in to one vendor are written down in one place. */
async function ledgerOf({ id }: Connector): Promise<{ kind: string; tool?: string }[]> {
  return ((await (await fetch(`${sandbox.origin}/_sandbox/${id}/ledger`)).json()) as { events: { kind: string; tool?: string }[] }).events;
}

function hasLookup({ auth }: Connector): boolean {
  return auth.kind === 'oauth2' && auth.lookup !== undefined;
}

function hasRevocation({ auth }: Connector): boolean {
  return auth.kind === 'oauth2' && (auth.revocation ?? auth.revocationByApp) !== undefined;
}
