import { createHash, randomBytes } from 'node:crypto';

/** A person's browser, as far as the consent page needs one: cookies, redirects, one form. */
export class Visitor {
  readonly #cookies = new Map<string, { value: string; path: string }>();

  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const { origin, pathname } = new URL(url);
    const cookies = [...this.#cookies.entries()].filter(([, { path }]) => pathname.startsWith(path));
    const headers = new Headers(init.headers);
    if (cookies.length > 0) headers.set('cookie', cookies.map(([key, { value }]) => `${key.split(' ')[0]}=${value}`).join('; '));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const name = pair.slice(0, pair.indexOf('='));
      const path = attributes.find((a) => a.toLowerCase().startsWith('path='))?.slice(5) ?? '/';
      if (/expires=thu, 01 jan 1970/i.test(line)) this.#cookies.delete(`${name} ${path}`);
      else this.#cookies.set(`${name} ${path}`, { value: pair.slice(pair.indexOf('=') + 1), path });
    }
    const location = response.headers.get('location');
    if (location === null || response.status < 300 || response.status > 399) return response;
    const next = new URL(location, url);
    return next.origin === origin ? this.request(next.href) : response;
  }

  /** The form of the page: where it goes and what it holds. */
  async form(response: Response): Promise<{ action: string; html: string }> {
    const html = await response.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(html)?.[1];
    if (action === undefined) throw new Error(`no form in the answer ${response.status}`);
    return { action: new URL(action, response.url).href, html };
  }

  async decide(authorizeUrl: string, decision: 'allow' | 'deny', account?: string): Promise<URL> {
    const { action } = await this.form(await this.request(authorizeUrl));
    const body = new URLSearchParams({ decision, ...(account === undefined ? {} : { account }) });
    const response = await this.request(action, { method: 'POST', body });
    const location = response.headers.get('location');
    if (location === null) throw new Error(`no redirect after the decision: ${response.status} ${await response.text()}`);
    return new URL(location);
  }
}

export const redirectUri = 'http://127.0.0.1:4999/oauth/callback/conn_1';

export interface App {
  client_id: string;
  client_secret: string;
}

/** A client application with its own registration, for tests. */
export async function registerApp(origin: string, connector: string, uris: unknown = [redirectUri]): Promise<App> {
  const response = await fetch(`${origin}/_sandbox/${connector}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: uris, client_name: 'Grantway' }),
  });
  if (response.status !== 201) throw new Error(`registration: ${response.status} ${await response.text()}`);
  return (await response.json()) as App;
}

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export async function postForm(
  url: string,
  form: Record<string, string>,
  app: App,
  how: 'basic' | 'post',
  format: 'form' | 'json' = 'form',
) {
  const members = how === 'post' ? { ...form, client_id: app.client_id, client_secret: app.client_secret } : form;
  const body = format === 'json' ? JSON.stringify(members) : new URLSearchParams(members);
  const basic = Buffer.from(`${encodeURIComponent(app.client_id)}:${encodeURIComponent(app.client_secret)}`).toString('base64');
  const headers = {
    ...(how === 'basic' ? { authorization: `Basic ${basic}` } : {}),
    ...(format === 'json' ? { 'content-type': 'application/json' } : {}),
  };
  const response = await fetch(url, { method: 'POST', body, headers });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}
