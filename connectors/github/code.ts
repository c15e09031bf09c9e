import { get, path, tool } from '@grantway/connector-kit';
import { z } from 'zod';
import { contentExample, minimalRepoExample } from './examples.ts';
import { branch, cursor, cut, docsBase, from, limit, nextCursor, nextPage, owner, paged, repo } from './fields.ts';

/** Below the repository's root: no leading slash, no dot segments. Slashes are escaped, which GitHub takes. */
const filePath = z
  .string()
  .max(400)
  .regex(/^(?!(.*\/)?\.{1,2}(\/|$))[^/\\\p{Cc}%][^\\\p{Cc}%]*$/u)
  .refine((text) => !text.includes('//') && !text.endsWith('/'), 'holds an empty segment');

const textMax = 20_000;

interface FileBody {
  type: string;
  path: string;
  sha: string;
  size: number;
  html_url: string | null;
  content?: string;
  encoding?: string;
}

const Entry = z.object({ type: z.string(), path: z.string(), size: z.int() });

/** The text of a base64 file, or undefined where it is none: an image, an archive. */
function textOf({ content, encoding }: FileBody): string | undefined {
  if (content === undefined || encoding !== 'base64') return undefined;
  try {
    const bytes = Uint8Array.from(atob(content.replace(/\s/g, '')), (char) => char.charCodeAt(0));
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\u0000') ? undefined : text;
  } catch {
    // Bytes that are no UTF-8 are an answer of their own: the file is not text.
    return undefined;
  }
}

