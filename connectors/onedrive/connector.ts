import { connector } from '@grantway/connector-kit';
import { graphBaseUrl, graphFault, graphIdentity, graphRefusals, microsoftAuth } from '@grantway/connector-kit/microsoft';
import { folderCreate, itemCopy, itemDelete, itemMove, itemUpdate, versionRestore } from './changes.ts';
import { fileContentReplace, fileDownload, fileUpload } from './content.ts';
import { drivesList } from './drives.ts';
import { itemGet, itemGetByPath, itemsList, itemsSearch, versionsList } from './items.ts';
import { itemInvite, permissionDelete, permissionsList, sharingLinkCreate } from './sharing.ts';

export default connector({
  id: 'onedrive',
  name: 'OneDrive',
  description: 'Find, fetch, upload, sort, share and restore the files of a OneDrive, for work or personal.',
  docs: 'https://learn.microsoft.com/graph/api/resources/onedrive',
  auth: microsoftAuth(
    {
      'Files.Read': 'See and read your files',
      'Files.ReadWrite': 'See, read, change, share and delete your files',
      'Files.Read.All': 'See and read all files that you can open, those of others too',
      'Files.ReadWrite.All': 'See, read, change, share and delete all files that you can, those of others too',
    },
    ['Files.ReadWrite.All'],
  ),
  api: {
    baseUrl: graphBaseUrl,
    fault: graphFault,
    refusals: graphRefusals({ code: 'itemNotFound', message: 'The resource could not be found.' }),
  },
  identify: graphIdentity,
  tools: [
    itemsList,
    itemsSearch,
    itemGet,
    itemGetByPath,
    fileDownload,
    fileUpload,
    fileContentReplace,
    folderCreate,
    itemUpdate,
    itemMove,
    itemCopy,
    itemDelete,
    sharingLinkCreate,
    itemInvite,
    permissionsList,
    permissionDelete,
    versionsList,
    versionRestore,
    drivesList,
  ],
});
