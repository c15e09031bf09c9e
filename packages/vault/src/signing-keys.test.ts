import { createHmac, generateKeyPairSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openRecord } from './record.ts';
import { createTokenSigner, type TokenSigner } from './signing-keys.ts';
import { type Installation, type Replica, startInstallation } from './testing/installation.ts';

const issuer = 'http://127.0.0.1:8080';
const claims = { clientId: 'cl_1', environmentId: 'env_1', scope: 'tools:execute tool_calls:read' };
const options = { issuer, lifeSeconds: 900, jti: 'req_1' };

let installation: Installation;
let replicas: Replica[];
let signers: TokenSigner[];
let signer: TokenSigner;
beforeAll(async () => {
  installation = await startInstallation(() => undefined);
  replicas = await Promise.all([1, 2, 3, 4].map(() => installation.replica()));
  signers = await Promise.all(replicas.map(({ db, ring }) => createTokenSigner(db, ring)));
  signer = signers[0] as TokenSigner;
});
afterAll(() => installation?.close());

/** The installation's own private key, taken out as only a holder of the master key can: for forgeries with a right signature. */
async function ownKey() {
  const [row] = await installation.query<{ kid: string; private_ct: Buffer }>('select kid, private_ct from signing_keys');
  if (row === undefined) throw new Error('no signing key');
  const ring = (replicas[0] as Replica).ring;
  const sealed = openRecord(await ring.forRecord(row.private_ct, 'signing'), ['signing_keys', 'private_ct', row.kid], row.private_ct);
  const jwk = JSON.parse(sealed.toString('utf8')) as JWK;
  return { kid: row.kid, jwk, key: await importJWK(jwk, 'EdDSA') };
}

type Forgery = { header?: Record<string, unknown>; payload?: Record<string, unknown>; without?: string[] };

async function forged({ header = {}, payload = {}, without = [] }: Forgery): Promise<string> {
  const { kid, key } = await ownKey();
  const now = Math.floor(Date.now() / 1000);
  const body: Record<string, unknown> = {
    iss: issuer,
    aud: issuer,
    sub: 'cl_1',
    client_id: 'cl_1',
    env: 'env_1',
    scope: 'tools:execute',
    jti: 'req_1',
    iat: now,
    exp: now + 900,
    ...payload,
  };
  for (const name of without) delete body[name];
  return new SignJWT(body).setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid, ...header }).sign(key, { crit: { 'urn:example': true } });
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('replicas that start at once', () => {
  it('share one key: each accepts what any other signed, and all publish the same set', async () => {
    expect(await installation.query('select count(*)::int as n from signing_keys')).toEqual([{ n: 1 }]);
    for (const from of signers) {
      const token = await from.sign(claims, options);
      for (const to of signers) expect(await to.verify(token, issuer)).toEqual(claims);
      expect(from.jwks()).toEqual(signer.jwks());
    }
  });

  it('publish public halves only, and keep the private one sealed', async () => {
    const { keys } = signer.jwks();
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' });
    expect(keys[0]).not.toHaveProperty('d');
    const { d } = (await ownKey()).jwk;
    const [row] = await installation.query<{ text: string }>(
      "select t::text || encode(t.private_ct, 'base64') || encode(t.private_ct, 'escape') as text from signing_keys t",
    );
    expect(d).toHaveLength(43);
    expect(row?.text).not.toContain(d as string);
    expect(row?.text).not.toContain(Buffer.from(d as string, 'base64url').toString('hex'));
  });
});

