import type { ApiRequest, ApiResponse, Connector, Tool } from '@grantway/connector-kit';
import type { Allowed, Contract, Source, Supplement, Wanted } from './contract.ts';
import type { Schema } from './description.ts';
import type { Mutant, Specification, Tier } from './specification.ts';
import { isObject, problemsOfValue, type WireRequest } from './validate.ts';
import { samples } from './values.ts';

export interface ToolReport {
  tool: string;
  tier: Tier;
  specification: string;
  version: string;
  /** Why it is held against a page, or against nothing. */
  reason: string | undefined;
  operations: string[];
  cases: number;
  /** What the specification objects to, each once. */
  failing: string[];
  mutants: number;
  survivors: { at: string; why: string | undefined }[];
  answers: number;
}

/** `--short` takes fewer. */
export interface Effort {
  inputs: number;
  answers: number;
  /** Too few for every exception to come up. */
  few: boolean;
}

interface Case {
  input: Record<string, unknown>;
  requests: WireRequest[];
}

export async function checkConnector(
  connector: Connector,
  contract: Contract,
  effort: Effort,
  seen: (source: string, specification: Specification) => void = () => {},
): Promise<ToolReport[]> {
  const prepared = connector.tools.map((tool) => ({
    tool,
    sources: sourcesOf(tool, contract),
    cases: casesOf(connector, tool, contract, effort),
  }));
  const readers = new Map<Source, Promise<Specification>>();
  const read = (source: Source): Promise<Specification> => {
    let reader = readers.get(source);
    if (reader === undefined) {
      const mine = prepared.filter((one) => one.sources.includes(source));
      const wanted: Wanted = {
        operations: mine.flatMap(({ tool }) => operationNames(tool)),
        requests: mine.flatMap(({ cases }) => cases.flatMap(({ requests }) => requests)),
      };
      reader = Promise.resolve(source.read(wanted)).then((specification) => {
        seen(source.name, specification);
        return specification;
      });
      readers.set(source, reader);
    }
    return reader;
  };
  const used = new Set<Allowed>();
  const reports: ToolReport[] = [];
  for (const { tool, sources, cases } of prepared) {
    let [source] = sources;
    for (const other of sources) {
      const specification = await read(other);
      if (!operationNames(tool).every((name) => specification.has(name))) continue;
      source = other;
      break;
    }
    reports.push(reportOf(tool, contract, source, source === undefined ? undefined : await read(source), cases, effort, used));
  }
  // A few inputs need not hold what the entry is about.
  for (const entry of contract.allowed ?? [])
    if (!used.has(entry) && !effort.few)
      reports[0]?.failing.push(`the list of what is newer names ${entry.operation} ${entry.at}, to which nothing objects`);
  for (const supplement of contract.supplements ?? []) reports[0]?.failing.push(...(await evidenceProblems(supplement)));
  return reports;
}

/** Whether what is published says what a supplement says. */
async function evidenceProblems({ schema, operation, at, evidence }: Supplement): Promise<string[]> {
  if (!('from' in evidence)) return [];
  const examples = 'examples' in evidence ? evidence.examples() : [];
  const known = 'keys' in evidence ? await evidence.keys() : examples.flatMap((example) => Object.keys(example as object));
  const unknown = Object.keys(schema.properties ?? {}).filter((key) => !known.includes(key));
  const where = `the supplement of ${operation} ${at}`;
  return [
    ...examples.flatMap((example) =>
      problemsOfValue(schema, example, at).map((p) => `${where} refuses the vendor's own example: ${p.at} ${p.message}`),
    ),
    ...(examples.length === 0 && known.length === 0 ? [`${where}: ${evidence.from} says nothing`] : []),
    ...unknown.filter((key) => !evidence.unverified.includes(key)).map((key) => `${where}: ${evidence.from} does not have ${key}`),
    ...evidence.unverified.filter((key) => !unknown.includes(key)).map((key) => `${where}: ${key} is not unverified`),
  ];
}

function sourcesOf({ provenance }: Tool, { specifications }: Contract): Source[] {
  return provenance === undefined ? [] : specifications.filter(([name]) => name.test(provenance.specification)).map(([, source]) => source);
}

/** A tool that sends one of several requests names them all, with commas between. */
function operationNames({ provenance }: Tool): string[] {
  return (provenance?.operation ?? '').split(/,\s+|\s\|\s/).filter(Boolean);
}

