import { createHmac, randomBytes } from 'node:crypto';
import { reveal, Secret } from '@grantway/contract';
import type { Place, Sealing } from './sealing.ts';

const prefix = 'whsec_';

export function webhookSecretPlace(
  endpoint: { environmentId: string; id: string; generation: number },
  column: 'secret_ct' | 'previous_secret_ct' = 'secret_ct',
): Place {
  return { environmentId: endpoint.environmentId, table: 'webhook_endpoints', column, rowId: endpoint.id, generation: endpoint.generation };
}

/** A new signing secret: `shown` is for its owner, once. */
export function mintWebhookSecret(): { shown: string; secret: Secret } {
  const shown = prefix + randomBytes(32).toString('base64');
  return { shown, secret: new Secret(shown) };
}

/** The value of `webhook-signature`: one signature for each secret, the newest first (https://www.standardwebhooks.com, "Signature scheme"). */
export async function signWebhook(
  sealing: Sealing,
  sealed: readonly { place: Place; record: Buffer }[],
  message: { id: string; timestamp: number; body: string },
): Promise<string> {
  const signatures = sealed.map(async ({ place, record }) => {
    const key = Buffer.from(reveal(await sealing.open<string>(place, record)).slice(prefix.length), 'base64');
    const mac = createHmac('sha256', key).update(`${message.id}.${message.timestamp}.${message.body}`).digest('base64');
    key.fill(0);
    return `v1,${mac}`;
  });
  return (await Promise.all(signatures)).join(' ');
}
