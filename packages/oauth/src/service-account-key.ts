import { createPrivateKey } from 'node:crypto';

/** What is kept of a service account's key file. Its addresses are not: where requests go is the connector's to say. */
export interface ServiceAccountKey {
  type: 'service_account';
  client_email: string;
  private_key: string;
  private_key_id?: string;
}

const minModulusBits = 2048;

/**
 * Reads a key file as Google issues it ("type": "service_account"). Answers the parts that are used, as JSON again, or what
 * is wrong with it, in words that hold nothing of it.
 */
export function readServiceAccountKey(text: string): { key: string } | { problem: string } {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return { problem: 'is not JSON; paste the whole key file, from the first brace to the last' };
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return { problem: 'is not a key file' };
  const { type, client_email, private_key, private_key_id } = file as Record<string, unknown>;
  if (type !== 'service_account') return { problem: 'is not the key of a service account' };
  if (typeof client_email !== 'string' || !/^[^\s@"<>]{1,128}@[A-Za-z0-9.-]{1,253}$/.test(client_email))
    return { problem: 'has no client_email' };
  if (typeof private_key !== 'string') return { problem: 'has no private_key' };
  if (private_key_id !== undefined && (typeof private_key_id !== 'string' || !/^[\w.-]{1,128}$/.test(private_key_id))) {
    return { problem: 'has a private_key_id of another shape' };
  }
  const problem = rsaKeyProblem(private_key);
  if (problem !== undefined) return { problem: `has a private_key that ${problem}` };
  const key: ServiceAccountKey = { type, client_email, private_key, ...(private_key_id === undefined ? {} : { private_key_id }) };
  return { key: JSON.stringify(key) };
}

/** What is wrong with a PEM as the private key of RS256 (RFC 7518 section 3.3). */
function rsaKeyProblem(pem: string): string | undefined {
  try {
    const key = createPrivateKey({ key: pem, format: 'pem' });
    if (key.asymmetricKeyType !== 'rsa') return 'is no RSA key';
    return (key.asymmetricKeyDetails?.modulusLength ?? 0) < minModulusBits ? `has fewer than ${minModulusBits} bits` : undefined;
  } catch {
    return 'cannot be read';
  }
}

/** What is wrong with a PEM as the private key of these signatures; undefined when nothing is. */
export function privateKeyProblem(pem: string, algorithm: 'RS256' | 'ES256'): string | undefined {
  if (algorithm === 'RS256') return rsaKeyProblem(pem);
  try {
    const key = createPrivateKey({ key: pem, format: 'pem' });
    return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? undefined : 'is no key of the curve P-256';
  } catch {
    return 'cannot be read';
  }
}
