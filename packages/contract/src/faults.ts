/**
 * The one table of everything that can go wrong and reach a reader outside: code, HTTP status, who must act, and
 * whether the same request can succeed later. The documentation page and the SDK enums are generated from it.
 */
export interface FaultRow {
  /** HTTP status of the problem+json answer (RFC 9457). */
  status: number;
  title: string;
  /** Who can mend it: the caller's code, the operator, the person who owns the account, the provider, or Grantway. */
  actor: 'caller' | 'operator' | 'person' | 'provider' | 'grantway';
  /** True where repeating the very same request later can succeed. */
  retry: boolean;
}

export const faults = {
  // The request itself
  invalid_json: { status: 400, title: 'The body is not valid JSON', actor: 'caller', retry: false },
  invalid_request: { status: 400, title: 'The request is not valid', actor: 'caller', retry: false },
  unsupported_media_type: { status: 415, title: 'The content type is not supported', actor: 'caller', retry: false },
  payload_too_large: { status: 413, title: 'The body is too large', actor: 'caller', retry: false },
  request_timeout: { status: 408, title: 'The request did not arrive in time', actor: 'caller', retry: true },
  headers_too_large: { status: 431, title: 'The headers are too large', actor: 'caller', retry: false },
  method_not_allowed: { status: 405, title: 'The method is not allowed here', actor: 'caller', retry: false },
  host_not_allowed: { status: 403, title: 'The Host or Origin header is not allowed', actor: 'caller', retry: false },
  rate_limited: { status: 429, title: 'Too many requests', actor: 'caller', retry: true },

  // Who is asking
  unauthorized: { status: 401, title: 'A valid access token is required', actor: 'caller', retry: false },
  invalid_client: { status: 401, title: 'The client credentials are not valid', actor: 'caller', retry: false },
  unsupported_grant_type: { status: 400, title: 'The grant type is not supported', actor: 'caller', retry: false },
  invalid_scope: { status: 400, title: 'The client may not have that scope', actor: 'caller', retry: false },
  invalid_grant: { status: 400, title: 'The code or refresh token is not valid', actor: 'caller', retry: false },
  invalid_target: { status: 400, title: 'The resource is not one of this server', actor: 'caller', retry: false },
  invalid_redirect_uri: { status: 400, title: 'A redirect URI is not allowed', actor: 'caller', retry: false },
  invalid_client_metadata: { status: 400, title: 'The client metadata is not valid', actor: 'caller', retry: false },
  client_suspended: { status: 403, title: 'The client is suspended', actor: 'operator', retry: false },
  user_suspended: { status: 403, title: 'The user is suspended', actor: 'operator', retry: false },
  environment_suspended: { status: 403, title: 'The environment is suspended', actor: 'operator', retry: false },
  insufficient_scope: { status: 403, title: 'The access token lacks a scope', actor: 'operator', retry: false },

  // What is asked about
  not_found: { status: 404, title: 'Not found', actor: 'caller', retry: false },
  name_taken: { status: 409, title: 'The name is taken', actor: 'caller', retry: false },
  in_use: { status: 409, title: 'It is still in use', actor: 'caller', retry: false },
  version_conflict: { status: 409, title: 'It was changed meanwhile', actor: 'caller', retry: false },
  precondition_failed: { status: 412, title: 'It is no longer what If-Match names', actor: 'caller', retry: false },
  unknown_connector: { status: 422, title: 'No such connector', actor: 'caller', retry: false },
  unknown_connection: { status: 422, title: 'No such connection', actor: 'caller', retry: false },
  unknown_account: { status: 422, title: 'No such account', actor: 'caller', retry: false },
  account_limit: { status: 409, title: 'There are too many accounts on this connection', actor: 'caller', retry: false },
  file_limit: { status: 409, title: 'The environment holds as many files as it may', actor: 'operator', retry: true },
  unknown_tool: { status: 422, title: 'No such tool', actor: 'caller', retry: false },
  unknown_event: { status: 422, title: 'No such event', actor: 'caller', retry: false },
  endpoint_disabled: { status: 409, title: 'The webhook endpoint is disabled', actor: 'caller', retry: false },
  unknown_scope: { status: 422, title: 'No such scope', actor: 'caller', retry: false },
  ambiguous_connection: { status: 422, title: 'Several connections fit', actor: 'caller', retry: false },
  connection_not_ready: { status: 409, title: 'The connection is not completely configured', actor: 'operator', retry: false },
  sandbox_not_allowed: { status: 422, title: 'The sandbox is not allowed here', actor: 'operator', retry: false },
  identifier_invalid: { status: 422, title: 'The user identifier is not valid', actor: 'caller', retry: false },

  // Links, consent and keys
  link_invalid: { status: 404, title: 'The link is not valid', actor: 'person', retry: false },
  link_expired: { status: 410, title: 'The link has expired', actor: 'person', retry: false },
  link_used: { status: 410, title: 'The link was already used', actor: 'person', retry: false },
  state_invalid: { status: 400, title: 'The sign-in could not be matched to a request', actor: 'person', retry: false },
  wrong_browser: { status: 400, title: 'This is not the browser that started', actor: 'person', retry: false },
  consent_denied: { status: 403, title: 'Access was not granted', actor: 'person', retry: false },
  consent_failed: { status: 502, title: 'The provider did not complete the authorization', actor: 'provider', retry: true },
  issuer_mismatch: { status: 400, title: 'The answer came from another authorization server', actor: 'operator', retry: false },
  choice_required: { status: 409, title: 'The person must choose what to connect', actor: 'person', retry: false },
  nothing_to_choose: { status: 409, title: 'The provider account has nothing to connect', actor: 'person', retry: false },
  account_changed: { status: 409, title: 'Another provider account answered', actor: 'person', retry: false },
  account_already_connected: { status: 409, title: 'This provider account is already connected', actor: 'person', retry: false },
  identity_mismatch: { status: 403, title: 'The provider account is not the user’s', actor: 'person', retry: false },
  verification_failed: { status: 403, title: 'The person could not be verified', actor: 'caller', retry: false },
  verification_required: { status: 403, title: 'The person must be verified first', actor: 'person', retry: false },
  verification_not_allowed: { status: 422, title: 'This way of verifying is not allowed here', actor: 'operator', retry: false },
  user_verify_url_not_allowed: { status: 422, title: 'The user_verify_url is not on the connection’s list', actor: 'caller', retry: false },
  form_invalid: { status: 422, title: 'The form is not complete', actor: 'person', retry: false },
  form_stale: { status: 403, title: 'The form did not come from our own page', actor: 'person', retry: false },
  key_rejected: { status: 422, title: 'The provider did not accept the key', actor: 'person', retry: false },

  // People who allow an MCP client something
  authorization_request_invalid: { status: 400, title: 'The authorization request is not valid', actor: 'caller', retry: false },
  unknown_oauth_client: { status: 400, title: 'The MCP client is not known', actor: 'caller', retry: false },
  sign_in_required: { status: 401, title: 'The person must sign in first', actor: 'person', retry: false },
  sign_in_failed: { status: 403, title: 'The sign-in did not succeed', actor: 'person', retry: false },
  sign_in_link_invalid: { status: 410, title: 'The sign-in link does not work any more', actor: 'person', retry: false },

  // A tool call
  argument_invalid: { status: 422, title: 'An argument does not fit the tool’s schema', actor: 'caller', retry: false },
  argument_not_allowed: { status: 403, title: 'The policy does not allow an argument', actor: 'caller', retry: false },
  policy_broken: { status: 409, title: 'The policy sets an argument that the tool no longer takes', actor: 'operator', retry: false },
  authorization_required: { status: 409, title: 'The account must be connected first', actor: 'person', retry: false },
  not_refreshable: { status: 409, title: 'The account holds nothing that can be renewed', actor: 'caller', retry: false },
  scope_missing: { status: 409, title: 'The account lacks a scope that the tool needs', actor: 'person', retry: false },
  credential_read_off: { status: 403, title: 'Reading credentials is not turned on for this client', actor: 'operator', retry: false },
  credential_read_limit: { status: 429, title: 'The client has read as many credentials as it may', actor: 'operator', retry: true },
  idempotency_mismatch: { status: 422, title: 'The Idempotency-Key was used for another request', actor: 'caller', retry: false },
  idempotency_in_progress: { status: 409, title: 'The same request is still running', actor: 'caller', retry: true },
  provider_error: { status: 502, title: 'The provider refused the request', actor: 'caller', retry: false },
  provider_rate_limited: { status: 429, title: 'The provider limits the rate', actor: 'provider', retry: true },
  provider_unavailable: { status: 502, title: 'The provider is not available', actor: 'provider', retry: true },
  provider_timeout: { status: 504, title: 'The provider did not answer in time', actor: 'provider', retry: true },
  provider_answer_invalid: { status: 502, title: 'The provider’s answer could not be read', actor: 'provider', retry: false },
  outcome_unknown: { status: 504, title: 'The outcome is unknown: it may have happened', actor: 'caller', retry: false },
  egress_blocked: { status: 502, title: 'The address is not allowed', actor: 'operator', retry: false },
  connection_incident: { status: 502, title: 'The provider refuses this connection’s own credentials', actor: 'operator', retry: true },

  // A call that a person must approve
  approval_required: { status: 409, title: 'The call waits for a person to approve it', actor: 'person', retry: true },
  approval_running: { status: 409, title: 'The approved call is being made', actor: 'caller', retry: true },
  approval_denied: { status: 403, title: 'The call was not approved', actor: 'person', retry: false },
  approval_expired: { status: 409, title: 'The approval has expired', actor: 'person', retry: false },
  approval_cancelled: { status: 409, title: 'The approval was given up', actor: 'operator', retry: false },
  approval_failed: { status: 409, title: 'The approved call was made, and failed', actor: 'caller', retry: false },
  approval_spent: { status: 409, title: 'The approved call was made already', actor: 'caller', retry: false },
  approval_changed: { status: 409, title: 'The call is no longer the one that was shown', actor: 'caller', retry: false },
  approval_decided: { status: 409, title: 'It was decided already', actor: 'caller', retry: false },
  approval_own_call: { status: 403, title: 'Who made a call cannot approve it', actor: 'operator', retry: false },
  approval_limit: { status: 429, title: 'Too many calls wait for approval', actor: 'person', retry: true },

  // MCP endpoints
  instance_expired: { status: 410, title: 'This MCP URL has expired', actor: 'caller', retry: false },
  instance_rotated: { status: 410, title: 'This MCP URL was replaced by another', actor: 'operator', retry: false },
  instance_revoked: { status: 410, title: 'This MCP URL was revoked', actor: 'operator', retry: false },

  // Grantway itself
  unavailable: { status: 503, title: 'Temporarily unavailable', actor: 'grantway', retry: true },
  internal: { status: 500, title: 'Something went wrong on our side', actor: 'grantway', retry: true },
} as const satisfies Record<string, FaultRow>;

