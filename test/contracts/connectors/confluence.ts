import type { Contract } from '../contract.ts';
import { confluence } from '../sources.ts';

const contract: Contract = { specifications: [[/confluence/, confluence]] };

export default contract;
