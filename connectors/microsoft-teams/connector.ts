import { connector } from '@grantway/connector-kit';
import { graphBaseUrl, graphFault, graphIdentity, graphRefusals, microsoftAuth } from '@grantway/connector-kit/microsoft';
import { channelMessageReply, channelMessageSend, channelMessagesList, repliesList } from './channel-messages.ts';
import { chatCreate, chatMembersList, chatMessageSend, chatMessagesList, chatsList } from './chats.ts';
import { messagesSearch, onlineMeetingCreate, presencesGet, profileGet, usersSearch } from './people.ts';
import { channelCreate, channelsList, teamMembersList, teamsList } from './teams.ts';

export default connector({
  id: 'microsoft-teams',
  name: 'Microsoft Teams',
  description: 'Read and write in channels and chats, start chats and meetings, and see who is available in Microsoft Teams.',
  docs: 'https://learn.microsoft.com/graph/api/resources/teams-api-overview',
  aliases: ['microsoftteams'],
  auth: microsoftAuth(
    {
      'Team.ReadBasic.All': 'See the teams that you are in: names and descriptions',
      'TeamMember.Read.All': 'See who is in your teams (needs an administrator)',
      'Channel.ReadBasic.All': 'See the channels of your teams: names and descriptions',
      'Channel.Create': 'Add channels to your teams (needs an administrator)',
      'ChannelMessage.Read.All': 'Read the messages in your channels (needs an administrator)',
      'ChannelMessage.Send': 'Post in your channels as you',
      'Chat.ReadBasic': 'See your chats and who is in them',
      'Chat.Read': 'Read your chats',
      'Chat.Create': 'Start chats as you',
      'ChatMessage.Send': 'Write in your chats as you',
      'OnlineMeetings.ReadWrite': 'Make and change online meetings as you',
      'Presence.Read.All': 'See whether people of your organization are available',
      'User.ReadBasic.All': 'Find people of your organization: names and addresses',
    },
    [
      'Team.ReadBasic.All',
      'Channel.ReadBasic.All',
      'ChannelMessage.Send',
      'Chat.Read',
      'Chat.Create',
      'ChatMessage.Send',
      'User.ReadBasic.All',
    ],
  ),
  api: {
    baseUrl: graphBaseUrl,
    fault: graphFault,
    refusals: graphRefusals(
      { code: 'NotFound', message: 'Requested API or resource not found.' },
      "Missing scope permissions on the request. API requires one of 'ChannelMessage.Read.All, Group.Read.All, Group.ReadWrite.All'. Scopes on the request 'Chat.Read, User.Read'",
    ),
  },
  identify: graphIdentity,
  tools: [
    teamsList,
    channelsList,
    channelMessagesList,
    repliesList,
    channelMessageSend,
    channelMessageReply,
    channelCreate,
    teamMembersList,
    chatsList,
    chatMessagesList,
    chatMessageSend,
    chatCreate,
    chatMembersList,
    messagesSearch,
    usersSearch,
    profileGet,
    presencesGet,
    onlineMeetingCreate,
  ],
});
