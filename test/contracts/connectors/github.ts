import type { Contract } from '../contract.ts';
import { github } from '../sources.ts';

const contract: Contract = { specifications: [[/./, github]] };

export default contract;
