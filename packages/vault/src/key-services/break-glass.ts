import { constants, createHash, createPrivateKey, createPublicKey, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto';
import { reveal, type Secret } from '@grantway/contract';
import type { KeyWrapper } from '../master-key.ts';
import { VaultError } from '../record.ts';
import { KeyServiceError, withContext, withoutContext } from './key-service.ts';

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

function idOf(key: KeyObject): string {
  if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 3072) {
    throw new Error('the break-glass key must be an RSA key of 3072 bits or more; make one with: openssl genrsa -out break-glass.pem 4096');
  }
  return `break-glass:${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 16)}`;
}

/** A second wrap to a public key whose private half is kept offline (RSA-OAEP-256). What runs with this can never unwrap. */
export function breakGlassWrapper(publicKeyPem: string): KeyWrapper {
  const key = createPublicKey(publicKeyPem);
  const id = idOf(key);
  return {
    id,
    wrapOnly: true,
    wrap: async (dataKey, c) => publicEncrypt({ key, ...oaep }, withContext(dataKey, c)),
    unwrap: async () => {
      throw new KeyServiceError(id, 'is offline: its private key is not here');
    },
  };
}

/** The private half, brought back to recover an installation whose master key is lost. */
export function breakGlassOpener(privateKeyPem: Secret): KeyWrapper {
  const key = createPrivateKey(reveal(privateKeyPem));
  const publicKey = createPublicKey(key);
  const id = idOf(publicKey);
  return {
    id,
    wrap: async (dataKey, c) => publicEncrypt({ key: publicKey, ...oaep }, withContext(dataKey, c)),
    unwrap: async (blob, c) => {
      let joined: Buffer;
      try {
        joined = privateDecrypt({ key, ...oaep }, blob);
      } catch {
        throw new VaultError();
      }
      return withoutContext(id, joined, c);
    },
  };
}
