// Loaded before a broker (`--import`): its wall clock is wrong by so many milliseconds. What is monotonic stays as it is.
const offsetMs = Number(process.env.GRANTWAY_FAULT_CLOCK_MS ?? 0);
const RealDate = globalThis.Date;
const now = () => RealDate.now() + offsetMs;

globalThis.Date = class SkewedDate extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(now());
    else super(...given);
  }
  static now() {
    return now();
  }
};
