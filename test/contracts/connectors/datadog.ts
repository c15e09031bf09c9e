import type { Contract } from '../contract.ts';
import { datadog } from '../sources.ts';

const contract: Contract = {
  specifications: [[/./, datadog]],
  // Pairs, which the client's tables do not tell.
  answers: [[/^pointlist$/, [[[1763719200000, 1.5]], []]]],
  survivors: [
    {
      at: /attributes\.fields\.(severity|state)$/,
      why: 'incident fields have the names that an organization gives them; these two are Datadog’s own',
    },
  ],
};

export default contract;
