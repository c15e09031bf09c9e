// Before the broker: at a signal what is still reachable is written, under its name once it is whole.
import { writeSnapshot } from '../canary/snapshot.mjs';

process.on('SIGUSR2', () => writeSnapshot(process.env.GRANTWAY_TEST_SNAPSHOT));
