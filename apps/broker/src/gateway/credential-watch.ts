import { isFault } from '@grantway/contract';
import type { Log, OpenInstance } from '@grantway/core';
import type { Credential } from './credentials.ts';

/** Somebody who keeps something open for a credential. */
export interface Holder {
  /** Called with what the credential opens now. */
  seen?(instance: OpenInstance): void;
  /** The credential opens nothing any more; or nobody can say whether it does. */
  ended(): void;
}

export interface CredentialWatch {
  /** Has the credential judged again and again, until the answer is called. */
  hold(credential: Credential, holder: Holder): () => void;
  close(): void;
}

/**
 * One loop for whatever stays open: it opens each credential again, one after the other, so that any number of holders
 * costs one query at a time. Revocation, rotation, expiry and suspension all end what is held in the same way.
 */
export function createCredentialWatch(log: Pick<Log, 'warn'>, times: { pollMs: number; blindMs: number }): CredentialWatch {
  const held = new Map<string, { credential: Credential; holders: Set<Holder> }>();
  let lookedAt = performance.now();
  let poll: NodeJS.Timeout | undefined;

  function schedule(): void {
    poll = setTimeout(async () => {
      await look();
      if (held.size > 0 && poll !== undefined) schedule();
      else poll = undefined;
    }, times.pollMs).unref();
  }

  async function look(): Promise<void> {
    for (const { credential, holders } of [...held.values()]) {
      if (holders.size === 0) continue;
      try {
        const instance = await credential.open();
        for (const holder of [...holders]) holder.seen?.(instance);
      } catch (error) {
        if (!isFault(error)) {
          log.warn({ err: error }, 'could not judge the credentials of what is open');
          // Who cannot learn that somebody was suspended must not go on serving him.
          if (performance.now() - lookedAt > times.blindMs) for (const other of [...held.values()]) end(other.holders);
          return;
        }
        end(holders);
      }
    }
    lookedAt = performance.now();
  }

  function end(holders: ReadonlySet<Holder>): void {
    for (const holder of [...holders]) holder.ended();
  }

  return {
    hold(credential, holder) {
      const { key } = credential;
      const entry = held.get(key) ?? { credential, holders: new Set<Holder>() };
      held.set(key, entry);
      entry.holders.add(holder);
      if (poll === undefined) {
        lookedAt = performance.now();
        schedule();
      }
      return () => {
        entry.holders.delete(holder);
        if (entry.holders.size === 0 && held.get(key) === entry) held.delete(key);
      };
    },
    close() {
      clearTimeout(poll);
      poll = undefined;
    },
  };
}
