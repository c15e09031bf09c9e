// Fails when package-lock.json names an optional platform package that it does not contain: `npm ci` would then work on
// the platform that wrote the file and on no other. Also refuses addresses of registries in it.
import { readFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
const { packages } = lock;

/** Node's resolution: the nearest node_modules upwards that has the package. */
function isPresent(from, name) {
  for (let folder = from; ; ) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === '') return false;
    const at = folder.lastIndexOf('/node_modules/');
    folder = at < 0 ? '' : folder.slice(0, at);
  }
}

const problems = Object.entries(packages).flatMap(([at, entry]) => [
  ...Object.keys(entry.optionalDependencies ?? {})
    .filter((name) => !isPresent(at, name))
    .map((name) => `${at || 'the root'} wants ${name}, which the lock does not have`),
  ...(typeof entry.resolved === 'string' && entry.resolved.startsWith('http') ? [`${at} names a registry`] : []),
]);
for (const problem of problems) process.stdout.write(`package-lock.json: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
