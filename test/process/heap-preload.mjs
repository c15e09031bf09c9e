// Before the broker: at a signal what is still reachable is written, under its name once it is whole.
import { renameSync } from 'node:fs';
import { Session } from 'node:inspector';
import { setFlagsFromString, writeHeapSnapshot } from 'node:v8';

const file = process.env.GRANTWAY_TEST_SNAPSHOT;
// Source maps would be most of the heap, and have none of what is looked for.
process.setSourceMapsEnabled = () => {};
// Strings are cut at 1024 characters otherwise.
setFlagsFromString('--heap-snapshot-string-limit=100000000');
process.on('SIGUSR2', () => {
  // A snapshot says where each function stands, and counts a script's lines anew for each unless a debugger has seen it.
  const session = new Session();
  session.connect();
  session.post('Debugger.enable');
  session.disconnect();
  for (let i = 0; i < 2; i++) globalThis.gc();
  renameSync(writeHeapSnapshot(`${file}.part`), file);
});
