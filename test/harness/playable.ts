import { type Connector, isOperatorService, missingScopes, type Tool, takesFile } from '@grantway/connector-kit';
import { registry } from '@grantway/connectors';

/** Whether the sandbox can play a tool by its arguments alone, with what a connection asks for unless told otherwise. */
export function isPlayable(connector: Connector, tool: Tool): boolean {
  const { auth } = connector;
  const lacks = auth.kind === 'oauth2' && missingScopes(auth, auth.defaultScopes, tool.scopes).length > 0;
  return !isOperatorService(connector) && !takesFile(tool) && tool.download === undefined && !lacks;
}

/**
 * Of every connector one such tool that reads and one that changes something, where it has them: for tests over HTTP that put tools
 * through everything there is. Every tool by every policy is in `policy/every-tool.test.ts`, and the whole catalogue has tests of its own
 * (`real-connectors.test.ts`, `bad-input/connectors.test.ts`).
 */
export async function sampled(): Promise<{ connector: Connector; tools: Tool[] }[]> {
  const connectors: Connector[] = await Promise.all(Object.values(registry).map((load) => load()));
  return connectors.flatMap((connector) => {
    const tools = connector.tools.filter((tool) => isPlayable(connector, tool));
    const reading = tools.find(({ effect }) => effect === 'read');
    const changing = tools.findLast(({ effect }) => effect !== 'read');
    const some = [reading, changing].filter((tool) => tool !== undefined);
    return some.length === 0 ? [] : [{ connector, tools: some }];
  });
}
