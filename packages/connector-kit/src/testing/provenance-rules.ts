import { isOperatorService } from '../operator-service.ts';
import type { ToolRule } from './tool-rules.ts';

/** Without it nobody could say which published operation a tool is held against, or that it is held against none. */
export const provenanceRules: ToolRule[] = [
  {
    title: 'says which operation of which description it is',
    problems: ({ provenance }, { auth }) => {
      // where the address is the operator's, no vendor has described what is there
      if (isOperatorService({ auth })) return [];
      if (provenance === undefined) return ['it has no provenance'];
      const { specification, version, operation } = provenance;
      return [
        specification.trim().length >= 3 ? '' : 'the specification has no name',
        version.trim() === '' ? 'the specification has no version' : '',
        operation.trim().length >= 3 ? '' : 'the operation has no name',
      ].filter(Boolean);
    },
  },
];
