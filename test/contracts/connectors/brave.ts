import type { Contract } from '../contract.ts';
import { brave, pages } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/mcp-server/, brave],
    [/./, pages('Brave Search API', 'Brave’s own MCP server, whose schemas the others are held against, has no tool for it')],
  ],
  // Lists that Brave keeps and refuses others than; the tools take any code and leave it to Brave to say so.
  inputs: [
    [/^country$/, ['US', 'DE', 'ES']],
    [/^search_lang$/, ['en', 'de', 'es']],
  ],
};

export default contract;
