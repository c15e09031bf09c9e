import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newId, Secret } from '@grantway/contract';
import { afterRestore } from '@grantway/core';
import { openDatabase } from '@grantway/db';
import { createDatabase } from '@grantway/test/harness';
import { clientSecretPlace, createSealing, localKeyWrapper, openKeyRing, storeGrant, verifySealedRows } from '@grantway/vault';
import { startWebhookReceiver, type WebhookReceiver } from '../events/receiver.ts';
import { bundleBroker } from './bundle.ts';
import { createFleet, type Fleet, type Slot } from './fleet.ts';
import { type Gate, startGate } from './gate.ts';
import { type Providers, startProviders } from './providers.ts';
import { classes, type RotationClass } from './vendors.ts';

export interface AccountRow {
  status: string;
  reason: string | null;
  generation: number;
  claimed: boolean;
  /** Somebody will try again by himself, soon. */
  pending: boolean;
}

/** One installation: PostgreSQL, Redis, several whole brokers, a provider of each class, and a receiver of webhooks. */
export interface World {
  /** The file that the brokers run. */
  bundle: string;
  fleet: Fleet;
  gate: Gate;
  providers: Providers;
  receiver: WebhookReceiver;
  /** Accounts by class; each with a grant of its own. */
  newAccount(rotationClass: RotationClass): Promise<string>;
  /** Its person consents again, and the ledger starts anew. */
  consentAgain(account: string, rotationClass: RotationClass): Promise<void>;
  rows(accounts: string[]): Promise<Map<string, AccountRow>>;
  query<R extends Record<string, unknown>>(text: string, values?: unknown[]): Promise<R[]>;
  /** Its access token ends so many seconds from now, and the sweep may take it at once. */
  expire(accounts: string[], secondsLeft?: number): Promise<void>;
  /** Events that no receiver has, and accounts whose events came in another order than they happened. */
  webhooks(withinMs: number): Promise<{ lost: string[]; outOfOrder: number; events: number }>;
  /** Sealed columns that do not open, over all rows. */
  unopened(): Promise<{ broken: number; opened: number }>;
  /** What an operator does after a restore; everything is tried within two seconds. */
  restored(): Promise<number>;
  userOf(account: string): string;
  /** Of this run's keys in Redis. */
  queuePrefix: string;
  /** What a reader of a missed goal wants to know. */
  note(line: string): void;
  notes: string[];
  /** Another broker process, up. */
  broker(): Promise<Slot>;
  close(): Promise<void>;
}

