import {
  type AuthSpec,
  annotations,
  type Connector,
  type Field,
  fieldsOf,
  hasConsentPage,
  idAliasesOf,
  isIssued,
  scopesOf,
  type Tool,
} from '@grantway/connector-kit';
import { type Connector as ConnectorResource, type ConnectorSummary, Fault, type Tool as ToolResource } from '@grantway/contract';
import type { Catalogue } from './ctx.ts';
import { remoteConnectorId } from './remote-servers.ts';

export async function listConnectors(catalogue: Catalogue): Promise<ConnectorSummary[]> {
  return [...(await catalogue.all()).map(summary), remote].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Not of the catalogue: what its tools are, and who is asked for what, is each connection's own. */
const remote: ConnectorSummary = {
  id: remoteConnectorId,
  name: 'Remote MCP server',
  description: 'Any MCP server by its URL: its tools, prompts and resources behind the same accounts, audit and rules.',
  docs: 'https://modelcontextprotocol.io',
  auth_kind: 'api_key',
  tool_count: 0,
};

/** Those of some ids that there are; the others stay unloaded. */
export async function connectorsBy(catalogue: Catalogue, ids: Iterable<string>): Promise<Map<string, Connector>> {
  const found = await Promise.all([...new Set(ids)].map((id) => catalogue.find(id)));
  return new Map(found.flatMap((connector) => (connector === undefined ? [] : [[connector.id, connector]])));
}

export async function getConnector(catalogue: Catalogue, id: string): Promise<ConnectorResource> {
  if (id === remoteConnectorId)
    return { ...remote, auth: { kind: remote.auth_kind, scopes: [], fields: [] }, auth_variants: [], aliases: [], tools: [] };
  const connector = await catalogue.find(catalogue.meaningOf(id).id);
  if (connector === undefined) throw new Fault('not_found', 'no such connector');
  return {
    ...summary(connector),
    auth: presentAuth(connector.auth),
    auth_variants: Object.entries(connector.authVariants ?? {}).map(([variant, { label, description, auth }]) => ({
      id: variant,
      label,
      description,
      auth: presentAuth(auth),
    })),
    aliases: idAliasesOf(connector).map(({ alias, variant }) => ({ id: alias, auth_variant: variant })),
    tools: connector.tools.map((t) => presentTool(connector.id, t)),
  };
}

function presentAuth(auth: AuthSpec): ConnectorResource['auth'] {
  return auth.kind === 'oauth2'
    ? {
        kind: auth.kind,
        authorize_url: auth.authorizeUrl,
        token_url: auth.tokenUrl,
        pkce: auth.pkce === 'S256',
        rotation_class: auth.rotationClass,
        scopes: Object.entries(auth.scopes).map(([name, description]) => ({
          name,
          description,
          default: auth.defaultScopes.includes(name),
        })),
        fields: presentFields(fieldsOf(auth)),
      }
    : {
        kind: auth.kind,
        ...(isIssued(auth) ? { secret_of: auth.secretOf, rotation_class: 'A' as const } : {}),
        ...('tokenUrl' in auth && URL.canParse(auth.tokenUrl) ? { token_url: auth.tokenUrl } : {}),
        ...(hasConsentPage(auth) ? { authorize_url: auth.authorization.authorizeUrl } : {}),
        scopes: Object.entries(scopesOf(auth)).map(([name, description]) => ({
          name,
          description,
          default: 'defaultScopes' in auth && auth.defaultScopes.includes(name),
        })),
        fields: presentFields(auth.fields),
      };
}

function presentFields(fields: Field[]): ConnectorResource['auth']['fields'] {
  return fields.map((f) => ({
    name: f.name,
    label: f.label,
    secret: f.secret,
    ...(f.help === undefined ? {} : { help: f.help }),
    ...(f.options === undefined ? {} : { options: f.options }),
    ...(f.default === undefined ? {} : { default: f.default }),
  }));
}

function summary(c: Connector): ConnectorSummary {
  return { id: c.id, name: c.name, description: c.description, docs: c.docs, auth_kind: c.auth.kind, tool_count: c.tools.length };
}

export function presentTool(connectorId: string, t: Tool, name: string = t.name): ToolResource {
  return {
    name,
    title: t.title,
    description: t.description,
    connector: connectorId,
    effect: t.effect,
    scopes: t.scopes,
    input_schema: t.inputSchema(),
    output_schema: t.outputSchema(),
    annotations: annotations(t),
  };
}

/**
 * The name that lists show of a tool which is asked for by another one; what is no alias stays as it is. Whoever takes a tool's
 * name from outside looks among what there is first: a tool that is called so outweighs one that may be.
 */
export function realName(catalogue: Pick<Catalogue, 'aliasOf'>, name: string): string {
  const real = catalogue.aliasOf(name);
  if (real !== undefined) return real;
  // Where several connections have the tool, two underscores and the connection stand behind its name.
  const at = name.lastIndexOf('__');
  const before = at < 1 ? undefined : catalogue.aliasOf(name.slice(0, at));
  return before === undefined ? name : before + name.slice(at);
}

/** The connector and tool of a name; tool names begin with their connector's id, so this is one look. */
export async function findTool(catalogue: Catalogue, name: string): Promise<{ connector: Connector; tool: Tool } | undefined> {
  for (const id of catalogue.ids()) {
    if (!name.startsWith(`${id.replaceAll('-', '_')}_`)) continue;
    const connector = await catalogue.find(id);
    const tool = connector?.tools.find((t) => t.name === name);
    if (connector !== undefined && tool !== undefined) return { connector, tool };
  }
  return undefined;
}
