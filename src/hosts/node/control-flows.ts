import { request, type ServerResponse } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  countsConnection,
  type FlowLog,
  formatFlowLine,
  type ObservedFlow,
  parseFlowLine,
} from '../../network/index.ts';

/** One connection or refusal as the network saw it, for who records the load of a running Tenon. */
export interface ToldFlow {
  readonly source: { readonly address: string; readonly port: number };
  readonly destination: { readonly address: string; readonly port: number };
  readonly protocol: string;
  readonly verdict: 'forwarded' | 'dropped';
  /** The side that told of it, and the rule it went by. */
  readonly direction: ObservedFlow['direction'];
  readonly by: ObservedFlow['by'];
}

/** Where a running Tenon has its flows from. */
export interface FlowSource {
  /** The last flows, a record a side. */
  readonly log: FlowLog;
  /** Hands out every record to come; answers how to stop. */
  observe(deliver: (flow: ObservedFlow) => void): () => void;
}

/** The flows a running Tenon keeps, from the oldest to the newest. */
export interface KeptFlows {
  readonly flows: readonly ObservedFlow[];
  /** Records since its start: what is not among the flows is forgotten. */
  readonly seen: number;
  /** Other nodes whose records do not come in now. */
  readonly silent: readonly string[];
}

/** Paths on the control socket. */
const FOLLOWED = '/flows';
const KEPT = '/flows/kept';

const NDJSON = { 'content-type': 'application/x-ndjson' };

/** A JSON line a connection, until who asked goes away. */
function tellFollowed(flows: FlowSource, reply: ServerResponse): void {
  reply.writeHead(200, NDJSON);
  reply.flushHeaders();
  const stop = flows.observe(flow => {
    if (!countsConnection(flow)) return;
    const end = ({ address, port }: ToldFlow['source']): ToldFlow['source'] => ({ address, port });
    const told: ToldFlow = {
      source: end(flow.source),
      destination: end(flow.destination),
      protocol: String(flow.protocol),
      verdict: flow.verdict === 'dropped' ? 'dropped' : 'forwarded',
      direction: flow.direction,
      by: flow.by,
    };
    reply.write(`${JSON.stringify(told)}\n`);
  });
  reply.on('close', stop);
}

/** `{"seen", "silent"}`, then a line a record, as fast as they are read. */
function tellKept({ log }: FlowSource, reply: ServerResponse): void {
  const silent = [...log.nodes].flatMap(([name, comes]) => (comes ? [] : [name]));
  // What comes in while the lines are written must not shift those that are there.
  const kept = [...log.oldest()];
  function* lines(): Generator<string> {
    yield `${JSON.stringify({ seen: log.seen, silent })}\n`;
    for (const flow of kept) yield `${formatFlowLine(flow)}\n`;
  }
  reply.writeHead(200, NDJSON);
  // Who asked may go away in between: nothing is left to tell then.
  pipeline(Readable.from(lines()), reply).catch(() => undefined);
}

/** Answers `GET /flows` (connections from now on) and `GET /flows/kept` (the last records); false for other paths. */
export function serveFlows(path: string, flows: FlowSource | undefined, reply: ServerResponse): boolean {
  if (!flows || (path !== FOLLOWED && path !== KEPT)) return false;
  if (path === KEPT) tellKept(flows, reply);
  else tellFollowed(flows, reply);
  return true;
}

/** Hands over the lines of an answer; resolves with false where there is none. */
function readLines(
  socket: string,
  path: string,
  deliver: (line: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise(resolve => {
    const asked = request({ socketPath: socket, path, signal }, reply => {
      if (reply.statusCode !== 200) return void reply.resume().on('end', () => resolve(false));
      const lines = createInterface({ input: reply });
      lines.on('line', deliver);
      lines.on('close', () => resolve(reply.complete));
      // Told by the reply as well; without a listener it would end the program.
      lines.on('error', () => resolve(false));
      reply.on('error', () => resolve(false));
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

/** A line as JSON; undefined for the half of one that a Tenon wrote before it died. */
function parsed<T>(line: string): T | undefined {
  try {
    return JSON.parse(line) as T;
  } catch {
    return undefined;
  }
}

/** Follows the connections of a running Tenon until the signal; resolves at once where it tells of none. */
export async function followFlows(
  socket: string,
  deliver: (flow: ToldFlow) => void,
  signal: AbortSignal,
): Promise<void> {
  const take = (line: string): void => {
    const flow = parsed<ToldFlow>(line);
    if (flow) deliver(flow);
  };
  await readLines(socket, FOLLOWED, take, signal);
}

/** The last flows of a running Tenon; undefined where nobody tells of them, or not all of what is kept came. */
export async function askKeptFlows(
  socket: string,
  signal: AbortSignal = AbortSignal.timeout(10_000),
): Promise<KeptFlows | undefined> {
  const flows: ObservedFlow[] = [];
  let head: Omit<KeptFlows, 'flows'> | undefined;
  const take = (line: string): void => {
    if (!head) return void (head = parsed(line));
    const flow = parseFlowLine(line, parsed<ObservedFlow>(line)?.node ?? '');
    if (flow) flows.push(flow);
  };
  const whole = await readLines(socket, KEPT, take, signal);
  return whole && head ? { ...head, flows } : undefined;
}
