import { randomBytes } from 'node:crypto';
import { newId, Secret } from '@grantway/contract';
import type { Sealing } from '../sealing.ts';
import type { Installation } from './installation.ts';

/** Puts rows into every sealed column: `count` accounts, consent sessions and kept answers, besides the connection's secret. */
export async function sealSomething(
  installation: Installation,
  sealing: Sealing,
  count: number,
): Promise<{ accounts: string[]; rows: number }> {
  const { environmentId, connectionId, query } = installation;
  const accounts: string[] = [];
  for (let i = 0; i < count; i++) {
    const account = await installation.account();
    accounts.push(account);
    const [link, session, call] = [newId('authorizationLink'), newId('consentSession'), newId('toolCall')];
    await query(
      `insert into authorization_links (id, token_id, environment_id, connected_account_id, expires_at)
       values ($1, $2, $3, $4, clock_timestamp() + interval '1 hour')`,
      [link, randomBytes(12).toString('hex'), environmentId, account],
    );
    const at = { environmentId, generation: 1 };
    const verifier = await sealing.seal(
      { ...at, table: 'consent_sessions', column: 'pkce_verifier_ct', rowId: session },
      new Secret(randomBytes(32).toString('base64url')),
    );
    await query(
      `insert into consent_sessions (id, environment_id, link_id, connection_id, state_mac, browser_mac, pkce_verifier_ct, client_id,
         redirect_uri, scopes, expires_at) values ($1, $2, $3, $4, $5, $5, $6, 'acme-client', 'https://broker.example/cb', '{}', clock_timestamp())`,
      [session, environmentId, link, connectionId, randomBytes(32), verifier],
    );
    const answer = await sealing.seal({ ...at, table: 'idempotency_keys', column: 'answer_ct', rowId: call }, new Secret({ answer: i }));
    await query(
      `insert into idempotency_keys (environment_id, client_id, key_mac, request_hash, tool_call_id, answer_ct)
       values ($1, 'cl_1', $2, $2, $3, $4)`,
      [environmentId, randomBytes(32), call, answer],
    );
  }
  return { accounts, rows: 3 * count + 1 };
}
