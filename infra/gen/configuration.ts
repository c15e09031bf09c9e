import { settings } from '@grantway/broker';
import { faults } from '@grantway/contract';

/** .env.example, the configuration reference and the fault table, each from the one place where its words stand. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  return [
    { path: '.env.example', content: envExample() },
    { path: 'infra/CONFIGURATION.gen.md', content: configuration() },
    { path: 'packages/contract/FAULTS.gen.md', content: faultTable() },
  ];
}

interface Setting {
  default: string | undefined;
  secret?: boolean;
  doc: string;
}
const all = Object.entries(settings as Record<string, Setting>);

function envExample(): string {
  const head = '# Copy to .env and fill in what differs from the default. The environment wins over this file.\n';
  return head + all.map(([name, s]) => `\n# ${s.doc}\n# ${name}=${s.default ?? ''}\n`).join('');
}

function configuration(): string {
  const rows = all.map(
    ([name, s]) => `| \`${name}\` | ${s.default === undefined ? '' : `\`${s.default}\``} | ${s.secret === true ? 'yes' : ''} | ${s.doc} |`,
  );
  return [
    '# Configuration',
    '',
    'Every setting is an environment variable, or a line of `.env` in the working directory. All problems are reported at once, before anything starts.',
    '',
    '| setting | default | secret | what it does |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function faultTable(): string {
  const rows = Object.entries(faults).map(
    ([code, f]) => `| \`${code}\` | ${f.status} | ${f.actor} | ${f.retry ? 'yes' : 'no'} | ${f.title} |`,
  );
  return [
    '# Faults',
    '',
    'Every refusal is one of these: as problem+json (RFC 9457) from the API, as a tool result from the MCP endpoint, as a page from the hosted pages.',
    '',
    '| code | HTTP status | who must act | repeating helps | title |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
