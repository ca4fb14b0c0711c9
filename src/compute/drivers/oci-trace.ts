import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OciDialect } from '../dialects/oci.ts';
import { computeFaults } from '../faults.ts';
import type { ProcessEvent } from '../process-events.ts';
import { isKernel } from './oci-pod-kernel.ts';
import type { RunningContainer } from './launcher.ts';
import { SOCKET_PATH_BYTES_MAX } from './seqpacket.ts';
import { TraceSink } from './trace-sink.ts';

export interface OciTraceOptions {
  readonly handler: string;
  readonly trace: NonNullable<OciDialect['trace']>;
  /** Where the socket and its description are. */
  readonly folder: string;
  command(args: readonly string[]): Promise<{ readonly exitCode: number; readonly output: string }>;
  /** Containers that run now. */
  running(): readonly RunningContainer[];
  deliver(events: readonly ProcessEvent[]): void;
}

/** What the first process of a pod's kernel does is nothing of a container's. */
function ofContainers(event: ProcessEvent): readonly ProcessEvent[] {
  if (event.containerId === undefined || !isKernel(event.containerId)) return [event];
  if (event.kind !== 'lost') return [];
  const { kind, count, why } = event;
  return [{ kind, count, why }];
}

/** What a runtime's kernels tell while somebody listens: containers started meanwhile from their first process on, others from now on. */
export class OciTrace implements AsyncDisposable {
  /** Of the runtime's command line, for containers that start now. */
  readonly flags: readonly string[];
  readonly #options: OciTraceOptions;
  readonly #sink: TraceSink;

  private constructor(options: OciTraceOptions, sink: TraceSink) {
    this.#options = options;
    this.#sink = sink;
    this.flags = options.trace.startFlags(join(options.folder, 'start.json'));
  }

  static async open(options: OciTraceOptions): Promise<OciTrace> {
    const { folder, trace, deliver } = options;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const inside = join(folder, 'socket');
    const short = join(tmpdir(), `tenon-trace-${process.pid}-${Math.trunc(performance.now())}`);
    const path = Buffer.byteLength(inside) <= SOCKET_PATH_BYTES_MAX ? inside : short;
    const sink = await TraceSink.open(path, events => deliver(events.flatMap(ofContainers))).catch((error: Error) => {
      throw computeFaults.error('runtime-failed', { handler: options.handler, detail: error.message });
    });
    const session = trace.session(path);
    const description = join(folder, 'session.json');
    writeFileSync(description, JSON.stringify(session), { mode: 0o600 });
    writeFileSync(join(folder, 'start.json'), JSON.stringify({ trace_session: session }), { mode: 0o600 });
    const asked = new Map<string, number>();
    for (const { id, kernelId } of options.running()) {
      const exitCode = asked.get(kernelId) ?? (await options.command(trace.join(description, kernelId))).exitCode;
      asked.set(kernelId, exitCode);
      deliver([{ kind: 'lost', containerId: id, count: 'unknown', why: exitCode === 0 ? 'late' : 'cut' }]);
    }
    return new OciTrace(options, sink);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { command, trace, folder, running } = this.#options;
    const kernels = new Set(running().map(({ kernelId }) => kernelId));
    for (const id of kernels) await command(trace.leave(id)).catch(() => undefined);
    await this.#sink[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}
