import { createHash } from 'node:crypto';
import type { RotationClass } from '@grantway/connector-kit';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';
import type { State } from './state.ts';

/** One thing that the provider stores. Its id is the token itself for tokens, so only a hash of it is kept. */
export interface Stored {
  payload: AdapterPayload;
  consumedAtMs?: number;
  revoked?: boolean;
}

/** How long a replaced refresh token of class C stays usable where the connector does not say. */
const usualLeewaySeconds = 60;

/** Kept in memory only: a consent that is under way does not survive a restart. */
const volatileModels = new Set(['Interaction', 'Session']);
/** Ids that are no secrets and are needed to list what there is. */
const openIds = new Set(['Grant', 'Client']);

export function storedKey(connectorId: string, model: string, id: string): string {
  return `${connectorId}/${model}/${openIds.has(model) ? id : createHash('sha256').update(id).digest('base64url')}`;
}

export function findStored(state: State, connectorId: string, model: string, id: string): Stored | undefined {
  return state.get(storedKey(connectorId, model, id)) as Stored | undefined;
}

/** Whether a refresh token that was replaced may be used once more. */
export function usedTokenWorks(stored: Stored, rotation: RotationClass, leewaySeconds = usualLeewaySeconds): boolean {
  if (stored.consumedAtMs === undefined || rotation === 'A' || rotation === 'B') return true;
  return rotation === 'C' && Date.now() - stored.consumedAtMs < leewaySeconds * 1000;
}

/** Ends a grant with all that was issued under it. Access tokens are remembered as revoked until they would expire. */
export function revokeGrant(state: State, connectorId: string, grantId: string): void {
  for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode']) revokeTokens(state, connectorId, model, grantId);
  state.delete(storedKey(connectorId, 'Grant', grantId));
  indexes.get(state)?.delete(grantId);
}

function revokeTokens(state: State, connectorId: string, model: string, grantId: string): void {
  for (const key of keysByGrant(state).get(grantId) ?? []) {
    if (!key.startsWith(`${connectorId}/${model}/`)) continue;
    const stored = state.get(key) as Stored | undefined;
    if (stored !== undefined && stored.revoked !== true) {
      state.set(key, { ...stored, revoked: true }, { expiresAtMs: expiryOf(stored.payload) });
    }
  }
}

const indexes = new WeakMap<State, Map<string, Set<string>>>();

/** What was issued under each grant: whoever ends one of ten thousand does not look at all of them. */
function keysByGrant(state: State): Map<string, Set<string>> {
  const known = indexes.get(state);
  if (known !== undefined) return known;
  const made = new Map<string, Set<string>>();
  indexes.set(state, made);
  for (const [key, value] of state.entries('')) noteGrant(state, key, value as Partial<Stored>);
  return made;
}

function noteGrant(state: State, key: string, stored: Partial<Stored>): void {
  const grantId = stored.payload?.grantId;
  if (grantId === undefined) return;
  const index = keysByGrant(state);
  index.set(grantId, (index.get(grantId) ?? new Set()).add(key));
}

function expiryOf(payload: AdapterPayload): number | undefined {
  return payload.exp === undefined ? undefined : payload.exp * 1000;
}

/**
 * oidc-provider's storage. The rotation classes live in `find`: the provider itself only knows "never rotates" and
 * "reuse ends the grant"; what lies between is a question of what a used refresh token looks like when it comes back.
 */
export function adapterFor(state: State, connectorId: string, rotation: () => RotationClass, leewaySeconds?: number): AdapterFactory {
  return (model): Adapter => {
    const volatile = volatileModels.has(model);
    const key = (id: string) => storedKey(connectorId, model, id);
    const read = (id: string) => findStored(state, connectorId, model, id);
    const write = (id: string, stored: Stored) => {
      state.set(key(id), stored, { expiresAtMs: expiryOf(stored.payload), volatile });
      noteGrant(state, key(id), stored);
    };
    const find = (id: string): AdapterPayload | undefined => {
      const stored = read(id);
      if (stored === undefined || stored.revoked === true) return undefined;
      const payload: AdapterPayload = model === 'Client' ? { ...stored.payload } : { ...stored.payload, jti: id };
      if (stored.consumedAtMs === undefined) return payload;
      if (model === 'RefreshToken') {
        const current = rotation();
        if (usedTokenWorks(stored, current, leewaySeconds)) return payload;
        if (current !== 'E') return undefined;
      }
      return { ...payload, consumed: Math.floor(stored.consumedAtMs / 1000) };
    };
    return {
      async upsert(id, payload) {
        const { jti: _, ...kept } = payload;
        write(id, { payload: kept });
      },
      async find(id) {
        return find(id);
      },
      async findByUid(uid) {
        const found = state.entries(`${connectorId}/${model}/`).find(([, value]) => (value as Stored).payload.uid === uid);
        return found === undefined ? undefined : (found[1] as Stored).payload;
      },
      // Device flow, which is not served
      async findByUserCode() {},
      async consume(id) {
        const stored = read(id);
        if (stored !== undefined) write(id, { ...stored, consumedAtMs: stored.consumedAtMs ?? Date.now() });
      },
      async destroy(id) {
        const stored = read(id);
        if (stored === undefined) return;
        if (model === 'AccessToken') write(id, { ...stored, revoked: true });
        else state.delete(key(id));
      },
      async revokeByGrantId(grantId) {
        revokeTokens(state, connectorId, model, grantId);
      },
    };
  };
}
