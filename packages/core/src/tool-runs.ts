import { type ApiResponse, type FileFacts, maxSteps, NothingToDo, type Run, type Step, type Tool } from '@grantway/connector-kit';
import { Fault, isFault } from '@grantway/contract';
import { type Conversation, exchange } from './exchange.ts';
import { type CallFiles, dropFile, factsFor } from './file-calls.ts';
import { readOutput } from './provider-calls.ts';
import type { Answer } from './tool-call.ts';

/**
 * The requests of one tool call, one after another, within one time and under one row. Only the last may change something, so that
 * whatever fails before it has done nothing and is judged as a read.
 * @throws Fault as exchange; provider_answer_invalid, outcome_unknown where an answer could not be read
 */
export async function runSteps(talk: Conversation, tool: Tool, run: Run<unknown>, first: Step): Promise<Pick<Answer, 'output' | 'file'>> {
  const { name } = talk.exposed.connector;
  let step = first;
  for (let sent = 1; ; sent++) {
    const acts = step.effect === 'write';
    if (acts && tool.effect === 'read') throw new TypeError(`${tool.name} reads, and would change something`);
    const answer = await exchange(talk, step.request, acts ? tool.effect : 'read');
    const { file } = answer;
    if (file !== undefined) return endWithFile(talk, tool, run, { ...answer, file });
    let next: IteratorResult<Step, unknown>;
    try {
      next = run.next(answer);
    } catch (cause) {
      if (cause instanceof NothingToDo && !acts) throw new Fault('provider_error', `${name}: ${cause.message}`);
      throw unreadable(acts, cause);
    }
    if (next.done === true) return { output: readOutput(acts ? tool.effect : 'read', () => tool.output.parse(next.value)) };
    // The connector's own mistake; its suite objects to it.
    if (acts || sent === maxSteps) throw unreadable(acts, new TypeError(`${tool.name} goes on after its last request`));
    step = next.value;
    talk.hasWaited = true;
  }
}

/** A file is the last answer; one that is of no use to anybody is not kept. */
async function endWithFile(talk: Conversation, tool: Tool, run: Run<unknown>, answer: ApiResponse & { file: FileFacts }) {
  try {
    const { value, done } = run.next(answer);
    if (done !== true) throw new TypeError(`${tool.name} goes on after its file`);
    return { output: readOutput('read', () => tool.output.parse(value)), file: answer.file };
  } catch (cause) {
    await dropFile(talk.call, answer.file);
    throw unreadable(false, cause);
  }
}

/** The first request, before anything is looked up or asked for. @throws Fault provider_error where there is nothing to do */
export function begin(
  tool: Tool,
  input: Record<string, unknown>,
  files: CallFiles | undefined,
): { run: Run<unknown>; first: Step } | undefined {
  const run = tool.run?.(input, ...factsFor(files));
  if (run === undefined) return undefined;
  const first = run.next();
  if (first.done === true) throw new TypeError(`${tool.name} makes no request`);
  return { run, first: first.value };
}

function unreadable(acts: boolean, cause: unknown): Fault {
  if (isFault(cause)) return cause;
  return acts
    ? new Fault('outcome_unknown', { detail: 'the provider accepted the call, but its answer could not be read', cause })
    : new Fault('provider_answer_invalid', { cause });
}