function reportOf(
  tool: Tool,
  contract: Contract,
  source: Source | undefined,
  specification: Specification | undefined,
  cases: Case[],
  effort: Effort,
  used: Set<Allowed>,
): ToolReport {
  const report: ToolReport = {
    tool: tool.name,
    tier: source?.tier ?? 'none',
    specification: source?.name ?? '',
    version: source?.version() ?? '',
    reason: source?.why ?? (source === undefined ? contract.none : undefined),
    operations: [],
    cases: cases.length,
    failing: [],
    mutants: 0,
    survivors: [],
    answers: 0,
  };
  const failing = new Set<string>();
  if (cases.length === 0) failing.add('no arguments could be made up for it');
  if (source === undefined || specification === undefined) {
    if (contract.none === undefined)
      failing.add(tool.provenance === undefined ? 'it has no provenance' : `no specification is known as ${tool.provenance.specification}`);
    return { ...report, failing: [...failing] };
  }
  const operations = new Set<string>();
  const allowedAt = (operation: string | undefined, at: string): boolean => {
    const bare = at.replace(/\.\d+(?=\.|$)/g, '.*');
    const entry = (contract.allowed ?? []).find(
      (a) =>
        (typeof a.operation === 'string' ? a.operation === operation : a.operation.test(operation ?? '')) &&
        (a.at === bare || bare.startsWith(`${a.at}.`)),
    );
    if (entry !== undefined) used.add(entry);
    return entry !== undefined;
  };
  const objections = (request: WireRequest) => {
    const { operation, problems } = specification.judge(request);
    const supplied = (contract.supplements ?? [])
      .filter((supplement) => operation !== undefined && supplement.operation.test(operation))
      .flatMap(({ at, schema }) => valuesAt({ body: request.body }, at.split('.')).flatMap((value) => problemsOfValue(schema, value, at)));
    return { operation, problems: [...problems, ...supplied].filter(({ at }) => !allowedAt(operation, at)) };
  };
  let unknown: string | undefined;
  const mutants = new Map<string, { mutant: Mutant; input: Record<string, unknown> }>();
  for (const { input, requests } of cases) {
    for (const request of requests) {
      const { operation, problems } = objections(request);
      if (operation !== undefined) operations.add(operation);
      if (operation === undefined) unknown ??= problems[0]?.message;
      else for (const { at, message } of problems.slice(0, 4)) failing.add(`${operation}: ${at} ${message}`);
      if (problems.length === 0)
        for (const mutant of specification.mutants(request))
          if (!mutants.has(`${operation} ${mutant.at}`)) mutants.set(`${operation} ${mutant.at}`, { mutant, input });
    }
  }
  if (unknown !== undefined) failing.add(unknown);
  for (const name of operationNames(tool)) if (!specification.has(name)) failing.add(`the specification has no operation ${name}`);
  for (const { mutant, input } of mutants.values()) {
    const killed = objections(mutant.request).problems.length > 0;
    // What a caller put into an object that takes any key is the caller's, not a name that the connector could have wrong.
    if (!killed && freeKeys(tool.inputSchema() as Schema, input).has(mutant.key)) continue;
    report.mutants += 1;
    if (!killed)
      report.survivors.push({ at: mutant.at, why: contract.survivors?.find(({ at }) => at.test(`${tool.name} ${mutant.at}`))?.why });
  }
  const { answers: named, present, without } = contract;
  const answerWishes = { ...(named && { named }), ...(present && { present }), ...(without && { without }) };
  const [first] = cases;
  const skipped = contract.unansweredTools?.some((one) => one.tool.test(tool.name)) === true;
  if (first !== undefined && !skipped && runOf(tool) === undefined) {
    for (const request of firstOfEach(specification, cases)) {
      for (const body of specification.answers(request, effort.answers, answerWishes)) {
        report.answers += 1;
        const problem = readingProblem(tool, body);
        if (problem !== undefined) failing.add(`an answer as specified: ${problem}`);
      }
    }
  }
  return { ...report, operations: [...operations], failing: [...failing].slice(0, 8) };
}

function valuesAt(value: unknown, [key, ...rest]: string[]): unknown[] {
  if (key === undefined) return [value];
  if (key === '*') return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : [];
  return isObject(value) && Object.hasOwn(value, key) ? valuesAt(value[key], rest) : [];
}

/** One request for each operation that the tool uses. */
function firstOfEach(specification: Specification, cases: Case[]): WireRequest[] {
  const found = new Map<string, WireRequest>();
  for (const { requests } of cases) {
    for (const request of requests) {
      const { operation } = specification.judge(request);
      if (operation !== undefined && !found.has(operation)) found.set(operation, request);
    }
  }
  return [...found.values()];
}

