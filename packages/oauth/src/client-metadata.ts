import { Fault, isPlainUrl } from '@grantway/contract';
import { type Egress, EgressError } from '@grantway/egress';
import { hasDuplicateMembers } from './duplicate-members.ts';
import { redirectUriRefusal } from './redirect-uris.ts';

/** What an MCP client says of itself (RFC 7591 section 2); its name is its own word. */
export interface ClientMetadata {
  name: string | undefined;
  redirectUris: string[];
}

const maxRedirectUris = 20;
const maxNameLength = 100;

/**
 * Reads client metadata, registered or from a document.
 * @throws Fault invalid_client_metadata, invalid_redirect_uri
 */
export function readClientMetadata(value: unknown): ClientMetadata {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('the metadata must be a JSON object');
  const { redirect_uris: uris, client_name: name, grant_types: grants, response_types: responses } = value as Record<string, unknown>;
  if (!Array.isArray(uris) || uris.length === 0 || uris.length > maxRedirectUris) {
    throw new Fault('invalid_redirect_uri', `redirect_uris must have 1 to ${maxRedirectUris} items`);
  }
  for (const uri of uris as unknown[]) {
    const refusal = typeof uri === 'string' ? redirectUriRefusal(uri) : 'it is no text';
    if (refusal !== undefined) throw new Fault('invalid_redirect_uri', `a redirect URI is not allowed: ${refusal}`);
  }
  if (name !== undefined && !isVisibleName(name)) {
    throw invalid(`client_name must be 1 to ${maxNameLength} visible characters in Unicode normal form C`);
  }
  if (grants !== undefined && !(Array.isArray(grants) && grants.includes('authorization_code'))) {
    throw invalid('grant_types must hold authorization_code');
  }
  if (responses !== undefined && !(Array.isArray(responses) && responses.includes('code'))) throw invalid('response_types must hold code');
  return { name, redirectUris: [...new Set(uris as string[])] };
}

/** What a person will read must not look like something else (control, bidirectional and invisible characters). */
function isVisibleName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= maxNameLength &&
    value === value.normalize('NFC') &&
    value === value.trim() &&
    !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u.test(value)
  );
}

function invalid(detail: string): Fault {
  return new Fault('invalid_client_metadata', detail);
}

/**
 * Whether a client id is the URL of a metadata document (draft-ietf-oauth-client-id-metadata-document section 3): https with a
 * path; no query, fragment or dot segment. `http`: on loopback, for development; egress reaches it only where it was told so.
 */
export function isClientIdUrl(text: string, options: { http: boolean }): boolean {
  if (text.length > 512 || !isPlainUrl(text)) return false;
  const { protocol, pathname, search } = new URL(text);
  return (protocol === 'https:' || options.http) && pathname.length > 1 && search === '';
}

const maxDocumentBytes = 16 * 1024;
const documentTimeoutMs = 5_000;

/**
 * Fetches a client's metadata document through egress; redirects are not followed. The document must name its own URL.
 * @returns with how long its server lets it be kept, in seconds; undefined where it does not say
 * @throws Fault unknown_oauth_client, invalid_client_metadata, invalid_redirect_uri
 */
export async function fetchClientMetadata(egress: Egress, url: string): Promise<ClientMetadata & { maxAgeSeconds: number | undefined }> {
  const answer = await egress
    .send({ method: 'GET', url, headers: { accept: 'application/json' }, timeoutMs: documentTimeoutMs, maxBytes: maxDocumentBytes })
    .catch((cause: unknown) => {
      if (!(cause instanceof EgressError)) throw cause;
      throw new Fault('unknown_oauth_client', { internal: `client metadata document: ${cause.message}`, cause });
    });
  if (answer.status !== 200) throw new Fault('unknown_oauth_client', { internal: `client metadata document: HTTP ${answer.status}` });
  if (!/^application\/([\w.-]+\+)?json\b/i.test(answer.headers['content-type'] ?? '')) {
    throw invalid('the client metadata document is not application/json');
  }
  const document = parse(answer.body.toString('utf8'));
  const metadata = readClientMetadata(document);
  const { client_id: clientId, token_endpoint_auth_method: method = 'none' } = document;
  if (clientId !== url) throw invalid('the client metadata document has another client_id than its own URL');
  // A secret in a public document would be none; and a client that means to sign must not be taken without.
  if (document['client_secret'] !== undefined) throw invalid('the client metadata document must not hold a client_secret');
  if (method !== 'none') throw invalid('the client metadata document must have token_endpoint_auth_method "none"');
  const maxAge = /(?:^|[\s,])max-age=(\d{1,9})/i.exec(answer.headers['cache-control'] ?? '')?.[1];
  return { ...metadata, maxAgeSeconds: maxAge === undefined ? undefined : Number(maxAge) };
}

function parse(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('the client metadata document is no JSON');
  }
  if (hasDuplicateMembers(text)) throw invalid('the client metadata document has a member twice');
  return value as Record<string, unknown>;
}
