import type { Contract } from '../contract.ts';
import { linear } from '../sources.ts';

const contract: Contract = {
  specifications: [[/./, linear]],
  // A change that succeeded gives what it changed; one that did not is a fault.
  present: /^(issue|comment|project|document|attachment)$/,
};

export default contract;
