import { hash } from 'node:crypto';
import type { Database } from '@grantway/db';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JSONWebKeySet, type JWK, jwtVerify, SignJWT } from 'jose';
import type { KeyRing } from './key-ring.ts';
import { openRecord, sealRecord } from './record.ts';

export interface AccessTokenClaims {
  clientId: string;
  environmentId: string;
  /** Space-separated, as in RFC 9068. */
  scope: string;
}

/** Of an access token that a person allowed an MCP client (RFC 9068). */
export interface GrantTokenClaims {
  grantId: string;
  environmentId: string;
  /** The person. */
  userId: string;
  /** The MCP client. */
  clientId: string;
  scope: string;
  /** The one resource that it is good for (RFC 8707), which is its audience. */
  resource: string;
}

/** Signs and checks Grantway's own access tokens (RFC 9068, EdDSA). The private key never leaves this file. */
export interface TokenSigner {
  sign(claims: AccessTokenClaims, options: { issuer: string; lifeSeconds: number; jti: string }): Promise<string>;
  /** @throws Error for any token that this installation did not sign for this audience, or that has expired */
  verify(token: string, issuer: string): Promise<AccessTokenClaims>;
  signGrant(claims: GrantTokenClaims, options: { issuer: string; lifeSeconds: number; jti: string }): Promise<string>;
  /** @throws Error for any token that this installation did not sign for this resource, or that has expired */
  verifyGrant(token: string, expected: { issuer: string; resource: string }): Promise<GrantTokenClaims>;
  jwks(): JSONWebKeySet;
}

/** Of tokens of which it is remembered that they are in order. */
const maxKnown = 10_000;
const maxAgeSeconds = 3600;
const alg = 'EdDSA';
const type = 'at+jwt';
const place = (kid: string) => ['signing_keys', 'private_ct', kid];

export async function createTokenSigner(db: Database, ring: KeyRing): Promise<TokenSigner> {
  const system = db.system('keyring');
  const sealing = await ring.active('signing');
  const read = () =>
    system.query<{ kid: string; public_jwk: JWK; private_ct: Buffer; state: string }>({
      name: 'signing keys',
      text: "select kid, public_jwk, private_ct, state from signing_keys where state <> 'retired' order by created_at, kid",
      values: [],
    });

  if ((await read()).length === 0) {
    const pair = await generateKeyPair(alg, { crv: 'Ed25519', extractable: true });
    const [publicJwk, privateJwk] = [await exportJWK(pair.publicKey), await exportJWK(pair.privateKey)];
    const kid = await calculateJwkThumbprint(publicJwk);
    await system.query({
      name: 'make signing key',
      // Replicas that start together must agree: one key is active, the first insert decides which.
      text: 'insert into signing_keys (kid, alg, public_jwk, private_ct) values ($1, $2, $3, $4) on conflict do nothing',
      values: [kid, alg, { ...publicJwk, kid, alg, use: 'sig' }, sealRecord(sealing, place(kid), Buffer.from(JSON.stringify(privateJwk)))],
    });
  }

  const rows = await read();
  const active = rows.find((row) => row.state === 'active');
  if (active === undefined) throw new Error('no active signing key');
  const ringKey = await ring.forRecord(active.private_ct, 'signing');
  const opened = openRecord(ringKey, place(active.kid), active.private_ct);
  const privateKey = await importJWK(JSON.parse(opened.toString('utf8')) as JWK, alg);
  opened.fill(0);
  const publicKeys = new Map(await Promise.all(rows.map(async (row) => [row.kid, await importJWK(row.public_jwk, alg)] as const)));

  // Under digests: the tokens themselves are nobody's to keep.
  const known = new Map<string, { claims: AccessTokenClaims; untilMs: number }>();

  // Algorithm and type are fixed here; nothing in the token chooses a key but a kid we know.
  const checked = async (token: string, expected: { issuer: string; audience: string; claims: string[] }) => {
    const { payload } = await jwtVerify(
      token,
      (header) => {
        const key = publicKeys.get(header.kid ?? '');
        if (key === undefined) throw new Error('unknown key');
        return key;
      },
      {
        algorithms: [alg],
        typ: type,
        issuer: expected.issuer,
        audience: expected.audience,
        requiredClaims: ['exp', 'sub', 'client_id', 'env', 'scope', ...expected.claims],
        maxTokenAge: maxAgeSeconds,
      },
    );
    return payload;
  };

  return {
    sign: ({ clientId, environmentId, scope }, { issuer, lifeSeconds, jti }) =>
      new SignJWT({ client_id: clientId, env: environmentId, scope })
        .setProtectedHeader({ alg, typ: type, kid: active.kid })
        .setIssuer(issuer)
        .setAudience(issuer)
        .setSubject(clientId)
        .setJti(jti)
        .setIssuedAt()
        .setExpirationTime(`${lifeSeconds}s`)
        .sign(privateKey),
    async verify(token, issuer) {
      // A signature that was good stays so while the keys do, which are those of this process's start.
      const digest = hash('sha256', `${issuer} ${token}`, 'base64');
      const found = known.get(digest);
      if (found !== undefined && Date.now() < found.untilMs) return found.claims;
      const payload = await checked(token, { issuer, audience: issuer, claims: [] });
      const claims = { clientId: String(payload['client_id']), environmentId: String(payload['env']), scope: String(payload['scope']) };
      known.delete(digest);
      if (known.size >= maxKnown) known.delete(known.keys().next().value as string);
      known.set(digest, { claims, untilMs: Math.min(Number(payload.exp), Number(payload.iat) + maxAgeSeconds) * 1000 });
      return claims;
    },
    signGrant: ({ grantId, environmentId, userId, clientId, scope, resource }, { issuer, lifeSeconds, jti }) =>
      new SignJWT({ client_id: clientId, env: environmentId, scope, grant: grantId })
        .setProtectedHeader({ alg, typ: type, kid: active.kid })
        .setIssuer(issuer)
        .setAudience(resource)
        .setSubject(userId)
        .setJti(jti)
        .setIssuedAt()
        .setExpirationTime(`${lifeSeconds}s`)
        .sign(privateKey),
    async verifyGrant(token, { issuer, resource }) {
      const payload = await checked(token, { issuer, audience: resource, claims: ['grant'] });
      return {
        grantId: String(payload['grant']),
        environmentId: String(payload['env']),
        userId: String(payload.sub),
        clientId: String(payload['client_id']),
        scope: String(payload['scope']),
        resource,
      };
    },
    jwks: () => ({ keys: rows.map((row) => row.public_jwk) }),
  };
}
