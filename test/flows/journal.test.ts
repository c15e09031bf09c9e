import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Secret } from '@grantway/contract';
import { connectAll, createDatabase, incidentSetting, type Json, startBroker, type TestBroker } from '@grantway/test/harness';
import { openJournal } from '@grantway/vault';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRows, type Rows } from '../api/rows.ts';
import { openCredential, storedAccount } from './stored-account.ts';

let database: { url: string; drop(): Promise<void> };
let broker: TestBroker;
let rows: Rows;
let instance: Json;
const folder = mkdtempSync(path.join(tmpdir(), 'grantway-flow-journal-'));
const journalDir = path.join(folder, 'journal');
const masterKey = randomBytes(32);
const start = () => startBroker({ databaseUrl: database.url, masterKey, journalDir });
beforeAll(async () => {
  database = await createDatabase();
  broker = await start();
  rows = await openRows(broker);
  instance = await incidentSetting(broker);
  await connectAll(broker, instance);
});
afterAll(async () => {
  await rows?.close();
  await broker?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const linear = () => instance.connections.find((c: Json) => c.connector === 'linear').connected_account_id as string;
const journalText = () =>
  readdirSync(journalDir)
    .map((name) => readFileSync(path.join(journalDir, name), 'utf8'))
    .join('');

describe('a broker with a data folder', () => {
  it('writes what it receives into its journal before the database, sealed, and settles it', async () => {
    const id = linear();
    expect((await broker.api(`/v1/connected-accounts/${id}/refresh`, { method: 'POST' })).status).toBe(200);
    const lines = journalText()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.filter((line) => line.entry?.accountId === id)).toHaveLength(1);
    expect(lines.filter((line) => line.settled === true).map((line) => line.id)).toEqual([lines[0].id]);
    const { refresh_token, access_token } = await openCredential(broker, await storedAccount(rows, id));
    for (const secret of [refresh_token, access_token]) expect(journalText()).not.toContain(secret);
  });

  it('stores at its next start what its journal holds and the database does not', async () => {
    const account = await storedAccount(rows, linear());
    const received = {
      kind: 'oauth2',
      access_token: randomBytes(24).toString('hex'),
      refresh_token: randomBytes(24).toString('hex'),
      scopes: [],
    };
    const place = {
      environmentId: account.environment_id,
      table: 'journal',
      column: 'received',
      rowId: account.id,
      generation: Number(account.generation),
      grantId: account.grant_id as string,
    };
    const record = await broker.modules.sealing.seal(place, new Secret(received));
    await broker.close();
    const journal = await openJournal(journalDir);
    const { environmentId, rowId: accountId, grantId, generation: basedOn } = place;
    await journal.append({ environmentId, accountId, grantId, basedOn, fence: 1, record });
    await journal.close();

    broker = await start();
    const now = await storedAccount(rows, account.id);
    expect(Number(now.generation)).toBe(Number(account.generation) + 1);
    expect(await openCredential(broker, now)).toMatchObject(received);
  });

  it('starts and serves where the folder cannot be made, and says what that means', async () => {
    await broker.close();
    const file = path.join(folder, 'not-a-folder');
    writeFileSync(file, '');
    broker = await startBroker({ databaseUrl: database.url, masterKey, journalDir: path.join(file, 'journal') });
    expect(broker.logLines.join('\n')).toContain('there is no journal');
  });
});
