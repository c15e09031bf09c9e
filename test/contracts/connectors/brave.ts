import type { Contract } from '../contract.ts';
import { brave, pages } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/mcp-server/, brave],
    [/./, pages('Brave Search API')],
  ],
  // Lists that Brave keeps and refuses others than; the tools take any code and leave it to Brave to say so.
  inputs: [
    [/^country$/, ['US', 'DE', 'ES']],
    [/^search_lang$/, ['en', 'de', 'es']],
  ],
};

export default contract;
