import type { Fault } from '@grantway/contract';
import type { ToolOutput } from '@grantway/core';
import type { ParkedCalls } from './parked-calls.ts';

/** What became of one execution. */
export type ToolAnswer = { kind: 'output'; output: ToolOutput; fileUrl?: string } | { kind: 'fault'; fault: Fault };

/** Executions that wait for a client's answer. */
export type Rounds = ParkedCalls<ToolAnswer>;
