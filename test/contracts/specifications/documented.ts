import type { Wanted } from '../contract.ts';
import { isNamed, matches, type Operation } from '../description.ts';
import type { Specification } from '../specification.ts';
import type { WireRequest } from '../validate.ts';

/**
 * Nothing that a machine could read is published: the operations are those that the tools name, read on the vendor's page. Method and path are
 * held against them, keys are not, so there is nothing to rename.
 */
export function documented({ operations: names }: Wanted): Specification {
  const operations = names.map((id): Operation => {
    const [method = '', path = ''] = id.split(' ');
    return { id, method, path, parameters: [], bodies: {}, bodyRequired: false };
  });
  // What stands before the path is the address that the vendor's page gives for all of them.
  const find = ({ method, path }: WireRequest) =>
    operations.find(
      (operation) =>
        operation.method === method && path.split('/').some((_, i, all) => matches(operation, `/${all.slice(i).join('/')}`) !== null),
    );
  return {
    has: (name) => operations.some((operation) => isNamed(operation, name)),
    covers: (request) => find(request) !== undefined,
    judge: (request) => {
      const found = find(request);
      return found === undefined
        ? { operation: undefined, problems: [{ at: 'path', message: `no operation ${request.method} ${request.path}` }] }
        : { operation: found.id, problems: [] };
    },
    mutants: () => [],
    answers: () => [],
    outline: () => new Map(names.map((name) => [name, ''])),
  };
}
