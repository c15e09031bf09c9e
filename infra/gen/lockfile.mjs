// Fails when a lock file names an optional platform package that it does not contain: `npm ci` would then work on the
// platform that wrote the file and on no other. Also refuses addresses of registries in it.
import { readFileSync } from 'node:fs';

/** The project's own, and those of the packages that are installed apart from it. */
const files = [
  'package-lock.json',
  'test/clients/published/package-lock.json',
  'test/conformance/package-lock.json',
  'test/contracts/package-lock.json',
];

/** Node's resolution: the nearest node_modules upwards that has the package. */
function isPresent(packages, from, name) {
  for (let folder = from; ; ) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === '') return false;
    const at = folder.lastIndexOf('/node_modules/');
    folder = at < 0 ? '' : folder.slice(0, at);
  }
}

function problemsOf(file) {
  const { packages } = JSON.parse(readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8'));
  return Object.entries(packages).flatMap(([at, entry]) => [
    ...Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !isPresent(packages, at, name))
      .map((name) => `${file}: ${at || 'the root'} wants ${name}, which the lock does not have`),
    ...(typeof entry.resolved === 'string' && entry.resolved.startsWith('http') ? [`${file}: ${at} names a registry`] : []),
  ]);
}

const problems = files.flatMap(problemsOf);
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
