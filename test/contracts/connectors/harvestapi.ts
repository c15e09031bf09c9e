import type { Contract } from '../contract.ts';
import { harvestapi, pages } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/@harvestapi/, harvestapi],
    [/./, pages('HarvestAPI', 'HarvestAPI’s client has no method for it')],
  ],
};

export default contract;
