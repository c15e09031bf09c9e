import { createHash, randomBytes } from 'node:crypto';
import { type Json, someKeys, type TestBroker } from '@grantway/test/harness';
import { Browser, chatCodeIn } from '../flows/browser.ts';
import { startIdentityProvider, type TestIdentityProvider } from '../flows/identity-provider.ts';

/*
 * What people in a phishing do: their browsers, their provider accounts, their chats, and the operator's app, which is
 * honest. Scripts of attacks are in phishing-scripts.ts.
 */
export const modes = ['app', 'session', 'oidc', 'chat'] as const;
export type Mode = (typeof modes)[number];
/** One connector that asks a provider, one with a form for keys. */
export const connectors = { oauth: 'linear', form: 'datadog' } as const;
export type Kind = keyof typeof connectors;

export const verifyUrl = 'http://127.0.0.1:9/verify';

export async function makeConnections(broker: TestBroker, idp: TestIdentityProvider): Promise<void> {
  const verification: Record<Mode, Json> = {
    app: { mode: 'app', user_verify_urls: [verifyUrl] },
    session: { mode: 'session', user_verify_urls: [verifyUrl] },
    oidc: { mode: 'oidc', oidc: { issuer: idp.issuer, client_id: idp.clientId, client_secret: idp.clientSecret } },
    chat: { mode: 'chat' },
  };
  for (const connector of Object.values(connectors)) {
    for (const mode of modes) {
      const body = { name: `${connector}-${mode}`, connector, sandbox: true, verification: verification[mode] };
      const made = await broker.api('/v1/connections', { body });
      if (made.status !== 201) throw new Error(JSON.stringify(made.body));
      if (mode === 'oidc') idp.register(made.body.verification.oidc.redirect_uri);
    }
  }
}

export { startIdentityProvider, type TestIdentityProvider };

/** Numbers below 1 that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A browser in which one person is signed in at the operator's identity provider. */
class SignedInBrowser extends Browser {
  readonly #sub: string;
  constructor(sub: string) {
    super();
    this.#sub = sub;
  }
  override request(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set('x-signed-in', this.#sub);
    return super.request(url, { ...init, headers });
  }
}

export class Actor {
  readonly browser: Browser;
  readonly account: string;
  readonly keys = someKeys();
  /** In the app's session of this person's browser. */
  verifier = randomBytes(32).toString('base64url');
  readonly identifier: string;
  constructor(identifier: string) {
    this.identifier = identifier;
    this.browser = new SignedInBrowser(identifier);
    this.account = `${identifier}@accounts.example`;
  }
  get challenge(): string {
    return createHash('sha256').update(this.verifier).digest('base64url');
  }
}

/** One run: Mallory, Bob, one kind of connection, one way of verifying. */
export class Cell {
  readonly broker: TestBroker;
  readonly mode: Mode;
  readonly kind: Kind;
  readonly random: () => number;
  readonly mallory: Actor;
  readonly bob: Actor;
  readonly connection: string;
  /** The last link that was asked for. */
  link = '';
  constructor(broker: TestBroker, mode: Mode, kind: Kind, run: string, random: () => number) {
    this.broker = broker;
    this.mode = mode;
    this.kind = kind;
    this.random = random;
    this.mallory = new Actor(`mallory-${run}`);
    this.bob = new Actor(`bob-${run}`);
    this.connection = `${connectors[kind]}-${mode}`;
  }

  /** The app asks for a link on behalf of whoever is signed in: the challenge is of that person's session. */
  async mint(person: Actor, more: Json = {}): Promise<string> {
    const session = this.mode === 'session' ? { code_challenge: person.challenge } : {};
    const made = await this.broker.api('/v1/connected-accounts/authorization-link', {
      body: { connection_name: this.connection, identifier: person.identifier, ...session, ...more },
    });
    if (made.status !== 200) throw new Error(`${this.connection}: ${JSON.stringify(made.body)}`);
    this.link = made.body.link;
    return this.link;
  }

  verify = (body: Json) => this.broker.api('/v1/connected-accounts/verify', { body });

  /** A browser arrived at the app, which names the person that is signed in there and uses what is in that session. */
  arriveAtApp(person: Actor, at: URL | undefined): Promise<{ status: number }> | undefined {
    if (at === undefined || `${at.origin}${at.pathname}` !== verifyUrl) return undefined;
    return this.verify({
      auth_request_id: at.searchParams.get('auth_request_id'),
      identifier: person.identifier,
      ...(this.mode === 'session' ? { code_verifier: person.verifier } : {}),
    });
  }

