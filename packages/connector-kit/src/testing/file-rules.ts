import { createHash } from 'node:crypto';
import type { Connector } from '../connector.ts';
import type { FileFacts } from '../file-facts.ts';
import { exampleFile, takesFile } from '../files.ts';
import { redirectIn } from '../redirect.ts';
import { answersOf, replay, responseOf } from '../run.ts';
import type { Tool } from '../tool.ts';

type Example = Tool['examples'][number];

/** What a worked example's file becomes; undefined for tools that download none. */
export function downloaded(tool: Tool, example: Example): FileFacts | undefined {
  if (tool.download === undefined) return undefined;
  const { body, headers = {} } = example.file ?? (tool.download.link === undefined ? example.receives : { body: '' });
  const bytes = Buffer.from(String(body));
  const header = (name: string) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return {
    file_id: exampleFile.file_id,
    name: /filename="([^"]+)"/.exec(header('content-disposition') ?? '')?.[1] ?? exampleFile.name,
    size: bytes.length,
    content_type: header('content-type')?.replace(/;.*$/, '') ?? 'application/octet-stream',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    expires_at: exampleFile.expires_at,
  };
}

/** Where an address leads to: one of the domains, or below one of them. */
const isBelow = (host: string, suffixes: readonly string[]) => suffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));

function linkProblems(link: string, suffixes: readonly string[]): string[] {
  const url = URL.canParse(link) ? new URL(link) : undefined;
  if (url?.protocol !== 'https:') return ['the link is no https URL'];
  return isBelow(url.hostname, suffixes) ? [] : [`${url.hostname} is below no domain that is named`];
}

/** Every request of the examples; another rule names examples that are not whole. */
const requestsOf = (tool: Tool) =>
  tool.examples.flatMap((example) => {
    const parsed = tool.input.safeParse(example.input);
    if (!parsed.success) return [];
    try {
      const answers = answersOf(example).map(({ receives }) => responseOf(receives));
      const { steps } = replay(tool, parsed.data, tool.run === undefined ? [] : answers);
      return steps.map(({ request }) => ({ input: parsed.data, request }));
    } catch {
      return [];
    }
  });

export const fileRules: { title: string; problems: (tool: Tool, connector: Connector) => string[] }[] = [
  {
    title: 'takes a file as the argument file_id, with our pattern, and sends that one',
    problems: (tool) => {
      const sends = requestsOf(tool).filter(({ request }) => request.upload !== undefined);
      if (sends.length > 0 && !takesFile(tool)) return ['it sends a file, and its file_id is no handle'];
      if (sends.length === 0 && takesFile(tool)) return ['it takes a file and sends none in its examples'];
      return sends
        .filter(({ input, request }) => request.upload?.file !== input['file_id'])
        .map(() => 'it sends another file than the one it was given');
    },
  },
  {
    title: 'downloads from the answer itself or from domains that it names',
    problems: (tool) => {
      const { download } = tool;
      if (download === undefined) return [];
      const suffixes = download.hostSuffixes ?? [];
      const found = suffixes.filter((suffix) => !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(suffix)).map((suffix) => `${suffix} is no domain`);
      if (download.link === undefined) {
        const given = tool.examples.filter(({ receives }) => typeof receives.body !== 'string');
        found.push(...given.map(() => 'an example of a file has its bytes as text'));
        for (const { receives, file } of tool.examples) {
          const link = redirectIn(receives);
          if ((link === undefined) !== (file === undefined)) found.push('an example says what stands at a link exactly where it redirects');
          if (link !== undefined) found.push(...linkProblems(link, suffixes));
        }
        return found;
      }
      for (const { receives, file } of tool.examples) {
        if (file === undefined) found.push('an example does not say what stands at the link');
        const link = download.link(structuredClone(receives.body));
        found.push(...linkProblems(link, suffixes));
      }
      return found;
    },
  },
];
