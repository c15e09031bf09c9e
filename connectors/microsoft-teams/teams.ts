import { get, path, post, tool } from '@grantway/connector-kit';
import {
  type GraphPage,
  graphCursor,
  graphNextCursor,
  graphOperation,
  graphPaging,
  graphTime,
  nextCursor,
} from '@grantway/connector-kit/microsoft';
import { z } from 'zod';
import { contextOf, ids, memberExample } from './examples.ts';
import { channelId, Member, type MemberEntry, member, teamId, wholeMax } from './fields.ts';

interface Team {
  id: string;
  displayName?: string | null;
  description?: string | null;
  isArchived?: boolean | null;
}

export const teamsList = tool({
  name: 'microsoft_teams_teams_list',
  aliases: ['microsoftteams_list_teams'],
  title: 'List teams',
  description:
    'List the teams that this account is a member of, with the ids that every tool about channels takes. Teams gives them all at once; at ' +
    'most 250 are shown. The channels of one are in microsoft_teams_channels_list.',
  effect: 'read',
  scopes: ['Team.ReadBasic.All'],
  input: z.object({}),
  output: z.object({
    teams: z.array(z.object({ id: z.string(), name: z.string(), description: z.string(), is_archived: z.boolean() })),
    truncated: z.boolean(),
  }),
  // The page says that it takes no query parameters at all.
  request: () => get('/me/joinedTeams'),
  respond: (body: GraphPage<Team>) => ({
    teams: body.value.slice(0, wholeMax).map((t) => ({
      id: t.id,
      name: t.displayName ?? '',
      description: t.description ?? '',
      is_archived: t.isArchived ?? false,
    })),
    truncated: body.value.length > wholeMax || body['@odata.nextLink'] !== undefined,
  }),
  docs: 'https://learn.microsoft.com/graph/api/user-list-joinedteams',
  provenance: graphOperation('GET /me/joinedTeams'),
  examples: [
    {
      input: {},
      receives: {
        body: {
          ...contextOf('teams'),
          '@odata.count': 1,
          value: [
            {
              id: ids.team,
              createdDateTime: null,
              displayName: 'Engineering',
              description: 'Everybody who builds',
              internalId: null,
              classification: null,
              specialization: null,
              visibility: null,
              webUrl: null,
              isArchived: false,
              tenantId: '2432b57b-0abd-43db-aa7b-16eadd115d11',
              memberSettings: null,
              messagingSettings: null,
              funSettings: null,
            },
          ],
        },
      },
      gives: {
        teams: [{ id: ids.team, name: 'Engineering', description: 'Everybody who builds', is_archived: false }],
        truncated: false,
      },
    },
  ],
});

interface ChannelEntry {
  id: string;
  displayName?: string;
  description?: string | null;
  membershipType?: string;
  createdDateTime?: string | null;
  webUrl?: string | null;
  isArchived?: boolean | null;
}

const Channel = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  membership_type: z.string(),
  is_archived: z.boolean(),
  created_at: z.string().nullable(),
  web_url: z.string().nullable(),
});

const channel = (c: ChannelEntry): z.input<typeof Channel> => ({
  id: c.id,
  name: c.displayName ?? '',
  description: c.description ?? '',
  membership_type: c.membershipType ?? 'standard',
  is_archived: c.isArchived ?? false,
  created_at: graphTime(c.createdDateTime),
  web_url: c.webUrl ?? null,
});

const channelExample = (id: string, displayName: string, description: string) => ({
  id,
  createdDateTime: '2025-03-03T09:12:44.123Z',
  displayName,
  description,
  isFavoriteByDefault: null,
  email: '',
  tenantId: '2432b57b-0abd-43db-aa7b-16eadd115d11',
  webUrl: 'https://teams.example/l/channel/incidents',
  membershipType: 'standard',
  isArchived: false,
});

const channelGiven = (name: string, description: string) => ({
  id: ids.channel,
  name,
  description,
  membership_type: 'standard',
  is_archived: false,
  created_at: '2025-03-03T09:12:44.123Z',
  web_url: 'https://teams.example/l/channel/incidents',
});

