import { loadAllConnectors } from '@grantway/connectors';
import { startSandbox } from '@grantway/sandbox';
import { ready } from '../processes.ts';

/** The stand-in for vendors that comes with the product: consent pages, token endpoints, APIs. */
const sandbox = await startSandbox({ connectors: await loadAllConnectors(), log: () => {} });
ready({ origin: sandbox.origin }, () => sandbox.close());
