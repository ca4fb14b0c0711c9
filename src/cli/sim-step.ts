import { createInterface } from 'node:readline';
import { readDuration, formatDuration } from '../hosts/sim/scenario/units.ts';
import { FaultError, reportFault } from '../base/index.ts';
import type { Invocation } from './command.ts';
import type { SimRun } from './sim-run.ts';
import { said } from './sim-report.ts';

const LINES_SHOWN = 40;
const DETAIL_CHARACTERS = 160;

async function tell(run: SimRun, { terminal }: Invocation): Promise<void> {
  const lines = await run.lines();
  for (const { t, by, what, about = '', detail } of lines.slice(-LINES_SHOWN)) {
    // Whole objects are for --events.
    const more =
      detail === undefined || what === 'commit' ? '' : ` ${JSON.stringify(detail).slice(0, DETAIL_CHARACTERS)}`;
    terminal.out(`  ${formatDuration(t)} ${by}: ${what} ${about}${more}`.trimEnd());
  }
  const { t_ms, broke, stopped } = run.rest;
  const { language } = terminal;
  if (broke !== undefined) terminal.out(said('broke', language, { at: formatDuration(t_ms), seen: broke }));
  else if (stopped !== undefined)
    terminal.out(said('stopped', language, { at: formatDuration(t_ms), reason: stopped }));
  else terminal.out(said('now', language, { at: formatDuration(t_ms) }));
}

/** Does what a line says; false: no more lines are wanted. */
async function obey(run: SimRun, line: string, invocation: Invocation): Promise<boolean> {
  const [word = '', rest = ''] = /^(\S*)\s*(.*)$/.exec(line.trim())!.slice(1);
  const { terminal } = invocation;
  const until_ms = run.opened.until_ms;
  switch (word) {
    case '':
    case 'n':
      await run.step();
      break;
    case 't': {
      const more_ms = readDuration(rest);
      if (more_ms === undefined) terminal.out(said('unknownWord', terminal.language, { word: line }));
      else await run.play({ until_ms: Math.min(until_ms, run.rest.t_ms + more_ms) });
      break;
    }
    case 'u':
      await run.play({ until_ms, breakWhen: rest });
      break;
    case 'p':
      terminal.out(rest === '' ? JSON.stringify(await run.seen(), null, 2) : String(await run.seen(rest)));
      return true;
    case 'c':
      await run.play({ until_ms });
      return false;
    case 'q':
      return false;
    default:
      terminal.out(said('unknownWord', terminal.language, { word }));
      terminal.out(said('steps', terminal.language));
      return true;
  }
  await tell(run, invocation);
  return run.rest.stopped === undefined && run.rest.t_ms < until_ms;
}

/** Steps by lines: of a person, or of a program that writes them. Ends at `q`, at the end of the lines or of the run. */
export async function stepThrough(run: SimRun, invocation: Invocation, input: NodeJS.ReadableStream): Promise<void> {
  const { terminal, signal } = invocation;
  terminal.out(said('steps', terminal.language));
  await tell(run, invocation);
  const lines = createInterface({ input, signal });
  try {
    for await (const line of lines) {
      try {
        if (!(await obey(run, line, invocation))) return;
      } catch (error) {
        // A slip in an expression ends nothing.
        if (!(error instanceof FaultError)) throw error;
        terminal.out(reportFault(error.fault, terminal.language).message);
      }
    }
  } finally {
    lines.close();
  }
}
