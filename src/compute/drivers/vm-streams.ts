import { lowerGuestExec, lowerRelay } from '../dialects/microvm/programs.ts';
import type { Program } from '../dialects/process/program.ts';
import { computeFaults } from '../faults.ts';
import type { Exit, SandboxSpec } from '../model.ts';
import type { ByteDuplex, ExecOptions, ProcessStreams } from '../ports.ts';
import { ByteQueue } from '../streaming/byte-queue.ts';
import { signalName } from './signals.ts';
import type { GuestLink, GuestProcess } from './vm-agent.ts';
import type { VmContainer } from './vm-container.ts';
import { failureText } from './vm-machines.ts';

/** Sends input and window sizes on; ends with them. */
function pump(link: GuestLink, process: GuestProcess, streams: ProcessStreams, ends: boolean): void {
  const input = async (): Promise<void> => {
    for await (const chunk of streams.stdin ?? []) await link.write(process, chunk);
    if (ends) link.endInput(process);
  };
  const resize = async (): Promise<void> => {
    for await (const { width, height } of streams.resize ?? []) link.resize(process, width, height);
  };
  void Promise.allSettled([...(streams.stdin ? [input()] : []), resize()]);
}

const listenerOf =
  (streams: ProcessStreams) =>
  (stream: 1 | 2, bytes: Buffer): Promise<void> | undefined =>
    (stream === 2 ? streams.stderr : streams.stdout)?.write(bytes);

/** Runs a command in a container of the guest. */
export async function execGuest(
  link: GuestLink,
  container: VmContainer,
  sandbox: SandboxSpec,
  options: ExecOptions,
  streams: ProcessStreams,
): Promise<Exit> {
  let program: Program | undefined;
  const around = { containerPid: container.pid, sandbox };
  let output: Promise<unknown> = Promise.resolve();
  const listener = listenerOf(streams);
  const process = link.run(
    id => {
      program = lowerGuestExec(id, container.spec, options.command, options.tty, around);
      return program.encode();
    },
    { terminal: options.tty, input: streams.stdin !== undefined },
    async (stream, bytes) => {
      output = output.then(() => listener(stream, bytes));
      await output;
    },
  );
  let timedOut = false;
  const kill = (): void => link.signal(process, 9);
  const timer =
    options.timeout_ms === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          kill();
        }, options.timeout_ms);
  streams.signal.addEventListener('abort', kill, { once: true });
  if (streams.signal.aborted) kill();
  pump(link, process, streams, true);
  try {
    const { exitCode, signal, report } = await process.exited.promise;
    await output.catch(() => {});
    const words = failureText(program, report);
    if (words !== undefined) throw computeFaults.error('runtime-failed', { handler: 'microvm', detail: words });
    if (timedOut) return { exitCode: 124 };
    return { exitCode, ...(signal ? { signal: signalName(signal) } : {}) };
  } finally {
    clearTimeout(timer);
    streams.signal.removeEventListener('abort', kill);
    link.forget(process);
  }
}

/** Follows a running container's streams until it ends or the person goes away. */
export async function attachGuest(link: GuestLink, container: VmContainer, streams: ProcessStreams): Promise<Exit> {
  const { process, spec } = container;
  if (!process) throw computeFaults.error('container-not-running', { id: spec.id });
  let output: Promise<unknown> = Promise.resolve();
  const listener = listenerOf(streams);
  const follow = (stream: 1 | 2, bytes: Buffer): void => {
    // Someone who does not read must not stop the container.
    output = output.then(() => listener(stream, bytes)).catch(() => {});
  };
  process.listeners.add(follow);
  if (spec.stdin) pump(link, process, streams, spec.stdinOnce);
  const away = new Promise<undefined>(resolve =>
    streams.signal.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  const end = await Promise.race([container.ended(), away]);
  process.listeners.delete(follow);
  await output;
  if (!end) return { exitCode: 0 };
  return { exitCode: end.exitCode, ...(end.exitCode > 128 ? { signal: signalName(end.exitCode - 128) } : {}) };
}

/** A connection to a port of the guest's own. */
export function dialGuest(link: GuestLink, port: number, signal: AbortSignal): Promise<ByteDuplex> {
  let program: Program | undefined;
  let resume: (() => void) | undefined;
  let full: Promise<void> | undefined;
  const source = new ByteQueue(held => {
    if (held)
      full = new Promise(resolve => {
        resume = resolve;
      });
    else resume?.();
  });
  const process = link.run(
    id => {
      program = lowerRelay(id, port);
      return program.encode();
    },
    { input: true },
    (stream, bytes) => {
      if (stream === 1) source.push(bytes);
      return full;
    },
  );
  const close = (): void => link.signal(process, 9);
  signal.addEventListener('abort', close, { once: true });
  process.exited.promise.then(
    ({ report }) => {
      const words = failureText(program, report);
      if (words === undefined) source.end();
      else source.fail(computeFaults.error('runtime-failed', { handler: 'microvm', detail: words }));
      link.forget(process);
    },
    (error: Error) => source.fail(error),
  );
  return Promise.resolve({
    source,
    sink: {
      write: chunk => link.write(process, chunk),
      end: () => Promise.resolve(link.endInput(process)),
    },
    close,
  });
}
