import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { Secret } from '@grantway/contract';
import { createEgress, type Egress } from '@grantway/egress';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyWrapper, WrapContext } from '../master-key.ts';
import { awsArn, azureKeyPath, gcpName, type KeyServer, type Mishap, startKeyServer } from '../testing/key-service-server.ts';
import { awsKmsWrapper } from './aws-kms.ts';
import { azureKeyVaultWrapper } from './azure-key-vault.ts';
import { breakGlassOpener, breakGlassWrapper } from './break-glass.ts';
import { crc32c } from './crc32c.ts';
import { gcpKmsWrapper } from './gcp-kms.ts';
import { KeyServiceError } from './key-service.ts';
import { transitWrapper } from './transit.ts';

const awsCredentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: randomBytes(30).toString('base64') };
const azureSecret = randomBytes(20).toString('base64url');
const transitToken = `s.${randomBytes(16).toString('base64url')}`;
let server: KeyServer;
let egress: Egress;
const wrappers = new Map<string, KeyWrapper>();
const pair = generateKeyPairSync('rsa', { modulusLength: 3072 });
const pem = {
  public: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  private: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
};

beforeAll(async () => {
  server = await startKeyServer({ transitToken, azureSecret, awsKeyId: awsCredentials.accessKeyId });
  egress = createEgress({ allowHosts: [server.hostPort] });
  const { send } = egress;
  const { origin } = server;
  wrappers.set('aws', awsKmsWrapper({ keyArn: awsArn, credentials: new Secret(awsCredentials), endpoint: origin, send }));
  wrappers.set('gcp', gcpKmsWrapper({ keyName: gcpName, serviceAccount: new Secret(server.googleAccount), endpoint: origin, send }));
  wrappers.set(
    'azure',
    azureKeyVaultWrapper({
      keyId: origin + azureKeyPath,
      credentials: new Secret({ tenantId: 'tenant', clientId: 'client', clientSecret: azureSecret }),
      loginEndpoint: origin,
      send,
    }),
  );
  wrappers.set('transit', transitWrapper({ key: `${origin}/transit/grantway`, token: new Secret(transitToken), send }));
  wrappers.set('break-glass', breakGlassOpener(new Secret(pem.private)));
});
beforeEach(() => {
  server.mishap = undefined;
  server.seen.length = 0;
});
afterAll(async () => {
  await egress?.close();
  await server?.close();
});

const services = ['aws', 'gcp', 'azure', 'transit'] as const;
const of = (name: string) => wrappers.get(name) as KeyWrapper;
const context = (): WrapContext => ({ purpose: 'record', environmentId: 'env_a', dataKeyId: randomUUID() });
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error,
  );

describe.each([...services, 'break-glass'])('%s', (name) => {
  it('wraps a data key that opens again, in its own place only', async () => {
    const [key, place] = [randomBytes(32), context()];
    const blob = await of(name).wrap(key, place);
    expect(blob.includes(key)).toBe(false);
    expect((await of(name).unwrap(blob, place)).equals(key)).toBe(true);
    for (const other of [{ purpose: 'url' }, { environmentId: 'env_b' }, { environmentId: '' }, { dataKeyId: randomUUID() }]) {
      await expect(of(name).unwrap(blob, { ...place, ...other })).rejects.toThrow();
    }
  });

  it('refuses a wrap with a bit flipped', async () => {
    const [key, place] = [randomBytes(32), context()];
    const blob = await of(name).wrap(key, place);
    const damaged = Buffer.from(blob);
    damaged[damaged.length - 5] = (damaged[damaged.length - 5] as number) ^ 1;
    await expect(of(name).unwrap(damaged, place)).rejects.toThrow();
  });
});

describe('C13: an answer that must not be used is refused', () => {
  const cases: [string, Mishap][] = [
    ...services.flatMap((name): [string, Mishap][] => [
      [name, 'down'],
      [name, 'not json'],
    ]),
    ['aws', 'other key'],
    ['azure', 'other key'],
    // One bit of the key itself is for the canary to notice: key-outage.test.ts.
    ['azure', 'wrong bytes'],
    ['gcp', 'damaged'],
    ['gcp', 'checksum'],
  ];
  it.each(cases)('%s: %s', async (name, mishap) => {
    const [key, place] = [randomBytes(32), context()];
    const blob = await of(name).wrap(key, place);
    server.mishap = mishap;
    const refused = await failure(of(name).unwrap(blob, place));
    expect(refused).toBeInstanceOf(KeyServiceError);
    expect(refused?.message).toContain(of(name).id);
    for (const secret of [awsCredentials.secretAccessKey, azureSecret, transitToken, key.toString('base64')]) {
      expect(refused?.message).not.toContain(secret);
    }
    if (mishap === 'other key' || mishap === 'checksum') expect(await failure(of(name).wrap(key, place))).toBeInstanceOf(KeyServiceError);
  });

  it('gcp: a wrap that another key made is not stored', async () => {
    server.mishap = 'other key';
    expect(await failure(of('gcp').wrap(randomBytes(32), context()))).toBeInstanceOf(KeyServiceError);
  });
});

