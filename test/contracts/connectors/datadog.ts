import type { Contract } from '../contract.ts';
import { datadog } from '../sources.ts';

const contract: Contract = { specifications: [[/./, datadog]] };

export default contract;
