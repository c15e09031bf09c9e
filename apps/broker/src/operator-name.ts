import { userInfo } from 'node:os';

/** Who runs a command, for the audit: the name of his account on this machine, or its number where it has no name. */
export function operatorName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
