import { operatorService } from '@grantway/connector-kit';

export default operatorService({
  id: 'generic-none',
  name: 'Open REST service',
  description: 'Call any REST service that asks nobody who he is; the operator says where it is.',
  docs: 'https://www.rfc-editor.org/rfc/rfc9110',
  auth: { kind: 'none', fields: [] },
});
