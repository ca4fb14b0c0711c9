/** What a run in a worker thread can be asked, and what it answers: plain data, copied between threads. */
import type { Fault } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { Changes } from './changes.ts';
import type { LogLine, Violation } from './model.ts';
import type { RunResult } from './run.ts';
import type { Observables } from './scenario/observables.ts';

/** Where a session stands after a command. */
export interface Standing {
  /** Virtual milliseconds since the start. */
  readonly t_ms: number;
  /** Why nothing goes on any more. */
  readonly stopped?: string;
}

/** What was read of a scenario. */
export interface Opened {
  readonly scenario: string;
  /** SHA-256 of everything it was read from. */
  readonly digest: string;
  readonly seed: number;
  readonly until_ms: number;
}

export interface Commands {
  /** Answered when everything is loaded. */
  hello: { readonly ask: object; readonly answer: object };
  /** Reads a scenario and opens its run; nothing has happened yet. */
  open: {
    readonly ask: {
      /** YAML or JSON of one Scenario document. */
      readonly document: string;
      /** What faults call it; manifests and traces lie beside it. */
      readonly file: string;
      readonly seed?: number;
      /** The store can lose what was not synced. */
      readonly durable?: boolean;
      /** Keeps what a report shows. */
      readonly record?: boolean;
      /** Which of several scenarios. */
      readonly name?: string;
      /** Instead of the scenario's. */
      readonly until_ms?: number;
      /** Paths may reach below this folder too. */
      readonly root?: string;
      /** Names of the disruptions that happen, those of storms too; all where absent. */
      readonly only?: readonly string[];
      /** Keeps what `changes` tells. */
      readonly changes?: boolean;
      /** Keeps the lines of the log for `lines`. */
      readonly lines?: boolean;
    };
    readonly answer: Standing & Opened;
  };
  /** Moves on to a moment, or to the first instant at which CEL over the observables holds. */
  play: {
    readonly ask: { readonly until_ms: number; readonly breakWhen?: string };
    /** `broke`: what is seen where the expression held. */
    readonly answer: Standing & { readonly broke?: string };
  };
  /** What was logged since this was asked last. */
  lines: { readonly ask: object; readonly answer: readonly LogLine[] };
  /** Objects and traffic that changed since this was asked last. */
  changes: { readonly ask: object; readonly answer: Changes };
  /** Takes steps of the scenario grammar now: JSON of a list. */
  steps: { readonly ask: { readonly steps: string }; readonly answer: Standing };
  /** Applies every object of a YAML text. */
  applyText: { readonly ask: { readonly text: string }; readonly answer: Standing };
  heal: { readonly ask: { readonly disruption: string }; readonly answer: Standing };
  stop: { readonly ask: { readonly load: string }; readonly answer: Standing };
  advance: { readonly ask: { readonly ms: number }; readonly answer: Standing };
  /** Moves on to the next instant at which something happens. */
  step: { readonly ask: object; readonly answer: Standing };
  /** Moves on until CEL over the observables holds. Fault where it does not in time. */
  until: { readonly ask: { readonly expression: string; readonly within_ms: number }; readonly answer: Standing };
  /** Fault where CEL over the observables does not hold now. */
  expect: { readonly ask: { readonly expression: string }; readonly answer: Standing };
  get: {
    readonly ask: { readonly kind: string; readonly namespace?: string; readonly name: string };
    readonly answer: KubeObject | undefined;
  };
  list: {
    readonly ask: { readonly kind: string; readonly namespace?: string; readonly labelSelector?: string };
    readonly answer: readonly KubeObject[];
  };
  observe: { readonly ask: object; readonly answer: Observables };
  violations: { readonly ask: object; readonly answer: readonly Violation[] };
  /** Hash of the log so far: with the commands until now it is a snapshot. */
  hash: { readonly ask: object; readonly answer: { readonly hash: string; readonly t_ms: number } };
  /** The report of what happened so far, as one HTML file. */
  report: { readonly ask: { readonly replay: string; readonly revision: string }; readonly answer: string };
  /** Ends the run; the thread can open another. `report` draws it whole. */
  finish: {
    readonly ask: { readonly report?: Commands['report']['ask'] };
    /** `disruptions`: names of those that began, in their order. */
    readonly answer: RunResult & { readonly report?: string; readonly disruptions: readonly string[] };
  };
}

export type CommandName = keyof Commands;
export type Ask<C extends CommandName> = Commands[C]['ask'];
export type Answer<C extends CommandName> = Commands[C]['answer'];

/** Parent to worker. */
export interface Request {
  readonly id: number;
  readonly command: CommandName;
  readonly ask: unknown;
}

/** Worker to parent. */
export type Reply =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly fault: Fault }
  | { readonly id: number; readonly error: { readonly message: string; readonly stack?: string } }
  /** The process that the beat's number stands for; the first is of nobody and says that everything is loaded. */
  | { readonly process: number; readonly name: string };

/** What the worker is started with. */
export interface WorkerStart {
  /** `Int32Array` of BEAT_WORDS, written by the worker while it works. */
  readonly beat: SharedArrayBuffer;
}

/** Counts everything that gets on; the number of the process that did last; virtual seconds. */
export const BEAT = { count: 0, process: 1, seconds: 2 } as const;
export const BEAT_WORDS = 3;
