import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cache, folder, Unfetched } from './outside.ts';

/**
 * Packages that are large for a few files of theirs (`@octokit/openapi` unpacks to 400 MB for one of 13): their archive is fetched by the
 * registry's ordinary client, held against the integrity that `archives.json` has of it, and the files alone are kept.
 */
interface Archive {
  from: 'npm' | 'pypi';
  version: string;
  integrity: string;
  files: string[];
}

const list = path.join(folder, 'archives.json');
export const archives = () => JSON.parse(readFileSync(list, 'utf8')) as Record<string, Archive>;

function archiveOf(name: string): Archive {
  const archive = archives()[name];
  if (archive === undefined) throw new Error(`archives.json has no ${name}`);
  return archive;
}

export const archiveVersion = (name: string) => archiveOf(name).version;

const unpacked = (name: string, { version }: Archive) => path.join(cache, `${name.replace('/', '+')}-${version}`);

/** One file of an archive, which is fetched when it is needed for the first time. */
export function archivedText(name: string, file: string): string {
  const archive = archiveOf(name);
  if (!archive.files.includes(file)) throw new Error(`archives.json takes no ${file} from ${name}`);
  const at = path.join(unpacked(name, archive), file);
  if (!existsSync(at)) fetchArchive(name, archive);
  return readFileSync(at, 'utf8');
}

export const archived = (name: string, file: string): unknown => JSON.parse(archivedText(name, file));

function fetchArchive(name: string, archive: Archive): void {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(path.join(cache, 'fetching-'));
  try {
    const fetched = download(name, archive, work);
    const found = integrityOf(fetched, archive.integrity);
    if (found !== archive.integrity) throw new Error(`${name} ${archive.version} is ${found}, not ${archive.integrity}`);
    const out = path.join(work, 'out');
    mkdirSync(out);
    if (archive.from === 'npm') run('tar', ['-xzf', fetched, '-C', out, ...archive.files]);
    else
      run('python3', [
        '-c',
        'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2], sys.argv[3:])',
        fetched,
        out,
        ...archive.files,
      ]);
    rmSync(unpacked(name, archive), { recursive: true, force: true });
    renameSync(out, unpacked(name, archive));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function download(name: string, { from, version }: Pick<Archive, 'from' | 'version'>, into: string): string {
  try {
    if (from === 'npm') run('npm', ['pack', `${name}@${version}`, '--pack-destination', into, '--loglevel', 'error', '--ignore-scripts']);
    else
      run('python3', [
        ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:'],
        ...['--dest', into, `${name}==${version}`],
      ]);
  } catch (error) {
    throw new Unfetched((error as Error).message);
  }
  const file = readdirSync(into).find((entry) => /\.(tgz|whl)$/.test(entry));
  if (file === undefined) throw new Unfetched(`${name} ${version}: no archive came`);
  return path.join(into, file);
}

function integrityOf(file: string, like: string): string {
  const bytes = readFileSync(file);
  return like.startsWith('sha512-')
    ? `sha512-${createHash('sha512').update(bytes).digest('base64')}`
    : `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
}

function run(command: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${stderr}`);
  return stdout;
}

/** Takes the newest version of an archive into `archives.json`; the old one, where there is a newer. */
export function bumpArchive(name: string): { from: string; to: string } | undefined {
  const all = archives();
  const archive = archiveOf(name);
  const newest =
    archive.from === 'npm'
      ? run('npm', ['view', name, 'version', '--loglevel', 'error']).trim()
      : (/\(([\d.]+)\)/.exec(run('python3', ['-m', 'pip', 'index', 'versions', name]))?.[1] ?? archive.version);
  if (newest === archive.version) return undefined;
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(path.join(cache, 'fetching-'));
  const integrity = integrityOf(download(name, { ...archive, version: newest }, work), archive.integrity);
  rmSync(work, { recursive: true, force: true });
  writeFileSync(list, `${JSON.stringify({ ...all, [name]: { ...archive, version: newest, integrity } }, null, 2)}\n`);
  return { from: archive.version, to: newest };
}
