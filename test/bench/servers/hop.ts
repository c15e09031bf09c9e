import Fastify from 'fastify';
import { Pool } from 'undici';
import { input, ready } from '../processes.ts';

/** Bare Fastify and one undici hop: what a gateway that decides nothing, keeps nothing and writes nothing costs. */
const { upstream, path } = input<{ upstream: string; path: string }>();
const pool = new Pool(upstream, { connections: 128 });
const app = Fastify();
app.post('/mcp', async (request) => {
  const message = request.body as { id: unknown };
  const answer = await pool.request({ path, method: 'GET', headers: { accept: 'application/json' } });
  const body = (await answer.body.json()) as { name: string };
  return { jsonrpc: '2.0', id: message.id, result: { content: [{ type: 'text', text: JSON.stringify(body) }] } };
});
const url = await app.listen({ port: 0, host: '127.0.0.1' });
ready({ url: `${url}/mcp` }, () => app.close());
