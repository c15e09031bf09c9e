import {
  type Choice,
  type Connector,
  type Credential,
  captured,
  faultByStatus,
  type Lookup,
  type ProviderAccount,
  placeholders,
} from '@grantway/connector-kit';
import { Fault, newId, type Secret } from '@grantway/contract';
import { schema } from '@grantway/db';
import { EgressError } from '@grantway/egress';
import { withLearned } from '@grantway/oauth';
import { and, desc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { AccountRow } from './connected-accounts.ts';
import type { ConnectionRow } from './connections.ts';
import type { Ctx } from './ctx.ts';
import { inSeconds, parkedLifeSeconds, sealedPlace } from './verification.ts';

/*
 * After consent some vendors must be asked for what the token is good: a site, a tenant, an organization. One answer is
 * taken. Several wait with the sealed credential for the person's choice, in the browser that consented and in no other.
 */
const t = schema.verifications;

interface Open {
  ctx: Ctx;
  link: typeof schema.authorizationLinks.$inferSelect;
  account: AccountRow;
  connection: ConnectionRow;
  connector: Connector;
}

export interface ToSettle {
  scopes: string[];
  fields: Record<string, string>;
  sessionId: string | undefined;
  browserMac: Buffer | null;
}

/** The credential waits, sealed, for the person's choice; it is not given back yet. */
export class ChoiceOffered extends Fault {
  constructor() {
    super('choice_required', { internal: 'the lookup has several answers; the person is asked' });
  }
}

/**
 * The credential with what the connector's lookup says, and what was chosen; unchanged where there is no lookup.
 * @throws ChoiceOffered, Fault nothing_to_choose, consent_failed, provider_unavailable
 */
export async function settle(
  open: Open,
  credential: Secret<Credential>,
  intake: ToSettle,
): Promise<{ credential: Secret<Credential>; chosen: Choice | undefined }> {
  const { auth } = open.connector;
  if (auth.kind !== 'oauth2' || auth.lookup === undefined) return { credential, chosen: undefined };
  const choices = await lookUp(open, auth.lookup, credential, intake.fields);
  const [first] = choices;
  if (first === undefined) throw new Fault('nothing_to_choose', { detail: `The account has no ${auth.lookup.noun} that could be used.` });
  const chosen = choices.length === 1 ? first : ofBefore(open, choices);
  if (chosen === undefined) {
    await offer(open, credential, intake, choices);
    throw new ChoiceOffered();
  }
  return { credential: withLearned(credential, chosen.values), chosen };
}

/** Signing in again is for the same place as before, where that still is one. */
function ofBefore({ account, connection }: Open, choices: Choice[]): Choice | undefined {
  if (account.providerAccountId === null || account.status === 'DISCONNECTED' || connection.onAccountChange === 'confirm') return undefined;
  return choices.find((choice) => account.providerAccountId?.endsWith(`${placeMark}${keyOf(choice)}`));
}

/** Ends the vendor's own id in the id of an account that is one of several places. */
const placeMark = '#';
const keyOf = (choice: Choice) =>
  Object.keys(choice.values)
    .sort()
    .map((name) => choice.values[name])
    .join('/');

/** Whose credential it is includes the place that was chosen: another place is another account (security.md A05). */
export function within(account: ProviderAccount, chosen: Choice | undefined): ProviderAccount {
  if (chosen === undefined) return account;
  const key = keyOf(chosen);
  return { ...account, id: `${account.id}${placeMark}${key}`, label: `${account.label} · ${chosen.label}`, team: account.team ?? key };
}

async function lookUp(open: Open, lookup: Lookup, credential: Secret<Credential>, fields: Record<string, string>): Promise<Choice[]> {
  const { connector, connection, ctx } = open;
  const names = lookup.captures.map((p) => p.name);
  const headers = Object.entries(connector.api.headers ?? {}).filter(
    ([, value]) => !placeholders(value).some((name) => names.includes(name)),
  );
  const target = {
    connector: {
      ...connector,
      api: { ...connector.api, baseUrl: lookup.baseUrl ?? connector.api.baseUrl, headers: Object.fromEntries(headers) },
    },
    fields: { ...fields, ...connection.fields },
    sandbox: connection.sandbox,
  };
  const response = await ctx.modules.egress.call(target, lookup.request, credential).catch((error: unknown) => {
    if (error instanceof EgressError)
      throw new Fault('provider_unavailable', { detail: `${connector.name} could not be reached`, cause: error });
    throw error;
  });
  const fault = (connector.api.fault ?? faultByStatus)(response);
  if (fault?.kind === 'unavailable' || fault?.kind === 'rate_limited') {
    throw new Fault('provider_unavailable', `${connector.name} is not available right now`);
  }
  if (fault !== undefined) throw new Fault('consent_failed', { internal: `lookup: ${fault.kind} ${fault.message}` });
  let said: Choice[];
  try {
    said = lookup.choices(response.body as never);
  } catch (cause) {
    throw new Fault('consent_failed', { internal: 'lookup: the answer could not be read', cause });
  }
  const fitting = new Map<string, Choice>();
  for (const choice of said) {
    const values = Object.fromEntries(lookup.captures.map((p) => [p.name, captured(p, choice.values[p.name])]));
    if (Object.values(values).some((value) => value === undefined)) {
      ctx.log.warn({ connection_id: connection.id }, 'an answer of the lookup does not fit and is left out');
      continue;
    }
    const label = String(choice.label).slice(0, maxTextLength) || lookup.noun;
    const detail = choice.detail === undefined ? {} : { detail: String(choice.detail).slice(0, maxTextLength) };
    const one: Choice = { values: values as Record<string, string>, label, ...detail };
    fitting.set(keyOf(one), one);
  }
  return [...fitting.values()].slice(0, maxChoices);
}

const maxTextLength = 200;
/** More than a person would read. */
const maxChoices = 250;

async function offer(open: Open, credential: Secret<Credential>, intake: ToSettle, choices: Choice[]): Promise<void> {
  const { ctx } = open;
  if (intake.browserMac === null) throw new Fault('consent_failed', { internal: 'there is no browser that could choose' });
  const id = newId('verification');
  const sealedCt = await ctx.modules.sealing.seal(sealedPlace({ environmentId: ctx.environmentId, id }), credential);
  await ctx.tx((tx) =>
    tx.insert(t).values({
      id,
      environmentId: ctx.environmentId,
      linkId: open.link.id,
      connectedAccountId: open.account.id,
      sessionId: intake.sessionId ?? null,
      kind: 'choice',
      browserMac: intake.browserMac,
      sealedCt,
      facts: { choices, scopes: intake.scopes, fields: intake.fields },
      expiresAt: inSeconds(parkedLifeSeconds),
    }),
  );
}

/** Choices that wait for one of these browsers. */
export function openChoices(linkId: string, macs: Buffer[]) {
  return and(
    eq(t.linkId, linkId),
    eq(t.kind, 'choice'),
    isNull(t.outcome),
    inArray(t.browserMac, macs),
    sql`${t.expiresAt} > clock_timestamp()`,
  );
}

export interface ChoiceView {
  /** Which question is answered. */
  id: string;
  /** What is chosen, as people call it. */
  noun: string;
  options: { label: string; detail: string | undefined; current: boolean }[];
}

/** The question that this browser has to answer, if any. Reads only. */
export async function choiceFor(open: Open, browsers: readonly string[]): Promise<ChoiceView | undefined> {
  const { auth } = open.connector;
  const { link, account } = open;
  if (auth.kind !== 'oauth2' || auth.lookup === undefined || browsers.length === 0 || link.usedAt !== null) return undefined;
  const macs = await Promise.all(browsers.map((b) => open.ctx.modules.sealing.mac('browser', [b])));
  const [row] = await open.ctx.tx((tx) => tx.select().from(t).where(openChoices(link.id, macs)).orderBy(desc(t.id)).limit(1));
  if (row === undefined) return undefined;
  const options = (row.facts['choices'] as Choice[]).map((choice) => ({
    label: choice.label,
    detail: choice.detail,
    current: account.providerAccountId?.endsWith(`${placeMark}${keyOf(choice)}`) === true,
  }));
  return { id: row.id, noun: auth.lookup.noun, options };
}
