import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface RunningBroker {
  baseUrl: string;
  sandbox: string;
  /** The installation's first client. */
  credentials: { client_id: string; client_secret: string };
  stop(): Promise<void>;
}

/** A whole broker as `npm start` runs it, on an empty data folder that goes when it stops. */
export async function startBroker(): Promise<RunningBroker> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'grantway-demo-'));
  const child = spawn(process.execPath, [path.join(root, 'infra/start.mjs')], {
    cwd: root,
    env: { ...process.env, GRANTWAY_PORT: '0', GRANTWAY_DATA_DIR: dataDir, GRANTWAY_LOG_LEVEL: 'error', DATABASE_URL: '', REDIS_URL: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    await end(child);
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const printed = await listening(child);
    const at = (what: string) => new RegExp(`${what} on (\\S+)`).exec(printed)?.[1] ?? '';
    const credentials = JSON.parse(readFileSync(path.join(dataDir, 'credentials.json'), 'utf8')) as RunningBroker['credentials'];
    return { baseUrl: at('listening'), sandbox: at('sandbox'), credentials, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function listening(child: ChildProcess): Promise<string> {
  let printed = '';
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (chunk) => {
      printed += chunk;
    });
    child.stdout?.on('data', (chunk) => {
      printed += chunk;
      if (printed.includes('listening on ')) resolve(printed);
    });
    child.once('exit', (code) => reject(new Error(`the broker ended with ${code}:\n${printed}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
