import type { z } from 'zod';
import type { FileFacts } from './file-facts.ts';
import { exampleFacts } from './files.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { maxSteps, NothingToDo, type Run, type Step } from './steps.ts';
import { type Example, type Tool, type ToolDefinition, tool } from './tool.ts';

export interface RunDefinition<In extends z.ZodObject = z.ZodObject, Out extends z.ZodObject = z.ZodObject>
  extends Omit<ToolDefinition<In, Out>, 'request' | 'respond'> {
  /** Yields one request after another, each made of the arguments and the answers before; returns the output. Files as for `request`. */
  run: (input: z.output<In>, file?: FileFacts, files?: FileFacts[]) => Run<z.input<Out>>;
}

/** Declares a tool of several requests, at most 8. */
export function runTool<In extends z.ZodObject, Out extends z.ZodObject>({ run, ...definition }: RunDefinition<In, Out>): Tool {
  const several = () => {
    throw new TypeError(`${definition.name} has several requests`);
  };
  return { ...tool<In, Out>({ ...definition, request: several, respond: several }), run: run as unknown as NonNullable<Tool['run']> };
}

/** One request of a worked example, and the answer to it. */
export interface Exchange {
  request: ApiRequest;
  effect: 'read' | 'write';
  opens?: true;
  receives: Example<never, never>['receives'];
  fresh: NonNullable<Example<never, never>['fresh']>;
}

/** The answers of a worked example in their order. */
export function answersOf({ before = [], receives, fresh }: Pick<Example<never, never>, 'before' | 'receives' | 'fresh'>) {
  return [...before, { receives, fresh }].map((answer) => ({ receives: answer.receives, fresh: answer.fresh ?? {} }));
}

export function responseOf({ status = 200, headers = {}, body }: Exchange['receives']): ApiResponse {
  return { status, headers, body: structuredClone(body) };
}

/**
 * What a tool does with these answers, without a network: every request that it makes, and what it gives in the end. `output` is
 * undefined where it wants another answer, and where it says that there is nothing to do.
 * @throws whatever the tool throws
 */
export function replay(
  tool: Tool,
  input: Record<string, unknown>,
  answers: readonly ApiResponse[],
): { steps: Step[]; output: unknown; nothing?: string } {
  if (tool.run === undefined) {
    const [answer] = answers;
    const effect = tool.effect === 'read' ? 'read' : 'write';
    const request = tool.request(input, ...exampleFacts(tool, input));
    return { steps: [{ request, effect }], output: answer === undefined ? undefined : tool.respond(answer.body, answer, request) };
  }
  const steps: Step[] = [];
  try {
    const run = tool.run(input, ...exampleFacts(tool, input));
    let next = run.next();
    while (next.done !== true) {
      if (steps.push(next.value) > maxSteps) throw new RangeError(`it makes more than ${maxSteps} requests`);
      const answer = answers[steps.length - 1];
      if (answer === undefined) return { steps, output: undefined };
      next = run.next(answer);
    }
    return { steps, output: next.value };
  } catch (error) {
    if (error instanceof NothingToDo) return { steps, output: undefined, nothing: error.message };
    throw error;
  }
}

/** The requests of a worked example, each with its answer. @throws where it has another number of answers than requests */
export function exchangesOf(tool: Tool, example: Tool['examples'][number]): Exchange[] {
  const answers = answersOf(example);
  const { steps, output } = replay(
    tool,
    tool.input.parse(example.input),
    answers.map(({ receives }) => responseOf(receives)),
  );
  if (steps.length !== answers.length || output === undefined) {
    throw new RangeError(`${tool.name}: the example has ${answers.length} answers for ${steps.length} requests`);
  }
  return steps.map((step, i) => ({ ...step, ...(answers[i] as (typeof answers)[number]) }));
}
