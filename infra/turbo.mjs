// Runs turbo with its telemetry off, which no setting of turbo.json can do; works in every shell.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';

const turbo = path.join(path.dirname(createRequire(import.meta.url).resolve('turbo/package.json')), 'bin/turbo');
const child = spawn(process.execPath, [turbo, 'run', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, DO_NOT_TRACK: '1', TURBO_TELEMETRY_DISABLED: '1' },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130);
});
