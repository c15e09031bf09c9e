import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Connector } from '../connector.ts';
import { exampleFile, type FileFacts } from '../file-facts.ts';
import { type exampleFacts, handlesIn, takesFile, takesFiles } from '../files.ts';
import { redirectIn } from '../redirect.ts';
import type { ApiRequest } from '../request.ts';
import { answersOf, replay, responseOf } from '../run.ts';
import type { Tool } from '../tool.ts';
import { valueAt } from './pointer.ts';

type Example = Tool['examples'][number];

/** What a worked example's file becomes; undefined for tools that download none. */
export function downloaded(tool: Tool, example: Example): FileFacts | undefined {
  if (tool.download === undefined) return undefined;
  const { link, inJson, naming } = tool.download;
  const { body, headers = {} } = example.file ?? (link === undefined ? example.receives : { body: '' });
  const bytes = inJson === undefined ? Buffer.from(String(body)) : Buffer.from(String(valueAt(body, inJson.pointer)), inJson.encoding);
  const told = { ...stepsOf(tool, example).at(-1)?.request.receive, ...naming?.(structuredClone(body)) };
  const header = (name: string) => Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return {
    file_id: exampleFile.file_id,
    name: told.name ?? /filename="([^"]+)"/.exec(header('content-disposition') ?? '')?.[1] ?? exampleFile.name,
    size: bytes.length,
    content_type:
      told.contentType ?? (inJson === undefined ? header('content-type')?.replace(/;.*$/, '') : undefined) ?? 'application/octet-stream',
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

/** What an example's requests are; another rule names examples that are not whole. */
function stepsOf(tool: Tool, example: Example) {
  const parsed = tool.input.safeParse(example.input);
  if (!parsed.success) return [];
  try {
    const answers = answersOf(example).map(({ receives }) => responseOf(receives));
    const { steps } = replay(tool, parsed.data, tool.run === undefined ? [] : answers);
    return steps.map(({ request }) => ({ input: parsed.data, request }));
  } catch {
    return [];
  }
}

const requestsOf = (tool: Tool) => tool.examples.flatMap((example) => stepsOf(tool, example));

/** Names that a header, a form or a document could read as its own. The first three are refused as names before. */
const hostileNames = [
  'a\r\nBcc: evil@evil.example',
  'a"; filename="b',
  "a'; filename*=UTF-8''b.exe",
  '=?UTF-8?B?ZXZpbA==?=',
  '%0d%0aBcc: evil@evil.example',
  '{name}',
  'Bericht für Mira 📈.pdf',
];

/** The same requests for files of these facts. */
function requestsWith(tool: Tool, example: Example, facts: Partial<FileFacts>): ApiRequest[] {
  const changed: Tool = {
    ...tool,
    request: (input, file, files) => tool.request(input, ...withFacts(file, files, facts)),
    ...(tool.run === undefined
      ? {}
      : { run: (input, file, files) => (tool.run as NonNullable<Tool['run']>)(input, ...withFacts(file, files, facts)) }),
  };
  return stepsOf(changed, example).map(({ request }) => request);
}

const withFacts = (
  file: FileFacts | undefined,
  files: FileFacts[] | undefined,
  facts: Partial<FileFacts>,
): ReturnType<typeof exampleFacts> => [file === undefined ? undefined : { ...file, ...facts }, files?.map((one) => ({ ...one, ...facts }))];

export const fileRules: { title: string; problems: (tool: Tool, connector: Connector) => string[] }[] = [
  {
    title: 'takes a file as the argument file_id, with our pattern, and sends that one',
    problems: (tool) => {
      const sends = requestsOf(tool).filter(({ request }) => request.upload !== undefined);
      if (sends.length > 0 && !takesFile(tool) && !takesFiles(tool)) return ['it sends a file, and its file_id is no handle'];
      if (sends.length === 0 && (takesFile(tool) || takesFiles(tool))) return ['it takes a file and sends none in its examples'];
      return sends
        .filter(({ input, request }) => !isDeepStrictEqual(handlesIn(request), [input['file_ids'] ?? input['file_id']].flat()))
        .map(() => 'it sends another file than the one it was given');
    },
  },
  {
    title: 'lets no name of a file steer its request',
    problems: (tool) =>
      !takesFile(tool) && !takesFiles(tool)
        ? []
        : tool.examples.flatMap((example, i) => {
            const honest = requestsWith(tool, example, {});
            return hostileNames.flatMap((name) => {
              const requests = requestsWith(tool, example, { name });
              const where = `example ${i}: a file named ${JSON.stringify(name)}`;
              if (requests.length !== honest.length) return [`${where} ends the call`];
              return requests.flatMap((request, at) => {
                const like = honest[at] as ApiRequest;
                const mail = ({ upload }: ApiRequest) =>
                  upload !== undefined && 'files' in upload && 'mail' in upload.as ? upload.as.mail : {};
                const outside = (of: ApiRequest) => [of.method, of.host, of.path, of.headers, mail(of)];
                return isDeepStrictEqual(outside(request), outside(like)) ? [] : [`${where} reaches the path, a header or the text`];
              });
            });
          }),
  },
  {
    title: 'downloads from the answer itself or from domains that it names',
    problems: (tool) => {
      const { download } = tool;
      if (download === undefined) return [];
      const suffixes = download.hostSuffixes ?? [];
      const found = suffixes.filter((suffix) => !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(suffix)).map((suffix) => `${suffix} is no domain`);
      found.push(...markProblems(tool));
      const { inJson } = download;
      if (inJson !== undefined) return [...found, ...inJsonProblems(tool, inJson)];
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

/** Of several requests the last one is the one that is answered by the file. */
function markProblems(tool: Tool): string[] {
  if (tool.run === undefined) return [];
  if (tool.download?.link !== undefined) return ['the file of several requests is an answer, not behind a link'];
  return tool.examples.flatMap((example) => {
    const marked = stepsOf(tool, example).map(({ request }) => request.receive !== undefined);
    return marked.at(-1) === true && marked.indexOf(true) === marked.length - 1 ? [] : ['its last request, and no other, says `receive`'];
  });
}

function inJsonProblems(tool: Tool, { pointer, encoding }: { pointer: string; encoding: 'base64' | 'base64url' }): string[] {
  const found = tool.download?.link === undefined ? [] : ['a file is in the answer or behind a link'];
  for (const { receives } of tool.examples) {
    const text = valueAt(receives.body, pointer);
    if (typeof text !== 'string') found.push(`nothing stands at ${pointer}`);
    else if (Buffer.from(text, encoding).toString(encoding).replace(/=+$/, '') !== text.replace(/=+$/, ''))
      found.push(`the file is no ${encoding}`);
  }
  return found;
}
