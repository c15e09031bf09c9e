import type { Contract } from '../contract.ts';
import { pages } from '../sources.ts';

const contract: Contract = { specifications: [[/./, pages('Granola API', 'no published package describes Granola’s API')]] };

export default contract;
