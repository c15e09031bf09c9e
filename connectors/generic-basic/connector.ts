import { operatorService } from '@grantway/connector-kit';

export default operatorService({
  id: 'generic-basic',
  name: 'REST service with user and password',
  description: 'Call any REST service that asks for user name and password (RFC 7617); the operator says where it is.',
  docs: 'https://www.rfc-editor.org/rfc/rfc7617',
  auth: {
    kind: 'basic',
    fields: [
      { name: 'username', label: 'User name', secret: false, pattern: /^[^:\p{Cc}]{1,256}$/u },
      { name: 'password', label: 'Password', secret: true, pattern: /^[^\p{Cc}]{1,1024}$/u },
    ],
    username: '{username}',
    password: '{password}',
  },
});
