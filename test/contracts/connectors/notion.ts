import type { Contract } from '../contract.ts';
import { notion, notionOpenapi } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/mcp-server/, notionOpenapi],
    [/./, notion],
  ],
  // What an integration gets that may not read content; the tools ask for content.
  without: /^Partial/,
  survivors: [
    {
      at: /body\.(initial_data_source\.)?properties\.(title|Name)$/,
      why: 'columns have whatever names a workspace gives them; the column of titles can be called by its id, title',
    },
  ],
};

export default contract;
