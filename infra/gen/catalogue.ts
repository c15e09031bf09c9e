import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connector, definitionTokens, scopesOf, type Tool, waysOf } from '@grantway/connector-kit';
import { loadConnectors } from './connectors.ts';

/** What the contract tests found: by which kind of evidence a tool's requests are held to be right. */
interface Tiers {
  tools?: Record<string, { tier?: string; specification?: string; version?: string; operations?: string[]; reason?: string }>;
}

/** connectors/CATALOGUE.gen.md: every connector and tool on one page. */
export async function generate(): Promise<{ path: string; content: string }[]> {
  const connectors = await loadConnectors();
  return [{ path: 'connectors/CATALOGUE.gen.md', content: page(connectors, await tiers()) }];
}

async function tiers(): Promise<Tiers> {
  try {
    return JSON.parse(await readFile(join(import.meta.dirname, '..', '..', 'connectors', 'tiers.gen.json'), 'utf8')) as Tiers;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

function page(connectors: Connector[], found: Tiers): string {
  const tools = connectors.flatMap((connector) => connector.tools);
  return `<!-- Generated from the connectors by: npm run gen -->

# Catalogue

${connectors.length} connectors, ${tools.length} tools. Tokens are those of the definitions that an agent sees when it has all of a connector's tools, about four
characters each. The tier says what a tool's requests are held against: T1 the vendor's current specification, T2 an older one, T3 its
published types or its own SDK, T4 a documented example; none where nothing was recorded.

${table(
  ['connector', 'authorization', 'tools', 'tokens', 'T1 to T3'],
  connectors.map((c) => [
    `[${c.name}](#${c.id})`,
    waysOf(c)
      .map(({ auth }) => auth.kind)
      .join(' or '),
    String(c.tools.length),
    String(c.tools.reduce((sum, tool) => sum + definitionTokens(tool), 0)),
    String(c.tools.filter((tool) => /^T[1-3]$/.test(found.tools?.[tool.name]?.tier ?? '')).length),
  ]),
)}
${without(tools, found)}${connectors.map((connector) => section(connector, found)).join('')}`;
}

/** Tools that nothing but a page speaks for, by the reason. */
function without(tools: Tool[], found: Tiers): string {
  const by = new Map<string, string[]>();
  for (const { name } of tools) {
    const { tier = 'none', reason = 'nothing was recorded' } = found.tools?.[name] ?? {};
    if (/^T[1-3]$/.test(tier)) continue;
    const key = `${tier}: ${reason}`;
    by.set(key, [...(by.get(key) ?? []), `\`${name}\``]);
  }
  return by.size === 0
    ? ''
    : `\nHeld against no specification:\n\n${table(
        ['tier and reason', 'tools'],
        [...by].map(([why, names]) => [why, names.join(', ')]),
      )}`;
}

function section({ id, description, docs, auth, authVariants = {}, tools }: Connector, found: Tiers): string {
  const scopes = Object.keys(scopesOf(auth)).length;
  const others = Object.entries(authVariants).map(([variant, of]) => `; or \`${variant}\` (${of.label}): \`${of.auth.kind}\``);
  return `
## ${id}

${description} [Reference](${docs}). Authorization: \`${auth.kind}\`${scopes === 0 ? '' : `, ${scopes} scopes`}${others.join('')}.

${table(
  ['tool', 'effect', 'scopes', 'written from', 'tier'],
  tools.map((tool) => [
    `\`${tool.name}\`${tool.aliases.length === 0 ? '' : `<br>also ${tool.aliases.map((alias) => `\`${alias}\``).join(', ')}`}`,
    tool.idempotent && tool.effect !== 'read' ? `${tool.effect}, repeatable` : tool.effect,
    tool.scopes.map((scope) => `\`${scope}\``).join(' '),
    source(tool),
    found.tools?.[tool.name]?.tier ?? 'none',
  ]),
)}`;
}

function source({ provenance, docs }: Tool): string {
  if (provenance === undefined) return `[documentation](${docs})`;
  const { specification, version, operation } = provenance;
  return `${specification} ${version}: \`${operation}\``;
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`;
  return `${line(head)}|${'---|'.repeat(head.length)}\n${rows.map(line).join('')}`;
}
