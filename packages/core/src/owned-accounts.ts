import { type AccountOwner, Fault, idPrefixes, isId, newId } from '@grantway/contract';
import { recordEvent, schema, type Tx } from '@grantway/db';
import { and, eq, ne, type SQL, sql } from 'drizzle-orm';
import type { Ctx } from './ctx.ts';

/*
 * An owner, a user or (null) the organization itself, may have several accounts on one connection. Labels tell them apart,
 * and one of them is the default: what is meant wherever no account is named.
 */
const t = schema.connectedAccounts;
type AccountRow = typeof t.$inferSelect;
export type OwnerId = string | null;

/** How an agent names an account; tools cannot have an argument of their own that begins so (see the kit's `tool`). */
export const accountArgument = 'grantway_account';

/** Accounts of one owner on one connection that are not disconnected. */
export const maxAccounts = 20;

/**
 * Without `coalesce`, as the unique indexes have it: under row-level security PostgreSQL takes no condition into an index that
 * it does not know to be leakproof, and would read the whole table.
 */
export function ownedBy(connectionId: string, ownerId: OwnerId): SQL {
  const owner = ownerId === null ? sql`${t.userId} is null` : sql`${t.userId} = ${ownerId}`;
  return sql`${t.connectionId} = ${connectionId} and ${owner}`;
}

/**
 * Whoever adds accounts, or changes labels or the default, takes turns. Called before any other row is locked, so that nobody
 * waits crosswise; the person's row comes first, as where a user is forgotten.
 */
