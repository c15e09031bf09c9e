import { reveal, type Secret } from '@grantway/contract';
import { importPKCS8, SignJWT } from 'jose';
import type { KeyWrapper } from '../master-key.ts';
import { crc32c } from './crc32c.ts';
import { askForJson, contextBytes, KeyServiceError, type Send, stringOf, tokenCache } from './key-service.ts';

export interface GcpServiceAccount {
  client_email: string;
  private_key: string;
  private_key_id?: string;
  /** Default: https://oauth2.googleapis.com/token */
  token_uri?: string;
}

export interface GcpKmsOptions {
  /** projects/<p>/locations/<l>/keyRings/<r>/cryptoKeys/<k> */
  keyName: string;
  serviceAccount: Secret<GcpServiceAccount>;
  /** Default: https://cloudkms.googleapis.com */
  endpoint?: string;
  send: Send;
}

const scope = 'https://www.googleapis.com/auth/cloudkms';

/** Google Cloud KMS (cloud.google.com/kms/docs/reference/rest). Each way is covered by CRC32C, which is checked on both sides. */
export function gcpKmsWrapper({ keyName, serviceAccount, endpoint = 'https://cloudkms.googleapis.com', send }: GcpKmsOptions): KeyWrapper {
  if (!/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/.test(keyName)) {
    throw new Error('a Google Cloud KMS key is named projects/<p>/locations/<l>/keyRings/<r>/cryptoKeys/<k>');
  }
  const id = `gcp:${keyName}`;

  const token = tokenCache(async () => {
    const account = reveal(serviceAccount);
    const url = account.token_uri ?? 'https://oauth2.googleapis.com/token';
    const assertion = await new SignJWT({ scope })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(account.private_key_id === undefined ? {} : { kid: account.private_key_id }) })
      .setIssuer(account.client_email)
      .setAudience(url)
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(await importPKCS8(account.private_key, 'RS256'));
    const answer = await askForJson(send, id, {
      method: 'POST',
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }).toString(),
    });
    return { token: stringOf(id, answer, 'access_token'), lifeSeconds: Number(answer['expires_in']) || 0 };
  });

  async function ask(verb: 'encrypt' | 'decrypt', body: Record<string, string>): Promise<Record<string, unknown>> {
    return askForJson(send, id, {
      method: 'POST',
      url: `${endpoint}/v1/${keyName}:${verb}`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}` },
      body: JSON.stringify(body),
    });
  }
  /** int64 is a string in Google's JSON. */
  const covered = (name: string, bytes: Buffer) => ({ [name]: bytes.toString('base64'), [`${name}Crc32c`]: String(crc32c(bytes)) });
  const received = (answer: Record<string, unknown>, name: string): Buffer => {
    const bytes = Buffer.from(stringOf(id, answer, name), 'base64');
    if (String(answer[`${name}Crc32c`]) !== String(crc32c(bytes))) throw new KeyServiceError(id, `sent a damaged ${name}`);
    return bytes;
  };

  return {
    id,
    async wrap(key, c) {
      const answer = await ask('encrypt', { ...covered('plaintext', key), ...covered('additionalAuthenticatedData', contextBytes(c)) });
      if (answer['verifiedPlaintextCrc32c'] !== true || answer['verifiedAdditionalAuthenticatedDataCrc32c'] !== true) {
        throw new KeyServiceError(id, 'did not verify what it received');
      }
      if (!String(answer['name']).startsWith(`${keyName}/cryptoKeyVersions/`)) throw new KeyServiceError(id, 'answered for another key');
      return received(answer, 'ciphertext');
    },
    async unwrap(blob, c) {
      return received(
        await ask('decrypt', { ...covered('ciphertext', blob), ...covered('additionalAuthenticatedData', contextBytes(c)) }),
        'plaintext',
      );
    },
  };
}