describe('a token', () => {
  it('is an access token by RFC 9068', async () => {
    const token = await signer.sign(claims, options);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: signer.jwks().keys[0]?.kid });
    expect(await signer.verify(token, issuer)).toEqual(claims);
  });

  it('that was accepted before is refused all the same by another issuer, and from its end on', async () => {
    const token = await signer.sign(claims, options);
    const end = (decodeJwt(token).exp as number) * 1000;
    expect(await signer.verify(token, issuer)).toEqual(claims);
    await expect(signer.verify(token, 'http://127.0.0.1:8081')).rejects.toThrow();
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      vi.setSystemTime(end - 1);
      expect(await signer.verify(token, issuer)).toEqual(claims);
      vi.setSystemTime(end);
      await expect(signer.verify(token, issuer)).rejects.toThrow(/exp/);
    } finally {
      vi.useRealTimers();
    }
  });

  it('made by hand with the same key and the same claims is accepted, so that what follows fails for its own reason', async () => {
    await expect(signer.verify(await forged({}), issuer)).resolves.toMatchObject({ clientId: 'cl_1' });
  });

  const now = Math.floor(Date.now() / 1000);
  it.each<[string, Forgery]>([
    ['of another type', { header: { typ: 'JWT' } }],
    ['of type id token', { header: { typ: 'id_token+jwt' } }],
    ['without a type', { header: { typ: undefined } }],
    ['for another audience', { payload: { aud: 'http://127.0.0.1:8081' } }],
    ['for an audience that begins like ours', { payload: { aud: `${issuer}.example` } }],
    ['without an audience', { without: ['aud'] }],
    ['of another issuer', { payload: { iss: 'http://127.0.0.1:8081' } }],
    ['without an issuer', { without: ['iss'] }],
    ['that has expired', { payload: { iat: now - 1000, exp: now - 1 } }],
    ['without an end', { without: ['exp'] }],
    ['that lives longer than any of ours', { payload: { iat: now - 3700, exp: now + 86_400 } }],
    ['without its beginning', { without: ['iat'] }],
    ['that is not yet valid', { payload: { nbf: now + 600 } }],
    ['without a subject', { without: ['sub'] }],
    ['without a client', { without: ['client_id'] }],
    ['without an environment', { without: ['env'] }],
    ['without a scope', { without: ['scope'] }],
    ['of an unknown key id', { header: { kid: 'unknown' } }],
    ['without a key id', { header: { kid: undefined } }],
    ['with a critical header that is not known here', { header: { crit: ['urn:example'], 'urn:example': true } }],
  ])('%s is refused', async (_name, forgery) => {
    await expect(signer.verify(await forged(forgery), issuer)).rejects.toThrow();
  });

  it('without a signature (alg none) is refused', async () => {
    const [, payload] = (await signer.sign(claims, options)).split('.');
    for (const alg of ['none', 'None', 'NONE', '']) {
      await expect(
        signer.verify(`${encode({ alg, typ: 'at+jwt', kid: signer.jwks().keys[0]?.kid })}.${payload}.`, issuer),
      ).rejects.toThrow();
    }
  });

  it('signed by HMAC with the public key as the secret is refused', async () => {
    const [, payload] = (await signer.sign(claims, options)).split('.');
    const jwk = signer.jwks().keys[0] as JWK;
    for (const secret of [Buffer.from(jwk.x as string, 'base64url'), Buffer.from(jwk.x as string), Buffer.from(JSON.stringify(jwk))]) {
      const input = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: jwk.kid })}.${payload}`;
      await expect(signer.verify(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`, issuer)).rejects.toThrow();
    }
  });

  it('signed by a key that it brings along is refused', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const header = {
      alg: 'EdDSA',
      typ: 'at+jwt',
      kid: signer.jwks().keys[0]?.kid as string,
      jwk: publicKey.export({ format: 'jwk' }) as JWK,
    };
    const token = await new SignJWT({ client_id: 'cl_1', env: 'env_1', scope: 's' })
      .setProtectedHeader(header)
      .setIssuer(issuer)
      .setAudience(issuer)
      .setSubject('cl_1')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
    await expect(signer.verify(token, issuer)).rejects.toThrow();
  });

  it('with one character of its payload or signature changed is refused', async () => {
    const token = await signer.sign(claims, options);
    const from = token.indexOf('.') + 1;
    const accepted = [];
    // The last character's low bits are not part of the signature (64 bytes in 86 characters).
    for (let i = from; i < token.length - 1; i++) {
      if (token[i] === '.') continue;
      const changed = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
      if (
        await signer.verify(changed, issuer).then(
          () => true,
          () => false,
        )
      )
        accepted.push(i);
    }
    expect(accepted).toEqual([]);
  });

  it('of another installation is refused', async () => {
    const other = await startInstallation(() => undefined);
    try {
      const { db, ring } = await other.replica();
      const stranger = await createTokenSigner(db, ring);
      await expect(signer.verify(await stranger.sign(claims, options), issuer)).rejects.toThrow();
    } finally {
      await other.close();
    }
  });
});
