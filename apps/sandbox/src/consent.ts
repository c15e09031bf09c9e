import type { IncomingMessage, ServerResponse } from 'node:http';
import { defaultAccount, readAccount } from './accounts.ts';
import { ownScopes } from './authorization-server.ts';
import type { Answer } from './exchange.ts';
import { consentPage, errorPage, pageHeaders } from './pages.ts';
import type { OAuthVendor, Vendor } from './vendor.ts';

interface Raw {
  request: IncomingMessage;
  response: ServerResponse;
}

/** The page that merges sign-in and consent. Looking at it changes nothing. */
export async function showConsent(vendor: Vendor, oauth: OAuthVendor, raw: Raw, uid: string): Promise<Answer> {
  const consent = await findConsent(oauth, raw, uid);
  if (consent === undefined) return expired(vendor);
  return html(200, await view(vendor, oauth, consent, defaultAccount));
}

/** Takes the form's `account` and `decision`, and sends the browser on. */
export async function decideConsent(vendor: Vendor, oauth: OAuthVendor, raw: Raw, uid: string, form: URLSearchParams): Promise<Answer> {
  const consent = await findConsent(oauth, raw, uid);
  if (consent === undefined) return expired(vendor);
  const typed = form.get('account') ?? '';
  const decision = form.get('decision');
  const account = readAccount(typed);
  if (decision !== 'allow' && decision !== 'deny') return html(422, await view(vendor, oauth, consent, typed, 'Choose Allow or Deny.'));
  if (account === undefined) return html(422, await view(vendor, oauth, consent, typed, 'Use one line of at most 100 characters.'));

  const { provider } = oauth.server();
  const { client_id: clientId, scope } = consent.params as { client_id: string; scope: string };
  let result: Parameters<typeof provider.interactionResult>[2];
  if (decision === 'allow') {
    const grant = new provider.Grant({ accountId: account, clientId });
    grant.addOIDCScope(scope);
    result = { login: { accountId: account, remember: false }, consent: { grantId: await grant.save() } };
  } else {
    result = { error: 'access_denied', error_description: 'access was not allowed' };
  }
  const returnTo = await provider.interactionResult(raw.request, raw.response, result, { mergeWithLastSubmission: false });
  vendor.ledger.count(decision === 'allow' ? 'consents_allowed' : 'consents_denied');
  vendor.ledger.record('consent', { decision, ...(decision === 'allow' ? { account } : {}) });
  vendor.log(`${vendor.id} consent: ${decision}`);
  return { status: 303, headers: { location: new URL(returnTo).pathname, 'cache-control': 'no-store' }, body: '' };
}

type Consent = Awaited<ReturnType<ReturnType<OAuthVendor['server']>['provider']['interactionDetails']>>;

/** The consent that this browser started, when it is the one the page is about. */
async function findConsent(oauth: OAuthVendor, raw: Raw, uid: string): Promise<Consent | undefined> {
  try {
    const consent = await oauth.server().provider.interactionDetails(raw.request, raw.response);
    return consent.uid === uid && consent.result === undefined ? consent : undefined;
  } catch (error) {
    if ((error as Error).name === 'SessionNotFound') return undefined;
    throw error;
  }
}

async function view(vendor: Vendor, oauth: OAuthVendor, consent: Consent, account: string, problem?: string): Promise<string> {
  const params = consent.params as { client_id: string; scope: string; redirect_uri: string };
  const client = await oauth.server().provider.Client.find(params.client_id);
  return consentPage({
    vendor: vendor.connector.name,
    app: client?.clientName ?? 'An app',
    action: `/_sandbox/${vendor.id}/consent/${consent.uid}`,
    scopes: params.scope
      .split(' ')
      .filter((scope) => !ownScopes.includes(scope))
      .map((scope) => [scope, oauth.auth.scopes[scope] ?? scope]),
    account,
    problem,
    returnsTo: new URL(params.redirect_uri).host,
  });
}

function expired(vendor: Vendor): Answer {
  const words = 'This sign-in has expired, was already answered, or was started in another browser.';
  return html(400, errorPage(vendor.connector.name, 'invalid_request', words));
}

function html(status: number, body: string): Answer {
  return { status, headers: pageHeaders, body };
}
