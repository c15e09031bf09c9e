import { isDeepStrictEqual } from 'node:util';
import {
  type ApiRequest,
  type ApiResponse,
  type Connector,
  type Credential,
  type FileFacts,
  handlesIn,
  type Tool,
  takesFile,
  takesFiles,
} from '@grantway/connector-kit';
import { type AuditAction, ContentType, Fault, FileName, type Secret } from '@grantway/contract';
import { recordAudit, schema } from '@grantway/db';
import { type ApiTarget, EgressError, type OutboundFile } from '@grantway/egress';
import type { Lease } from '@grantway/vault';
import { and, eq, inArray } from 'drizzle-orm';
import { auditOf } from './files.ts';
import { type FileRow, factsOf, isReadable, openStored, removeFile, storeFile } from './stored-files.ts';
import type { Call } from './tool-call.ts';

/** The files that a call's arguments name, in their order. */
export interface CallFiles {
  rows: readonly [FileRow, ...FileRow[]];
  /** As `request` and `run` of a tool are told of them. */
  facts: [file: FileFacts | undefined, files: FileFacts[] | undefined];
}

/**
 * The files that a call's arguments name: the very user's, in the very environment.
 * @throws Fault argument_invalid, in the same words whosever they are; nothing was sent
 */
export function filesOfCall(call: Call, tool: Tool, input: Record<string, unknown>): Promise<CallFiles | undefined> | undefined {
  const { file_id: one, file_ids: several } = input;
  if (typeof one === 'string' && takesFile(tool)) return namedFiles(call, input, 'file_id');
  return Array.isArray(several) && takesFiles(tool) ? namedFiles(call, input, 'file_ids') : undefined;
}

async function namedFiles(
  { modules, caller }: Call,
  input: Record<string, unknown>,
  name: 'file_id' | 'file_ids',
): Promise<CallFiles | undefined> {
  const ids = [input[name]].flat() as string[];
  const t = schema.files;
  const { environmentId, userIdentifier } = caller;
  const found = await modules.db.inEnvironment(environmentId, (tx) =>
    tx
      .select()
      .from(t)
      .where(and(inArray(t.id, ids), eq(t.environmentId, environmentId), eq(t.userIdentifier, userIdentifier), isReadable())),
  );
  const rows = ids.map((id, i) => found.find((row) => row.id === id) ?? noFile(name === 'file_id' ? '/file_id' : `/file_ids/${i}`));
  const [first, ...rest] = rows;
  if (first === undefined) return undefined;
  return { rows: [first, ...rest], facts: name === 'file_id' ? [factsOf(first), undefined] : [undefined, rows.map(factsOf)] };
}

/** As the last arguments of `request` and `run`. */
export const factsFor = (files: CallFiles | undefined): CallFiles['facts'] => files?.facts ?? [undefined, undefined];

function noFile(pointer: string): never {
  throw wrongFile(pointer, 'there is no such file of this user, or it has expired');
}

function wrongFile(pointer: string, detail: string): Fault {
  return new Fault('argument_invalid', { detail: `${pointer.slice(1)}: ${detail}`, errors: [{ pointer, detail }] });
}

/** Before a byte of them leaves: which file goes where. */
export async function auditSent({ modules, caller, record }: Call, { rows }: CallFiles): Promise<void> {
  await modules.db.inEnvironment(caller.environmentId, async (tx) => {
    for (const file of rows) {
      await recordAudit(tx, {
        environmentId: caller.environmentId,
        action: 'file.sent' satisfies AuditAction,
        actor: caller.clientId === null ? { kind: 'system', id: null } : { kind: 'client', id: caller.clientId },
        target: { kind: 'file', id: file.id },
        requestId: caller.requestId,
        details: { ...auditOf(file), tool: record.tool_name, tool_call_id: record.id, connected_account_id: record.connected_account_id },
      });
    }
  });
}

/** What follows counts on it: an approval's claim and a key's, which are given up some time after the longest call. */
const totalOf = (toolTimeoutMs: number) => 3 * toolTimeoutMs;

/** One request of a tool to the provider. @throws EgressError, Fault as storeFile */
export function exchangeOnce(
  call: Call,
  tool: Tool,
  target: ApiTarget,
  request: ApiRequest,
  credential: Secret<Credential>,
  { files, timeoutMs }: { files: CallFiles | undefined; timeoutMs: number },
): Promise<ApiResponse> {
  const { egress } = call.modules;
  const totalMs = totalOf(timeoutMs);
  if (request.upload !== undefined) {
    if (files === undefined || !isDeepStrictEqual(handlesIn(request), idsOf(files)))
      throw new Error(`${tool.name} would send other files than its arguments name`);
    return egress.call(target, request, credential, { timeoutMs, totalMs, file: files.rows.map((row) => outbound(call, row)) });
  }
  const { download } = tool;
  if (download === undefined || download.link !== undefined || (tool.run !== undefined && request.receive === undefined))
    return egress.call(target, request, credential, { timeoutMs });
  return fetchFile(call, download, target, request, credential);
}

async function fetchFile(
  call: Call,
  download: NonNullable<Tool['download']>,
  target: ApiTarget,
  request: ApiRequest,
  credential: Secret<Credential>,
): Promise<ApiResponse> {
  const { received, ...response } = await bounded(call, () =>
    call.modules.egress.download(target, request, credential, {
      ...limits(call),
      hostSuffixes: download.hostSuffixes,
      inJson: download.inJson,
      receive: keep(call, request, download),
    }),
  );
  return received === undefined ? response : { ...response, file: received };
}

const idsOf = ({ rows }: CallFiles) => rows.map(({ id }) => id);

