import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Catalogue } from '@grantway/core';

/** Answers the SVG of a connector of this build, or undefined for anything else. */
export type Logos = (connectorId: string) => Promise<string | undefined>;

const maxBytes = 256 * 1024;

/** Reads each logo once; the catalogue decides what is a connector, so a name from outside never becomes a path. */
export function createLogos(catalogue: Pick<Catalogue, 'ids'>, connectorsDir: string): Logos {
  const read = new Map<string, Promise<string>>();
  return async (connectorId) => {
    if (!catalogue.ids().includes(connectorId)) return undefined;
    const known = read.get(connectorId) ?? logoOf(connectorsDir, connectorId).then((svg) => svg ?? letterTile(connectorId));
    read.set(connectorId, known);
    return known;
  };
}

async function logoOf(connectorsDir: string, connectorId: string): Promise<string | undefined> {
  try {
    const svg = await readFile(path.join(connectorsDir, connectorId, 'logo.svg'), 'utf8');
    return svg.length <= maxBytes ? svg : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What stands where a connector has no logo: its first letter, in a colour of its own. */
function letterTile(connectorId: string): string {
  const hue = createHash('sha256').update(connectorId).digest().readUInt16BE() % 360;
  const letter = /[a-z0-9]/i.exec(connectorId)?.[0].toUpperCase() ?? '?';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="14" fill="hsl(${hue} 45% 38%)"/>` +
    `<text x="32" y="44" text-anchor="middle" font-family="system-ui,sans-serif" font-size="34" font-weight="650" fill="#fff">${letter}</text></svg>`
  );
}

/** An SVG opened by itself is a document; this one can neither run nor load anything. */
export const logoHeaders: Record<string, string> = {
  'content-type': 'image/svg+xml; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'public, max-age=3600',
};
