import type { Contract } from '../contract.ts';
import { google } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/drive/, google('drive.v3')],
    [/./, google('docs.v1')],
  ],
  // Each request of a batch has its reply.
  present: /^replies$/,
};

export default contract;
