import { writeFileSync } from 'node:fs';
import { url as inspectorUrl } from 'node:inspector';

/**
 * What a process that opens credentials does about itself (security.md 3.10). On Linux a core file gets no memory of it
 * (core(5), coredump_filter); elsewhere the operator's limit decides. What V8 once held as a string cannot be wiped.
 *
 * @throws Error in server mode while a debugger is open: whoever reaches its port reads every secret in memory
 */
export function keepMemoryPrivate(mode: 'embedded' | 'server'): void {
  // Node opens its debugger at this signal, and with it every secret in memory; a listener takes that away.
  process.on('SIGUSR1', () => {});
  try {
    if (process.platform === 'linux') writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // A kernel or a sandbox without it: the limit of the operator's service unit decides.
  }
  if (mode === 'server' && inspectorUrl() !== undefined) {
    throw new Error('a debugger is open (--inspect); in server mode the broker does not run with one');
  }
}
