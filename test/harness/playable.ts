import { type Connector, isOperatorService, missingScopes, type Tool, takesFile } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';

/** Whether the sandbox can play a tool by its arguments alone, with what a connection asks for unless told otherwise. */
export function isPlayable(connector: Connector, tool: Tool): boolean {
  const { auth } = connector;
  const lacks = auth.kind === 'oauth2' && missingScopes(auth, auth.defaultScopes, tool.scopes).length > 0;
  return !isOperatorService(connector) && !takesFile(tool) && tool.download === undefined && !lacks;
}

/**
 * Such tools of three connectors, one of each kind of API: for tests that put every tool through everything there is. What they prove is
 * in one place for all connectors, and the whole catalogue has tests of its own (`real-connectors.test.ts`, `bad-input/connectors.test.ts`).
 */
export async function playable(): Promise<{ connector: Connector; tools: Tool[] }[]> {
  const connectors: Connector[] = await Promise.all((['datadog', 'linear', 'slack'] as const).map((id) => registry[id]()));
  return connectors.map((connector) => ({ connector, tools: connector.tools.filter((tool) => isPlayable(connector, tool)) }));
}
