import { randomUUID } from 'node:crypto';

/** For so long one proof holds: what is remembered for longer is stale by this at most where those who should hear do not hear any more. */
const holdsMs = 1_000;
/** While somebody asks, hearing is tried again so long after the last time. */
const everyMs = 400;
/** No id begins like this. */
const prefix = 'hello-';

export interface HearingProofOptions {
  /** Tells this on the channel of changes; resolves when that is committed. */
  tell(word: string): Promise<unknown>;
  /** How many connections listen now. */
  listeners(): number;
  now?: () => number;
}

/**
 * Whether those who listen still hear, found out by telling them a word of nobody's. A connection that is lost is noticed by itself; this
 * is for whatever else may come between, such as a proxy that was put there later. Whether the triggers are there that tell of changes is not tried.
 */
export interface HearingProof {
  /** Takes words of proofs, its own and other processes'; false for anything else. */
  heard(payload: string): boolean;
  /** Some who listen are new or gone: the word under way proves nothing. */
  reset(): void;
  /** Tells a word. What is answered says later how many have heard it. */
  tell(): Promise<() => number>;
  /** Whether all heard a word that was told within the last second; asking has it tried again. */
  isProven(): boolean;
}

export function createHearingProof({ tell, listeners, now = () => performance.now() }: HearingProofOptions): HearingProof {
  let word: { text: string; toldAt: number; listeners: number; heardBy: number } | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  let provenAt = Number.NEGATIVE_INFINITY;

  async function tellOne(): Promise<() => number> {
    toldAt = now();
    const mine = { text: `${prefix}${randomUUID()}`, toldAt, listeners: listeners(), heardBy: 0 };
    word = mine;
    await tell(mine.text);
    return () => mine.heardBy;
  }

  return {
    heard(payload) {
      if (!payload.startsWith(prefix)) return false;
      if (word?.text === payload && ++word.heardBy === word.listeners) provenAt = word.toldAt;
      return true;
    },
    reset() {
      word = undefined;
    },
    tell: tellOne,
    isProven() {
      const at = now();
      // Whoever cannot even tell proves nothing by it, and tries again like everybody else.
      if (at - toldAt >= everyMs) tellOne().catch(() => {});
      return at - provenAt <= holdsMs;
    },
  };
}
