import type { Contract } from '../contract.ts';
import { graph } from '../sources.ts';

const contract: Contract = { specifications: [[/ms-365|graph/i, graph]] };

export default contract;
