import { Fault } from '@grantway/contract';

/** A form as RFC 6749 has it; JSON is taken too. A parameter given twice is refused (section 3.2). */
export function formOf(body: unknown): Record<string, string> {
  if (typeof body !== 'object' || body === null) throw new Fault('invalid_request', 'send the parameters as a form');
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'string') throw new Fault('invalid_request', `the parameter "${name.slice(0, 50)}" must be given once, as text`);
  }
  return body as Record<string, string>;
}
