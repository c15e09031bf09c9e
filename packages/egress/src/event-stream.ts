import { StringDecoder } from 'node:string_decoder';
import { EgressError } from './egress-error.ts';

/** One event of a stream (WHATWG HTML, section 9.2.6). Events without data are dropped, as the standard says. */
export interface RawEvent {
  data: string;
  id: string | undefined;
  retryMs: number | undefined;
}

/** Cuts chunks into events, whatever their borders. Throws EgressError `too_large` for an event over `maxEventBytes`. */
export function createEventParser(maxEventBytes: number, onEvent: (event: RawEvent) => void): { write(chunk: Buffer): void } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let data: string[] = [];
  let size = 0;
  let id: string | undefined;
  let retryMs: number | undefined;
  let first = true;

  function line(text: string): void {
    if (text === '') {
      if (data.length > 0 || id !== undefined) onEvent({ data: data.join('\n'), id, retryMs });
      data = [];
      size = 0;
      id = undefined;
      return;
    }
    if (text.startsWith(':')) return;
    const colon = text.indexOf(':');
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
    else if (field === 'retry' && /^\d{1,9}$/.test(value)) retryMs = Number(value);
  }

  return {
    write(chunk) {
      size += chunk.length;
      let text = rest + decoder.write(chunk);
      if (first && text !== '') {
        text = text.replace(/^\uFEFF/, '');
        first = false;
      }
      // A lone CR at the end may be the first half of CRLF: it waits for what follows.
      const held = text.endsWith('\r') ? '\r' : '';
      const lines = text.slice(0, text.length - held.length).split(/\r\n|\n|\r/);
      rest = (lines.pop() as string) + held;
      for (const one of lines) line(one);
      if (size > maxEventBytes) throw new EgressError('too_large', true, `one event is larger than ${maxEventBytes} bytes`);
    },
  };
}
