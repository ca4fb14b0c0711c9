import { appendFileSync, mkdirSync } from 'node:fs';
import { type Fault, formatSpan, reportFault } from '../base/index.ts';
import { systemClock } from '../hosts/node/ports.ts';
import type { StateFolder } from '../hosts/node/state.ts';
import type { Invocation } from './command.ts';

const now = (): string => new Date(systemClock.now()).toISOString();

/** A line of a file that may be on a full disk: what cannot be written is not worth ending for. */
function appendLine(file: string, line: string): void {
  try {
    appendFileSync(file, `${line}\n`);
  } catch {
    // The same fault is in the terminal and in `status`.
  }
}

/** Appends to the state folder's log. */
export function logWriter(state: StateFolder): (line: string) => void {
  try {
    mkdirSync(state.file('logs'), { recursive: true });
  } catch {
    // Each line then fails by itself.
  }
  return line => appendLine(state.file('logs', 'tenon.log'), `${now()} ${line}`);
}

/** Says a fault in the terminal as it happens; the log file keeps it too. */
export function faultPrinter(invocation: Invocation, state: StateFolder): (fault: Fault, layer: string) => void {
  return (fault, layer) => {
    const report = reportFault(fault, invocation.terminal.language);
    const where =
      fault.where === undefined ? '' : `${typeof fault.where === 'string' ? fault.where : formatSpan(fault.where)}: `;
    invocation.terminal.err(`${layer}: ${where}${report.message}${report.remedy ? ` → ${report.remedy}` : ''}`);
    appendLine(state.file('faults.jsonl'), JSON.stringify({ time: now(), layer, ...report }));
  };
}

/** Resolves when the person or the system asks to stop. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise<void>(resolve => {
    // The signal alone does not keep the process alive; this timer does.
    const alive = setInterval(() => undefined, 2 ** 30);
    const stop = (): void => {
      clearInterval(alive);
      resolve();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
