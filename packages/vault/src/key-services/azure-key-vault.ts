import { reveal, type Secret } from '@grantway/contract';
import type { KeyWrapper } from '../master-key.ts';
import { askForJson, KeyServiceError, type Send, stringOf, tokenCache, withContext, withoutContext } from './key-service.ts';

export interface AzureCredentials {
  tenantId: string;
  clientId: string;
  clientSecret: string;
}

export interface AzureKeyVaultOptions {
  /** https://<vault>.vault.azure.net/keys/<name>/<version>: the version too, so that a wrap always names what opens it. */
  keyId: string;
  credentials: Secret<AzureCredentials>;
  /** Default: https://login.microsoftonline.com */
  loginEndpoint?: string;
  send: Send;
}

const algorithm = 'RSA-OAEP-256';
const apiVersion = '7.4';

/** Azure Key Vault and Managed HSM, wrapKey and unwrapKey (learn.microsoft.com/rest/api/keyvault/keys). Key wrap takes no authenticated data. */
export function azureKeyVaultWrapper(options: AzureKeyVaultOptions): KeyWrapper {
  const { keyId, credentials, loginEndpoint = 'https://login.microsoftonline.com', send } = options;
  const url = URL.canParse(keyId) ? new URL(keyId) : undefined;
  if (url === undefined || !/^\/keys\/[A-Za-z0-9-]+\/[A-Za-z0-9]+$/.test(url.pathname) || url.search !== '') {
    throw new Error('an Azure key is named https://<vault>.vault.azure.net/keys/<name>/<version>');
  }
  const id = `azure:${keyId}`;
  const audience = url.hostname.endsWith('.managedhsm.azure.net') ? 'https://managedhsm.azure.net' : 'https://vault.azure.net';

  const token = tokenCache(async () => {
    const { tenantId, clientId, clientSecret } = reveal(credentials);
    const answer = await askForJson(send, id, {
      method: 'POST',
      url: `${loginEndpoint}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: clientId,
        client_secret: clientSecret,
        scope: `${audience}/.default`,
      }).toString(),
    });
    return { token: stringOf(id, answer, 'access_token'), lifeSeconds: Number(answer['expires_in']) || 0 };
  });

  async function ask(verb: 'wrapkey' | 'unwrapkey', value: Buffer): Promise<Buffer> {
    const answer = await askForJson(send, id, {
      method: 'POST',
      url: `${keyId}/${verb}?api-version=${apiVersion}`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}` },
      body: JSON.stringify({ alg: algorithm, value: value.toString('base64url') }),
    });
    if (answer['kid'] !== keyId) throw new KeyServiceError(id, 'answered for another key');
    return Buffer.from(stringOf(id, answer, 'value'), 'base64url');
  }
  return {
    id,
    wrap: (key, c) => ask('wrapkey', withContext(key, c)),
    unwrap: async (blob, c) => withoutContext(id, await ask('unwrapkey', blob), c),
  };
}
