import type { Contract } from '../contract.ts';
import { harvestapi, pages } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/@harvestapi/, harvestapi],
    [/./, pages('HarvestAPI')],
  ],
};

export default contract;
