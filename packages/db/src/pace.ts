/** How many a second came, by the last whole window. */
export interface Pace {
  came(): void;
  perSecond(): number;
}

/** Long enough that all who wait for the same provider's answers fall into each, short enough to be over with a burst. */
const windowMs = 50;

export function createPace(now: () => number = () => performance.now()): Pace {
  let since = now();
  let count = 0;
  let perSecond = 0;
  const turn = () => {
    const at = now();
    if (at - since < windowMs) return;
    perSecond = (count * 1000) / (at - since);
    count = 0;
    since = at;
  };
  return {
    came() {
      turn();
      count++;
    },
    perSecond() {
      turn();
      return perSecond;
    },
  };
}
