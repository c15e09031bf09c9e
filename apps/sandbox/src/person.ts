/**
 * A person with a browser, without a browser: opens links, keeps cookies, follows redirects, fills in forms. For the
 * demo, for tests, and for your own: our pages and the sandbox's need no script, so that plain HTTP is enough.
 */
export interface Page {
  url: string;
  status: number;
  html: string;
  headers: Headers;
}

interface Cookie {
  host: string;
  path: string;
  name: string;
  value: string;
}

export class Person {
  readonly #cookies: Cookie[] = [];

  open(url: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.#request(url, { method: 'GET', headers });
  }

  /** Submits the page's first form (or the one whose action ends so), its hidden fields included. */
  submit(page: Page, values: Record<string, string> = {}, actionEnd = ''): Promise<Page> {
    const form = formsOf(page.html).find((f) => new URL(f.action, page.url).pathname.endsWith(actionEnd));
    if (form === undefined) throw new Error(`no form on ${new URL(page.url).pathname.split('/')[1]} (HTTP ${page.status})`);
    const target = new URL(form.action, page.url);
    return this.#request(target.href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(page.url).origin, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({ ...form.fields, ...values }).toString(),
    });
  }

  /** Connects an OAuth account: landing page, the sandbox's consent page, back to the result. */
  async consent(
    link: string,
    options: { account?: string; decision?: 'allow' | 'deny'; fields?: Record<string, string> } = {},
  ): Promise<Page> {
    const landing = await this.open(link);
    const consent = await this.submit(landing, options.fields, '/go');
    return this.submit(consent, { account: options.account ?? 'ada@example.test', decision: options.decision ?? 'allow' });
  }

  /** Connects a key account: fills in the form of the landing page. */
  async enterKey(link: string, fields: Record<string, string>): Promise<Page> {
    return this.submit(await this.open(link), fields, '/key');
  }

  async #request(url: string, init: RequestInit & { headers: Record<string, string> }, hops = 0): Promise<Page> {
    if (hops > 10) throw new Error('too many redirects');
    const target = new URL(url);
    const cookie = this.#cookies
      .filter((c) => c.host === target.hostname && target.pathname.startsWith(c.path))
      .map((c) => `${c.name}=${c.value}`)
      .join('; ');
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { accept: 'text/html', ...init.headers, ...(cookie === '' ? {} : { cookie }) },
    });
    for (const line of response.headers.getSetCookie()) this.#keep(target.hostname, line);
    const location = response.headers.get('location');
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.arrayBuffer();
      return this.#request(new URL(location, url).href, { method: 'GET', headers: {} }, hops + 1);
    }
    return { url, status: response.status, html: await response.text(), headers: response.headers };
  }

  #keep(host: string, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    const path = attributes.find((a) => /^path=/i.test(a))?.slice(5) ?? '/';
    const known = this.#cookies.findIndex((c) => c.host === host && c.name === name && c.path === path);
    if (known >= 0) this.#cookies.splice(known, 1);
    const gone = attributes.some((a) => /^max-age=0$/i.test(a) || (/^expires=/i.test(a) && Date.parse(a.slice(8)) < Date.now()));
    if (!gone) this.#cookies.push({ host, path, name, value: pair.slice(equals + 1) });
  }
}

interface Form {
  action: string;
  fields: Record<string, string>;
}

function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, attributes = '', inner = '']) => ({
    action: attributeOf(attributes, 'action') ?? '',
    fields: Object.fromEntries(
      [
        ...[...inner.matchAll(/<input\b([^>]*)>/gi)].map(([, a = '']) => [attributeOf(a, 'name'), attributeOf(a, 'value') ?? ''] as const),
        ...[...inner.matchAll(/<select\b([^>]*)>([\s\S]*?)<\/select>/gi)].map(
          ([, a = '', options = '']) => [attributeOf(a, 'name'), selectedOf(options)] as const,
        ),
      ].filter((entry): entry is readonly [string, string] => entry[0] !== undefined),
    ),
  }));
}

function selectedOf(options: string): string {
  const all = [...options.matchAll(/<option\b([^>]*)>/gi)].map(([, a = '']) => a);
  const chosen = all.find((a) => /\bselected\b/i.test(a)) ?? all[0] ?? '';
  return attributeOf(chosen, 'value') ?? '';
}

function attributeOf(attributes: string, name: string): string | undefined {
  const match = new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`, 'i').exec(attributes);
  return match?.[1]
    ?.replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
