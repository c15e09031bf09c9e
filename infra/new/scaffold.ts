export const authKinds = ['oauth2', 'api_key', 'bearer', 'basic'] as const;
export type AuthKind = (typeof authKinds)[number];

/** The files of a connector of a vendor that does not exist; the suite takes them as they are. */
export function scaffold(id: string, kind: AuthKind): Record<string, string> {
  const name = id
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(' ');
  return {
    'connector.ts': connector(id, name, kind),
    'items.ts': items(id, kind),
    'connector.test.ts': `import { connectorSuite } from '@grantway/connector-kit/testing';\nimport connector from './connector.ts';\n\nconnectorSuite(connector);\n`,
    'README.md': readme(name, kind),
    'logo.svg': `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="12" fill="#475569"/></svg>\n`,
  };
}

const variable = (id: string) => id.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const auths: Record<AuthKind, string> = {
  oauth2: `{
    kind: 'oauth2',
    authorizeUrl: 'https://vendor.example/oauth/authorize',
    tokenUrl: 'https://vendor.example/oauth/token',
    revokeUrl: 'https://vendor.example/oauth/revoke',
    scopes: { 'items:read': 'See your items' },
    defaultScopes: ['items:read'],
    scopeSeparator: ' ',
    pkce: 'S256',
    clientAuthentication: 'client_secret_basic',
    rotationClass: 'E',
  }`,
  api_key: `{
    kind: 'api_key',
    fields: [{ name: 'api_key', label: 'API key', secret: true, pattern: /^[A-Za-z0-9_-]{16,200}$/, help: 'Settings, API keys.' }],
    headers: { 'X-Api-Key': '{api_key}' },
  }`,
  bearer: `{
    kind: 'bearer',
    fields: [{ name: 'token', label: 'Access token', secret: true, pattern: /^[A-Za-z0-9_.-]{16,500}$/, help: 'Settings, Access tokens.' }],
    token: '{token}',
    scheme: 'Bearer',
  }`,
  basic: `{
    kind: 'basic',
    fields: [
      { name: 'user', label: 'User name', secret: false, pattern: /^[^\\s:]{1,100}$/, placeholder: 'mira' },
      { name: 'password', label: 'Password', secret: true, pattern: /^[\\x21-\\x7e]{8,200}$/ },
    ],
    username: '{user}',
    password: '{password}',
  }`,
};

function connector(id: string, name: string, kind: AuthKind): string {
  return `import { connector, get } from '@grantway/connector-kit';
import { ${variable(id)}Items } from './items.ts';

export default connector({
  id: '${id}',
  name: '${name}',
  description: 'Say in one sentence what an agent does with ${name}.',
  docs: 'https://docs.vendor.example',
  auth: ${auths[kind]},
  api: {
    baseUrl: 'https://api.vendor.example',
    refusals: {
      rejected: { status: 401, body: { message: 'Token expired' } },
      rate_limited: { status: 429, headers: { 'retry-after': '20' }, body: { message: 'Slow down' } },
      error: { status: 404, body: { message: 'No such item' } },
      unavailable: { status: 503, body: { message: 'Try again later' } },
    },
  },
  identify: {
    request: get('/v1/me'),
    subject: ({ id, name }: { id: string; name: string }) => ({ id, label: name }),
    example: { receives: { body: { id: 'u1', name: 'Mira Lopez', locale: 'es' } }, gives: { id: 'u1', label: 'Mira Lopez' } },
  },
  tools: ${variable(id)}Items,
});
`;
}

function items(id: string, kind: AuthKind): string {
  const prefix = id.replaceAll('-', '_');
  return `import { get, path, type Tool, tool } from '@grantway/connector-kit';
import { z } from 'zod';

const itemGet = tool({
  name: '${prefix}_item_get',
  title: 'Read an item',
  description: 'Read one item by its id. Say here when to use a sibling instead, where ids come from, and what else happens.',
  effect: 'read',
  scopes: [${kind === 'oauth2' ? "'items:read'" : ''}],
  input: z.object({
    item_id: z
      .string()
      .regex(/^[a-z0-9]{1,40}$/)
      .describe('Item id as it stands in the address'),
  }),
  output: z.object({ id: z.string(), title: z.string(), created_at: z.string() }),
  request: ({ item_id }) => get(path\`/v1/items/\${item_id}\`),
  respond: (body: { id: string; text: string; created: number }) => ({
    id: body.id,
    title: body.text,
    created_at: new Date(body.created * 1000).toISOString(),
  }),
  docs: 'https://docs.vendor.example/items#get',
  provenance: { specification: 'Vendor API documentation', version: '1', operation: 'GET /v1/items/{item_id}' },
  examples: [
    {
      input: { item_id: 'i7' },
      receives: { body: { id: 'i7', text: 'Renew the certificate', created: 1763719200, owner: 'u1' } },
      gives: { id: 'i7', title: 'Renew the certificate', created_at: '2025-11-21T10:00:00.000Z' },
    },
  ],
});

export const ${variable(id)}Items: Tool[] = [itemGet];
`;
}

function readme(name: string, kind: AuthKind): string {
  const steps =
    kind === 'oauth2'
      ? '1. Register an app at the vendor.\n2. Enter the redirect URI that the connection shows.\n3. Choose the scopes of the table.\n4. Give client id and client secret to the connection.'
      : '1. Make a connection.\n2. Each person makes a key of their own, and enters it on our page.';
  return `# ${name}\n\n${steps}\n\n## Unverified\n\nName here what no published document says.\n`;
}
