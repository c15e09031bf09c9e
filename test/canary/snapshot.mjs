import { renameSync } from 'node:fs';
import { Session } from 'node:inspector';
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';

// Source maps would be most of the heap, and have none of what is looked for.
process.setSourceMapsEnabled = () => {};
// Strings are cut at 1024 characters otherwise, and a token may stand behind that.
setFlagsFromString('--heap-snapshot-string-limit=100000000');

/** Collects garbage, then writes what is still reachable; the file has its name once it is whole. */
export function writeSnapshot(file) {
  // A snapshot says where each function stands, and counts a script's lines anew for each unless a debugger has seen it.
  const session = new Session();
  session.connect();
  session.post('Debugger.enable');
  session.disconnect();
  // Twice: what a finalizer lets go of in the first collection is garbage in the second.
  for (let i = 0; i < 2; i++) globalThis.gc();
  renameSync(writeHeapSnapshot(`${file}.part`), file);
}
