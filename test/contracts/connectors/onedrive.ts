import type { Contract } from '../contract.ts';
import { graph, graphOpenapi } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/ms-365|graph/i, graph],
    [/ms-365|graph/i, graphOpenapi],
  ],
  // Graph's OpenAPI document leaves out what every list takes: the page's token, out of @odata.nextLink.
  allowed: [{ operation: /./, at: 'query.$skiptoken', page: 'https://learn.microsoft.com/en-us/graph/query-parameters' }],
  // https://learn.microsoft.com/en-us/graph/onedrive-addressing-driveitems
  paths: [
    [/\/me\/drive\/(?=items|search|root)/, '/drives/x/'],
    [/\/root:\/.+?:(?=\/|$)/, '/items/x'],
    [/\/root:\/.+$/, '/items/x'],
    [/(\/drives\/[^/]+)\/root(?=\/|$)/, '$1/items/x'],
    // The document writes actions with their namespace, which may be left out: https://learn.microsoft.com/en-us/graph/api/driveitemversion-restore
    [/\/restoreVersion$/, '/microsoft.graph.restoreVersion'],
  ],
};

export default contract;
