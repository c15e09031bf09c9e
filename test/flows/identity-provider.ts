import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export interface SignedInPerson {
  sub: string;
  email?: string;
  email_verified?: boolean;
}

export interface TestIdentityProvider {
  issuer: string;
  /** For the broker's list of exceptions. */
  host: string;
  clientId: string;
  clientSecret: string;
  /**
   * Who sits at every browser that signs in from now on; undefined: somebody who turns back. A browser that sends
   * `x-signed-in` is that subject's, whoever this is.
   */
  person: SignedInPerson | undefined;
  /** Token requests that were answered. */
  tokens: number;
  /** Allows one more callback. */
  register(redirectUri: string): void;
  close(): Promise<void>;
}

/** An operator's identity provider: a certified OpenID provider whose people sign in without a page. */
export async function startIdentityProvider(): Promise<TestIdentityProvider> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const people = new Map<string, SignedInPerson>();
  const redirectUris: string[] = ['http://127.0.0.1:9/none'];
  const [clientId, clientSecret] = ['broker', randomBytes(24).toString('base64url')];
  const make = () => {
    const provider = new Provider(issuer, {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: redirectUris,
          grant_types: ['authorization_code'],
          response_types: ['code'],
          token_endpoint_auth_method: 'client_secret_post',
        },
      ],
      cookies: { keys: [randomBytes(16).toString('hex')] },
      claims: { openid: ['sub'], email: ['email', 'email_verified'] },
      // Into the ID token, which is what is looked at.
      conformIdTokenClaims: false,
      pkce: { required: () => true },
      findAccount: (_ctx, id) => ({ accountId: id, claims: async () => ({ ...people.get(id), sub: id }) }),
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
      ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 1 },
    });
    provider.on('grant.success', () => {
      idp.tokens += 1;
    });
    return provider;
  };
  const idp: TestIdentityProvider = {
    issuer,
    host: `127.0.0.1:${port}`,
    clientId,
    clientSecret,
    person: undefined,
    tokens: 0,
    register(redirectUri) {
      redirectUris.push(redirectUri);
      provider = make();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  let provider = make();
  server.on('request', async (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return provider.callback()(request, response);
    const { prompt, params, session } = await provider.interactionDetails(request, response);
    const signedIn = request.headers['x-signed-in'];
    const person = typeof signedIn === 'string' ? { sub: signedIn } : idp.person;
    if (prompt.name === 'login') {
      if (person === undefined) return provider.interactionFinished(request, response, { error: 'access_denied' });
      people.set(person.sub, person);
      return provider.interactionFinished(request, response, { login: { accountId: person.sub, remember: false } });
    }
    const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params['client_id']) });
    grant.addOIDCScope(String(params['scope']));
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
  });
  return idp;
}
