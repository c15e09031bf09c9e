import { errors } from 'undici';

/** What is read of an answer; each says whether anything more is wanted. */
export interface AnswerEvents {
  /** Of an interim answer (1xx) as well, which another one follows. Names in lower case; values of one name joined, cookies dropped. */
  head(status: number, headers: Record<string, string>): boolean;
  data(chunk: Buffer): boolean;
}

/**
 * A whole head: what RFC 9112 lets a server write, without the line folding that section 5.2 forbids and without bare line ends. Each
 * repetition ends at a character that cannot be part of it, so that the time is linear whatever is sent.
 */
const wholeHead =
  /^HTTP\/1\.[01] [1-9][0-9]{2}(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n$/;
const trailerLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*\r\n$/;
const sizeLine = /^([0-9a-fA-F]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n$/;
const plainLength = /^[0-9]{1,15}$/;
const maxSizeLine = 1024;

/** Where the end of a body is. */
type Framing = 'none' | 'length' | 'chunked' | 'until closed';

/**
 * Reads one answer after another from the bytes of a connection. It takes what leaves no doubt where an answer ends (RFC 9112
 * section 6.3): one Content-Length of digits, or `chunked` alone, or the end of the connection. Both, one of them twice, another coding, and whatever is
 * no HTTP are an error, after which nothing can be read any more.
 */
export class AnswerReader {
  readonly #maxHeaderBytes: number;
  /** What is there of a head, or of a line between chunks. */
  #held: Buffer | undefined;
  #framing: Framing | undefined;
  /** Bytes, of the body or of the chunk. */
  #left = 0;
  #at: 'size' | 'data' | 'end of data' | 'trailer' = 'size';
  #trailerBytes = 0;
  /** How long the connection may rest before it is used again, as the server says or by default; 0: it may not be used again. */
  reusableMs = 0;

  /** `maxHeaderBytes`: of a head, and of trailers. */
  constructor(maxHeaderBytes: number) {
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  /** Whether more of a body is to come. */
  get isInBody(): boolean {
    return this.#framing !== undefined;
  }

  /**
   * @returns how many of the bytes belonged to the answer, where it ends in them; -1 where more is to come or nothing more is wanted
   * @throws HTTPParserError, HeadersOverflowError
   */
  read(chunk: Buffer, to: AnswerEvents): number {
    if (this.#framing !== undefined) return this.#readBody(chunk, 0, to);
    const held = this.#held;
    const bytes = held === undefined ? chunk : Buffer.concat([held, chunk]);
    const before = bytes.length - chunk.length;
    for (let at = 0; ; ) {
      const end = bytes.indexOf('\r\n\r\n', at, 'latin1');
      if (end === -1 || end + 4 - at > this.#maxHeaderBytes) {
        if (end !== -1 || bytes.length - at > this.#maxHeaderBytes) throw new errors.HeadersOverflowError('the head is too large');
        this.#held = bytes.subarray(at);
        if (!beginsHead(this.#held.toString('latin1'))) throw malformed('a head that is no HTTP');
        return -1;
      }
      const from = at;
      at = end + 4;
      const status = this.#readHead(bytes.toString('latin1', from, at), to);
      if (status === undefined) return -1;
      if (status < 200) continue;
      this.#held = undefined;
      const read = this.#readBody(bytes, at, to);
      return read === -1 ? -1 : read - before;
    }
  }

  /** The server has ended its side. @returns whether that was the end of the answer */
  ended(): boolean {
    const isOver = this.#framing === 'until closed';
    if (isOver) this.#framing = undefined;
    return isOver;
  }

  /** Undefined: nothing more is wanted. */
  #readHead(text: string, to: AnswerEvents): number | undefined {
    if (!wholeHead.test(text)) throw malformed('a head that is no HTTP');
    const status = Number(text.slice(9, 12));
    // Nobody asked for another protocol.
    if (status === 101) throw malformed('another protocol');
    const headers: Record<string, string> = {};
    const last = text.length - 2;
    for (let at = text.indexOf('\n') + 1; at < last; ) {
      const colon = text.indexOf(':', at);
      const end = text.indexOf('\r', colon);
      const name = text.slice(at, colon).toLowerCase();
      at = end + 2;
      const value = trimmed(text, colon + 1, end);
      const other = headers[name];
      // Not what every object has by itself. Two lengths are none.
      if (typeof other !== 'string') headers[name] = value;
      else headers[name] = `${other}, ${value}`;
    }
    if (status >= 200) this.#frame(status, headers, text.charCodeAt(7) === 0x31);
    if (headers['set-cookie'] !== undefined) delete headers['set-cookie'];
    return to.head(status, headers) ? status : undefined;
  }

  #frame(status: number, headers: Record<string, string>, isNew: boolean): void {
    const { 'content-length': length, 'transfer-encoding': coding, connection } = headers;
    const mayStay =
      isNew && (connection === undefined || connection === 'keep-alive' || !/(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(connection));
    this.reusableMs = mayStay ? restMs(headers['keep-alive']) : 0;
    if (coding !== undefined) {
      // RFC 9112 section 6.1: with a length beside it, or in HTTP/1.0, somebody on the way may have seen another end.
      if (length !== undefined || !isNew || coding.toLowerCase() !== 'chunked') throw malformed('a body whose end is in doubt');
      this.#framing = 'chunked';
      this.#at = 'size';
      this.#trailerBytes = 0;
    } else if (length !== undefined) {
      if (!plainLength.test(length)) throw malformed('a length that is no number');
      this.#framing = 'length';
      this.#left = Number(length);
    } else this.#framing = 'until closed';
    if (status === 204 || status === 304) this.#framing = 'none';
  }

  #readBody(bytes: Buffer, from: number, to: AnswerEvents): number {
    switch (this.#framing) {
      case 'none':
        break;
      case 'length': {
        const end = Math.min(bytes.length, from + this.#left);
        if (end > from) {
          this.#left -= end - from;
          if (!to.data(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end))) return -1;
        }
        if (this.#left > 0) return -1;
        this.#framing = undefined;
        return end;
      }
      case 'chunked':
        return this.#readChunks(bytes, from, to);
      default:
        if (bytes.length > from) to.data(bytes.subarray(from));
        return -1;
    }
    this.#framing = undefined;
    return from;
  }

  /** RFC 9112 section 7.1. Extensions and trailers are read over. */
  #readChunks(bytes: Buffer, from: number, to: AnswerEvents): number {
    for (let at = from; at < bytes.length; ) {
      if (this.#at === 'data') {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        if (!to.data(bytes.subarray(at, end))) return -1;
        at = end;
        if (this.#left === 0) this.#at = 'end of data';
        continue;
      }
      const feed = bytes.indexOf(0x0a, at);
      const end = feed === -1 ? bytes.length : feed + 1;
      const piece = bytes.subarray(at, end);
      const whole = this.#held === undefined ? piece : Buffer.concat([this.#held, piece]);
      if (whole.length > (this.#at === 'trailer' ? this.#maxHeaderBytes : maxSizeLine)) throw malformed('a line that is too long');
      if (feed === -1) {
        this.#held = whole;
        return -1;
      }
      this.#held = undefined;
      at = end;
      if (this.#readLine(whole.toString('latin1'))) {
        this.#framing = undefined;
        return at;
      }
    }
    return -1;
  }

  /** Whether it was the last one of the body. */
  #readLine(line: string): boolean {
    if (this.#at === 'size') {
      const size = sizeLine.exec(line)?.[1];
      if (size === undefined) throw malformed('a chunk without a size');
      this.#left = Number.parseInt(size, 16);
      this.#at = this.#left === 0 ? 'trailer' : 'data';
      return false;
    }
    if (this.#at === 'end of data') {
      if (line !== '\r\n') throw malformed('a chunk that does not end');
      this.#at = 'size';
      return false;
    }
    if (line === '\r\n') return true;
    this.#trailerBytes += line.length;
    if (this.#trailerBytes > this.#maxHeaderBytes) throw new errors.HeadersOverflowError('the trailers are too large');
    if (!trailerLine.test(line)) throw malformed('a trailer that is none');
    return false;
  }
}

/** Whether a head may come of it; otherwise its end would be waited for in vain. */
function beginsHead(text: string): boolean {
  return 'HTTP/1.'.startsWith(text.slice(0, 7)) && !/[^\r]\n|\r[^\n]/.test(text);
}

function malformed(what: string): Error {
  return new errors.HTTPParserError(`the answer has ${what}`);
}

/** Without the white space around it (RFC 9110 section 5.6.3), which is not what `trim` takes for it. */
function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

const isBlank = (code: number) => code === 0x20 || code === 0x09;

const restByDefaultMs = 4_000;
const longestRestMs = 600_000;
/** A server closes when its time is over; what is on the way to it then is lost. */
const marginMs = 2_000;

/** As undici, by `Keep-Alive: timeout=<seconds>` (RFC 2068 section 19.7.1.1, kept as a habit). */
function restMs(hint: string | undefined): number {
  const seconds = hint === undefined ? undefined : /timeout=([0-9]{1,9})/i.exec(hint)?.[1];
  return seconds === undefined ? restByDefaultMs : Math.max(0, Math.min(longestRestMs, Number(seconds) * 1000 - marginMs));
}
