import { Fault, isFault, isId, newId } from '@grantway/contract';
import { type Database, recordAudit, schema } from '@grantway/db';
import type { Egress } from '@grantway/egress';
import { type ClientMetadata, fetchClientMetadata, isClientIdUrl, readClientMetadata } from '@grantway/oauth';
import { isNull } from 'drizzle-orm';

/** A client of our authorization server: public, so that nothing but its redirect URI and PKCE tells it from another. */
export interface OAuthClient extends ClientMetadata {
  id: string;
  /** The host that vouches for it, where its id is the URL of a document there. */
  verifiedHost: string | undefined;
}

export interface RegisteredClient {
  id: string;
  name: string | undefined;
  redirectUris: string[];
  createdAt: Date;
}

export interface OAuthClients {
  /** @throws Fault unknown_oauth_client, invalid_client_metadata, invalid_redirect_uri */
  find(clientId: string): Promise<OAuthClient>;
  /**
   * Dynamic client registration (RFC 7591). `address`: whose requests are counted together.
   * @throws Fault invalid_client_metadata, invalid_redirect_uri, rate_limited
   */
  register(metadata: unknown, from: { address: string; requestId: string }): Promise<RegisteredClient>;
}

/** Registrations that nobody has allowed anything yet, over all processes; they are gone after a day. */
const maxUnused = 5_000;
const registrationsPerMinute = 60;
const fetchesPerMinute = 120;
const maxKept = 500;
const keptSeconds = { least: 60, usual: 3_600, most: 86_400, refused: 30 };

/** `takesHttp`: whether a metadata document may be at an http address, as far as egress lets it: for development on loopback. */
export function createOAuthClients(deps: { db: Database; egress: Egress; takesHttp: () => boolean }): OAuthClients {
  const { db, egress } = deps;
  const documents = new Map<string, { until: number; answer: Promise<OAuthClient> }>();
  const registrations = perMinute(registrationsPerMinute);
  const fetches = perMinute(fetchesPerMinute);

  async function registered(id: string): Promise<OAuthClient> {
    const [row] = await db.system('authenticate client').query<{ name: string | null; redirect_uris: string[] }>({
      name: 'OAuth client by id',
      text: 'select name, redirect_uris from oauth_clients where id = $1',
      values: [id],
    });
    if (row === undefined) throw new Fault('unknown_oauth_client');
    return { id, name: row.name ?? undefined, redirectUris: row.redirect_uris, verifiedHost: undefined };
  }

  /** One request for many who ask; a refusal is remembered too, so that a page cannot be made to hammer a host. */
  function described(url: string): Promise<OAuthClient> {
    const now = performance.now();
    const known = documents.get(url);
    if (known !== undefined && known.until > now) return known.answer;
    if (!fetches.take('all')) throw new Fault('rate_limited', { retryAfterSeconds: 60 });
    const entry = { until: Number.POSITIVE_INFINITY, answer: fetched(url) };
    documents.delete(url);
    documents.set(url, entry);
    if (documents.size > maxKept) documents.delete(documents.keys().next().value as string);
    const keepFor = (seconds: number) => {
      entry.until = performance.now() + seconds * 1000;
    };
    async function fetched(url: string): Promise<OAuthClient> {
      try {
        const { maxAgeSeconds = keptSeconds.usual, ...metadata } = await fetchClientMetadata(egress, url);
        keepFor(Math.min(Math.max(maxAgeSeconds, keptSeconds.least), keptSeconds.most));
        return { ...metadata, id: url, verifiedHost: new URL(url).host };
      } catch (error) {
        keepFor(keptSeconds.refused);
        throw error;
      }
    }
    return entry.answer;
  }

  return {
    async find(clientId) {
      if (isId('oauthClient', clientId)) return registered(clientId);
      if (isClientIdUrl(clientId, { http: deps.takesHttp() })) return described(clientId);
      throw new Fault('unknown_oauth_client');
    },

    async register(metadata, { address, requestId }) {
      if (!registrations.take(networkOf(address))) throw tooMany();
      const { name, redirectUris } = readClientMetadata(metadata);
      const id = newId('oauthClient');
      return db.system('authenticate client').tx(async (tx) => {
        const unused = await tx.$count(schema.oauthClients, isNull(schema.oauthClients.lastAllowedAt));
        if (unused >= maxUnused) throw tooMany();
        const [row] = await tx
          .insert(schema.oauthClients)
          .values({ id, name: name ?? null, redirectUris })
          .returning({ createdAt: schema.oauthClients.createdAt });
        if (row === undefined) throw new Error('the client vanished');
        await recordAudit(tx, {
          environmentId: null,
          action: 'oauth_client.registered',
          actor: { kind: 'system', id: null },
          target: { kind: 'oauth_client', id },
          requestId,
        });
        return { id, name, redirectUris, createdAt: row.createdAt };
      });
    },
  };
}

const tooMany = () => new Fault('rate_limited', { detail: 'too many clients register here at the moment', retryAfterSeconds: 60 });

/** The refusals of a client that are told in one way: whoever asks learns nothing of what a URL led to. */
export function isClientRefusal(error: unknown): error is Fault {
  return isFault(error, 'unknown_oauth_client') || isFault(error, 'invalid_client_metadata') || isFault(error, 'invalid_redirect_uri');
}

/** An IPv6 network of 64 bits is one customer (RFC 6177); an IPv4 address is itself. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) while (groups.length < 4) groups.push('0');
  return groups.slice(0, 4).join(':');
}

/** Counts by key in steps of a minute; forgets everybody with each. */
function perMinute(limit: number): { take(key: string): boolean } {
  let counts = new Map<string, number>();
  let endsAt = 0;
  return {
    take(key) {
      if (performance.now() >= endsAt) {
        counts = new Map();
        endsAt = performance.now() + 60_000;
      }
      const count = counts.get(key) ?? 0;
      if (count >= limit) return false;
      counts.set(key, count + 1);
      return true;
    },
  };
}
