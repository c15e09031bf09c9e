import { hash } from 'node:crypto';
import { type Changes, createRemembered, type Mark } from '@grantway/db';

/** What was opened a moment ago, and is to be believed only where nothing that it was made of has changed. */
export interface Remembered<Instance = object> {
  instance: Instance;
  mark: Mark;
}

export interface OpenedInstances {
  /** What was opened by this very URL a moment ago; nothing of it may be acted on before its mark was looked at behind a fence. */
  recall(token: string): Remembered | undefined;
  /** After everything was found in order. `lifeMs`: for how long the clock alone leaves it in order. */
  keep(token: string, opened: Remembered, lifeMs?: number): void;
  forget(token: string): void;
}

/**
 * Instances that were opened a moment ago, under a digest of the secret that opened them. What is saved is the secret's check,
 * and reading and judging a config over and over.
 */
export function createOpenedInstances({ isProven }: Pick<Changes, 'isProven'>): OpenedInstances {
  const kept = createRemembered<Remembered>(isProven);
  const digestOf = (token: string) => hash('sha256', token, 'base64');
  return {
    recall: (token) => kept.recall(digestOf(token))?.value,
    keep: (token, opened, lifeMs) => kept.keep(digestOf(token), opened, lifeMs),
    forget: (token) => kept.forget(digestOf(token)),
  };
}
