import { reveal, type Secret } from '@grantway/contract';
import type { KeyWrapper } from '../master-key.ts';
import { askForJson, contextBytes, KeyServiceError, type Send, stringOf } from './key-service.ts';

export interface TransitOptions {
  /** https://<host>/<mount>/<key>; the mount is usually "transit". */
  key: string;
  token: Secret;
  namespace?: string;
  send: Send;
}

/** The Transit engine of OpenBao and Vault (openbao.org/api-docs/secret/transit), with an AEAD key: `associated_data` binds the context. */
export function transitWrapper({ key, token, namespace, send }: TransitOptions): KeyWrapper {
  const url = URL.canParse(key) ? new URL(key) : undefined;
  const [, mount, name] = /^\/(.+)\/([^/]+)$/.exec(url?.pathname ?? '') ?? [];
  if (url === undefined || mount === undefined || name === undefined || url.search !== '') {
    throw new Error('a Transit key is named https://<host>/<mount>/<key>');
  }
  const id = `transit:${url.href}`;

  async function ask(verb: 'encrypt' | 'decrypt', body: Record<string, string>, member: string): Promise<string> {
    const answer = await askForJson(send, id, {
      method: 'POST',
      url: `${(url as URL).origin}/v1/${mount}/${verb}/${name}`,
      headers: {
        'content-type': 'application/json',
        'x-vault-token': reveal(token),
        'x-vault-request': 'true',
        ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
      },
      body: JSON.stringify(body),
    });
    const { data } = answer;
    if (typeof data !== 'object' || data === null) throw new KeyServiceError(id, 'answered without data');
    return stringOf(id, data as Record<string, unknown>, member);
  }
  return {
    id,
    async wrap(dataKey, c) {
      const input = { plaintext: dataKey.toString('base64'), associated_data: contextBytes(c).toString('base64') };
      const ciphertext = await ask('encrypt', input, 'ciphertext');
      if (!/^vault:v\d+:/.test(ciphertext)) throw new KeyServiceError(id, 'answered something that is no ciphertext');
      return Buffer.from(ciphertext, 'utf8');
    },
    unwrap: async (blob, c) =>
      Buffer.from(
        await ask('decrypt', { ciphertext: blob.toString('utf8'), associated_data: contextBytes(c).toString('base64') }, 'plaintext'),
        'base64',
      ),
  };
}