describe('what is sent', () => {
  const place: WrapContext = { purpose: 'record', environmentId: 'env_a', dataKeyId: '00000000-0000-4000-8000-000000000000' };

  it('aws: the key by its ARN, the context in clear, signed for the region of the ARN', async () => {
    await of('aws').unwrap(await of('aws').wrap(randomBytes(32), place), place);
    expect(server.seen.map(({ headers }) => headers['x-amz-target'])).toEqual(['TrentService.Encrypt', 'TrentService.Decrypt']);
    for (const { body, headers } of server.seen) {
      expect(body).toMatchObject({
        KeyId: awsArn,
        EncryptionContext: { 'grantway:purpose': 'record', 'grantway:environment': 'env_a', 'grantway:data_key': place.dataKeyId },
      });
      expect(headers.authorization).not.toContain(awsCredentials.secretAccessKey);
    }
  });

  it('gcp and azure: one token for many requests', async () => {
    for (const name of ['gcp', 'azure']) for (let i = 0; i < 3; i++) await of(name).wrap(randomBytes(32), context());
    expect(server.seen.filter(({ path }) => path.includes('token')).length).toBeLessThanOrEqual(2);
  });

  it('azure: the key and the digest of its place, never the key alone', async () => {
    await of('azure').wrap(randomBytes(32), place);
    const { body } = server.seen.at(-1) as { body: Record<string, unknown> };
    expect([body['alg'], Buffer.from(String(body['value']), 'base64url').length]).toEqual(['RSA-OAEP-256', 64]);
  });

  it('transit: the token as a header, the context as associated data', async () => {
    await of('transit').wrap(randomBytes(32), place);
    expect(server.seen[0]).toMatchObject({ path: '/v1/transit/encrypt/grantway', headers: { 'x-vault-request': 'true' } });
    expect(String(server.seen[0]?.body['associated_data']).length).toBeGreaterThan(40);
  });
});

describe('break-glass', () => {
  it('wraps with the public half alone, which opens nothing', async () => {
    const wrapper = breakGlassWrapper(pem.public);
    const [key, place] = [randomBytes(32), context()];
    expect(wrapper.wrapOnly).toBe(true);
    expect(wrapper.id).toBe(of('break-glass').id);
    const blob = await wrapper.wrap(key, place);
    await expect(wrapper.unwrap(blob, place)).rejects.toThrow('offline');
    expect((await of('break-glass').unwrap(blob, place)).equals(key)).toBe(true);
  });

  it('refuses a key that is too short or of another kind', () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
    for (const key of [short, ec]) expect(() => breakGlassWrapper(key.toString())).toThrow('RSA key of 3072 bits');
  });
});

it.each([
  ['aws', () => awsKmsWrapper({ keyArn: 'alias/main', credentials: new Secret(awsCredentials), send: egress.send })],
  ['gcp', () => gcpKmsWrapper({ keyName: 'k', serviceAccount: new Secret(server.googleAccount), send: egress.send })],
  [
    'azure',
    () =>
      azureKeyVaultWrapper({
        keyId: 'https://v.vault.azure.net/keys/unversioned',
        credentials: new Secret({ tenantId: '', clientId: '', clientSecret: '' }),
        send: egress.send,
      }),
  ],
  ['transit', () => transitWrapper({ key: 'https://vault.example', token: new Secret('t'), send: egress.send })],
])('%s: a name that does not say exactly which key is refused', (_name, make) => {
  expect(make).toThrow('named');
});

// RFC 3720 appendix B.4.
it.each([
  ['32 bytes of zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['counting up', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
  ['the digits', Buffer.from('123456789'), 0xe3069283],
])('CRC-32C of %s', (_name, bytes, sum) => {
  expect(crc32c(bytes)).toBe(sum);
});