export const channelsList = tool({
  name: 'microsoft_teams_channels_list',
  aliases: ['microsoftteams_list_channels'],
  title: 'List channels',
  description:
    'List the channels of one team that this account can see, with the ids for reading and posting. Teams gives them all at once; at most ' +
    '250 are shown. Team ids come from microsoft_teams_teams_list.',
  effect: 'read',
  scopes: ['Channel.ReadBasic.All'],
  input: z.object({ team_id: teamId }),
  output: z.object({ channels: z.array(Channel), truncated: z.boolean() }),
  request: ({ team_id }) => get(path`/teams/${team_id}/channels`),
  respond: (body: GraphPage<ChannelEntry>) => ({
    channels: body.value.slice(0, wholeMax).map(channel),
    truncated: body.value.length > wholeMax || body['@odata.nextLink'] !== undefined,
  }),
  docs: 'https://learn.microsoft.com/graph/api/channel-list',
  provenance: graphOperation('GET /teams/{team-id}/channels'),
  examples: [
    {
      input: { team_id: ids.team },
      receives: {
        body: {
          ...contextOf(`teams('${ids.team}')/channels`),
          '@odata.count': 1,
          value: [channelExample(ids.channel, 'Incidents', 'Where incidents are worked on')],
        },
      },
      gives: { channels: [channelGiven('Incidents', 'Where incidents are worked on')], truncated: false },
    },
  ],
});

