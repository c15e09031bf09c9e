import type { Contract } from '../contract.ts';
import { pages } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [
      /./,
      pages(
        'PhantomBuster API',
        'PhantomBuster’s only client, phantombuster-sdk, sends scripts to version 1 of the API and knows nothing of version 2',
      ),
    ],
  ],
};

export default contract;
