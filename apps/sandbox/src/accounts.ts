import { createHash } from 'node:crypto';
import type { Connector } from '@grantway/connector-kit';
import { type Leaf, leavesOf, mapLeaves } from './json-places.ts';

export const defaultAccount = 'ada@example.test';
const emailShape = /^[^@\s]+@[^@\s]+$/;
/** Leaves below such names describe a place that many accounts share, so they stay as they are. */
const groupNames = /team|org|workspace|company|site|tenant|url/i;

type Deciding = [pointer: string, leaf: string | number];

/** The account as it was typed, or undefined when it cannot be one. */
export function readAccount(text: string | undefined): string | undefined {
  const account = text?.trim() ?? '';
  if (account === '') return defaultAccount;
  return account.length <= 100 && /^[^\p{Cc}]+$/u.test(account) ? account : undefined;
}

/**
 * Which values of the connector's worked example stand for the account, and what they become for this one. Found by
 * asking `identify.subject` which leaves of its example decide the id and the label; no connector declares it.
 */
export function accountValues(connector: Connector, account: string): Map<Leaf, Leaf> {
  const { body } = connector.identify.example.receives;
  const read = (changed: unknown) => {
    try {
      return connector.identify.subject(changed as never, { status: 200, headers: {}, body: changed });
    } catch {
      return undefined;
    }
  };
  const plain = read(body);
  const values = new Map<Leaf, Leaf>();
  const deciding = { id: [] as Deciding[], label: [] as Deciding[] };
  for (const [pointer, leaf] of leavesOf(body)) {
    if (typeof leaf === 'string' && emailShape.test(leaf)) values.set(leaf, emailOf(account));
    if (typeof leaf !== 'string' && typeof leaf !== 'number') continue;
    const other = typeof leaf === 'string' ? `${leaf}x` : leaf + 1;
    const seen = read(mapLeaves(body, (value, at) => (at === pointer ? other : value)));
    if (plain === undefined || seen === undefined) continue;
    if (seen.id !== plain.id) deciding.id.push([pointer, leaf]);
    if (seen.label !== plain.label) deciding.label.push([pointer, leaf]);
  }
  for (const [, leaf] of personal(deciding.id)) {
    const alsoLabel = deciding.label.some(([, label]) => label === leaf);
    if (!values.has(leaf)) values.set(leaf, alsoLabel && typeof leaf === 'string' ? account : alike(connector.id, account, leaf));
  }
  const names = personal(deciding.label).filter(([, leaf]) => typeof leaf === 'string' && !values.has(leaf));
  if (names[0] !== undefined) values.set(names[0][1], nameOf(account));
  return values;
}

/** Those that are not about a group; all of them when every one is. */
function personal(leaves: Deciding[]): Deciding[] {
  const own = leaves.filter(([pointer]) => !groupNames.test(pointer));
  return own.length > 0 ? own : leaves;
}

function emailOf(account: string): string {
  if (emailShape.test(account)) return account;
  const local = account.toLowerCase().replace(/[^a-z0-9]+/g, '.');
  return `${local.replace(/^\.|\.$/g, '') || 'someone'}@example.test`;
}

/** `grace.hopper@example.test` -> `Grace Hopper`; anything that is not an address stays as it was typed. */
function nameOf(account: string): string {
  if (!emailShape.test(account)) return account;
  const words = (account.split('@')[0] as string).split(/[._+-]+/).filter((word) => word !== '');
  return words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join(' ') || account;
}

/** Another value of the same shape, always the same one for the same account. */
export function alike(connectorId: string, account: string, value: string | number): string | number {
  const digest = createHash('sha512')
    .update(JSON.stringify([connectorId, account, value]))
    .digest();
  const pick = (i: number, alphabet: string) => alphabet[(digest[i % digest.length] as number) % alphabet.length] as string;
  if (typeof value === 'number') {
    const length = Math.min(String(Math.abs(Math.trunc(value))).length, 15);
    return Number(Array.from({ length: Math.max(length, 6) }, (_, i) => pick(i, i === 0 ? '123456789' : '0123456789')).join(''));
  }
  const isHex = /^[0-9a-f-]{16,}$/.test(value);
  const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
  // The first letter often tells the kind of object, and short values need more room to differ
  const shape = value.length < 6 ? `${value}0000` : value;
  return [...shape]
    .map((character, i) => {
      if (i === 0 && /[A-Za-z]/.test(character) && !isHex) return character;
      // RFC 9562 section 4: version and variant
      if (isUuid && (i === 14 || i === 19)) return character;
      if (isHex && character !== '-') return pick(i, '0123456789abcdef');
      if (/[0-9]/.test(character)) return pick(i, '0123456789');
      if (/[A-Z]/.test(character)) return pick(i, 'ABCDEFGHJKLMNPQRSTUVWXYZ0123456789');
      if (/[a-z]/.test(character)) return pick(i, 'abcdefghijkmnopqrstuvwxyz');
      return character;
    })
    .join('');
}
