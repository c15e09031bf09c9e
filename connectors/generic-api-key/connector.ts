import { operatorService } from '@grantway/connector-kit';

export default operatorService({
  id: 'generic-api-key',
  name: 'REST service with an API key',
  description: 'Call any REST service whose key goes into a header; the operator says where it is.',
  docs: 'https://www.rfc-editor.org/rfc/rfc9110',
  auth: {
    kind: 'api_key',
    fields: [
      {
        name: 'header',
        label: 'Header',
        help: 'Name of the header that the key goes into.',
        secret: false,
        setBy: 'operator',
        default: 'X-API-Key',
        pattern: /^[A-Za-z][A-Za-z0-9-]{1,63}$/,
      },
      { name: 'api_key', label: 'API key', secret: true, pattern: /^[\x21-\x7e]{1,4096}$/ },
    ],
    headers: { '{header}': '{api_key}' },
  },
});
