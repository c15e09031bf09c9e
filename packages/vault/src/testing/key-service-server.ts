import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Bit by bit, unlike the product's table. */
export function slowCrc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

export interface Seen {
  path: string;
  headers: IncomingMessage['headers'];
  body: Record<string, unknown>;
}

/** What goes wrong: the whole service, its answers' bytes, or whose key it used. */
export type Mishap = 'down' | 'silent' | 'damaged' | 'other key' | 'wrong bytes' | 'checksum' | 'not json';

export interface KeyServer {
  origin: string;
  hostPort: string;
  seen: Seen[];
  mishap: Mishap | undefined;
  /** How many requests are held because the service is silent. */
  held(): number;
  googleAccount: { client_email: string; private_key: string; private_key_id: string; token_uri: string };
  close(): Promise<void>;
}

export const awsArn = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555';
export const gcpName = 'projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k';
export const azureKeyPath = '/keys/grantway/0123456789abcdef0123456789abcdef';

/** The four services' wire shapes on one port, with their checks: a request they would refuse is refused here. */
export async function startKeyServer(secrets: { transitToken: string; azureSecret: string; awsKeyId: string }): Promise<KeyServer> {
  const wrapped = new Map<string, { plaintext: string; context: string }>();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const google = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const tokens = new Map<string, string>();
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hostPort = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const state: KeyServer = {
    origin: `http://${hostPort}`,
    hostPort,
    seen: [],
    mishap: undefined,
    held: () => held.size,
    googleAccount: {
      client_email: 'broker@p.iam.gserviceaccount.com',
      private_key: google.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      private_key_id: 'gk1',
      token_uri: `http://${hostPort}/google/token`,
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return state;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString('utf8');
    const path = request.url ?? '';
    const form = request.headers['content-type'] === 'application/x-www-form-urlencoded';
    const body = (form ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text)) as Record<string, string>;
    state.seen.push({ path, headers: request.headers, body });
    const reply = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(state.mishap === 'not json' ? '<html>' : JSON.stringify(value));
    };
    if (state.mishap === 'silent') {
      held.add(response);
      response.on('close', () => held.delete(response));
      return;
    }
    if (state.mishap === 'down') return reply(503, { message: 'no' });
    try {
      const [status, value] = handle(path, request.headers, body);
      reply(status, value);
    } catch (error) {
      reply(500, { message: String(error) });
    }
  }

  function bent(bytes: string | undefined, encoding: 'base64' | 'base64url' = 'base64'): string | undefined {
    if (bytes === undefined || (state.mishap !== 'damaged' && state.mishap !== 'wrong bytes')) return bytes;
    const raw = Buffer.from(bytes, encoding);
    if (state.mishap === 'wrong bytes') return randomBytes(raw.length).toString(encoding);
    raw[0] = (raw[0] as number) ^ 1;
    return raw.toString(encoding);
  }

  function handle(path: string, headers: IncomingMessage['headers'], body: Record<string, string>): [number, unknown] {
    if (path === '/') return aws(headers, body as never);
    if (path === '/google/token') return googleToken(body as never);
    if (path.startsWith('/v1/projects/')) return gcp(path, headers, body);
    if (path.endsWith('/oauth2/v2.0/token')) return azureToken(body);
    if (path.startsWith('/keys/')) return azure(path, headers, body as never);
    if (path.startsWith('/v1/transit/')) return transit(path, headers, body);
    return [404, { message: 'no such place' }];
  }

  function aws(
    headers: IncomingMessage['headers'],
    body: { KeyId: string; Plaintext?: string; CiphertextBlob?: string; EncryptionContext: object },
  ): [number, unknown] {
    const signed = new RegExp(
      `^AWS4-HMAC-SHA256 Credential=${secrets.awsKeyId}/\\d{8}/eu-central-1/kms/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}$`,
    ).exec(headers.authorization ?? '')?.[1];
    if (signed === undefined || !signed.split(';').includes('x-amz-target') || !signed.split(';').includes('host')) {
      return [403, { __type: 'IncompleteSignatureException' }];
    }
    if (headers['content-type'] !== 'application/x-amz-json-1.1') return [400, { __type: 'SerializationException' }];
    if (body.KeyId !== awsArn) return [400, { __type: 'NotFoundException' }];
    const context = JSON.stringify(body.EncryptionContext);
    const KeyId = state.mishap === 'other key' ? awsArn.replace('1111', '9999') : awsArn;
    if (headers['x-amz-target'] === 'TrentService.Encrypt') {
      return [200, { CiphertextBlob: remember(body.Plaintext as string, context), KeyId, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }];
    }
    const plaintext = recall(body.CiphertextBlob as string, context);
    if (plaintext === undefined) return [400, { __type: 'InvalidCiphertextException' }];
    return [200, { Plaintext: bent(plaintext), KeyId, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT' }];
  }

  function googleToken(body: { grant_type: string; assertion: string }): [number, unknown] {
    const [header = '', payload = '', signature = ''] = body.assertion.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const genuine = verify('sha256', Buffer.from(`${header}.${payload}`), google.publicKey, Buffer.from(signature, 'base64url'));
    const right =
      genuine &&
      body.grant_type === 'urn:ietf:params:oauth:grant-type:jwt-bearer' &&
      claims.aud === state.googleAccount.token_uri &&
      claims.iss === state.googleAccount.client_email &&
      claims.exp - claims.iat <= 3600 &&
      claims.scope === 'https://www.googleapis.com/auth/cloudkms';
    return right ? [200, { access_token: token('google'), expires_in: 3599, token_type: 'Bearer' }] : [400, { error: 'invalid_grant' }];
  }

  function gcp(path: string, headers: IncomingMessage['headers'], body: Record<string, string>): [number, unknown] {
    if (tokens.get((headers.authorization ?? '').slice(7)) !== 'google') return [401, { error: { code: 401 } }];
    const [, name, verb] = /^\/v1\/(.+):(encrypt|decrypt)$/.exec(path) ?? [];
    if (name !== gcpName) return [404, { error: { code: 404 } }];
    for (const member of verb === 'encrypt'
      ? ['plaintext', 'additionalAuthenticatedData']
      : ['ciphertext', 'additionalAuthenticatedData']) {
      if (body[`${member}Crc32c`] !== String(slowCrc32c(Buffer.from(body[member] as string, 'base64'))))
        return [400, { error: { code: 400 } }];
    }
    const context = body['additionalAuthenticatedData'] as string;
    const sum = (bytes: string) => String((slowCrc32c(Buffer.from(bytes, 'base64')) + (state.mishap === 'checksum' ? 1 : 0)) >>> 0);
    if (verb === 'encrypt') {
      const ciphertext = remember(body['plaintext'] as string, context);
      return [
        200,
        {
          name: `${state.mishap === 'other key' ? gcpName.replace('/k', '/x') : gcpName}/cryptoKeyVersions/1`,
          ciphertext,
          ciphertextCrc32c: sum(ciphertext),
          verifiedPlaintextCrc32c: true,
          verifiedAdditionalAuthenticatedDataCrc32c: true,
          protectionLevel: 'SOFTWARE',
        },
      ];
    }
    const plaintext = recall(body['ciphertext'] as string, context);
    if (plaintext === undefined) return [400, { error: { code: 400, status: 'INVALID_ARGUMENT' } }];
    // What is damaged on the way keeps the checksum of what was sent; wrong bytes of the service itself have a right one.
    const sent = bent(plaintext) as string;
    return [200, { plaintext: sent, plaintextCrc32c: sum(state.mishap === 'damaged' ? plaintext : sent), usedPrimary: true }];
  }

  function azureToken(body: Record<string, string>): [number, unknown] {
    const right =
      body['client_secret'] === secrets.azureSecret &&
      body['grant_type'] === 'client_credentials' &&
      body['scope'] === 'https://vault.azure.net/.default';
    return right ? [200, { access_token: token('azure'), expires_in: 3599, token_type: 'Bearer' }] : [401, { error: 'invalid_client' }];
  }

  function azure(path: string, headers: IncomingMessage['headers'], body: { alg: string; value: string }): [number, unknown] {
    if (tokens.get((headers.authorization ?? '').slice(7)) !== 'azure') return [401, { error: { code: 'Unauthorized' } }];
    const [, key, verb] = /^(\/keys\/[^/]+\/[^/]+)\/(wrapkey|unwrapkey)\?api-version=7\.4$/.exec(path) ?? [];
    if (key !== azureKeyPath || body.alg !== 'RSA-OAEP-256') return [400, { error: { code: 'BadParameter' } }];
    const kid = `${state.origin}${state.mishap === 'other key' ? key.replace('0123', '9999') : key}`;
    const oaep = (k: KeyObject) => ({ key: k, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' });
    const value = Buffer.from(body.value, 'base64url');
    if (verb === 'wrapkey') return [200, { kid, value: publicEncrypt(oaep(rsa.publicKey), value).toString('base64url') }];
    return [200, { kid, value: bent(privateDecrypt(oaep(rsa.privateKey), value).toString('base64url'), 'base64url') }];
  }

  function transit(path: string, headers: IncomingMessage['headers'], body: Record<string, string>): [number, unknown] {
    if (headers['x-vault-token'] !== secrets.transitToken) return [403, { errors: ['permission denied'] }];
    const [, verb, name] = /^\/v1\/transit\/(encrypt|decrypt)\/(.+)$/.exec(path) ?? [];
    if (name !== 'grantway') return [400, { errors: ['encryption key not found'] }];
    const context = body['associated_data'] as string;
    if (verb === 'encrypt')
      return [200, { data: { ciphertext: `vault:v1:${remember(body['plaintext'] as string, context)}`, key_version: 1 } }];
    const plaintext = recall((body['ciphertext'] as string).replace('vault:v1:', ''), context);
    return plaintext === undefined
      ? [400, { errors: ['cipher: message authentication failed'] }]
      : [200, { data: { plaintext: bent(plaintext) } }];
  }

  function remember(plaintext: string, context: string): string {
    const blob = randomBytes(48).toString('base64');
    wrapped.set(blob, { plaintext, context });
    return blob;
  }
  function recall(blob: string, context: string): string | undefined {
    const known = wrapped.get(blob);
    return known?.context === context ? known.plaintext : undefined;
  }
  function token(of: string): string {
    const value = createHash('sha256').update(randomBytes(16)).digest('hex');
    tokens.set(value, of);
    return value;
  }
}
