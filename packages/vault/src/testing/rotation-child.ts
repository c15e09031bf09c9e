import { Secret } from '@grantway/contract';
import { openDatabase } from '@grantway/db';
import { type RotationPoint, retireMaster, rotateDataKeys, rotateMaster } from '../key-rotation.ts';
import { localKeyWrapper } from '../master-key.ts';

/** One run of a rotation in a process of its own, which kills itself the nth time it comes to a point. */
const [databaseUrl = '', deed, point, nth, ...masterKeys] = process.argv.slice(2);
const [now, next] = masterKeys.map((hex) => localKeyWrapper(new Secret(Buffer.from(hex, 'hex'))));
if (now === undefined) throw new Error('a master key is needed');
let left = Number(nth);
const deps = {
  db: openDatabase({ connectionString: databaseUrl, poolSize: 2 }),
  sources: { primary: now, ...(next === undefined ? {} : { more: [next] }) },
  reached: (at: RotationPoint) => {
    if (at !== point) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
};
if (deed === 'data') await rotateDataKeys(deps);
else if (deed === 'master') await rotateMaster(deps);
else await retireMaster({ ...deps, sources: { primary: next ?? now } }, now.id);
await deps.db.close();
