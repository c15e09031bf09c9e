import { exampleFile, type FileFacts, type FileNaming } from './file-facts.ts';
import type { ApiRequest, ApiResponse } from './request.ts';

/** One request of a run, and what it does. The answer that it is given is a good one: what a refusal means is not the run's to say. */
export interface Step {
  request: ApiRequest;
  effect: 'read' | 'write';
  /** It only asks for the place of an upload, whatever its method: nothing is there until the next request sends the file. */
  opens?: true;
}

export type Run<Out> = Generator<Step, Out, ApiResponse>;

/** More requests than a person would wait for are no tool, and could be no end. */
export const maxSteps = 8;

/**
 * What a run says where an answer leaves nothing to go on with: there is no such channel. Short, and without anything that a vendor
 * sent. Nothing was changed.
 */
export class NothingToDo extends Error {
  override name = 'NothingToDo';
}

/** A request that changes nothing; answers the good answer's body. */
export function* ask<Body>(request: ApiRequest): Generator<Step, Body, ApiResponse> {
  return (yield { request, effect: 'read' }).body as Body;
}

/** Asks where to send a file; answers the whole answer, since some say it in a header. */
export function* openUpload(request: ApiRequest): Generator<Step, ApiResponse, ApiResponse> {
  return yield { request, effect: 'read', opens: true };
}

/** The request that is answered by a file, the last one of a tool that downloads. */
export function* fetchFile(request: ApiRequest, naming: FileNaming = {}): Generator<Step, FileFacts, ApiResponse> {
  const { file } = yield { request: { ...request, receive: naming }, effect: 'read' };
  return file ?? exampleFile;
}

/** The one request that changes something, the last one of a run: whatever failed before it has done nothing. */
export function* act<Body>(request: ApiRequest): Generator<Step, Body, ApiResponse> {
  return (yield { request, effect: 'write' }).body as Body;
}
