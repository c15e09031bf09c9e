export { fillTemplate } from './api-url.ts';
export {
  type CallOptions,
  createEgress,
  type Downloaded,
  type DownloadOptions,
  type Egress,
  type EgressOptions,
  type OutboundRequest,
} from './egress.ts';
export { EgressError, type EgressErrorKind } from './egress-error.ts';
export type { OutboundResponse } from './http-exchange.ts';
export { oauth1Authorization } from './oauth1-signature.ts';
export type { OutboundFile } from './outbound-file.ts';
export type { ApiTarget } from './preparation.ts';
export { scrubText } from './scrub.ts';
