import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * The packages of this folder's own lock file. They are found when the contracts run and not before, so that the project's
 * own checks do without them: hence the narrow types here instead of theirs.
 */
export const folder = fileURLToPath(new URL('.', import.meta.url));
export const modules = path.join(folder, 'node_modules');
export const cache = path.join(modules, '.cache');
const require = createRequire(path.join(folder, 'package.json'));

/** A specification that could not be had: what was not checked has not passed. */
export class Unfetched extends Error {}

export const inPackage = (name: string, ...rest: string[]) => path.join(modules, name, ...rest);
export const textOf = (file: string) => readFileSync(file, 'utf8');
export const versionOf = (name: string) => (JSON.parse(textOf(inPackage(name, 'package.json'))) as { version: string }).version;
export const load = <T>(name: string): T => require(name) as T;
export const importFile = (file: string): Promise<Record<string, unknown>> => import(pathToFileURL(file).href);
