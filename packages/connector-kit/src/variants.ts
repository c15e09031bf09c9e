import type { AuthSpec } from './auth.ts';
import type { Connector } from './connector.ts';

/**
 * Another way in to the same vendor, with the same tools: a personal token where the default is an OAuth app. The operator
 * chooses it for a connection, once; everything that is not named here is as the connector says.
 */
export interface AuthVariant {
  /** In plain words, for whoever chooses: `Personal access token`. */
  label: string;
  /** One sentence: when to choose it, and what is different then. */
  description: string;
  auth: AuthSpec;
  /** Only what differs: another host, other headers, refusals in other words. */
  api?: Partial<Connector['api']>;
  identify?: Connector['identify'];
  /** Ids of connectors by which clients of other brokers mean this way in; their tools' names begin with them. */
  aliases?: string[];
}

export const variantIdShape = /^[a-z][a-z0-9_]{1,39}$/;

const known = new WeakMap<Connector, Map<string, Connector>>();

/**
 * The connector as one connection uses it: the one place where a variant's id becomes an `auth`. Null is the connector's default;
 * undefined where this build does not know the variant.
 */
export function variantOf(connector: Connector, id: string | null): Connector | undefined {
  if (id === null) return connector;
  const variants = connector.authVariants;
  const variant = variants !== undefined && Object.hasOwn(variants, id) ? variants[id] : undefined;
  if (variant === undefined) return undefined;
  const made = known.get(connector) ?? new Map<string, Connector>();
  known.set(connector, made);
  const before = made.get(id);
  if (before !== undefined) return before;
  const { authVariants: _, ...rest } = connector;
  const whole: Connector = {
    ...rest,
    variant: id,
    auth: variant.auth,
    api: { ...connector.api, ...variant.api },
    identify: variant.identify ?? connector.identify,
  };
  made.set(id, whole);
  return whole;
}

/** The connector in every way that it can be authorized, the default first. */
export function waysOf(connector: Connector): Connector[] {
  return [connector, ...Object.keys(connector.authVariants ?? {}).map((id) => variantOf(connector, id) as Connector)];
}

/** By which other ids a connector is asked for, and which of its ways each means. */
export function idAliasesOf({ aliases = [], authVariants = {} }: Connector): { alias: string; variant: string | null }[] {
  return [
    ...aliases.map((alias) => ({ alias, variant: null })),
    ...Object.entries(authVariants).flatMap(([variant, of]) => (of.aliases ?? []).map((alias) => ({ alias, variant }))),
  ];
}
