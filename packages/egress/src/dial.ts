import { isIP, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { addressRefusal } from './address-policy.ts';
import { type DestinationPolicy, isExempt, unbracketed } from './destination.ts';
import { blocked, EgressError } from './egress-error.ts';

/** All addresses of a name, in the order in which they are to be tried. */
export type Resolve = (hostname: string) => Promise<string[]>;

const maxAddresses = 4;
const tls = { rejectUnauthorized: true, minVersion: 'TLSv1.2' as const };

/**
 * Opens connections for undici: looks the name up once, refuses it when any of its addresses is not public, and connects
 * to a checked address. The socket never sees the name except as the TLS server name, so nothing is looked up twice.
 */
export function createDial(resolve: Resolve, policy: DestinationPolicy): { connect: buildConnector.connector; abandon(): void } {
  const opening = new Set<Socket>();
  const last = buildConnector({ ...tls, timeout: 10_000 });
  const hasSuccessor = buildConnector({ ...tls, timeout: 3_000 });

  const dial: buildConnector.connector = (options, callback) => {
    const host = unbracketed(options.hostname);
    const url = new URL(
      `${options.protocol}//${options.hostname.includes(':') ? `[${host}]` : host}${options.port ? `:${options.port}` : ''}`,
    );
    addresses(host, url)
      .then((list) => attempt(list, host))
      .catch((error: Error) => callback(error, null));

    function attempt([address, ...rest]: string[], name: string): void {
      if (address === undefined) {
        callback(new EgressError('unreachable', false, `${name} has no address`), null);
        return;
      }
      const connect = rest.length > 0 ? hasSuccessor : last;
      // The name of a literal stays empty: TLS then checks the certificate for the address itself (RFC 6066 section 3).
      const servername = isIP(name) === 0 ? name : '';
      // The connector returns its socket, though its type does not say so.
      const socket = connect({ ...options, hostname: address, servername }, (...result) => {
        opening.delete(socket);
        if (result[0] !== null && rest.length > 0) attempt(rest, name);
        else callback(...result);
      }) as unknown as Socket;
      opening.add(socket);
    }
  };

  return {
    connect: dial,
    /** Gives up connections that are not yet open; nobody waits for them any more. */
    abandon() {
      for (const socket of opening) socket.destroy(new Error('abandoned'));
    },
  };

  async function addresses(host: string, url: URL): Promise<string[]> {
    const exempt = isExempt(url, policy);
    const list = isIP(host) === 0 ? await lookup(host) : [host];
    for (const address of exempt ? [] : list) {
      const refusal = addressRefusal(address);
      if (refusal !== undefined) throw blocked(`${host} leads to ${refusal}`);
    }
    return list.slice(0, maxAddresses);
  }

  async function lookup(host: string): Promise<string[]> {
    try {
      return await resolve(host);
    } catch (error) {
      throw new EgressError('unreachable', false, `${host} could not be looked up`, error);
    }
  }
}
