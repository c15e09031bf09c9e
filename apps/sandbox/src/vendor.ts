import { type Connector, isIssued, type OAuth2Auth } from '@grantway/connector-kit';
import { accountValues } from './accounts.ts';
import { type AuthorizationServer, createAuthorizationServer } from './authorization-server.ts';
import type { Uploaded } from './files.ts';
import { createIssuer, type Issuer } from './issuer.ts';
import type { Leaf } from './json-places.ts';
import type { Knobs } from './knobs.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { createOAuth1Provider } from './oauth1-provider.ts';
import { type ScopeReader, scopeReader } from './scopes.ts';
import type { State } from './state.ts';

/** One way in to one connector, as the sandbox plays it. */
export interface Vendor {
  id: string;
  /** How the controls call it: the connector's id, with the way in behind it where that is not the default one. */
  controlId: string;
  connector: Connector;
  state: State;
  ledger: Ledger;
  knobs: Knobs;
  oauth: OAuthVendor | undefined;
  /** Kinds that get their credentials in another way. */
  issuer: Issuer | undefined;
  /** The file that was sent to it last. */
  uploaded: Uploaded | undefined;
  log: (line: string) => void;
  /** What stands for the account in the connector's examples, and its value for this account. */
  valuesFor(account: string): Map<Leaf, Leaf>;
  close(): Promise<void>;
}

export interface OAuthVendor {
  auth: OAuth2Auth;
  scopes: ScopeReader;
  /** Built at the first use: a sandbox with many connectors starts at once. */
  server(): AuthorizationServer;
  /** One at a time: two uses of one refresh token must meet each other as they would in a vendor's database. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
}

/** What every way in to a connector has in common: it is one vendor. */
export interface Common {
  ledger: Ledger;
  knobs: Knobs;
  uploaded: Uploaded | undefined;
}

export function createCommon(): Common {
  return { ledger: createLedger(), knobs: {}, uploaded: undefined };
}

export function createVendor(options: {
  connector: Connector;
  origin: string;
  state: State;
  common: Common;
  log: (line: string) => void;
}): Vendor {
  const { connector, origin, state, common, log } = options;
  const known = new Map<string, Map<Leaf, Leaf>>();
  let server: AuthorizationServer | undefined;
  const vendor: Vendor = {
    id: connector.id,
    controlId: connector.variant === undefined ? connector.id : `${connector.id}.${connector.variant}`,
    connector,
    state,
    ledger: common.ledger,
    get knobs() {
      return common.knobs;
    },
    set knobs(knobs) {
      common.knobs = knobs;
    },
    oauth: undefined,
    issuer: undefined,
    get uploaded() {
      return common.uploaded;
    },
    set uploaded(uploaded) {
      common.uploaded = uploaded;
    },
    log,
    valuesFor(account) {
      const values = known.get(account) ?? accountValues(connector, account);
      known.set(account, values);
      return values;
    },
    async close() {
      await server?.close();
    },
  };
  const { auth } = connector;
  if (auth.kind === 'oauth2') {
    let last: Promise<unknown> = Promise.resolve();
    vendor.oauth = {
      auth,
      scopes: scopeReader(auth),
      server: () => (server ??= createAuthorizationServer({ connector, auth, origin, state, knobs: () => vendor.knobs, log })),
      inTurn(work) {
        const mine = last.then(work, work);
        last = mine.catch(() => {});
        return mine;
      },
    };
  }
  const ofIssuer = { connector, state, ledger: vendor.ledger, knobs: () => vendor.knobs };
  if (isIssued(auth)) vendor.issuer = createIssuer(auth, ofIssuer);
  if (auth.kind === 'oauth1') vendor.issuer = createOAuth1Provider(auth, ofIssuer);
  return vendor;
}
