import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { newId, Secret } from '@grantway/contract';
import { type Database, openDatabase } from '@grantway/db';
import { createDatabase } from '@grantway/test/harness';
import { createSealing, localKeyWrapper, openKeyRing, type Sealing, storeGrant } from '@grantway/vault';
import type { ChildSettings } from './broker-child.ts';
import { type BrokerChild, type Json, startBrokerChild } from './processes.ts';

export interface IncidentMeasure {
  grants: number;
  /** Seconds from the order to the last receipt, restarts included. */
  seconds: number;
  preview: Json;
  /** Progress when the process was killed; undefined where it was not. */
  killedAt: { done: number; remaining: number } | undefined;
  finished: Json;
  /** How many receipts say what, per connection: `connection status detail` -> count. */
  receipts: Record<string, number>;
  reported: number;
  /** The provider's word: what still lives there of the grants that were to end, and of those that were not. */
  alive: { ended: number; bystanders: number };
  bystanderWorks: boolean;
  /** Sealed credentials left in accounts and outbox of what was to end. */
  sealedLeft: number;
  /** The most revocations that one connection sent within any second. */
  busiestSecond: number;
  /** Incident rows that ended twice, or with no receipt. */
  withoutReceipt: number;
}

const perConnection = (grants: number) => ({
  'linear-a': Math.round(grants * 0.3),
  'linear-b': Math.round(grants * 0.2),
  'slack-a': Math.round(grants * 0.25),
  'slack-b': Math.round(grants * 0.15),
  'datadog-a': grants - Math.round(grants * 0.3) - Math.round(grants * 0.2) - Math.round(grants * 0.25) - Math.round(grants * 0.15),
});
const bystanders = 5;

/**
 * Incident mode as an operator meets it: so many grants on several provider apps, all of them ended over the API, with the
 * sandbox as the oracle. With `kill` the process dies by kill -9 in the middle and another goes on.
 */
