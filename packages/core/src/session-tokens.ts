import {
  type AccessLevel,
  bearerSecretLength,
  Fault,
  formatBearer,
  idPrefixes,
  isId,
  parseBearer,
  randomBase62,
  type SessionToken,
  type SessionTokenCreate,
  sessionClaimLength,
  toBase62,
} from '@grantway/contract';
import { schema } from '@grantway/db';
import { type Sealing, sameBytes } from '@grantway/vault';
import { and, eq, sql } from 'drizzle-orm';
import type { Ctx, Modules } from './ctx.ts';
import { tell } from './instance-life.ts';
import { ownInstances } from './instance-summaries.ts';
import { ensureRow, findConfig } from './mcp-instances.ts';
import { type OpenInstance, openInstanceOf } from './open-instance.ts';

/**
 * Session tokens: for a while, at the static URL of one config. A token says itself whose instance it is for, how far it
 * reaches and until when, and proves it by a MAC over that and the config: there is no row to be looked up, or swept. The
 * instance's row, which every call reads in any case, says whether it still counts.
 */

/** The static URL of a config: the resource that its tokens are made for (RFC 8707). */
export const staticUrl = (modules: Pick<Modules, 'baseUrl'>, configId: string) => `${modules.baseUrl()}/mcp/${configId}`;

interface Claim {
  instanceId: string;
  accessLevel: AccessLevel;
  /** Seconds since 1970. */
  expiresAt: number;
  sessionEpoch: number;
}

const levels: Record<AccessLevel, string> = { FULL: 'F', READ_ONLY: 'R' };
const timeLength = 6;
const epochLength = 4;
const ulidLength = 26;
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function inDigits(n: number, length: number): string {
  let out = '';
  for (let i = 0, rest = n; i < length; i++, rest = Math.floor(rest / 62)) out = (digits[rest % 62] as string) + out;
  return out;
}

const ofDigits = (text: string) => [...text].reduce((n, digit) => n * 62 + digits.indexOf(digit), 0);

async function proofOf(sealing: Pick<Sealing, 'mac'>, configId: string, id: string, said: string): Promise<string> {
  return toBase62(await sealing.mac('session token', [configId, id, said]), bearerSecretLength);
}

export async function mintSessionToken(
  { sealing }: Pick<Modules, 'sealing'>,
  configId: string,
  { instanceId, accessLevel, expiresAt, sessionEpoch }: Claim,
): Promise<{ id: string; token: string }> {
  const id = randomBase62(16);
  const instance = instanceId.slice(-ulidLength);
  const said = instance + levels[accessLevel] + inDigits(expiresAt, timeLength) + inDigits(sessionEpoch, epochLength);
  return { id, token: formatBearer({ kind: 'sessionToken', id, secret: said + (await proofOf(sealing, configId, id, said)) }) };
}

/** Undefined for whatever was not made by us for this config. */
async function readSessionToken({ sealing }: Modules, token: string, configId: string): Promise<Claim | undefined> {
  const parsed = parseBearer('sessionToken', token);
  if (parsed === undefined) return undefined;
  const [said, proof] = [parsed.secret.slice(0, sessionClaimLength), parsed.secret.slice(sessionClaimLength)];
  if (!sameBytes(Buffer.from(proof), Buffer.from(await proofOf(sealing, configId, parsed.id, said)))) return undefined;
  const level = said[ulidLength];
  const rest = said.slice(ulidLength + 1);
  return {
    instanceId: `${idPrefixes.mcpInstance}_${said.slice(0, ulidLength)}`,
    accessLevel: level === levels.FULL ? 'FULL' : 'READ_ONLY',
    expiresAt: ofDigits(rest.slice(0, timeLength)),
    sessionEpoch: ofDigits(rest.slice(timeLength)),
  };
}

export const isSessionToken = (token: string): boolean => parseBearer('sessionToken', token) !== undefined;

/**
 * The instance that a session token was made for, where it is presented at the URL that it was made for.
 * @throws Fault unauthorized for any other token, and one that has ended; instance_revoked, client_suspended, user_suspended,
 * environment_suspended
 */
export async function openBySessionToken(modules: Modules, token: string, configId: string): Promise<OpenInstance> {
  const claim = await readSessionToken(modules, token, configId);
  if (claim === undefined || claim.expiresAt * 1000 <= Date.now()) throw new Fault('unauthorized');
  return openInstanceOf(modules, { ...claim, configId });
}

/**
 * A token for one user at the static URL of a config. Ensures the user's instance, as asking for the URL would.
 * @throws Fault not_found, user_suspended, instance_revoked
 */
export async function createSessionToken(ctx: Ctx, configId: string, input: SessionTokenCreate): Promise<SessionToken> {
  return ctx.tx(async (tx) => {
    const config = isId('mcpConfig', configId) ? await findConfig(ctx, tx, eq(schema.mcpConfigs.id, configId)) : undefined;
    if (config === undefined) throw new Fault('not_found', 'no such MCP config');
    const instance = await ensureRow(ctx, tx, config, input.user_identifier);
    const expiresAt = Math.floor(Date.now() / 1000) + input.expires_in;
    const { access_level: accessLevel } = input;
    const { sessionEpoch } = instance;
    const { id, token } = await mintSessionToken(ctx.modules, config.id, { instanceId: instance.id, accessLevel, expiresAt, sessionEpoch });
    const until = new Date(expiresAt * 1000).toISOString();
    const details = { token_id: id, config: config.name, access_level: accessLevel, expires_at: until };
    await ctx.audit(tx, 'session_token.issued', { kind: 'mcp_instance', id: instance.id }, details);
    return {
      token,
      expires_at: until,
      url: staticUrl(ctx.modules, config.id),
      access_level: accessLevel,
      user_identifier: input.user_identifier,
      mcp_instance_id: instance.id,
    };
  });
}

/**
 * Ends all session tokens of a user on a config that are out, whichever client asked for them (of a restricted client: its own).
 * @throws Fault not_found where there is no instance of that user and config
 */
export async function revokeSessionTokens(ctx: Ctx, configId: string, identifier: string): Promise<void> {
  const t = schema.mcpInstances;
  await ctx.tx(async (tx) => {
    const instances = await tx
      .select({ id: t.id })
      .from(t)
      .innerJoin(schema.users, eq(schema.users.id, t.userId))
      .where(and(eq(t.configId, configId), eq(schema.users.identifier, identifier), ownInstances(ctx)))
      .orderBy(t.id)
      .for('update', { of: t });
    if (instances.length === 0) throw new Fault('not_found', 'this user has nothing to do with such an MCP config');
    for (const { id } of instances) {
      await tx
        .update(t)
        .set({ sessionEpoch: sql`${t.sessionEpoch} + 1` })
        .where(eq(t.id, id));
      await tell(ctx, tx, id, 'session_token.revoked');
      await ctx.audit(tx, 'session_token.revoked', { kind: 'mcp_instance', id });
    }
  });
}
