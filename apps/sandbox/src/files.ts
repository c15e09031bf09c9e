import { type ApiRequest, type FilesUpload, type FileUpload, redirectIn, type Tool } from '@grantway/connector-kit';
import type { ApiRoute } from './api-routes.ts';
import { type Answer, exampleAnswer, headerOf, type Incoming } from './exchange.ts';
import { setAt, valueAt } from './json-places.ts';
import type { State } from './state.ts';

/** The bytes that were sent to a vendor last: what its downloads give from then on. */
export interface Uploaded {
  bytes: Buffer;
  contentType: string;
}

/** How long a link is served after it was given. */
const linkMs = 3_600_000;
const linkKey = (vendorId: string, id: string) => `${vendorId}/link/${id}`;
const linkParameter = 'sandbox_link';

/** The address of the example's file, signed anew. */
export function freshLink(example: string, vendorId: string, state: State): string {
  const url = new URL(example);
  const id = crypto.randomUUID();
  url.searchParams.set(linkParameter, id);
  state.set(linkKey(vendorId, id), true, { expiresAtMs: Date.now() + linkMs, volatile: true });
  return url.href;
}

/** A file behind the link of a worked example: host and path are the example's. */
export interface LinkedFile {
  path: string;
  file: { headers?: Record<string, string>; body: string };
}

export function linkedFilesOf(tool: Tool): LinkedFile[] {
  const { download } = tool;
  if (download === undefined) return [];
  const { link } = download;
  return tool.examples.flatMap(({ receives, file }) => {
    const address = link === undefined ? redirectIn(receives) : link(structuredClone(receives.body));
    if (file === undefined || address === undefined) return [];
    const url = new URL(address);
    return [{ path: `/${url.host}${url.pathname}`, file }];
  });
}

/** As stores do that hand out signed addresses: an unknown or expired signature is refused, and so is a second way to sign in. */
export function answerLink(
  vendor: { id: string; state: State; uploaded: Uploaded | undefined },
  linked: LinkedFile,
  request: Incoming,
): Answer {
  if (headerOf(request.headers, 'authorization') !== undefined) {
    return exampleAnswer(400, '<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>');
  }
  const id = request.query.get(linkParameter);
  if (id === null || vendor.state.get(linkKey(vendor.id, id)) === undefined) {
    return exampleAnswer(403, '<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>');
  }
  return fileAnswer(vendor.uploaded, 200, linked.file);
}

/** Whether the answer of a call is a file itself. */
export const isFile = ({ tool, request }: ApiRoute): boolean =>
  tool?.download !== undefined && tool.download.link === undefined && (tool.run === undefined || request.receive !== undefined);

/** The example's file, or what was sent to the vendor last. */
export function fileAnswer(
  uploaded: Uploaded | undefined,
  status: number,
  file: { headers?: Record<string, string>; body: unknown },
  inJson?: { pointer: string; encoding: 'base64' | 'base64url' },
): Answer {
  if (inJson !== undefined && uploaded !== undefined) {
    const body = structuredClone(file.body);
    setAt(body, inJson.pointer, uploaded.bytes.toString(inJson.encoding));
    return exampleAnswer(status, body, file.headers);
  }
  const answer = exampleAnswer(status, file.body, file.headers);
  if (uploaded === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'content-type': uploaded.contentType }, bytes: uploaded.bytes };
}

/** The file in a request, as the connector's own request says where it stands; undefined where it does not stand there. */
export function uploadedIn({ upload }: ApiRequest, request: Incoming): Uploaded | undefined {
  if (upload === undefined) return undefined;
  const contentType = headerOf(request.headers, 'content-type') ?? 'application/octet-stream';
  if ('files' in upload) return severalIn(upload, request.body, contentType).at(-1);
  const { as } = upload;
  if (as === 'body') return { bytes: request.body, contentType };
  if (typeof as === 'object' && 'base64' in as) {
    const text = valueAt(parsed(request.body), as.base64);
    return typeof text === 'string' ? { bytes: Buffer.from(text, 'base64'), contentType: 'application/octet-stream' } : undefined;
  }
  return partOf(request.body, contentType, as);
}

/** The files of a request with several, of which there may be more or fewer than in the example. */
function severalIn({ as }: FilesUpload, body: Buffer, contentType: string): Uploaded[] {
  if ('mail' in as) {
    return attachmentsOf(contentType.startsWith('multipart/related') ? (partOf(body, contentType, 'related')?.bytes ?? body) : body);
  }
  const document = parsed(body);
  return as.base64.map((pointer) => valueAt(document, pointer)).flatMap((text) => (typeof text === 'string' ? [decoded(text)] : []));
}

const decoded = (text: string, contentType = 'application/octet-stream'): Uploaded => ({ bytes: Buffer.from(text, 'base64'), contentType });

/** What is attached to a message (RFC 5322), as its own parts say. */
function attachmentsOf(message: Buffer): Uploaded[] {
  const text = message.toString('latin1');
  const boundary = /^Content-Type: multipart\/mixed;\s+boundary="([^"]+)"/im.exec(text)?.[1];
  return (boundary === undefined ? [] : text.split(`--${boundary}`).slice(1, -1)).flatMap((part) => {
    const [head = '', ...rest] = part.split('\r\n\r\n');
    if (!/^Content-Disposition: attachment/im.test(head)) return [];
    return [decoded(rest.join('\r\n\r\n'), /^Content-Type: *([^\r\n]+)/im.exec(head)?.[1])];
  });
}

function partOf(body: Buffer, contentType: string, as: Extract<FileUpload['as'], { field: string } | 'related'>): Uploaded | undefined {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return undefined;
  const text = body.toString('latin1');
  const parts = text.split(`--${boundary}`).slice(1, -1);
  const chosen = as === 'related' ? parts[1] : parts.find((part) => part.includes(`name="${as.field}"; filename=`));
  const end = chosen?.indexOf('\r\n\r\n') ?? -1;
  if (chosen === undefined || end < 0) return undefined;
  const type = /content-type: *([^\r\n]+)/i.exec(chosen.slice(0, end))?.[1] ?? 'application/octet-stream';
  return { bytes: Buffer.from(chosen.slice(end + 4, -2), 'latin1'), contentType: type };
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
