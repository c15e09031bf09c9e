import {
  type ApiFault,
  accepts,
  baseUrlFor,
  type Connector,
  exampleOperatorUrl,
  faultByStatus,
  type OAuth2Auth,
  parametersOf,
  sandboxUrl,
  type TokenAnswer,
  type TokenRefusal,
} from '@grantway/connector-kit';
import { toldValues } from '../told.ts';
import { headerName } from '../vendor-api.ts';
import { type App, pkce, postForm, redirectUri, registerApp, Visitor } from './visitor.ts';

/** With what it takes to be given a refresh token. */
export function toStay({ offline }: OAuth2Auth, scopes: string[]): string[] {
  return offline !== undefined && 'scope' in offline ? [...new Set([...scopes, offline.scope])] : scopes;
}

/** The words in the authorization request: some vendors take the same scope in one of two parameters. */
export function asSent(auth: OAuth2Auth, scopes: string[]): string[] {
  const params = auth.scopeParams?.(scopes) ?? { scope: scopes.join(auth.scopeSeparator) };
  return Object.values(params).flatMap((value) => value.split(auth.scopeSeparator).filter((word) => word !== ''));
}

/** A URL of the connector with what its fields are without anybody's word, and with something that fits where the vendor tells it. */
export function filled(connector: Connector, url: string): string {
  const { id, auth } = connector;
  const told = toldValues(connector);
  return url.replace(/\{(\w+)\}/g, (_, name) => {
    const [value] = told.get(name) ?? [];
    if (value !== undefined) return value;
    const field = auth.fields?.find((f) => f.name === name);
    if (field?.operatorUrl === true) return exampleOperatorUrl({ id });
    const parameter = parametersOf(auth).find((p) => p.name === name);
    const fitting = [
      'example',
      crypto.randomUUID(),
      ...(parameter?.hostSuffixes ?? []).map((suffix) => `example.${suffix.replace(/^\./, '')}`),
    ];
    return (
      field?.default ?? field?.options?.[0]?.value ?? fitting.find((value) => parameter !== undefined && accepts(parameter, value)) ?? ''
    );
  });
}

/** Credential headers of a kind that asks for keys: new ones each time. */
export function keyHeaders({ id, auth }: Connector): Record<string, string> {
  const key = crypto.randomUUID().replaceAll('-', '');
  const fill = (template: string) => template.replace(/\{\w+\}/g, key);
  if (auth.kind === 'none') return {};
  if (auth.kind === 'bearer') return { authorization: `${auth.scheme} ${fill(auth.token)}`.trim() };
  if (auth.kind === 'basic') return { authorization: `Basic ${btoa(`${fill(auth.username)}:${fill(auth.password)}`)}` };
  if (auth.kind === 'api_key')
    return Object.fromEntries(Object.entries(auth.headers).map(([name, template]) => [headerName(auth, name), fill(template)]));
  throw new Error(`${id} is not authorized by keys`);
}

export interface Grant {
  /** As the vendor worded it. */
  body: Record<string, unknown>;
  read: TokenAnswer;
}

/** A client of one vendor's authorization server, as the connector declares it. */
export class VendorClient {
  readonly #origin: string;
  readonly #connector: Connector;
  readonly auth: OAuth2Auth;
  readonly app: App;

  private constructor(origin: string, connector: Connector, auth: OAuth2Auth, app: App) {
    this.#origin = origin;
    this.#connector = connector;
    this.auth = auth;
    this.app = app;
  }

  static async register(origin: string, connector: Connector, auth: OAuth2Auth): Promise<VendorClient> {
    return new VendorClient(origin, connector, auth, await registerApp(origin, connector.id));
  }

  at(url: string): string {
    return sandboxUrl(filled(this.#connector, url), this.#origin);
  }

  /** The authorization request; `changes` set parameters, and with undefined take them out. */
  page(scopes: string[], changes: Record<string, string | undefined> = {}, challenge = pkce().challenge): string {
    const { auth } = this;
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: this.app.client_id,
      redirect_uri: redirectUri,
      state: 'state-1',
      ...(auth.pkce === 'S256' ? { code_challenge: challenge, code_challenge_method: 'S256' } : {}),
      ...auth.authorizeParams,
      ...(auth.scopesAt === 'app' ? {} : (auth.scopeParams?.(scopes) ?? { scope: scopes.join(auth.scopeSeparator) })),
    });
    for (const [name, value] of Object.entries(changes)) {
      if (value === undefined) query.delete(name);
      else query.set(name, value);
    }
    return `${this.at(auth.authorizeUrl)}?${query}`;
  }

