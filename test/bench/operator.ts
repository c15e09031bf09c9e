import { Person } from '@grantway/sandbox/person';

export interface BrokerReady {
  baseUrl: string;
  clientId: string;
  clientSecret: string;
}

/** The broker's REST API, as an operator's backend uses it. */
export interface Api {
  <T>(method: string, path: string, body: unknown): Promise<T>;
  token(): Promise<string>;
}

export function operatorOf({ baseUrl, clientId, clientSecret }: BrokerReady): Api {
  const token = async () => {
    const granted = await fetch(`${baseUrl}/oauth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }),
    });
    return ((await granted.json()) as { access_token: string }).access_token;
  };
  let own: Promise<string> | undefined;
  let ownUntilMs = 0;
  const fresh = () => {
    if (own === undefined || Date.now() > ownUntilMs) {
      own = token();
      ownUntilMs = Date.now() + 600_000;
    }
    return own;
  };
  const call = async <T>(method: string, path: string, body: unknown): Promise<T> => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { authorization: `Bearer ${await fresh()}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  return Object.assign(call, { token });
}

export interface EnsuredInstance {
  url: string;
  connections: { connected_account_id: string; authentication_link: string }[];
}

export const ensureInstance = (api: Api, config: string, user: string) =>
  api<EnsuredInstance>('PUT', '/v1/mcp-instances', { config_name: config, user_identifier: user });

/** A connection and a config of all its tools, both of this name. */
export async function offer(api: Api, name: string, connection: Record<string, unknown>): Promise<void> {
  await api('POST', '/v1/connections', { name, ...connection });
  await api('POST', '/v1/mcp-configs', { name, connection_tool_mappings: [{ connection_name: name }] });
}

const connectingAtOnce = 8;

/** So many users who have connected an account by a key; their MCP URLs. */
export async function connectByKey(api: Api, name: string, count: number, fields: () => Record<string, string>): Promise<string[]> {
  const urls: string[] = [];
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      const { url, connections } = await ensureInstance(api, name, `user-${begun++}`);
      const page = await new Person().enterKey(connections[0]?.authentication_link as string, fields());
      if (page.status !== 200) throw new Error(`${name}: the page answered ${page.status}`);
      urls.push(url);
    }
  };
  await Promise.all(Array.from({ length: connectingAtOnce }, worker));
  return urls;
}
