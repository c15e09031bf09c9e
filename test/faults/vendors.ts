import { type Connector, connector, get, type OAuth2Auth, tool } from '@grantway/connector-kit';
import { z } from 'zod';

export const classes = ['A', 'B', 'C', 'D', 'E'] as const;
export type RotationClass = (typeof classes)[number];

type Vendor = Connector & { auth: OAuth2Auth };
export const idOf = (rotationClass: RotationClass) => `class-${rotationClass.toLowerCase()}`;

/** The one tool of a vendor. */
export const toolOf = (rotationClass: RotationClass) => `class_${rotationClass.toLowerCase()}_profile_get`;

/** One vendor for each rotation class; the rest of it is plain RFC 6749. */
const vendors = Object.fromEntries(
  classes.map((rotationClass) => {
    const id = idOf(rotationClass);
    const made = connector({
      id,
      name: `Class ${rotationClass}`,
      description: 'A vendor with a token endpoint.',
      docs: `https://${id}.example/docs`,
      auth: {
        kind: 'oauth2',
        authorizeUrl: `https://auth.${id}.example/authorize`,
        tokenUrl: `https://auth.${id}.example/token`,
        revokeUrl: `https://auth.${id}.example/revoke`,
        scopes: { read: 'Read' },
        defaultScopes: ['read'],
        scopeSeparator: ' ',
        pkce: 'S256',
        clientAuthentication: 'client_secret_post',
        rotationClass,
      },
      api: { baseUrl: `https://api.${id}.example` },
      identify: {
        request: get('/me'),
        subject: () => ({ id: '1', label: 'one' }),
        example: { receives: { body: {} }, gives: { id: '1', label: 'one' } },
      },
      tools: [
        tool({
          name: toolOf(rotationClass),
          title: 'Get the profile',
          docs: `https://${id}.example/docs/profile`,
          description: 'Get the profile of the account.',
          effect: 'read',
          scopes: ['read'],
          input: z.object({}),
          output: z.object({ name: z.string() }),
          request: () => get('/profile'),
          respond: (body: { name: string }) => ({ name: body.name }),
          examples: [{ input: {}, receives: { body: { name: 'one' } }, gives: { name: 'one' } }],
        }),
      ],
    });
    return [id, made as Vendor];
  }),
);

export function vendorById(id: string): Vendor {
  const vendor = vendors[id];
  if (vendor === undefined) throw new Error(`no vendor ${id}`);
  return vendor;
}