  /** What the vendor answers a page's address that it does not take. */
  async refusedAt(url: string): Promise<string | null> {
    const location = (await new Visitor().request(url)).headers.get('location');
    return location === null ? null : new URL(location).searchParams.get('error');
  }

  async codeFor(
    scopes = this.auth.defaultScopes,
    account?: string,
    changes?: Record<string, string | undefined>,
  ): Promise<Record<string, string>> {
    const { verifier, challenge } = pkce();
    const back = await new Visitor().decide(this.page(scopes, changes, challenge), 'allow', account);
    const code = back.searchParams.get('code') ?? '';
    const form: Record<string, string> = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
    if (this.auth.pkce === 'S256') form.code_verifier = verifier;
    return form;
  }

  token(form: Record<string, string>, how = this.how, format = this.auth.tokenBodyFormat) {
    return postForm(this.at(this.auth.tokenUrl), form, this.app, how, format);
  }

  get how(): 'basic' | 'post' {
    return this.auth.clientAuthentication === 'client_secret_basic' ? 'basic' : 'post';
  }

  async grant(scopes?: string[], account?: string, changes?: Record<string, string | undefined>): Promise<Grant> {
    const { body } = await this.token(await this.codeFor(scopes, account, changes));
    return { body, read: this.read(body) };
  }

  /** The code of the refusal, or the grant. */
  async refresh(refresh_token: string | undefined): Promise<Grant | string> {
    const { body, status } = await this.token({ grant_type: 'refresh_token', refresh_token: refresh_token ?? '' });
    const refusal = this.refusalIn(body);
    return status >= 300 || refusal !== undefined ? (refusal ?? `HTTP ${status}`) : { body, read: this.read(body) };
  }

  refusalIn(body: Record<string, unknown>): string | undefined {
    const slot = this.auth.tokenExample?.refusal?.slot ?? '/error';
    const said = slot
      .slice(1)
      .split('/')
      .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], body);
    return typeof said === 'string' ? said : undefined;
  }

  revoke(url: string, token: string) {
    return postForm(this.at(url), { token }, this.app, this.how, this.auth.tokenBodyFormat);
  }

  read(body: Record<string, unknown>): TokenAnswer {
    const answer: TokenAnswer | TokenRefusal = this.auth.readTokenResponse?.(body) ?? (body as unknown as TokenAnswer);
    if ('error' in answer || typeof answer.access_token !== 'string') throw new Error(JSON.stringify(body));
    return answer;
  }

  /** How the connector judges the answer to the identity request; at another place than its own where `base` names one. */
  verdict(token: string, base?: string, without?: string): Promise<ApiFault['kind'] | undefined> {
    return verdictOn(this.#origin, this.#connector, { authorization: `Bearer ${token}` }, { base, without });
  }
}

/** How the connector judges the answer to its identity request with these headers, less one. */
export async function verdictOn(
  origin: string,
  connector: Connector,
  credential: Record<string, string>,
  { base, without }: { base?: string | undefined; without?: string | undefined } = {},
): Promise<ApiFault['kind'] | undefined> {
  const { api, identify } = connector;
  const { request } = identify;
  const url = new URL(sandboxUrl(filled(connector, `${base ?? baseUrlFor(api, request) ?? ''}${request.path}`), origin));
  for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
  const headers = new Headers({
    ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...api.headers,
    ...request.headers,
    ...credential,
  });
  if (without !== undefined) headers.delete(without);
  const body = request.json === undefined ? {} : { body: JSON.stringify(request.json) };
  const answer = await fetch(url, { method: request.method, headers, ...body });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') === true;
  const response = { status: answer.status, headers: Object.fromEntries(answer.headers), body: isJson ? JSON.parse(text) : text };
  return (api.fault ?? faultByStatus)(response)?.kind;
}
