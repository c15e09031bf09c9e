import type { Schema } from './description.ts';
import type { Specification, Tier } from './specification.ts';
import type { WireRequest } from './validate.ts';

/** What a source is asked for: readers of types read only what is needed. */
export interface Wanted {
  operations: string[];
  requests: WireRequest[];
}

/** A specification that somebody publishes. */
export interface Source {
  tier: Exclude<Tier, 'none'>;
  /** Package and document, for people. */
  name: string;
  version: () => string;
  /** Of T4: why there is nothing better. */
  why?: string;
  read: (wanted: Wanted) => Specification | Promise<Specification>;
}

/** Says why a difference to an older specification is right; the page is the vendor's. */
export interface Allowed {
  /** Its name in the specification; the whole of it, or a pattern. */
  operation: string | RegExp;
  /** As problems say it, with `*` for places in lists: `query.limit`, `body.a.*.b`. */
  at: string;
  page: string;
}

/** A part of a body that the specification leaves open and the vendor's page does not: the keys that it may have. */
export interface Supplement {
  /** The request's body has it at this place, as problems say it. */
  at: string;
  operation: RegExp;
  schema: Schema;
  page: string;
  evidence: Evidence;
}

/** Who says so besides the page. A supplement is ours, and a mistake in it would let the same mistake of a connector pass. */
export type Evidence =
  /** A package has the schema itself. */
  | { schema: string }
  /** A package has bodies of the vendor's, which the supplement must take; `unverified` are its keys that none of them has. */
  | { from: string; examples: () => unknown[]; unverified: string[] }
  /** A package names the keys; `unverified` are those that it does not. */
  | { from: string; keys: () => Promise<string[]>; unverified: string[] }
  /** Read by a person, in a package or on the page. */
  | { read: string }
  /** Written from what people know: why nothing better is there. */
  | { unverified: string };

/** How one connector's tools are held against what its vendor publishes: `connectors/<id>.ts`. */
export interface Contract {
  /** By what `provenance.specification` says; the first that matches and has the operation. */
  specifications: [RegExp, Source][];
  allowed?: Allowed[];
  supplements?: Supplement[];
  /** Where a request's path is not as the specification writes it (a gateway before it, another way to name a thing): how it is. */
  paths?: [RegExp, string][];
  /** Values for keys of answers whose schema says too little, by the key's name. */
  answers?: [RegExp, unknown[]][];
  /** Keys of answers that are never null or empty in a good one, though the specification lets them be. */
  present?: RegExp;
  /** Alternatives, by the names of their definitions, that its answers never are. */
  without?: RegExp;
  /** Values for arguments that must fit together, or whose schema says too little, by the argument's name. */
  inputs?: [RegExp, unknown[]][];
  /** Keys whose renaming the specification cannot notice, and why. */
  survivors?: { at: RegExp; why: string }[];
  /** Why there is nothing to hold its tools against. */
  none?: string;
  /** Tools whose answers the specification cannot make up usefully, and why. */
  unansweredTools?: { tool: RegExp; why: string }[];
}
