import { readFile } from 'node:fs/promises';
import { apiRoutes, openApiDocument } from '@grantway/broker';

/** apps/broker/openapi.gen.json: the contract as clients and reviewers see it change. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return [{ path: 'apps/broker/openapi.gen.json', content: `${JSON.stringify(openApiDocument(apiRoutes, version), null, 2)}\n` }];
}