function base64Of(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

export const fileContentsGet = tool({
  name: 'github_file_contents_get',
  title: 'Read a file or folder',
  description:
    'Read one text file of a repository, or list a folder (entries). Texts over 20,000 characters are cut (truncated); text is ' +
    'null for binary files and those over 1 MB. sha is what github_file_create_update needs. Find paths with github_search_code.',
  effect: 'read',
  scopes: [],
  input: z.object({
    owner,
    repo,
    path: filePath.describe('Path from the root, for example src/tax.ts, or a folder'),
    ref: branch.optional().describe('Branch, tag or commit; the default branch unless told'),
  }),
  output: z.object({
    type: z.string(),
    path: z.string(),
    sha: z.string().nullable(),
    size: z.int(),
    url: z.string().nullable(),
    text: z.string().nullable(),
    truncated: z.boolean(),
    entries: z.array(Entry),
  }),
  request: ({ owner, repo, path: file, ref }) => get(path`/repos/${owner}/${repo}/contents/${file}`, { ref }),
  respond: (body: FileBody | FileBody[]) => {
    if (Array.isArray(body)) {
      const entries = body.map(({ type, path, size }) => ({ type, path, size }));
      const folder = body[0]?.path.split('/').slice(0, -1).join('/') ?? '';
      return { type: 'dir', path: folder, sha: null, size: 0, url: null, text: null, truncated: false, entries };
    }
    const { type, path, sha, size, html_url: url } = body;
    const whole = textOf(body);
    const held = whole === undefined || (whole === '' && size > 0) ? { text: null, truncated: false } : cut(whole, textMax);
    return { type, path, sha, size, url, ...held, entries: [] };
  },
  docs: `${docsBase}/repos/contents#get-repository-content`,
  provenance: from('repos/get-content'),
  examples: [
    {
      input: { owner: 'acme', repo: 'checkout-api', path: 'src/tax.ts' },
      receives: {
        body: {
          ...contentExample('src/tax.ts', '3d21ec53a331a6f037a91c368710b99387d012c1', 44),
          encoding: 'base64',
          content: 'ZXhwb3J0IGNvbnN0IHJhdGVzID0gbmV3IE1hcDxzdHJpbmcs\nIG51bWJlcj4oKTsK\n',
        },
      },
      gives: {
        type: 'file',
        path: 'src/tax.ts',
        sha: '3d21ec53a331a6f037a91c368710b99387d012c1',
        size: 44,
        url: 'https://github.com/acme/checkout-api/blob/main/src/tax.ts',
        text: 'export const rates = new Map<string, number>();\n',
        truncated: false,
        entries: [],
      },
    },
  ],
});

interface FileCommit {
  content: { path: string; sha: string; html_url: string } | null;
  commit: { sha: string; html_url: string; message: string };
}

export const fileCreateUpdate = tool({
  name: 'github_file_create_update',
  title: 'Write a file',
  description:
    'Create one text file, or replace it as a whole, in one commit. To replace, give the sha from github_file_contents_get; ' +
    'without it an existing file is not touched. Work on a branch of your own: github_branch_create.',
  effect: 'write',
  scopes: ['public_repo'],
  input: z.object({
    owner,
    repo,
    path: filePath.describe('Path from the root, for example docs/runbook.md'),
    message: z.string().min(1).max(5000).describe('Message of the commit'),
    content: z.string().max(400_000).describe('The whole new text, as it is: not base64'),
    sha: z
      .string()
      .regex(/^[0-9a-f]{40}$/)
      .optional()
      .describe('sha of the file that is replaced'),
    branch: branch.optional().describe('Branch to commit to; the default branch unless told'),
  }),
  output: z.object({ path: z.string(), sha: z.string(), url: z.string(), commit_sha: z.string(), commit_url: z.string() }),
  request: ({ owner, repo, path: file, content, ...rest }) => ({
    method: 'PUT',
    path: path`/repos/${owner}/${repo}/contents/${file}`,
    json: { ...rest, content: base64Of(content) },
  }),
  respond: ({ content, commit }: FileCommit) => ({
    path: content?.path ?? '',
    sha: content?.sha ?? '',
    url: content?.html_url ?? '',
    commit_sha: commit.sha,
    commit_url: commit.html_url,
  }),
  docs: `${docsBase}/repos/contents#create-or-update-file-contents`,
  provenance: from('repos/create-or-update-file-contents'),
  examples: [
    {
      input: {
        owner: 'acme',
        repo: 'checkout-api',
        path: 'docs/runbook.md',
        message: 'Say how to warm the tax cache',
        content: '# Runbook\n',
        branch: 'cache-tax-rates',
      },
      receives: {
        status: 201,
        body: {
          content: contentExample('docs/runbook.md', '95b966ae1c166bd92f8ae7d1c313e738c731dfc3', 10),
          commit: {
            sha: '7638417db6d59f3c431d3e1f261cc637155684cd',
            node_id: 'C_kwDO7638417d',
            url: 'https://api.github.com/repos/acme/checkout-api/git/commits/7638417db6d59f3c431d3e1f261cc637155684cd',
            html_url: 'https://github.com/acme/checkout-api/commit/7638417db6d59f3c431d3e1f261cc637155684cd',
            author: { date: '2025-11-21T10:12:00Z', name: 'Jonas Kim', email: 'jonas@acme.example' },
            committer: { date: '2025-11-21T10:12:00Z', name: 'Jonas Kim', email: 'jonas@acme.example' },
            message: 'Say how to warm the tax cache',
            tree: {
              url: 'https://api.github.com/repos/acme/checkout-api/git/trees/691272480426f78a0138979dd3ce63b77f706feb',
              sha: '691272480426f78a0138979dd3ce63b77f706feb',
            },
            parents: [
              {
                url: 'https://api.github.com/repos/acme/checkout-api/git/commits/1acc419d4d6a9ce985db7be48c6349a0475975b5',
                html_url: 'https://github.com/acme/checkout-api/commit/1acc419d4d6a9ce985db7be48c6349a0475975b5',
                sha: '1acc419d4d6a9ce985db7be48c6349a0475975b5',
              },
            ],
            verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
          },
        },
      },
      gives: {
        path: 'docs/runbook.md',
        sha: '95b966ae1c166bd92f8ae7d1c313e738c731dfc3',
        url: 'https://github.com/acme/checkout-api/blob/main/docs/runbook.md',
        commit_sha: '7638417db6d59f3c431d3e1f261cc637155684cd',
        commit_url: 'https://github.com/acme/checkout-api/commit/7638417db6d59f3c431d3e1f261cc637155684cd',
      },
    },
  ],
});

interface CodeHits {
  total_count: number;
  items: { path: string; sha: string; html_url: string; repository: { full_name: string }; text_matches?: { fragment?: string }[] }[];
}

export const searchCode = tool({
  name: 'github_search_code',
  title: 'Search code',
  description:
    'Search the code of default branches, with the lines that fit. Narrow with repo:acme/api, org:acme, language:go, path:src, ' +
    'filename:package.json; at least one word beside the qualifiers. Read a hit with github_file_contents_get. About 10 calls a minute.',
  effect: 'read',
  scopes: [],
  input: z.object({
    q: z.string().min(1).max(256).describe('Words and qualifiers, for example: fetchRate repo:acme/checkout-api'),
    limit,
    cursor,
  }),
  output: z.object({
    total_count: z.int(),
    files: z.array(
      z.object({ repository: z.string(), path: z.string(), sha: z.string(), url: z.string(), fragments: z.array(z.string()) }),
    ),
    next_cursor: nextCursor,
  }),
  request: (input) => ({ ...get('/search/code', paged(input)), headers: { accept: 'application/vnd.github.text-match+json' } }),
  respond: (body: CodeHits, response) => ({
    total_count: body.total_count,
    files: body.items.map((item) => ({
      repository: item.repository.full_name,
      path: item.path,
      sha: item.sha,
      url: item.html_url,
      fragments: (item.text_matches ?? []).slice(0, 3).map((match) => (match.fragment ?? '').slice(0, 500)),
    })),
    next_cursor: nextPage(response),
  }),
  docs: `${docsBase}/search/search#search-code`,
  provenance: from('search/code'),
  examples: [
    {
      input: { q: 'fetchRate repo:acme/checkout-api' },
      receives: {
        body: {
          total_count: 1,
          incomplete_results: false,
          items: [
            {
              name: 'tax.ts',
              path: 'src/tax.ts',
              sha: '3d21ec53a331a6f037a91c368710b99387d012c1',
              url: 'https://api.github.com/repositories/601204/contents/src/tax.ts?ref=6dcb09b5',
              git_url: 'https://api.github.com/repositories/601204/git/blobs/3d21ec53a331a6f037a91c368710b99387d012c1',
              html_url: 'https://github.com/acme/checkout-api/blob/6dcb09b5/src/tax.ts',
              repository: minimalRepoExample('checkout-api', 601_204),
              score: 1,
              text_matches: [
                {
                  object_url: 'https://api.github.com/repositories/601204/contents/src/tax.ts?ref=6dcb09b5',
                  object_type: 'FileContent',
                  property: 'content',
                  fragment: 'return held ?? fetchRate(country);',
                  matches: [{ text: 'fetchRate', indices: [15, 24] }],
                },
              ],
            },
          ],
        },
      },
      gives: {
        total_count: 1,
        files: [
          {
            repository: 'acme/checkout-api',
            path: 'src/tax.ts',
            sha: '3d21ec53a331a6f037a91c368710b99387d012c1',
            url: 'https://github.com/acme/checkout-api/blob/6dcb09b5/src/tax.ts',
            fragments: ['return held ?? fetchRate(country);'],
          },
        ],
        next_cursor: null,
      },
    },
  ],
});
