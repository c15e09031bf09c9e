import { connector } from '@grantway/connector-kit';
import { graphBaseUrl, graphFault, graphIdentity, graphRefusals, microsoftAuth } from '@grantway/connector-kit/microsoft';
import { fileContentReplace, fileDownload, fileUpload } from './content.ts';
import { drivesList, fileDelete, fileGet, filesList, filesSearch, folderCreate, sharingLinkCreate } from './files.ts';
import { listColumnsList, listItemCreate, listItemDelete, listItemGet, listItemsList, listItemUpdate, listsList } from './lists.ts';
import { pageGet, pagesList, search, siteGet, siteGetByUrl, sitesSearch } from './sites.ts';

export default connector({
  id: 'sharepoint',
  name: 'SharePoint',
  description: 'Find sites, keep lists, read pages, and fetch, upload, sort and share the files of SharePoint libraries.',
  docs: 'https://learn.microsoft.com/graph/api/resources/sharepoint',
  auth: microsoftAuth(
    {
      'Sites.Read.All': 'Read the sites, lists and pages that you can open',
      'Sites.ReadWrite.All': 'Read and change the lists and files of all sites that you can',
      'Files.Read.All': 'See and read all files that you can open',
      'Files.ReadWrite.All': 'See, read, change, share and delete all files that you can',
    },
    ['Sites.ReadWrite.All', 'Files.ReadWrite.All'],
  ),
  api: {
    baseUrl: graphBaseUrl,
    fault: graphFault,
    refusals: graphRefusals({ code: 'itemNotFound', message: 'The resource could not be found.' }),
  },
  identify: graphIdentity,
  tools: [
    sitesSearch,
    siteGet,
    siteGetByUrl,
    search,
    listsList,
    listColumnsList,
    listItemsList,
    listItemGet,
    listItemCreate,
    listItemUpdate,
    listItemDelete,
    drivesList,
    filesList,
    filesSearch,
    fileGet,
    fileDownload,
    fileUpload,
    fileContentReplace,
    folderCreate,
    fileDelete,
    sharingLinkCreate,
    pagesList,
    pageGet,
  ],
});