export const channelCreate = tool({
  name: 'microsoft_teams_channel_create',
  aliases: ['microsoftteams_create_channel'],
  title: 'Create a channel',
  description:
    'Add a standard channel to a team, which all of its members see; names are unique in a team, also among deleted channels. Look first ' +
    'with microsoft_teams_channels_list. For a talk among few people use microsoft_teams_chat_create.',
  effect: 'write',
  scopes: ['Channel.Create'],
  input: z.object({
    team_id: teamId,
    display_name: z
      .string()
      .regex(/^[^~#%&*{}+/\\:<>?|'"\p{Cc}]{1,50}$/u)
      .describe('Name of the channel, at most 50 characters'),
    description: z.string().max(1024).optional().describe('What the channel is for'),
  }),
  output: Channel,
  request: ({ team_id, display_name, description }) =>
    post(path`/teams/${team_id}/channels`, {
      displayName: display_name,
      ...(description === undefined ? {} : { description }),
      membershipType: 'standard',
    }),
  respond: channel,
  docs: 'https://learn.microsoft.com/graph/api/channel-post',
  provenance: graphOperation('POST /teams/{team-id}/channels'),
  examples: [
    {
      input: { team_id: ids.team, display_name: 'Checkout latency', description: 'Incident of 21 November' },
      receives: {
        status: 201,
        body: {
          ...contextOf(`teams('${ids.team}')/channels/$entity`),
          ...channelExample(ids.channel, 'Checkout latency', 'Incident of 21 November'),
        },
      },
      gives: channelGiven('Checkout latency', 'Incident of 21 November'),
      fresh: { '/createdDateTime': 'iso_now' },
    },
  ],
});

interface FilesFolder {
  id: string;
  name?: string | null;
  webUrl?: string | null;
  size?: number | null;
  lastModifiedDateTime?: string | null;
  folder?: { childCount?: number | null } | null;
  parentReference?: { driveId?: string | null } | null;
}

export const channelFilesFolderGet = tool({
  name: 'microsoft_teams_channel_files_folder_get',
  title: 'Find a channel’s files',
  description:
    'Tell where the files of one channel are: drive_id and item_id of its folder in SharePoint. With these sharepoint_files_list lists them; ' +
    'sharepoint_file_upload takes item_id as parent_id. Channels come from microsoft_teams_channels_list.',
  effect: 'read',
  scopes: ['Files.Read.All'],
  input: z.object({ team_id: teamId, channel_id: channelId }),
  output: z.object({
    drive_id: z.string(),
    item_id: z.string(),
    name: z.string(),
    child_count: z.int().nullable(),
    size: z.int(),
    modified_at: z.string().nullable(),
    web_url: z.string().nullable(),
  }),
  request: ({ team_id, channel_id }) => get(path`/teams/${team_id}/channels/${channel_id}/filesFolder`),
  respond: (f: FilesFolder) => {
    const drive_id = f.parentReference?.driveId;
    if (drive_id === undefined || drive_id === null) throw new TypeError('the folder names no drive');
    return {
      drive_id,
      item_id: f.id,
      name: f.name ?? '',
      child_count: f.folder?.childCount ?? null,
      size: f.size ?? 0,
      modified_at: graphTime(f.lastModifiedDateTime),
      web_url: f.webUrl ?? null,
    };
  },
  docs: 'https://learn.microsoft.com/graph/api/channel-get-filesfolder',
  provenance: graphOperation('GET /teams/{team-id}/channels/{channel-id}/filesFolder'),
  examples: [
    {
      input: { team_id: ids.team, channel_id: ids.channel },
      receives: {
        body: {
          ...contextOf(`teams('${ids.team}')/channels('19%3A4a95f7d8db4c4e7fae857bcebe062311%40thread.tacv2')/filesFolder/$entity`),
          id: '01H7CFEKENJSSIUHGADZBKODARINQC5JMD',
          createdDateTime: '0001-01-01T00:00:00Z',
          lastModifiedDateTime: '2025-11-20T18:47:13Z',
          name: 'Incidents',
          webUrl: 'https://acme.sharepoint.example/sites/engineering/Shared%20Documents/Incidents',
          size: 2374080,
          parentReference: { driveId: 'b!2SInBlQrN0K8-made-up-drive', driveType: 'documentLibrary' },
          fileSystemInfo: { createdDateTime: '2025-03-03T09:12:44Z', lastModifiedDateTime: '2025-11-20T18:47:13Z' },
          folder: { childCount: 7 },
        },
      },
      gives: {
        drive_id: 'b!2SInBlQrN0K8-made-up-drive',
        item_id: '01H7CFEKENJSSIUHGADZBKODARINQC5JMD',
        name: 'Incidents',
        child_count: 7,
        size: 2374080,
        modified_at: '2025-11-20T18:47:13.000Z',
        web_url: 'https://acme.sharepoint.example/sites/engineering/Shared%20Documents/Incidents',
      },
    },
  ],
});

export const teamMembersList = tool({
  name: 'microsoft_teams_team_members_list',
  aliases: ['microsoftteams_list_team_members'],
  title: 'List a team’s members',
  description:
    'List the people in a team with their user ids, addresses and whether they own it. For the people in a chat use ' +
    'microsoft_teams_chat_members_list, for anybody in the organization microsoft_teams_users_search.',
  effect: 'read',
  scopes: ['TeamMember.Read.All'],
  input: z.object({
    team_id: teamId,
    limit: z.int().min(1).max(100).default(20).describe('Members per page, 1 to 100'),
    cursor: graphCursor,
  }),
  output: z.object({ members: z.array(Member), next_cursor: graphNextCursor }),
  request: ({ team_id, limit, cursor }) => get(path`/teams/${team_id}/members`, graphPaging(limit, cursor)),
  respond: (body: GraphPage<MemberEntry>) => ({ members: body.value.map(member), next_cursor: nextCursor(body) }),
  docs: 'https://learn.microsoft.com/graph/api/team-list-members',
  provenance: graphOperation('GET /teams/{team-id}/members'),
  examples: [
    {
      input: { team_id: ids.team },
      receives: {
        body: {
          ...contextOf(`teams('${ids.team}')/members`),
          '@odata.count': 2,
          value: [
            memberExample(ids.mira, 'Mira Lopez', 'mira@acme.example', ['owner']),
            memberExample(ids.theo, 'Theo Brandt', 'theo@acme.example', []),
          ],
        },
      },
      gives: {
        members: [
          { user_id: ids.mira, name: 'Mira Lopez', email: 'mira@acme.example', roles: ['owner'] },
          { user_id: ids.theo, name: 'Theo Brandt', email: 'theo@acme.example', roles: [] },
        ],
        next_cursor: null,
      },
    },
  ],
});
