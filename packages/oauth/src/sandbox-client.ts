import { Fault, Secret } from '@grantway/contract';
import { type Egress, EgressError } from '@grantway/egress';

/**
 * A client of its own for one connection at the sandbox, by RFC 7591. Throws Fault `unavailable` when the sandbox does not
 * answer as it should.
 */
export async function registerSandboxClient(
  egress: Egress,
  sandboxOrigin: string,
  connectorId: string,
  redirectUri: string,
): Promise<{ clientId: string; clientSecret: Secret<string> | undefined }> {
  const response = await egress
    .send({
      method: 'POST',
      url: `${sandboxOrigin}/_sandbox/${encodeURIComponent(connectorId)}/register`,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({
        client_name: 'Grantway',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      }),
      maxBytes: 64 * 1024,
      sandbox: true,
    })
    .catch((error: unknown) => {
      if (error instanceof EgressError) throw unavailable(`${error.kind}: ${error.message}`, error);
      throw error;
    });
  const registered = registration(response.body);
  if (response.status < 200 || response.status > 299 || registered === undefined) throw unavailable(`answered ${response.status}`);
  return {
    clientId: registered.client_id,
    clientSecret: registered.client_secret === undefined ? undefined : new Secret(registered.client_secret),
  };
}

function registration(body: Buffer): { client_id: string; client_secret: string | undefined } | undefined {
  try {
    const { client_id, client_secret, token_endpoint_auth_method: method } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    if (typeof client_id !== 'string' || client_id === '') return undefined;
    // RFC 7591 section 3.2.1: a public client is registered without a secret.
    if (method === 'none' && client_secret === undefined) return { client_id, client_secret: undefined };
    return typeof client_secret === 'string' && client_secret !== '' ? { client_id, client_secret } : undefined;
  } catch {
    return undefined;
  }
}

function unavailable(internal: string, cause?: unknown): Fault {
  return new Fault('unavailable', {
    detail: 'The sandbox did not register a client.',
    internal: `sandbox registration ${internal}`,
    cause,
  });
}
