/** The channel that the triggers of migration 0007 tell of changed rows on. */
export const changesChannel = 'grantway_changes';

/** What something was made of: rows by their ids, read after this moment. */
export interface Mark {
  moment: number;
  ids: readonly string[];
}

/**
 * Which rows changed, as PostgreSQL tells whoever listens. A connection that listens hears of every commit that was answered
 * before one of its statements began by the time that statement is answered (notifications go out before ReadyForQuery). So what
 * was read a moment ago is as it was, where a statement on such a connection has resolved since, and nothing was heard.
 */
export interface Changes {
  /** To be taken before rows are read; a mark with it holds for what they say. */
  moment(): number;
  /** Whether any of these rows may be other than it was when it was read. */
  since(mark: Mark): boolean;
  /** False while nobody would tell: behind a proxy that gives each transaction another connection. Nothing may be remembered then. */
  hears(): boolean;
  /** Whether all who listen heard of what was told within the last second: then what was read longer ago may be believed as well. */
  isProven(): boolean;
}

/** For longer than anything is remembered (`remembered.ts`). */
const keptMs = 30_000;
/** Of so many at once it is cheaper to believe nothing than to know which. */
const maxKept = 50_000;

export interface HeardChanges extends Omit<Changes, 'isProven'> {
  heard(id: string): void;
  /** Something may have been missed: whatever was read before is not to be believed. */
  missed(): void;
  setHears(value: boolean): void;
}

export function createChanges(now: () => number = () => performance.now()): HeardChanges {
  let position = 0;
  /** Of moments before it nothing is known. */
  let floor = 0;
  let hears = false;
  // In the order of time: an id that is heard again goes to the end.
  const last = new Map<string, { position: number; at: number }>();
  return {
    moment: () => position,
    since({ moment, ids }) {
      if (moment === position) return false;
      if (moment < floor) return true;
      for (const id of ids) if ((last.get(id)?.position ?? 0) > moment) return true;
      return false;
    },
    hears: () => hears,
    heard(id) {
      last.delete(id);
      if (last.size >= maxKept) this.missed();
      const at = now();
      last.set(id, { position: ++position, at });
      for (const [oldest, found] of last) {
        if (at - found.at <= keptMs) break;
        last.delete(oldest);
        floor = Math.max(floor, found.position);
      }
    },
    missed() {
      floor = ++position;
      last.clear();
    },
    setHears(value) {
      hears = value;
    },
  };
}
