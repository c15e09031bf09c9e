import { type Generator, once, type Subject } from './rows.ts';
import type { Profile } from './servers/profiler.ts';
import type { Phases } from './servers/stopwatch.ts';
import type { BrokerCrew } from './starting.ts';

/** Where one `tools/call` spends its time: on the clock, one at a time; and on the processor, sixteen at once. */
export interface Breakdown {
  elapsed: Phases;
  /** CPU microseconds for each request, by place, most first; taking the samples is among them. */
  processor: { requests: number; wholeMicros: number; places: { place: string; micros: number }[] };
}

const shownPlaces = 24;

export async function breakdownOf(broker: BrokerCrew, generator: Generator, subject: Subject, seconds: number): Promise<Breakdown> {
  await broker.ask({ do: 'time', on: true });
  await once(generator, subject, 1, seconds);
  const elapsed = await broker.ask<Phases>({ do: 'time', on: false });
  await broker.ask({ do: 'profile', on: true });
  const { requests } = await once(generator, subject, 16, seconds);
  const profile = await broker.ask<Profile>({ do: 'profile', on: false });
  const micros = (ms: number) => (ms * 1000) / requests;
  const [shown, others] = [profile.places.slice(0, shownPlaces), profile.places.slice(shownPlaces)];
  const places = shown.map(({ place, ms }) => ({ place, micros: micros(ms) }));
  if (others.length > 0) places.push({ place: `${others.length} others`, micros: micros(others.reduce((sum, { ms }) => sum + ms, 0)) });
  return { elapsed, processor: { requests, wholeMicros: micros(profile.busyMs), places } };
}
