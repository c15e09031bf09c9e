import { Fault, type FaultCode } from '@grantway/contract';

export type EgressErrorKind = 'blocked' | 'unreachable' | 'timeout' | 'reset' | 'aborted' | 'too_large' | 'invalid';

/** A request that got no usable answer. The message names at most the host: never a path, a query, a header or a body. */
export class EgressError extends Error {
  readonly kind: EgressErrorKind;
  /** False only where provably no byte of the request left; a repeat is then safe, whatever the request does. */
  readonly sent: boolean;

  constructor(kind: EgressErrorKind, sent: boolean, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EgressError';
    this.kind = kind;
    this.sent = sent;
  }

  /** What a reader outside may know. Whether a sent write counts as `outcome_unknown` is for the caller to judge. */
  toFault(): Fault {
    return new Fault(this.faultCode(), { internal: `egress ${this.kind}, sent ${this.sent}: ${this.message}`, cause: this });
  }

  private faultCode(): FaultCode {
    switch (this.kind) {
      case 'blocked':
        return 'egress_blocked';
      case 'timeout':
        return this.sent ? 'provider_timeout' : 'provider_unavailable';
      case 'too_large':
        return 'provider_answer_invalid';
      case 'invalid':
        return this.sent ? 'provider_answer_invalid' : 'invalid_request';
      default:
        return 'provider_unavailable';
    }
  }
}

/** Refused before anything happened on the network. */
export function blocked(message: string): EgressError {
  return new EgressError('blocked', false, message);
}

/** The request itself cannot be sent as it is. */
export function malformed(message: string): EgressError {
  return new EgressError('invalid', false, message);
}
