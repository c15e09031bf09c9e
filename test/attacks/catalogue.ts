/** One attack, and what stands against it. The ids are those that tests carry at the start of their names. */
export interface Attack {
  /** Group letter and two digits. */
  id: string;
  attack: string;
  defence: string;
}

/** Groups of which every attack must have a test. Of the others only those are listed that have one. */
export const completeGroups: Readonly<Record<string, { title: string; size: number }>> = {
  A: { title: 'Connecting an account', size: 26 },
  C: { title: 'Vault and keys', size: 21 },
  E: { title: 'The life of a token', size: 24 },
};

export const attacks: readonly Attack[] = [
  // ---- A: connecting an account ----
  {
    id: 'A01',
    attack: 'A link of Mallory’s is completed by Bob',
    defence: 'the code stays sealed and unexchanged until somebody has said who was at the keyboard',
  },
  {
    id: 'A02',
    attack: 'The same where only a chat knows the user',
    defence: 'the browser that will consent shows a code first, and the chat has to send it: three tries, five minutes',
  },
  {
    id: 'A03',
    attack: 'A foreign provider account ends under a user',
    defence: 'the account is matched with the user before it is stored; otherwise its token is given back',
  },
  {
    id: 'A04',
    attack: 'Mallory’s provider account ends under Bob',
    defence: 'the provider’s answer is good only in the browser that asked, and the account must match',
  },
  {
    id: 'A05',
    attack: 'Consent again swaps the account',
    defence: 'another account than before is refused, or waits for a yes in the same browser',
  },
  {
    id: 'A06',
    attack: 'A code of one connection is fed into another',
    defence: 'a callback of its own for each connection; path, session and settings must agree before anything is exchanged',
  },
  {
    id: 'A07',
    attack: 'An answer names another issuer, or none',
    defence: 'iss is compared byte for byte with what the flow expects, on refusals too',
  },
  {
    id: 'A08',
    attack: 'state is missing, forged, late, reused or foreign',
    defence: 'kept as a HMAC, spent by one conditional update, bound to cookie and connection',
  },
  { id: 'A09', attack: 'PKCE is turned down', defence: 'S256 wherever the vendor takes it; plain is never offered nor accepted' },
  {
    id: 'A10',
    attack: 'A code or result is replayed, by button or history',
    defence: 'what was redeemed is gone; the result page only reads',
  },
  {
    id: 'A11',
    attack: 'The browser is sent elsewhere through our addresses',
    defence: 'an address of the app must be one of the connection’s own, character for character',
  },
  {
    id: 'A12',
    attack: 'The auth_request_id leaks',
    defence: 'worth nothing without API credentials and the right identifier, and once only',
  },
  {
    id: 'A13',
    attack: 'A custom provider’s address is no web address',
    defence: 'https only, parsed before use, handed to a browser and to nothing else',
  },
  { id: 'A14', attack: 'Our pages are framed', defence: 'frame-ancestors none, and X-Frame-Options for old browsers' },
  {
    id: 'A15',
    attack: 'Markup in names, labels, scopes and errors',
    defence: 'every value is escaped by the template; a policy without scripts behind it',
  },
  {
    id: 'A16',
    attack: 'Somebody else’s server sees a page or its address',
    defence: 'pages load from their own origin only, send no Referer and are not stored',
  },
  { id: 'A17', attack: 'Scanners and previews open a link', defence: 'GET and HEAD change nothing; only the form proceeds' },
  {
    id: 'A18',
    attack: 'Bob pastes his key into Mallory’s form',
    defence: 'the key is parked sealed and untried until the person is verified, as a code is',
  },
  { id: 'A19', attack: 'Another site posts our forms', defence: 'a token per link, Origin and Sec-Fetch-Site' },
  {
    id: 'A20',
    attack: 'Links are guessed, or asked about',
    defence: '256 bits, compared as a MAC; whatever is not the very link looks like no link',
  },
  { id: 'A21', attack: 'A looping agent floods a person with links', defence: 'one live link for each user and connection' },
  { id: 'A22', attack: 'Parameters of a link ask for more', defence: 'what is asked of the provider comes from the connection alone' },
  {
    id: 'A23',
    attack: 'Less is granted than is needed',
    defence: 'granted scopes are compared with those of each tool, and what is missing is told',
  },
  {
    id: 'A24',
    attack: 'A cookie is planted from a neighbour',
    defence: 'a __Host- cookie, set anew by the form; its value must belong to the session',
  },
  {
    id: 'A25',
    attack: 'A client gets through on an earlier consent',
    defence: 'a consent page of our own for each client, before any provider is asked',
  },
  {
    id: 'A26',
    attack: 'Two identifiers look alike',
    defence: 'one normal form, no invisible characters, and then byte for byte',
  },

  // ---- B: calling in ----
  {
    id: 'B01',
    attack: 'A stolen MCP URL is used elsewhere',
    defence: 'one call rotates or revokes it; it can have an end; an ended one never comes back',
  },
  {
    id: 'B02',
    attack: 'An MCP URL lands in a log',
    defence: 'whatever has the shape of our bearer values is cut where lines leave, probes of metadata included',
  },
  {
    id: 'B03',
    attack: 'MCP URLs are guessed',
    defence: 'a checksum before the database, and the same work and bytes for whatever is unknown',
  },
  {
    id: 'B04',
    attack: 'A client reaches for what is not its own',
    defence: 'each query is narrowed to what the client may know of; the rest looks missing',
  },
  {
    id: 'B05',
    attack: 'A tool is called that is not offered',
    defence: 'names are looked up among what this caller may use, and looked at again before the call',
  },
  { id: 'B06', attack: 'A suspended agent goes on', defence: 'suspension is a column that every way in reads with each call' },
  {
    id: 'B13',
    attack: 'A token is used where it was not made for',
    defence: 'a session token is proven with the config of the URL that it came to',
  },
  {
    id: 'B07',
    attack: 'A token that came in is passed on',
    defence: 'an inbound bearer is read and never copied; credentials are placed by egress alone',
  },
  {
    id: 'B08',
    attack: 'An access token is forged, or another’s',
    defence:
      'one algorithm, type, issuer and resource; keys by an id that we know, none from the token; the grant’s row is read with each call',
  },
  { id: 'B21', attack: 'Many credentials are opened at once', defence: 'a budget of different credentials per client and process' },
  { id: 'B22', attack: 'A webhook is forged or replayed', defence: 'signed over id, time and body, with two secrets during a change' },
  {
    id: 'B23',
    attack: 'A revoked URL sends clients looking for OAuth',
    defence: 'it answers 410 with a sentence; only the static URL answers 401',
  },

  // ---- C: vault and keys ----
  { id: 'C01', attack: 'The database is read', defence: 'secrets of others are sealed, secrets of ours are MACs under a key outside' },
  { id: 'C02', attack: 'A backup and the settings are stolen', defence: 'data keys are wrapped; without the master key nothing opens' },
  {
    id: 'C03',
    attack: 'A record is moved to another row, column or tenant',
    defence: 'the place is authenticated, field by field behind its length',
  },
  { id: 'C04', attack: 'An old record is put back', defence: 'generation and grant are part of the place' },
  { id: 'C05', attack: 'The tag is cut', defence: 'sixteen bytes, always' },
  { id: 'C06', attack: 'Bits are flipped, bytes cut or added', defence: 'the whole record is authenticated, its length included' },
  { id: 'C07', attack: 'One record opens under two keys', defence: 'a commitment to the key is checked first' },
  { id: 'C08', attack: 'The start is tried with another master key', defence: 'refused by fingerprint before anything is written' },
  { id: 'C09', attack: 'There is no usable master key', defence: 'nothing starts, and nothing is stored in clear' },
  { id: 'C10', attack: 'A nonce comes twice', defence: 'a random salt and so a key of its own for each record' },
  {
    id: 'C11',
    attack: 'Plaintext is used before the tag was checked',
    defence: 'one function opens, and it returns after final(); no other file may touch a cipher',
  },
  { id: 'C12', attack: 'The key service is out', defence: 'keys in memory serve for an hour; others fail closed within a second' },
  { id: 'C13', attack: 'The key service answers with other bytes', defence: 'every unwrapped key must open its canary' },
  { id: 'C14', attack: 'A rotation is killed', defence: 'each step is a row; the next run finishes what it finds' },
  { id: 'C15', attack: 'Another suite is claimed', defence: 'magic, format and suite are bound into key and tag' },
  {
    id: 'C16',
    attack: 'Memory is looked at from outside',
    defence: 'no inspector by signal; derived keys and plaintexts are wiped; no opened credential is kept',
  },
  {
    id: 'C17',
    attack: 'Secrets in queue, cache, log or telemetry',
    defence: 'jobs carry ids; secrets print a marker; lines are redacted where they leave',
  },
  { id: 'C18', attack: 'The kind of a failure tells something', defence: 'one error with one text for whatever does not open' },
  { id: 'C19', attack: 'Words are guessed against a dump', defence: 'lookups are HMACs under a key that the database does not hold' },
  { id: 'C20', attack: 'A forgotten tenant is restored', defence: 'the wraps of its keys are destroyed' },
  { id: 'C21', attack: 'Checking secrets costs too much', defence: 'random secrets are checked by one HMAC, never a slow hash' },

  // ---- E: the life of a token ----
  { id: 'E01', attack: 'A thousand callers meet one expired token', defence: 'callers of a process share one promise' },
  { id: 'E02', attack: 'The same over many processes', defence: 'a claim with a fence in the token’s own row' },
  { id: 'E03', attack: 'A process dies in the middle of a refresh', defence: 'a journal before the commit; whoever comes next takes over' },
  { id: 'E04', attack: 'The answer of a rotation is lost', defence: 'the same token is sent again at once, and the row says uncertain' },
  { id: 'E05', attack: 'The loser of a race is refused', defence: 'only a swap on generation and fence may end an account' },
  { id: 'E06', attack: 'The app is refused, not the user', defence: 'one incident on the connection; accounts are left alone' },
  { id: 'E07', attack: 'A refusal comes with status 200', defence: 'each connector says how its token endpoint refuses' },
  { id: 'E08', attack: 'A token endpoint answers nonsense', defence: 'a size limit and a strict shape; what does not fit is no verdict' },
  {
    id: 'E09',
    attack: 'expires_in is missing or mad',
    defence: 'numbers are clamped, digits read, anything else is the connector’s default',
  },
  { id: 'E10', attack: 'A refresh brings no refresh token', defence: 'the one at hand is kept' },
  { id: 'E11', attack: 'A refresh brings fewer scopes', defence: 'they are recorded, and only tools that need more refuse' },
  { id: 'E12', attack: 'Retry-After of every kind', defence: 'seconds and dates are honoured, fifteen minutes at most, with jitter' },
  { id: 'E13', attack: 'A provider is down', defence: 'a breaker for each connection; good access tokens keep working' },
  { id: 'E14', attack: 'An account is disconnected during a refresh', defence: 'the late token cannot land, and is given back' },
  { id: 'E15', attack: 'A new consent during a refresh', defence: 'a grant of its own, so that the old result cannot land' },
  { id: 'E16', attack: 'A suspension during a refresh', defence: 'the result is stored and not leased' },
  { id: 'E17', attack: 'Many tokens end at once', defence: 'jittered times, and a pace for each connection' },
  {
    id: 'E18',
    attack: 'Clocks are wrong, or a process stops',
    defence: 'the database’s clock for deadlines, a stopwatch for what runs here',
  },
  { id: 'E19', attack: 'A refresh token dies unused', defence: 'renewed by half of its idle time' },
  { id: 'E20', attack: 'A grant has an end of its own', defence: 'the end is known and told beforehand, with a link' },
  { id: 'E21', attack: 'Providers count grants', defence: 'an account that works is not consented to again' },
  { id: 'E22', attack: 'Deleting revokes nothing', defence: 'an outbox that tries for 72 hours and ends with a receipt' },
  { id: 'E23', attack: 'Everything must be revoked', defence: 'a fixed list, a pace for each provider, and it goes on after a restart' },
  { id: 'E24', attack: 'A backup is restored', defence: 'what the backup missed is told from what was revoked; the drill is a test' },

  // ---- F: tool calls and approvals ----
  {
    id: 'F03',
    attack: 'Something else is made than what was approved',
    defence: 'bound by a keyed hash to agent, tool as described, account and arguments, which is compared again when the call is made',
  },
  {
    id: 'F04',
    attack: 'An approval is used twice, late or after a suspension',
    defence: 'claimed in its row first; all is looked at again',
  },
  { id: 'F05', attack: 'An agent approves itself', defence: 'it holds no link that approves, and the client that calls cannot' },
  {
    id: 'F06',
    attack: 'What is shown deceives',
    defence: 'text as text, what cannot be seen by name, long values folded with their length',
  },
  {
    id: 'F07',
    attack: 'A person is asked until they stop reading',
    defence: 'the same call is one approval; twenty wait for a user at most',
  },
  { id: 'F11', attack: 'A text makes a rule’s pattern run for ever', defence: 'patterns of a matcher that reads each character once' },
  {
    id: 'F14',
    attack: 'An agent that was talked into it sends data out',
    defence: 'tools and arguments by rules of the config, asked before anything is sent; addresses parsed strictly',
  },
  {
    id: 'F15',
    attack: 'An agent runs away',
    defence: 'limits for each user, client, tool and connection; what is over them sends nothing',
  },
  {
    id: 'F16',
    attack: 'A quota is passed by calls at once or another way in',
    defence: 'one place that counts, before anything is sent, all counts of a call in one step',
  },
];
