/**
 * A browser that stops where a test wants to look: it keeps cookies, submits forms, and follows redirects only as far as
 * it is told. (`Person` of the sandbox goes all the way.)
 */
export class Browser {
  readonly #cookies = new Map<string, { path: string; value: string }>();

  /** The same browser as it is now: what a copied profile, or a thief of cookies, would have. */
  copy(): Browser {
    const copy = new Browser();
    for (const [key, cookie] of this.#cookies) copy.#cookies.set(key, cookie);
    return copy;
  }

  /** One exchange; redirects are not followed. */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const { pathname } = new URL(url);
    const cookie = [...this.#cookies]
      .filter(([, c]) => pathname.startsWith(c.path))
      .map(([key, c]) => `${key.split('\n')[0]}=${c.value}`)
      .join('; ');
    const headers = new Headers(init.headers);
    headers.set('accept', 'text/html');
    if (cookie !== '') headers.set('cookie', cookie);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/;\s*/);
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const path = attributes.find((a) => /^path=/i.test(a))?.slice(5) ?? '/';
      if (value === '' || attributes.some((a) => /^max-age=0$/i.test(a))) this.#cookies.delete(`${name}\n${path}`);
      else this.#cookies.set(`${name}\n${path}`, { path, value });
    }
    return response;
  }

  /** Presses the button of the page's form whose action ends so. */
  async submit(page: { url: string; html: string }, values: Record<string, string>, actionEnd = ''): Promise<Response> {
    for (const [, attributes = '', inner = ''] of page.html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)) {
      const action = new URL(/\baction="([^"]*)"/.exec(attributes)?.[1] ?? '', page.url);
      if (!action.pathname.endsWith(actionEnd)) continue;
      const hidden = [...inner.matchAll(/<input\b[^>]*type="hidden"[^>]*>/gi)].map(([tag]) => [
        /\bname="([^"]*)"/.exec(tag)?.[1] ?? '',
        (/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&#39;', "'").replaceAll('&amp;', '&'),
      ]);
      return this.request(action.href, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: action.origin, 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams({ ...Object.fromEntries(hidden), ...values }).toString(),
      });
    }
    throw new Error(`no form ${actionEnd} on ${new URL(page.url).pathname.split('/')[1]}`);
  }

  async follow(url: string, until: (url: string) => boolean): Promise<{ url: string; status: number; html: string }> {
    let response = await this.request(url);
    for (let hops = 0; hops < 10; hops++) {
      const location = response.headers.get('location');
      if (location === null) return { url, status: response.status, html: await response.text() };
      url = new URL(location, url).href;
      if (until(url)) return { url, status: response.status, html: '' };
      response = await this.request(url);
    }
    throw new Error('too many redirects');
  }

  /** Opens an authorization link, agrees at the provider, and answers the address the provider sends the browser back to. */
  async toCallback(link: string, decision: 'allow' | 'deny' = 'allow', account = 'ada@example.test'): Promise<string> {
    const landing = await this.follow(link, () => false);
    const started = await this.submit(landing, {}, '/go');
    const consent = await this.follow(started.headers.get('location') ?? '', () => false);
    const decided = await this.submit(consent, { account, decision });
    const next = new URL(decided.headers.get('location') ?? '', consent.url).href;
    const isCallback = (url: string) => new URL(url).pathname.startsWith('/oauth/callback/');
    return isCallback(next) ? next : (await this.follow(next, isCallback)).url;
  }

  /** Where a callback ends. */
  arrive(callback: string): Promise<{ url: string; status: number; html: string }> {
    return this.follow(callback, () => false);
  }
}

/** The code that a landing page shows, as the person reads it. */
export function chatCodeIn(html: string): string | undefined {
  return /class="code"[^>]*>(\d{3}) (\d{3})</.exec(html)?.slice(1).join('');
}
