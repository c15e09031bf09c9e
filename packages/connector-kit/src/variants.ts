import type { AuthSpec } from './auth.ts';

/** What of a connector says how it is authorized, and in which other ways. */
interface Varied {
  aliases?: string[];
  auth: AuthSpec;
  api: object;
  identify: object;
  authVariants?: Record<string, { auth: AuthSpec; api?: object; identify?: object; aliases?: string[] }>;
  variant?: string;
}

export const variantIdShape = /^[a-z][a-z0-9_]{1,39}$/;

const known = new WeakMap<Varied, Map<string, Varied>>();

/**
 * The connector as one connection uses it: the one place where a variant's id becomes an `auth`. Null is the connector's default;
 * undefined where this build does not know the variant.
 */
export function variantOf<C extends Varied>(connector: C, id: string | null): C | undefined {
  if (id === null) return connector;
  const variants = connector.authVariants;
  const variant = variants !== undefined && Object.hasOwn(variants, id) ? variants[id] : undefined;
  if (variant === undefined) return undefined;
  const made = known.get(connector) ?? new Map<string, Varied>();
  known.set(connector, made);
  const whole = made.get(id) ?? used(connector, id, variant);
  made.set(id, whole);
  return whole as C;
}

function used(connector: Varied, id: string, variant: NonNullable<Varied['authVariants']>[string]): Varied {
  const { authVariants: _, ...rest } = connector;
  return {
    ...rest,
    variant: id,
    auth: variant.auth,
    api: { ...connector.api, ...variant.api },
    identify: variant.identify ?? connector.identify,
  };
}

/** The connector in every way that it can be authorized, the default first. */
export function waysOf<C extends Varied>(connector: C): C[] {
  return [connector, ...Object.keys(connector.authVariants ?? {}).map((id) => variantOf(connector, id) as C)];
}

/** By which other ids a connector is asked for, and which of its ways each means. */
export function idAliasesOf({
  aliases = [],
  authVariants = {},
}: Pick<Varied, 'aliases' | 'authVariants'>): { alias: string; variant: string | null }[] {
  return [
    ...aliases.map((alias) => ({ alias, variant: null })),
    ...Object.entries(authVariants).flatMap(([variant, of]) => (of.aliases ?? []).map((alias) => ({ alias, variant }))),
  ];
}
