import type { Credential } from '@grantway/connector-kit';
import { Secret } from '@grantway/contract';
import type { Egress } from '@grantway/egress';
import type { Leases, Sealing } from '@grantway/vault';
import type { Log } from './log.ts';
import type { Questions } from './questions.ts';
import { createRemoteCatalogs, type RemoteCatalogs } from './remote-catalogs.ts';
import { createRemoteLinks, type RemoteLinks, type RemoteTarget } from './remote-links.ts';
import type { RemoteServer } from './remote-servers.ts';
import { createRemoteWatches, type RemoteWatches } from './remote-watches.ts';
import { mustStillBeServed, type OnBehalf } from './standing.ts';

/** Everything that is kept in memory about remote MCP servers; all of it can be lost. */
export interface Remotes {
  links: RemoteLinks;
  catalogs: RemoteCatalogs;
  watches: RemoteWatches;
  /** For calls: everything is the account's own, and nothing is sent for somebody who is served no more. */
  target(server: RemoteServer, accountId: string, of: OnBehalf): RemoteTarget;
  /** For lists: shared where the credential is. */
  listTarget(server: RemoteServer, accountId: string | undefined, clientId: string | null): RemoteTarget;
  close(): Promise<void>;
}

export function createRemotes(deps: {
  questions: Pick<Questions, 'standing'>;
  egress: Egress;
  sealing: Sealing;
  leases: Leases;
  version: string;
  log: Log;
}): Remotes {
  const links = createRemoteLinks(deps);
  const watches = createRemoteWatches(links, deps.log);
  const target = (server: RemoteServer, accountId: string | undefined, clientId: string | null): RemoteTarget => ({
    server,
    accountId,
    clientId,
    credential: async () =>
      accountId === undefined
        ? new Secret<Credential>({ kind: 'none', fields: {} })
        : (await deps.leases.lease(accountId, clientId)).credential,
  });
  return {
    links,
    watches,
    catalogs: createRemoteCatalogs(links, deps.log),
    target: (server, accountId, of) => ({ ...target(server, accountId, of.clientId), mustBeServed: () => mustStillBeServed(deps, of) }),
    listTarget: (server, accountId, clientId) => target(server, server.settings.credential === 'user' ? accountId : undefined, clientId),
    async close() {
      watches.close();
      await links.close();
    },
  };
}
