import type { Contract } from '../contract.ts';
import { harvestapi } from '../sources.ts';

const contract: Contract = { specifications: [[/@harvestapi/, harvestapi]] };

export default contract;