export async function startWorld(options: { redisUrl: string | undefined }): Promise<World> {
  const folder = mkdtempSync(path.join(tmpdir(), 'grantway-faults-'));
  const closers: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    const bundle = await bundleBroker();
    closers.push(() => rmSync(bundle.folder, { recursive: true, force: true }));
    const database = await createDatabase();
    closers.push(() => database.drop());
    const providers = await startProviders();
    closers.push(() => providers.close());
    const gate = await startGate(providers.origin);
    closers.push(() => gate.close());
    const receiver = await startWebhookReceiver();
    closers.push(() => receiver.close());

    const masterKey = randomBytes(32);
    const fleet = createFleet({
      bundle: bundle.file,
      folder,
      databaseUrl: database.url,
      redisUrl: options.redisUrl,
      masterKey: masterKey.toString('base64'),
      sandboxOrigin: gate.origin,
    });
    closers.push(() => fleet.close());

    // The first one makes the schema, the keys and the client.
    const first = fleet.slot();
    await first.start();
    const made = first.credentials();
    if (made === undefined) throw new Error('the first broker made no client');
    fleet.useCredentials(made);
    const endpoint = await first.call('POST', '/v1/webhook-endpoints', { url: receiver.url });
    if (endpoint.status !== 201) throw new Error(`no webhook endpoint: ${JSON.stringify(endpoint.body)}`);
    receiver.secrets.push(endpoint.body.secret);

    const db = openDatabase({ connectionString: database.url, onError: () => {} });
    closers.push(() => db.close());
    const sources = { primary: localKeyWrapper(new Secret(masterKey)) };
    const sealing = createSealing(await openKeyRing(db, sources.primary));
    const query = <R extends Record<string, unknown>>(text: string, values: unknown[] = []) =>
      patiently(() => db.system('health').query<R>({ name: '', text, values }));

    const [environment] = await query<{ id: string }>('select id from environments');
    const environmentId = environment?.id as string;
    const connections = new Map<RotationClass, string>();
    for (const rotationClass of classes) {
      const id = newId('connection');
      const { connectorId, clientId, clientSecret } = providers.clients[rotationClass];
      const sealed = await sealing.seal(clientSecretPlace({ environmentId, id, generation: 1 }), new Secret(clientSecret));
      await query(
        `insert into connections (id, environment_id, name, connector, client_id, secret_generation, client_secret_ct, scopes, sandbox)
         values ($1, $2, $3, $3, $4, 1, $5, '{read}', true)`,
        [id, environmentId, connectorId, clientId, sealed],
      );
      connections.set(rotationClass, id);
    }
    const users = new Map<string, string>();
    const notes: string[] = [];

    async function consentAgain(account: string, rotationClass: RotationClass): Promise<void> {
      const credential = await providers.consent(rotationClass);
      gate.adopt(account, credential.refresh_token as string);
      await patiently(() =>
        db.inEnvironment(environmentId, (tx) =>
          storeGrant(tx, sealing, {
            account: { id: account, environmentId },
            credential: new Secret(credential),
            providerAccount: { id: '1', label: 'one' },
            scopes: ['read'],
            fields: {},
            actor: { kind: 'person', id: null },
            requestId: null,
          }),
        ),
      );
    }

    return {
      bundle: bundle.file,
      fleet,
      gate,
      providers,
      receiver,
      query,
      consentAgain,
      async newAccount(rotationClass) {
        const [userId, id] = [newId('user'), newId('connectedAccount')];
        await query('insert into users (id, environment_id, identifier) values ($1, $2, $1)', [userId, environmentId]);
        await query('insert into connected_accounts (id, environment_id, connection_id, user_id) values ($1, $2, $3, $4)', [
          id,
          environmentId,
          connections.get(rotationClass),
          userId,
        ]);
        users.set(id, userId);
        await consentAgain(id, rotationClass);
        return id;
      },
      async rows(accounts) {
        const rows = await query<{ id: string; [K: string]: unknown } & AccountRow>(
          `select id, status, reason, generation::int as generation, claim_owner is not null as claimed,
             status = 'ACTIVE' and (next_refresh_at <= clock_timestamp() + interval '1 minute' or not_before > clock_timestamp()) as pending
           from connected_accounts where id = any($1)`,
          [accounts],
        );
        return new Map(rows.map((row) => [row.id, row]));
      },
      async expire(accounts, secondsLeft = -1) {
        await query(
          `update connected_accounts set access_obtained_at = clock_timestamp() - interval '1 hour', next_refresh_at = clock_timestamp(),
             access_expires_at = clock_timestamp() + make_interval(secs => $2) where id = any($1)`,
          [accounts, secondsLeft],
        );
      },
      async webhooks(withinMs) {
        const giveUpAt = performance.now() + withinMs;
        for (;;) {
          const events = await query<{ id: string; account: string | null }>(
            'select id, connected_account_id as account from events where created_at > (select created_at from webhook_endpoints) order by seq',
          );
          const came = new Map<string, number>();
          for (const [i, one] of receiver.received.entries()) if (!came.has(one.id)) came.set(one.id, i);
          const lost = events.map((event) => event.id).filter((id) => !came.has(id));
          if (lost.length > 0 && performance.now() < giveUpAt) {
            await pause(250);
            continue;
          }
          const latest = new Map<string, number>();
          const mixed = new Set<string>();
          for (const { id, account } of events) {
            const at = came.get(id);
            if (at === undefined || account === null) continue;
            if (at < (latest.get(account) ?? -1)) mixed.add(account);
            latest.set(account, at);
          }
          return { lost, outOfOrder: mixed.size, events: events.length };
        }
      },
      async unopened() {
        const { opened, broken } = await patiently(() => verifySealedRows({ db, sources }));
        return { opened, broken: broken.length };
      },
      notes,
      note: (line) => void notes.push(line),
      queuePrefix: fleet.queuePrefix,
      restored: () => afterRestore(db, { spreadSeconds: 2 }),
      userOf: (account) => users.get(account) as string,
      async broker() {
        const slot = fleet.slot();
        await slot.start();
        return slot;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The runs' own questions wait for a database that is being restarted, as the brokers' do. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= 40) throw error;
      await pause(500);
    }
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export async function until(condition: () => boolean | Promise<boolean>, withinMs: number, what: string): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(50);
  }
}