export type FaultCode = keyof typeof faults;

/** One field that did not fit: a JSON pointer (RFC 6901) into the body, query or arguments, and why. */
export interface FieldError {
  pointer: string;
  detail: string;
}

export interface FaultDetails {
  /** One sentence for the reader outside. Never holds a secret or another tenant's data. */
  detail?: string;
  errors?: FieldError[];
  /** Members added to the problem+json answer, for example an `authentication_link`. */
  extra?: Record<string, unknown>;
  /** Seconds until a repeat makes sense; becomes Retry-After. */
  retryAfterSeconds?: number;
  /** For the log only. */
  internal?: string;
  cause?: unknown;
}

/** The only error type that reaches a caller with its own text; anything else becomes `internal` without text. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly detail: string | undefined;
  readonly errors: FieldError[] | undefined;
  readonly extra: Record<string, unknown> | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly internal: string | undefined;

  constructor(code: FaultCode, details: FaultDetails | string = {}) {
    const d = typeof details === 'string' ? { detail: details } : details;
    super(d.detail ?? faults[code].title, d.cause === undefined ? undefined : { cause: d.cause });
    this.name = 'Fault';
    this.code = code;
    this.detail = d.detail;
    this.errors = d.errors;
    this.extra = d.extra;
    this.retryAfterSeconds = d.retryAfterSeconds;
    this.internal = d.internal;
  }

  get status(): number {
    return faults[this.code].status;
  }
}

export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}
