import type { Contract } from '../contract.ts';
import { pages } from '../sources.ts';

const contract: Contract = { specifications: [[/./, pages('Affinity API')]] };

export default contract;
