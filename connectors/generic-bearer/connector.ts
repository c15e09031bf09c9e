import { operatorService } from '@grantway/connector-kit';

export default operatorService({
  id: 'generic-bearer',
  name: 'REST service with a bearer token',
  description: 'Call any REST service that takes a bearer token (RFC 6750); the operator says where it is.',
  docs: 'https://www.rfc-editor.org/rfc/rfc6750',
  auth: {
    kind: 'bearer',
    fields: [{ name: 'token', label: 'Token', secret: true, pattern: /^[\x21-\x7e]{1,4096}$/ }],
    token: '{token}',
    scheme: 'Bearer',
  },
});
