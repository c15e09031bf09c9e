import { type Fault, type FaultCode, faults } from '@grantway/contract';
import { html } from './html.ts';
import { noticeOf, pageOf, type Tone } from './layout.ts';

export interface Words {
  tone: Tone;
  title: string;
  text: string;
  next: string;
}

const newLink = 'Go back to your agent and ask it for a new link.';
const openAgain = 'Open the link from your agent again and go on from there.';
const tellApp = 'Go back to the app, remove the server there and add it again. If that does not help, tell the people who make the app.';
const tellOperator = 'There is nothing you can do here. Tell the people who run your agent; they can see what is missing.';

/**
 * What a person is told, by fault. Written here and nowhere else: no text of a provider, and no detail of a fault,
 * is ever shown on a page.
 */
export const words: Partial<Record<FaultCode, Words>> = {
  link_invalid: {
    tone: 'warn',
    title: 'This link does not work',
    text: 'It is not a link of ours, or a part of it got lost on the way.',
    next: 'Check that you opened the whole link. If it still does not work, ask your agent for a new one.',
  },
  link_expired: {
    tone: 'clock',
    title: 'This link has expired',
    text: 'Links work for a short time only, so that an old message cannot be misused.',
    next: `${newLink} Nothing was connected with this one.`,
  },
  link_used: {
    tone: 'info',
    title: 'This link was already used',
    text: 'Each link connects an account once.',
    next: 'If your agent still asks you to connect, ask it for a new link. Otherwise you can close this page.',
  },
  state_invalid: {
    tone: 'warn',
    title: 'This sign-in cannot be continued',
    text: 'It took too long, was already finished, or did not begin on this site. Nothing was connected just now.',
    next: `${openAgain} If the link says that you are connected already, all is well.`,
  },
  wrong_browser: {
    tone: 'warn',
    title: 'Please finish in the browser you started in',
    text: 'This sign-in began in another browser, or your browser did not keep our cookie. Nothing was connected.',
    next: `${openAgain} Stay in one browser: private windows and the small browsers inside other apps are separate ones. If somebody else sent you to this page, close it.`,
  },
  consent_denied: {
    tone: 'info',
    title: 'You did not give access',
    text: 'That is fine: nothing was connected, and your agent cannot use the account.',
    next: 'If you changed your mind, try again. Otherwise you can close this page.',
  },
  consent_failed: {
    tone: 'bad',
    title: 'The sign-in was not completed',
    text: 'The provider did not confirm it. Nothing was connected.',
    next: 'Try again in a moment. If it fails again, tell the people who run your agent.',
  },
  issuer_mismatch: {
    tone: 'bad',
    title: 'The answer came from the wrong place',
    text: 'Another server than the expected one answered, so we stopped. Nothing was connected.',
    next: tellOperator,
  },
  choice_required: {
    tone: 'info',
    title: 'There is something left to choose',
    text: 'Your account has several places to work in, and the choice was not made in this browser. Nothing was connected.',
    next: 'Go on in the browser in which you signed in, or begin again here.',
  },
  nothing_to_choose: {
    tone: 'warn',
    title: 'There is nothing to connect',
    text: 'You signed in, but your account has no site or organization there that an agent could work in. Nothing was connected.',
    next: 'Sign in with another account, or ask whoever runs your organization’s account to give you access. Then try again.',
  },
  account_changed: {
    tone: 'warn',
    title: 'That was a different account',
    text: 'You signed in with another account than the one that is connected. Nothing was changed.',
    next: 'Try again and choose the account from before. To change accounts, have the old one disconnected first, then ask your agent for a new link.',
  },
  user_suspended: {
    tone: 'warn',
    title: 'Access is suspended',
    text: 'The people who run your agent have suspended your access for now. Nothing was connected.',
    next: 'There is nothing you can do here. Ask the people who run your agent.',
  },
  environment_suspended: {
    tone: 'warn',
    title: 'Access is suspended',
    text: 'The service that your agent belongs to is suspended for now. Nothing was connected.',
    next: 'There is nothing you can do here. Ask the people who run your agent.',
  },
  account_limit: {
    tone: 'warn',
    title: 'There are too many accounts already',
    text: 'No more can be added on this connection. Nothing was changed.',
    next: 'Ask the people who run your agent to disconnect one first.',
  },
  account_already_connected: {
    tone: 'info',
    title: 'That account is connected already',
    text: 'You signed in with an account that is connected under another name. Nothing was changed, and the new sign-in is not kept.',
    next: 'To add another account, sign in with that one: sign out at the provider first.',
  },
  identity_mismatch: {
    tone: 'warn',
    title: 'That account is not the right one',
    text: 'You signed in with an account that may not be connected here. Nothing was connected, and the access was given back.',
    next: 'Try again with the account that belongs to you in this organization. If it is the right one, tell the people who run your agent.',
  },
  verification_failed: {
    tone: 'warn',
    title: 'We could not tell that it is you',
    text: 'The check of who is at the keyboard did not succeed, so nothing was connected.',
    next: 'If your agent gave you this link, open it again. If somebody else sent it to you, close this page.',
  },
  verification_required: {
    tone: 'info',
    title: 'First show that it is you',
    text: 'This connection is made only after a check of who is at the keyboard.',
    next: openAgain,
  },
  verification_not_allowed: {
    tone: 'warn',
    title: 'This connection is not set up yet',
    text: 'It would let anybody who holds the link connect, so it is switched off here.',
    next: tellOperator,
  },
  form_invalid: {
    tone: 'warn',
    title: 'Something is missing in the form',
    text: 'Not every field was filled in as it should be.',
    next: openAgain,
  },
  form_stale: {
    tone: 'warn',
    title: 'This form is out of date',
    text: 'It was not sent from our own page as it is now, so nothing was done.',
    next: `${openAgain} If you were sent here by another website, close this page.`,
  },
  key_rejected: {
    tone: 'bad',
    title: 'The key was not accepted',
    text: 'The provider does not know this key. Nothing was stored.',
    next: `${openAgain} Check that you copied the whole key.`,
  },
  scope_missing: {
    tone: 'warn',
    title: 'A permission is missing',
    text: 'The provider gave less access than your agent needs.',
    next: 'Try again and leave every permission switched on.',
  },
  connection_not_ready: {
    tone: 'warn',
    title: 'This connection is not set up yet',
    text: 'The people who run your agent have not finished setting it up.',
    next: tellOperator,
  },
  connection_incident: {
    tone: 'bad',
    title: 'The provider refuses this connection',
    text: 'It does not accept the app that your agent connects through. This is not about your account.',
    next: tellOperator,
  },
  sandbox_not_allowed: {
    tone: 'warn',
    title: 'The sandbox is switched off',
    text: 'This link belongs to a test connection, and tests are switched off here.',
    next: tellOperator,
  },
  egress_blocked: {
    tone: 'bad',
    title: 'The provider cannot be reached from here',
    text: 'Its address is not allowed. Nothing was connected.',
    next: tellOperator,
  },
  provider_unavailable: {
    tone: 'bad',
    title: 'The provider is not available',
    text: 'It could not be reached, or it is having trouble. Nothing was connected.',
    next: 'Wait a few minutes, then try again.',
  },
  provider_timeout: {
    tone: 'clock',
    title: 'The provider did not answer in time',
    text: 'Nothing was connected.',
    next: 'Wait a few minutes, then try again.',
  },
  provider_rate_limited: {
    tone: 'clock',
    title: 'The provider asks us to slow down',
    text: 'Too much was asked of it just now. Nothing was connected.',
    next: 'Wait a few minutes, then try again.',
  },
  provider_error: {
    tone: 'bad',
    title: 'The provider refused',
    text: 'It did not accept the request. Nothing was connected.',
    next: 'Try again. If it fails again, tell the people who run your agent.',
  },
  provider_answer_invalid: {
    tone: 'bad',
    title: 'The provider’s answer made no sense',
    text: 'It could not be read. Nothing was connected.',
    next: 'Try again later. If it fails again, tell the people who run your agent.',
  },
  not_found: {
    tone: 'info',
    title: 'There is nothing here',
    text: 'No page has this address.',
    next: 'Check the address, or open the link from your agent again.',
  },
  method_not_allowed: {
    tone: 'info',
    title: 'This page cannot be opened that way',
    text: 'It answers to another kind of request.',
    next: openAgain,
  },
  authorization_request_invalid: {
    tone: 'warn',
    title: 'The app did not ask in the right way',
    text: 'An app sent you here to be allowed something, but its request is not complete or not allowed. Nothing was allowed.',
    next: tellApp,
  },
  unknown_oauth_client: {
    tone: 'warn',
    title: 'We do not know this app',
    text: 'It has not registered here, its registration is gone, or the description of itself that it points to cannot be read. Nothing was allowed.',
    next: `${tellApp} An app that was connected before can be registered anew.`,
  },
  invalid_client_metadata: {
    tone: 'warn',
    title: 'The app does not describe itself correctly',
    text: 'What it says of itself is not valid, so we cannot tell you who asks. Nothing was allowed.',
    next: 'There is nothing you can do here. Tell the people who make the app.',
  },
  invalid_redirect_uri: {
    tone: 'warn',
    title: 'The app would send you to an address that is not allowed',
    text: 'So we cannot tell you who asks. Nothing was allowed.',
    next: 'There is nothing you can do here. Tell the people who make the app.',
  },
  sign_in_required: {
    tone: 'clock',
    title: 'You are not signed in any more',
    text: 'A sign-in is good for a few minutes and for one decision. If you have just decided, all is well.',
    next: 'To allow an app something, connect from that app again.',
  },
  sign_in_failed: {
    tone: 'warn',
    title: 'The sign-in did not succeed',
    text: 'Your organization’s sign-in did not tell us who you are. Nothing was allowed.',
    next: 'Connect from the app again. If it happens again, tell the people who gave you the server’s address.',
  },
  sign_in_link_invalid: {
    tone: 'clock',
    title: 'This sign-in link does not work any more',
    text: 'It signs in one person, once, for a short time.',
    next: 'Go back to where you got it, and ask for a new one.',
  },
  client_suspended: {
    tone: 'warn',
    title: 'Access is suspended',
    text: 'The application that sent you here is suspended for now. Nothing was allowed.',
    next: 'There is nothing you can do here. Ask the people who run it.',
  },
  instance_revoked: {
    tone: 'warn',
    title: 'Your access was revoked',
    text: 'The people who run this server have ended your use of it. Nothing was allowed.',
    next: 'There is nothing you can do here. Ask the people who run it.',
  },
  invalid_request: { tone: 'warn', title: 'The request was not understood', text: 'Nothing was done.', next: openAgain },
  unsupported_media_type: {
    tone: 'warn',
    title: 'The form was not understood',
    text: 'It was sent in a way that we do not read.',
    next: openAgain,
  },
  payload_too_large: { tone: 'warn', title: 'The form is too large', text: 'More was entered than any key needs.', next: openAgain },
  headers_too_large: {
    tone: 'warn',
    title: 'Your browser sent too much',
    text: 'Its cookies for this site have grown too large.',
    next: 'Delete the cookies of this site, or use a private window.',
  },
  host_not_allowed: {
    tone: 'warn',
    title: 'This is not our address',
    text: 'The site was opened under a name that it does not go by.',
    next: 'Use the link from your agent as it is.',
  },
  rate_limited: { tone: 'clock', title: 'Too many requests', text: 'Nothing was done.', next: 'Wait a minute, then try again.' },
  unavailable: {
    tone: 'clock',
    title: 'We are not available right now',
    text: 'Nothing was done.',
    next: 'Wait a minute, then open the link again.',
  },
  internal: {
    tone: 'bad',
    title: 'Something went wrong on our side',
    text: 'It is not your doing.',
    next: 'Open the link from your agent again. If it keeps happening, tell the people who run your agent the number below.',
  },
};

const internal = words.internal as Words;

export function wordsOf(code: FaultCode): Words {
  return words[code] ?? internal;
}

/** `linkPath` is where the person can begin again. The request id is shown for faults that are ours to look up. */
export function errorPage(
  fault: Pick<Fault, 'code'>,
  options: { requestId?: string | undefined; linkPath?: string | undefined } = {},
): string {
  const { tone, title, text, next } = wordsOf(fault.code);
  const isOurs = faults[fault.code].actor === 'grantway' || words[fault.code] === undefined;
  return pageOf({
    title,
    main: noticeOf({
      tone,
      title,
      text,
      next,
      extra: html`${options.linkPath === undefined ? undefined : html`<p class="actions"><a class="button" href="${options.linkPath}">Open the link again</a></p>`}
${isOurs && options.requestId !== undefined ? html`<p class="quiet">Request <code>${options.requestId}</code></p>` : undefined}`,
    }),
  });
}