/** @throws Fault argument_invalid where the tool's files are more than the provider takes; nothing was sent */
export function mustFit({ upload }: ApiRequest, files: CallFiles | undefined): void {
  if (upload?.maxBytes === undefined || files === undefined) return;
  const bytes = files.rows.reduce((sum, { size }) => sum + size, 0);
  if (bytes > upload.maxBytes)
    throw wrongFile('files' in upload ? '/file_ids' : '/file_id', `${bytes} bytes, of which the provider takes ${upload.maxBytes}`);
}

function outbound({ modules }: Call, row: FileRow): OutboundFile {
  const { name, contentType, size, sha256 } = row;
  return { name, contentType, size, ...(sha256 === null ? {} : { sha256 }), open: () => openStored(modules, row) };
}

const limits = ({ modules }: Call) => ({
  timeoutMs: modules.settings.toolTimeoutMs,
  totalMs: totalOf(modules.settings.toolTimeoutMs),
  maxFileBytes: modules.files.settings.maxBytes,
});

/** The answer with the file that stands at the link in it. @throws Fault provider_answer_invalid, egress_blocked and those of a failing provider */
export async function followLink(
  call: Call,
  { tool, connector }: { tool: Tool; connector: Connector },
  lease: Lease,
  response: ApiResponse,
): Promise<ApiResponse> {
  const { download } = tool;
  if (download?.link === undefined) return response;
  let link: string;
  try {
    link = download.link(response.body);
    if (typeof link !== 'string') throw new TypeError('the link is no text');
  } catch (cause) {
    throw new Fault('provider_answer_invalid', { detail: `${connector.name} gave no link to the file`, cause });
  }
  try {
    const { hostSuffixes } = download;
    const receive = keep(call, { path: new URL(link, 'https://nowhere.invalid').pathname });
    const file = await bounded(call, () => call.modules.egress.fetchLink(link, lease.sandbox, { ...limits(call), hostSuffixes, receive }));
    return { ...response, file };
  } catch (error) {
    throw error instanceof EgressError ? error.toFault() : error;
  }
}

async function bounded<T>({ modules }: Call, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof EgressError) || cause.kind !== 'too_large') throw cause;
    throw new Fault('provider_answer_invalid', { detail: `the file is larger than ${modules.files.settings.maxBytes} bytes`, cause });
  }
}

/** Takes a provider's stream into a new file of the caller's user. */
function keep(
  call: Call,
  { path, receive: known }: Pick<ApiRequest, 'path' | 'receive'>,
  download: Partial<NonNullable<Tool['download']>> = {},
) {
  const { modules, caller, record } = call;
  const { inJson, naming } = download;
  return async (
    { headers }: { headers: Record<string, string> },
    bytes: AsyncIterable<Buffer>,
    rest: () => unknown,
  ): Promise<FileFacts> => {
    const { environmentId, userIdentifier, clientId } = caller;
    // The headers of an answer that only holds the file are about the answer.
    const about = inJson === undefined ? headers : {};
    const declared = about['content-length'] ?? '';
    const size = /^\d{1,15}$/.test(declared) ? Number(declared) : undefined;
    const of = {
      environmentId,
      userIdentifier,
      clientId,
      toolCallId: record.id,
      name: cleanName(known?.name) ?? nameOf(about, inJson === undefined ? path : ''),
      contentType: typeOf(known?.contentType) ?? typeOf(about['content-type']) ?? 'application/octet-stream',
      size,
      // It may stand behind the bytes.
      finally: () => {
        if (naming === undefined) return {};
        const { name, contentType } = naming(rest());
        return { name: cleanName(name), contentType: typeOf(contentType) };
      },
    };
    const row = await storeFile(modules, of, bytes, (tx, made) =>
      recordAudit(tx, {
        environmentId,
        action: 'file.created' satisfies AuditAction,
        actor: clientId === null ? { kind: 'system', id: null } : { kind: 'client', id: clientId },
        target: { kind: 'file', id: made.id },
        requestId: caller.requestId,
        details: { ...auditOf(made), tool: record.tool_name },
      }),
    );
    return factsOf(row);
  };
}

/** What came of a call that is of no use to anybody. */
export async function dropFile(call: Call, file: FileFacts): Promise<void> {
  const { modules, caller } = call;
  const row = { id: file.file_id, environmentId: caller.environmentId } as FileRow;
  await removeFile(modules, row, async () => {}).catch((err: unknown) =>
    modules.log.warn({ err, file_id: row.id }, 'a file stays until it expires'),
  );
}

function typeOf(text: string | undefined): string | undefined {
  const parsed = ContentType.safeParse(text?.trim());
  return parsed.success ? parsed.data : undefined;
}

/** RFC 6266, or the last part of the path: made into a name that is one. */
function nameOf(headers: Record<string, string>, path: string): string {
  const disposition = headers['content-disposition'] ?? '';
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1];
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition);
  const said = extended === undefined ? (plain?.[1]?.replaceAll(/\\(.)/g, '$1') ?? plain?.[2]) : decodedName(extended);
  return [said, decodedName(path.split('/').at(-1) ?? '')].map(cleanName).find((name) => name !== undefined) ?? 'download';
}

function cleanName(text: string | undefined): string | undefined {
  const cleaned = text
    ?.normalize('NFC')
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\\/:*?"<>|]/gu, '_')
    .slice(-200)
    .replace(/^\p{Surrogate}/u, '_')
    .trim();
  const parsed = FileName.safeParse(cleaned);
  return parsed.success ? parsed.data : undefined;
}

function decodedName(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