export async function measureIncident(options: { grants: number; kill: boolean; say: (line: string) => void }): Promise<IncidentMeasure> {
  const { grants, say } = options;
  const database = await createDatabase();
  const stateDir = mkdtempSync(path.join(tmpdir(), 'grantway-incident-'));
  const masterKey = randomBytes(32);
  const settings: ChildSettings = {
    databaseUrl: database.url,
    redisUrl: undefined,
    queuePrefix: 'm',
    masterKey: masterKey.toString('hex'),
    stateDir,
    revocationsPerSecond: 50,
  };
  let broker = await startBrokerChild(settings);
  const db = openDatabase({ connectionString: database.url });
  try {
    const sealing = createSealing(await openKeyRing(db, localKeyWrapper(new Secret(Buffer.from(masterKey)))));
    const plan = perConnection(grants);
    const at = performance.now();
    for (const [name, count] of Object.entries(plan)) await makeGrants(broker, db, sealing, name, count);
    // A grant's id holds the millisecond of its making: those of the next one are not in the filter.
    const boundary = new Date(Date.now() + 2);
    await until(() => Promise.resolve(Date.now() > boundary.getTime() + 2));
    await makeGrants(broker, db, sealing, 'linear-a', bystanders);
    say(`${grants} grants on ${Object.keys(plan).length} connections, made in ${Math.round((performance.now() - at) / 1000)} s`);

    const filter = { created_before: boundary.toISOString() };
    const preview = await posted(broker, { filter, dry_run: true });
    say(`preview: ${JSON.stringify(preview.counts)}`);
    const startedAt = performance.now();
    const { id } = await posted(broker, { filter });
    let killedAt: IncidentMeasure['killedAt'];
    let saidAt = 0;
    let finished: Json;
    for (;;) {
      const { body } = await broker.api(`/v1/incidents/${id}`);
      if (body.status === 'finished') {
        finished = body;
        break;
      }
      const elapsed = (performance.now() - startedAt) / 1000;
      if (elapsed > 1200) throw new Error(`not finished after 20 minutes: ${JSON.stringify(body.counts)}`);
      if (elapsed - saidAt >= 15) {
        saidAt = elapsed;
        say(`after ${Math.round(elapsed)} s: ${JSON.stringify(body.counts)}`);
      }
      if (options.kill && killedAt === undefined && body.counts.done >= body.counts.total * 0.3) {
        killedAt = { done: body.counts.done, remaining: body.counts.remaining };
        await broker.kill();
        say(`kill -9 at ${JSON.stringify(killedAt)}; another process starts`);
        broker = await startBrokerChild(settings);
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const seconds = (performance.now() - startedAt) / 1000;
    say(`finished after ${Math.round(seconds)} s: ${JSON.stringify(finished.counts)}`);
    return { grants, seconds, preview, killedAt, finished, ...(await examine(broker, db, id)) };
  } finally {
    await broker.kill();
    await db.close();
    await database.drop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

async function posted(broker: BrokerChild, body: Json): Promise<Json> {
  const answer = await broker.api('/v1/incidents', { body });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return answer.body;
}

/** Sealed rows by the vault's own function, with tokens that live at the provider. */
async function makeGrants(broker: BrokerChild, db: Database, sealing: Sealing, name: string, count: number): Promise<void> {
  const connector = name.split('-')[0] as string;
  const made = await broker.api('/v1/connections', { body: { name, connector, sandbox: true } });
  if (made.status !== 201 && made.body.code !== 'name_taken') throw new Error(JSON.stringify(made.body));
  const query = <R extends Record<string, unknown>>(text: string, values: unknown[]) =>
    db.system('health').query<R>({ name: '', text, values });
  const [connection] = await query<{ id: string; client_id: string | null; environment_id: string }>(
    'select id, client_id, environment_id from connections where name = $1',
    [name],
  );
  if (connection === undefined) throw new Error('no connection');
  const environmentId = connection.environment_id;
  for (let from = 0; from < count; from += 500) {
    const some = Math.min(500, count - from);
    const grants: Json[] =
      connection.client_id === null
        ? Array.from({ length: some }, () => undefined)
        : (await broker.sandbox(`/${connector}/grants`, { client_id: connection.client_id, count: some })).grants;
    const rows = grants.map((grant) => ({ grant, user: newId('user'), id: newId('connectedAccount') }));
    await query('insert into users (id, environment_id, identifier) select u, $1, u from unnest($2::text[]) u', [
      environmentId,
      rows.map(({ user }) => user),
    ]);
    await query(
      'insert into connected_accounts (id, environment_id, connection_id, user_id) select a, $1, $2, u from unnest($3::text[], $4::text[]) x (a, u)',
      [environmentId, connection.id, rows.map(({ id }) => id), rows.map(({ user }) => user)],
    );
    const groups = Array.from({ length: 5 }, (_, g) => rows.filter((_row, i) => i % 5 === g));
    await Promise.all(
      groups.map((group) =>
        db.inEnvironment(environmentId, async (tx) => {
          for (const { grant, id } of group) {
            await storeGrant(tx, sealing, {
              account: { id, environmentId },
              credential: new Secret(credentialOf(grant)),
              providerAccount: { id: grant?.account ?? id, label: grant?.account ?? 'a key' },
              scopes: grant?.scopes ?? [],
              fields: {},
              actor: { kind: 'person', id: null },
              requestId: null,
            });
          }
        }),
      ),
    );
  }
}

const credentialOf = (grant: Json): Json =>
  grant === undefined
    ? { kind: 'fields', fields: { api_key: randomBytes(16).toString('hex'), application_key: randomBytes(20).toString('hex') } }
    : {
        kind: 'oauth2',
        access_token: grant.access_token,
        refresh_token: grant.refresh_token,
        // So that no refresh is due while it is measured; the provider does not care.
        expires_at: Date.now() + 12 * 3_600_000,
      };

async function examine(broker: BrokerChild, db: Database, id: string) {
  const receipts: Record<string, number> = {};
  let reported = 0;
  for (let cursor: string | null = null; ; ) {
    const page: Json = (await broker.api(`/v1/incidents/${id}/report?limit=100${cursor === null ? '' : `&cursor=${cursor}`}`)).body;
    for (const item of page.items) {
      const line = `${item.connection_name} ${item.status}: ${item.detail}`;
      receipts[line] = (receipts[line] ?? 0) + 1;
      reported += 1;
    }
    cursor = page.next_cursor;
    if (cursor === null) break;
  }
  const one = async (text: string) => Number((await db.system('health').query<{ n: string }>({ name: '', text, values: [id] }))[0]?.n);
  const sealedLeft = await one(
    `select (select count(*) from incident_items i join connected_accounts a on a.id = i.connected_account_id
               where i.incident_id = $1 and a.credential_ct is not null)
          + (select count(*) from revocations where incident_id = $1 and credential_ct is not null) as n`,
  );
  const busiestSecond = await one(
    `select coalesce(max(n), 0) as n from (select count(*) over (partition by connection_id order by attempted_at
         range between interval '999 milliseconds' preceding and current row) as n
       from revocations where incident_id = $1) w`,
  );
  const withoutReceipt = await one(
    `select count(*) as n from incident_items i where i.incident_id = $1
       and (select count(*) from revocations r where r.incident_id = $1 and r.connected_account_id = i.connected_account_id) <> 1`,
  );
  const [linear, slack] = [await broker.sandbox('/linear/ledger'), await broker.sandbox('/slack/ledger')];
  const all = linear.live.grants + slack.live.grants;
  const [bystander] = await db.system('health').query<{ identifier: string }>({
    name: '',
    text: `select u.identifier from connected_accounts a join users u on u.id = a.user_id
           where a.credential_ct is not null order by a.id limit 1`,
    values: [],
  });
  const call = await broker.api('/v1/tools/linear_teams_list/execute', {
    body: { identifier: bystander?.identifier, connection_name: 'linear-a' },
  });
  return {
    receipts,
    reported,
    sealedLeft,
    busiestSecond,
    withoutReceipt,
    alive: { ended: all - bystanders, bystanders: Math.min(all, bystanders) },
    bystanderWorks: call.status === 200,
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** What an incident promises, as complaints; none is what is wanted. Time is asked only where a limit is given. */
export function complaints(m: IncidentMeasure, limitSeconds?: number): string[] {
  const keys = perConnection(m.grants)['datadog-a'];
  const found: string[] = [];
  const expectThat = (fine: boolean, complaint: string) => {
    if (!fine) found.push(complaint);
  };
  expectThat(m.preview.counts.total === m.grants && m.preview.counts.done === 0, 'the preview does not count what there is');
  const { total, done, proven, unproven, remaining } = m.finished.counts;
  expectThat(total === m.grants && done === m.grants && remaining === 0, `not all is done: ${JSON.stringify(m.finished.counts)}`);
  expectThat(proven === m.grants - keys && unproven === keys, `${proven} proven, ${unproven} unproven; there were ${keys} keys`);
  expectThat(m.reported === m.grants, `the report has ${m.reported} items`);
  expectThat(!Object.keys(m.receipts).some((line) => / (pending|unproven: null|proven: null)/.test(line)), 'a receipt does not say why');
  expectThat(m.withoutReceipt === 0, `${m.withoutReceipt} items have no receipt, or several`);
  expectThat(m.alive.ended === 0, `${m.alive.ended} grants still live at the provider`);
  expectThat(m.alive.bystanders === bystanders && m.bystanderWorks, 'a grant that was not meant has ended');
  expectThat(m.sealedLeft === 0, `${m.sealedLeft} sealed credentials are left`);
  expectThat(m.busiestSecond <= 50, `${m.busiestSecond} revocations within a second on one connection`);
  if (limitSeconds !== undefined)
    expectThat(m.seconds <= limitSeconds, `it took ${Math.round(m.seconds)} s; ${limitSeconds} s are allowed`);
  return found;
}
