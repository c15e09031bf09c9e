import { parseArgs } from 'node:util';
import { loadAllConnectors } from '@grantway/connectors';
import { startSandbox } from './sandbox.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8090' }, 'data-dir': { type: 'string', default: '.grantway/sandbox' } },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  process.stderr.write('--port must be a number from 0 to 65535\n');
  process.exit(1);
}

try {
  const sandbox = await startSandbox({ connectors: await loadAllConnectors(), port, stateDir: values['data-dir'], log: say });
  say(`open ${sandbox.origin}/_sandbox to see what is served and how to make it misbehave`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sandbox.close());
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  process.stderr.write(`port ${port} is taken; choose another with --port\n`);
  process.exit(1);
}
