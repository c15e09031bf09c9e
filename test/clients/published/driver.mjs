import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/*
 * One published client in a process of its own: `driver.mjs <client> <url>`, then a line of JSON for each order, answered by
 * a line of JSON. `ok` is false where the client throws or says that the tool failed; `text` is what its model would read.
 */
const textOf = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
const ofResult = (result) => ({
  ok: result?.isError !== true,
  text: Array.isArray(result?.content) ? result.content.map((block) => block.text ?? textOf(block)).join('\n') : textOf(result),
});

/** Lines of JSON-RPC with a child process: what a client of the stdio transport speaks. */
function stdioPeer(child) {
  const waiting = new Map();
  let lastId = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const say = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  return {
    say,
    ask: (method, params) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, ({ result, error }) => (error === undefined ? resolve(result) : reject(new Error(error.message))));
        child.once('exit', () => reject(new Error(complaints.slice(-2000))));
        say({ id, method, params });
      }),
  };
}

const bin = (name) => fileURLToPath(new URL(`node_modules/${name}`, import.meta.url));

function run(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const clients = {
  async '@ai-sdk/mcp'(url) {
    const { createMCPClient } = await import('@ai-sdk/mcp');
    const client = await createMCPClient({ transport: { type: 'http', url } });
    const tools = await client.tools();
    return {
      list: async () => Object.keys(await client.tools()),
      call: async (name, args) => ofResult(await tools[name].execute(args, { toolCallId: 'call-1', messages: [] })),
      close: () => client.close(),
    };
  },

  async '@openai/agents-core'(url) {
    const { MCPServerStreamableHttp } = await import('@openai/agents-core');
    const server = new MCPServerStreamableHttp({ url, name: 'grantway' });
    await server.connect();
    return {
      list: async () => (await server.listTools()).map((tool) => tool.name),
      call: async (name, args) => {
        const content = await server.callTool(name, args);
        return ofResult({ content, isError: content.isError });
      },
      close: () => server.close(),
    };
  },

  async '@langchain/mcp-adapters'(url) {
    const { MultiServerMCPClient } = await import('@langchain/mcp-adapters');
    const client = new MultiServerMCPClient({ mcpServers: { grantway: { transport: 'http', url } } });
    const tools = await client.getTools();
    return {
      list: async () => (await client.getTools()).map((tool) => tool.name),
      call: async (name, args) => ({ ok: true, text: textOf(await tools.find((tool) => tool.name === name).invoke(args)) }),
      close: () => client.close(),
    };
  },

  async 'mcp-remote'(url) {
    const child = spawn(process.execPath, [bin('mcp-remote/dist/proxy.js'), url, '--allow-http', '--transport', 'http-only'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const peer = stdioPeer(child);
    const info = { name: 'matrix', version: '1.0.0' };
    await peer.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info });
    peer.say({ method: 'notifications/initialized' });
    return {
      list: async () => (await peer.ask('tools/list', {})).tools.map((tool) => tool.name),
      call: async (name, args) => ofResult(await peer.ask('tools/call', { name, arguments: args })),
      close: () => child.kill(),
    };
  },

  async mcporter(url) {
    const cli = bin('mcporter/dist/cli.js');
    const list = async () => {
      const { code, out, err } = await run([cli, 'list', '--http-url', url, '--allow-http', '--json']);
      const found = code === 0 ? JSON.parse(out) : undefined;
      const tools = found?.tools ?? found?.servers?.[0]?.tools;
      if (!Array.isArray(tools)) throw new Error(`${out}\n${err}`);
      return tools.map((tool) => tool.name);
    };
    await list();
    return {
      list,
      call: async (name, args) => {
        const given = ['call', '--http-url', url, '--allow-http', name, '--args', JSON.stringify(args), '--output', 'json'];
        const { code, out, err } = await run([cli, ...given]);
        let result;
        try {
          result = JSON.parse(out);
        } catch {
          return { ok: code === 0, text: `${out}\n${err}` };
        }
        return { ok: code === 0 && result.isError !== true, text: Array.isArray(result.content) ? ofResult(result).text : out };
      },
      close: () => {},
    };
  },
};

const [name, firstUrl] = process.argv.slice(2);
let client;
const orders = {
  connect: async ({ url = firstUrl }) => {
    client = await clients[name](url);
    return { ok: true };
  },
  list: async () => ({ ok: true, names: await client.list() }),
  call: ({ tool, args }) => client.call(tool, args),
  close: async () => {
    await client?.close();
    return { ok: true };
  },
};
const say = (answer) => process.stdout.write(`@@${JSON.stringify(answer)}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const { order, ...rest } = JSON.parse(line);
  try {
    say(await orders[order](rest));
  } catch (error) {
    say({ ok: false, threw: true, text: [error?.message, error?.cause?.message, textOf(error?.data ?? '')].filter(Boolean).join('\n') });
  }
  if (order === 'close') process.exit(0);
}