export async function lockOwner(tx: Tx, connectionId: string, ownerId: OwnerId, personId: OwnerId = ownerId): Promise<void> {
  if (personId !== null) await tx.select({ id: schema.users.id }).from(schema.users).where(eq(schema.users.id, personId)).for('key share');
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`accounts ${connectionId} ${ownerId ?? ''}`}, 0))`);
}

export const ownerOf = (account: { userId: OwnerId }): AccountOwner => (account.userId === null ? 'organization' : 'user');

/** Accounts that were connected before there were labels are called as their provider calls them. */
export function labelOf(account: Pick<AccountRow, 'label' | 'providerAccountLabel'>): string | null {
  return account.label ?? account.providerAccountLabel;
}

/** @throws Fault insufficient_scope where the account is the organization's */
export function mayChange(ctx: Ctx, ownerId: OwnerId): void {
  const scope = 'organization_accounts:write';
  if (ownerId === null && ctx.scopes !== undefined && !ctx.scopes.has(scope)) {
    throw new Fault('insufficient_scope', `the access token lacks the scope ${scope}, which an account of the organization needs`);
  }
}

/** The owner's default account; made, PENDING_AUTH, when it is the first time. Idempotent under concurrency. */
export async function ensureAccount(tx: Tx, environmentId: string, connectionId: string, ownerId: OwnerId): Promise<AccountRow> {
  const where = and(ownedBy(connectionId, ownerId), sql`${t.isDefault}`);
  const [known] = await tx.select().from(t).where(where);
  if (known !== undefined) return known;
  await addAccount(tx, { environmentId, connectionId, userId: ownerId, isDefault: true });
  const [row] = await tx.select().from(t).where(where);
  if (row === undefined) throw new Error('the account vanished');
  return row;
}

/** False where somebody else was faster. */
async function addAccount(tx: Tx, values: Omit<typeof t.$inferInsert, 'id'>): Promise<string | undefined> {
  const [made] = await tx
    .insert(t)
    .values({ ...values, id: newId('connectedAccount'), status: 'PENDING_AUTH', reason: 'never_connected' })
    .onConflictDoNothing()
    .returning({ id: t.id });
  if (made === undefined) return undefined;
  const data = { status: 'PENDING_AUTH', reason: 'never_connected' };
  await recordEvent(tx, { environmentId: values.environmentId, type: 'connected_account.created', connectedAccountId: made.id, data });
  return made.id;
}

const all = (tx: Tx, connectionId: string, ownerId: OwnerId) => tx.select().from(t).where(ownedBy(connectionId, ownerId)).orderBy(t.id);

/** Nobody has connected it yet, or it was disconnected: there is nothing that a call could be made with by mistake. */
const isVacant = (account: AccountRow) => account.providerAccountId === null || account.status === 'DISCONNECTED';

/**
 * The account with this label. A default account that nobody has connected or named takes the label; otherwise a new label
 * is another account.
 * @throws Fault account_limit
 */
export async function ensureLabelledAccount(
  tx: Tx,
  environmentId: string,
  connectionId: string,
  ownerId: OwnerId,
  label: string,
): Promise<AccountRow> {
  await lockOwner(tx, connectionId, ownerId);
  await ensureAccount(tx, environmentId, connectionId, ownerId);
  const accounts = await all(tx, connectionId, ownerId);
  const known = accounts.find((account) => labelOf(account) === label);
  if (known !== undefined) {
    if (known.status === 'DISCONNECTED') mustHaveRoom(accounts);
    return known;
  }
  const unnamed = accounts.find(
    (account) => account.isDefault && account.label === null && account.reason === 'never_connected' && account.status === 'PENDING_AUTH',
  );
  if (unnamed !== undefined) {
    const [named] = await tx.update(t).set({ label, labelGiven: true }).where(eq(t.id, unnamed.id)).returning();
    if (named !== undefined) return named;
  }
  return addAnother(tx, accounts, { environmentId, connectionId, ownerId }, label);
}

async function addAnother(
  tx: Tx,
  accounts: readonly AccountRow[],
  { environmentId, connectionId, ownerId }: { environmentId: string; connectionId: string; ownerId: OwnerId },
  label: string | null,
): Promise<AccountRow> {
  mustHaveRoom(accounts);
  const id = await addAccount(tx, { environmentId, connectionId, userId: ownerId, isDefault: false, label, labelGiven: label !== null });
  const [row] = id === undefined ? [] : await tx.select().from(t).where(eq(t.id, id));
  if (row === undefined) throw new Error('the account vanished');
  return row;
}

/** @throws Fault account_limit */
function mustHaveRoom(accounts: readonly AccountRow[]): void {
  if (accounts.filter((account) => account.status !== 'DISCONNECTED').length >= maxAccounts) {
    throw new Fault('account_limit', `there are ${maxAccounts} accounts on this connection already; disconnect one first`);
  }
}

/** One more account of the same owner, for a provider account that is to stand beside this one. The owner is locked. */
export async function addBeside(tx: Tx, account: AccountRow): Promise<AccountRow> {
  const { environmentId, connectionId, userId } = account;
  return addAnother(tx, await all(tx, connectionId, userId), { environmentId, connectionId, ownerId: userId }, null);
}

/**
 * The account that a caller named, by label or by id. Another owner's looks like one that does not exist.
 * @throws Fault unknown_account that names the ones there are
 */
export async function findNamedAccount(tx: Tx, connectionId: string, ownerId: OwnerId, name: string): Promise<AccountRow> {
  const live = (await all(tx, connectionId, ownerId)).filter((account) => account.status !== 'DISCONNECTED');
  const byId = isId('connectedAccount', name);
  const found = live.find((account) => (byId ? account.id === name : labelOf(account) === name));
  if (found !== undefined) return found;
  const labels = live.flatMap((account) => labelOf(account) ?? []).map((label) => JSON.stringify(label));
  throw new Fault(
    'unknown_account',
    `there is no account ${JSON.stringify(name.slice(0, 64))} here; ${labels.length === 0 ? 'there is none with a label yet' : `there are: ${labels.join(', ')}`}`,
  );
}

/** The owner is locked. Two steps, since the index is looked at after each. */
export async function makeDefault(tx: Tx, account: Pick<AccountRow, 'id' | 'connectionId' | 'userId'>): Promise<void> {
  const others = and(ownedBy(account.connectionId, account.userId), eq(t.isDefault, true), ne(t.id, account.id));
  await tx.update(t).set({ isDefault: false, updatedAt: sql`clock_timestamp()` }).where(others);
  await tx.update(t).set({ isDefault: true, updatedAt: sql`clock_timestamp()` }).where(eq(t.id, account.id));
}

/**
 * Which account is the default once this one is disconnected: of the others that are not, the ones in use first, and of
 * those the oldest. With no other it stays where it is.
 */
export async function passDefaultOn(tx: Tx, account: AccountRow): Promise<string | undefined> {
  if (!account.isDefault) return undefined;
  const others = (await all(tx, account.connectionId, account.userId)).filter((other) => other.id !== account.id && !isVacant(other));
  const heir = others.find((other) => other.status === 'ACTIVE') ?? others[0];
  if (heir === undefined) return undefined;
  await makeDefault(tx, heir);
  return heir.id;
}

/**
 * One provider account is connected once for an owner: a vendor may end both grants with one of them, and an agent would
 * take two names for two accounts. The owner is locked.
 * @throws Fault account_already_connected
 */
export async function mustNotBeConnectedTwice(tx: Tx, account: AccountRow, providerAccountId: string): Promise<void> {
  const twin = (await all(tx, account.connectionId, account.userId)).find(
    (other) => other.id !== account.id && other.status === 'ACTIVE' && other.providerAccountId === providerAccountId,
  );
  if (twin === undefined) return;
  throw new Fault('account_already_connected', `it is connected already, as ${JSON.stringify(labelOf(twin))}`);
}

/**
 * What a consent makes of an account besides its credential: who connected it, what it is called, and whether it takes the
 * place of a default that nobody has connected. Before the credential is stored, so that its events tell the new names. The owner is locked.
 */
export async function settleConnected(
  tx: Tx,
  account: AccountRow,
  it: { providerAccount: { id: string; label: string }; userId: string; clientId: string | null },
): Promise<void> {
  const others = (await all(tx, account.connectionId, account.userId)).filter((other) => other.id !== account.id);
  const keepsLabel = account.label !== null && (account.labelGiven || account.providerAccountId === it.providerAccount.id);
  const label = keepsLabel ? account.label : freeLabel(it.providerAccount.label, others);
  await tx.update(t).set({ label, connectedByUserId: it.userId, connectedByClientId: it.clientId }).where(eq(t.id, account.id));
  const current = others.find((other) => other.isDefault);
  if (!account.isDefault && (current === undefined || isVacant(current))) await makeDefault(tx, account);
}

/** The provider's own label as one of ours, and told apart by a number where another account has it. */
function freeLabel(said: string, others: readonly AccountRow[]): string {
  const visible = said
    .normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '')
    .trim();
  const plain = visible === '' || visible.startsWith(`${idPrefixes.connectedAccount}_`) ? 'account' : visible;
  const taken = new Set(others.map(labelOf));
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? '' : ` (${n})`;
    const label = `${cut(plain, 64 - suffix.length)}${suffix}`;
    if (!taken.has(label)) return label;
  }
}

/** At most that many UTF-16 units, and never half a character. */
function cut(text: string, length: number): string {
  let short = '';
  for (const character of text) {
    if (short.length + character.length > length) break;
    short += character;
  }
  return short.trim();
}

/** An account that an agent may name. */
export interface NameableAccount {
  id: string;
  connectionId: string;
  label: string;
  default: boolean;
}