function readingProblem(tool: Tool, body: unknown): string | undefined {
  try {
    const parsed = tool.output.safeParse(tool.respond(body, { status: 200, headers: {}, body }));
    const [issue] = parsed.error?.issues ?? [];
    return issue === undefined
      ? undefined
      : `${issue.path.map((part) => (typeof part === 'number' ? '*' : String(part))).join('.')}: ${issue.message}`;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Keys inside arguments whose schema takes any, and what arguments say, which may become a key. */
function freeKeys(schema: Schema, value: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (at: Schema | undefined, inner: unknown): void => {
    const choices = [...(at?.anyOf ?? []), ...(at?.oneOf ?? [])];
    // Names that came as values: columns of a table to make, say.
    if (typeof inner === 'string') found.add(inner);
    if (Array.isArray(inner)) for (const item of inner) walk([at?.items ?? {}].flat()[0], item);
    else if (isObject(inner)) {
      for (const [key, next] of Object.entries(inner)) {
        const named = at?.properties?.[key] ?? choices.find((choice) => choice.properties?.[key] !== undefined)?.properties?.[key];
        if (named === undefined) found.add(key);
        walk(named, next);
      }
    }
  };
  walk(schema, value);
  return found;
}

function casesOf(connector: Connector, tool: Tool, contract: Contract, effort: Effort): Case[] {
  const schema = tool.inputSchema() as Schema;
  const known = tool.examples.map(({ input }) => input);
  const wishes = { root: schema, ...(contract.inputs === undefined ? {} : { named: contract.inputs }) };
  const made = [
    ...samples(schema, effort.inputs, 3, { ...wishes, full: false }, known),
    ...samples(schema, Math.ceil(effort.inputs / 4), 5, { ...wishes, full: true }, known),
  ];
  return [...known, ...made].flatMap((input): Case[] => {
    const parsed = tool.input.safeParse(input);
    if (!parsed.success) return [];
    const requests = requestsOf(tool, parsed.data as Record<string, unknown>);
    return [
      {
        input: input as Record<string, unknown>,
        requests: requests.map((request) => asSpecified(wireOf(connector, request), contract.paths)),
      },
    ];
  });
}

/** A tool of several requests makes each of the answers before. */
type Run = Generator<{ request: ApiRequest }, unknown, ApiResponse>;
const runOf = (tool: Tool) => (tool as { run?: (input: Record<string, unknown>) => Run }).run;

function requestsOf(tool: Tool, input: Record<string, unknown>): ApiRequest[] {
  const run = runOf(tool);
  if (run === undefined) return [tool.request(input)];
  const [example] = tool.examples as { before?: { receives: { body: unknown } }[]; receives: { body: unknown } }[];
  const answers = [...(example?.before ?? []), ...(example === undefined ? [] : [example])].map(({ receives }) => receives.body);
  const requests: ApiRequest[] = [];
  const steps = run(input);
  // The answers are those of an example, so a run over other arguments may end early, as it would with a vendor that has no such thing.
  try {
    for (
      let next = steps.next();
      next.done !== true && requests.length < answers.length;
      next = steps.next(answered(structuredClone(answers[requests.length - 1])))
    )
      requests.push(next.value.request);
  } catch {
    return requests;
  }
  return requests;
}

const answered = (body: unknown): ApiResponse => ({ status: 200, headers: {}, body });

function asSpecified(request: WireRequest, paths: Contract['paths'] = []): WireRequest {
  return { ...request, path: paths.reduce((path, [pattern, as]) => path.replace(pattern, as), request.path) };
}

/** The request as it leaves, without host and credential. */
export function wireOf({ api }: Pick<Connector, 'api'>, request: ApiRequest): WireRequest {
  const { upload } = request;
  const base = request.host === undefined ? api.baseUrl : (api.hosts?.[request.host] ?? '');
  const [bare = '', inPath] = request.path.split('?');
  const { body, contentType } = bodyOf(request, upload);
  const pairs = (values: Record<string, unknown>) =>
    Object.entries(values).flatMap(([name, value]) =>
      [value]
        .flat()
        .filter((one) => one !== undefined)
        .map((one): [string, string] => [name, String(one)]),
    );
  return {
    method: request.method,
    path: `${base
      .replace(/^https:\/\/[^/]*/, '')
      .replace(/^\{[^}]+\}/, '')
      .replace(/\/$/, '')
      .replace(/\{[^}]+\}/g, 'x')}${bare}`,
    query: [...new URLSearchParams(inPath ?? ''), ...pairs(request.query ?? {})],
    headers: Object.fromEntries(Object.entries({ ...api.headers, ...request.headers }).map(([name, value]) => [name.toLowerCase(), value])),
    ...(contentType === undefined ? {} : { contentType, body }),
  };
}

function bodyOf(request: ApiRequest, upload: ApiRequest['upload']): { body?: unknown; contentType?: string } {
  if (upload?.as === 'body') return { contentType: 'application/octet-stream', body: {} };
  if (typeof upload?.as === 'object' && 'field' in upload.as)
    // A part that is a file, as clients' types write it.
    return { contentType: 'multipart/form-data', body: { ...request.form, [upload.as.field]: { data: '', filename: 'report.pdf' } } };
  // JSON has no undefined.
  if (request.json !== undefined) return { contentType: 'application/json', body: JSON.parse(JSON.stringify(request.json)) };
  if (request.form !== undefined)
    return { contentType: 'application/x-www-form-urlencoded', body: JSON.parse(JSON.stringify(request.form)) };
  return {};
}