  /** The operator's bot: it knows who wrote. */
  sendInChat(person: Actor, code: string) {
    return this.broker.api('/v1/connected-accounts/chat-code', {
      body: { connection_name: this.connection, identifier: person.identifier, code },
    });
  }
}

/** One person, one browser, one link: each step as far as the pages let it, and where they do not, forced. */
export class Walk {
  #page: { url: string; html: string } | undefined;
  code: string | undefined;
  /** Where the last answer sent the browser. */
  next: URL | undefined;
  /** Where the provider sent the browser. */
  answer: string | undefined;

  readonly cell: Cell;
  readonly person: Actor;
  readonly link: () => string;

  constructor(cell: Cell, person: Actor, link: () => string) {
    this.cell = cell;
    this.person = person;
    this.link = link;
  }

  open = async (): Promise<void> => {
    this.#page = await this.person.browser.follow(this.link(), () => false);
  };

  /** Says that he is ready, or signs in; tells nobody but the operator's bot. */
  prove = async (): Promise<void> => {
    const { cell, person } = this;
    if (cell.mode === 'oidc') await this.signIn(() => false);
    if (cell.mode === 'chat') {
      await this.#submit('/ready', {});
      this.code = chatCodeIn((await person.browser.follow(this.link(), () => false)).html);
      if (this.code !== undefined) await cell.sendInChat(person, this.code);
    }
  };

  /** Where the browser is sent to sign in. */
  beginSignIn = async (): Promise<string | undefined> => {
    const location = (await this.#submit('/sign-in', {})).headers.get('location');
    const at = location === null ? undefined : new URL(location, this.link());
    return at === undefined || at.origin === new URL(this.link()).origin ? undefined : at.href;
  };

  /** Answers where the identity provider's answer would have gone, if `until` stops there. */
  signIn = async (until: (url: string) => boolean): Promise<string | undefined> => {
    const at = await this.beginSignIn();
    return at === undefined ? undefined : (await this.person.browser.follow(at, until)).url;
  };

  /** Continue, or the form with the keys. */
  press = async (): Promise<void> => {
    const { cell, person } = this;
    this.#page = await person.browser.follow(this.link(), () => false);
    const keys = { ...person.keys, site: 'datadoghq.com' };
    const response = await this.#submit(cell.kind === 'oauth' ? '/go' : '/key', cell.kind === 'oauth' ? {} : keys);
    const location = response.headers.get('location');
    this.next = location === null ? undefined : new URL(location, this.link());
  };

  /** Agrees at the provider with an account of one's own. Nothing, where the browser was not sent there. */
  consent = async (at: URL | undefined = this.next): Promise<void> => {
    if (this.cell.kind !== 'oauth' || at === undefined || at.origin !== this.cell.broker.sandbox.origin) return;
    const { browser, account } = this.person;
    const page = await browser.follow(at.href, () => false);
    if (!page.html.includes('name="account"')) return;
    const decided = await browser.submit(page, { account, decision: 'allow' });
    const isCallback = (url: string) => new URL(url).pathname.startsWith('/oauth/callback/');
    const next = new URL(decided.headers.get('location') ?? '', page.url).href;
    this.answer = isCallback(next) ? next : (await browser.follow(next, isCallback)).url;
  };

  /** The browser brings the provider's answer. */
  bring = async (answer: string | undefined = this.answer): Promise<void> => {
    if (answer === undefined) return;
    const response = await this.person.browser.request(answer);
    const location = response.headers.get('location');
    this.next = location === null ? undefined : new URL(location, this.link());
  };

  arrive = async (): Promise<void> => {
    await this.cell.arriveAtApp(this.person, this.next);
  };

  steps(): Step[] {
    return [this.open, this.prove, this.press, () => this.consent(), () => this.bring(), this.arrive];
  }

  /** The form of the page, or the same form sent to where the page does not let it go. */
  async #submit(path: string, values: Record<string, string>): Promise<Response> {
    const page = this.#page ?? (await this.person.browser.follow(this.link(), () => false));
    const forced = page.html.includes(`${path}"`) ? page : { ...page, html: page.html.replace(/\/(ready|sign-in|go|key)"/, `${path}"`) };
    if (!forced.html.includes(`${path}"`)) return new Response(null, { status: 410 });
    return this.person.browser.submit(forced, values, path);
  }
}

export type Step = () => Promise<unknown>;

/** Takes the threads' steps one at a time, each thread's in its order, the threads in a random one. */
export async function interleave(threads: readonly Step[][], random: () => number): Promise<void> {
  const left = threads.map((steps) => [...steps]).filter((steps) => steps.length > 0);
  while (left.length > 0) {
    const at = Math.floor(random() * left.length);
    const steps = left[at] as Step[];
    await steps.shift()?.();
    if (steps.length === 0) left.splice(at, 1);
  }
}
