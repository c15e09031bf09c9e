import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Browser } from '../flows/browser.ts';

/**
 * The suite's scenarios for authorization servers, against ours: it registers as any client would, the suite asks for a code and
 * redeems it, and the person in between is played here with a sign-in link and a browser of forms.
 */
export async function runAuthorization(of: {
  /** The suite's command, up to its own arguments. */
  command: [string, ...string[]];
  cwd: string;
  revision: string;
  baseUrl: string;
  /** The static URL of a config: what the token is for. */
  resource: string;
  signInLink: () => Promise<string>;
}): Promise<{ passed: number; checks: number; code: number | null; output: string }> {
  const port = await freePort();
  const redirectUri = `http://127.0.0.1:${port}/callback`;
  const registered = await fetch(`${of.baseUrl}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Conformance suite', redirect_uris: [redirectUri] }),
  });
  const { client_id: clientId } = (await registered.json()) as { client_id: string };
  const [node, ...words] = of.command;
  const args = ['authorization', '--url', of.baseUrl, '--client-id', clientId, '--resource', of.resource, '--port', String(port)];
  const child = spawn(node, [...words, ...args, '--spec-version', of.revision], { cwd: of.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let opened: Promise<void> | undefined;
  const take = (chunk: Buffer) => {
    output += chunk;
    // A whole line: it comes in pieces.
    const url = output
      .split('\n')
      .slice(0, -1)
      .find((line) => line.startsWith(`${of.baseUrl}/oauth/authorize?`));
    if (url === undefined || opened !== undefined) return;
    opened = allow(url, of.signInLink);
    // The suite would wait for minutes for an answer that does not come.
    opened.catch((error: unknown) => {
      output += String(error);
      child.kill();
    });
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  // One line for each scenario; what the suite only warns of counts as not passed.
  const lines = [...output.matchAll(/^[✓✗] [\w-]+: (\d+) passed, (\d+) failed(?:, (\d+) warnings)?/gm)];
  const sum = (at: number) => lines.reduce((all, line) => all + Number(line[at] ?? 0), 0);
  return { passed: sum(1), checks: sum(1) + sum(2) + sum(3), code, output };
}

/** The person: shows who they are, opens what the suite asks them to, allows it, and is sent back to the suite. */
async function allow(url: string, signInLink: () => Promise<string>): Promise<void> {
  const browser = new Browser();
  await browser.submit(await browser.follow(await signInLink(), () => false), {});
  const decided = await browser.submit(await browser.follow(url, () => false), { decision: 'allow' }, '/decide');
  const answer = decided.headers.get('location');
  if (answer === null) throw new Error(`the consent page answered HTTP ${decided.status}`);
  await fetch(answer);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
