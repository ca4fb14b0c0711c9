import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import type { RuntimeEvent } from '../model.ts';
import type { ByteSink } from '../ports.ts';
import { ContainerMethods } from './containers.ts';
import { CriContext, type CriOptions, type Methods, type Streams } from './context.ts';
import { criError, late as deadline } from './errors.ts';
import { type CriEvent, CriEvents } from './events.ts';
import { CgroupDriver } from './generated/api.ts';
import { ImageMethods } from './images.ts';
import { serviceDefinition } from './methods.ts';
import { SandboxMethods } from './sandboxes.ts';
import { StatisticsMethods } from './statistics.ts';
import { tell } from './status.ts';
import { StreamingServer } from './streaming-server.ts';

const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Output of ExecSync beyond this is dropped, as the API allows (16 MiB). */
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024 - 64 * 1024;
/** Entries of a streamed list in one message. */
const BATCH = 256;
const TIMEOUT_EXIT = 124;

/** A CRI server on its socket. */
export interface CriServer extends AsyncDisposable {
  readonly socket: string;
}

function collector(): { sink: ByteSink; bytes(): Buffer } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return {
    sink: {
      write: chunk => {
        const rest = chunk.subarray(0, Math.max(0, OUTPUT_BYTES_MAX - size));
        size += rest.length;
        if (rest.length > 0) chunks.push(Buffer.from(rest));
        return Promise.resolve();
      },
      end: () => Promise.resolve(),
    },
    bytes: () => Buffer.concat(chunks),
  };
}

function execSync(context: CriContext, containers: ContainerMethods): Methods<'ExecSync'>['ExecSync'] {
  return async ({ containerId, cmd, timeout }) => {
    const { entry } = await containers.running(containerId);
    const [stdout, stderr] = [collector(), collector()];
    const options = { command: cmd, tty: false, ...(timeout > 0 ? { timeout_ms: timeout * 1000 } : {}) };
    const signal = new AbortController().signal;
    const started_ms = context.options.clock.monotonic();
    const streams = { stdout: stdout.sink, stderr: stderr.sink, signal };
    const { exitCode, signal: killed } = await context.runtimeOf(entry).exec(entry.id, options, streams);
    const late = timeout > 0 && context.options.clock.monotonic() - started_ms >= timeout * 1000;
    if (exitCode === TIMEOUT_EXIT && !killed && late)
      throw deadline(`timeout ${timeout}s exceeded: context deadline exceeded`);
    return { stdout: stdout.bytes(), stderr: stderr.bytes(), exitCode };
  };
}

type General = Methods<'Version' | 'Status' | 'UpdateRuntimeConfig' | 'RuntimeConfig'>;

function general({ options }: CriContext): General {
  return {
    Version: () =>
      Promise.resolve({
        version: '0.1.0',
        runtimeName: 'tenon',
        runtimeVersion: options.version,
        runtimeApiVersion: 'v1',
      }),
    Status: async ({ verbose }) => {
      const problem = await options.runtimes
        .get('')!
        .check()
        .then(
          () => '',
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
      const handlers = [...options.runtimes.keys()];
      const info = { handlers, cgroups: options.cgroups.mode, folder: options.folder };
      return {
        status: {
          conditions: [
            { type: 'RuntimeReady', status: problem === '', reason: problem ? 'RuntimeFailed' : '', message: problem },
            { type: 'NetworkReady', status: true },
          ],
        },
        runtimeHandlers: handlers.map(name => ({
          name,
          features: {
            recursiveReadOnlyMounts: name !== 'wasm' && name !== 'gvisor',
            userNamespaces: options.runtimes.get(name)?.userNamespaces === true && name !== 'wasm',
          },
        })),
        features: { supplementalGroupsPolicy: true },
        info: verbose ? { config: JSON.stringify(info) } : {},
      };
    },
    // Pod addresses come from our own plan; a range from outside changes nothing, as with CNI-managed runtimes.
    UpdateRuntimeConfig: () => Promise.resolve({}),
    RuntimeConfig: () => Promise.resolve({ linux: { cgroupDriver: CgroupDriver.CGROUPFS } }),
  };
}

/** Lists again, cut into messages. */
function streamsOf(methods: Methods): Streams {
  const cut = <Item, Message>(
    items: readonly Item[] | undefined,
    pack: (part: readonly Item[]) => Message,
  ): Message[] =>
    Array.from({ length: Math.ceil((items?.length ?? 0) / BATCH) }, (_, index) =>
      pack(items!.slice(index * BATCH, (index + 1) * BATCH)),
    );
  return {
    StreamPodSandboxes: async request =>
      cut((await methods.ListPodSandbox(request)).items, podSandboxes => ({ podSandboxes })),
    StreamContainers: async request =>
      cut((await methods.ListContainers(request)).containers, containers => ({ containers })),
    StreamContainerStats: async request =>
      cut((await methods.ListContainerStats(request)).stats, containerStats => ({ containerStats })),
    StreamPodSandboxStats: async request =>
      cut((await methods.ListPodSandboxStats(request)).stats, podSandboxStats => ({ podSandboxStats })),
    StreamPodSandboxMetrics: async request =>
      cut((await methods.ListPodSandboxMetrics(request)).podMetrics, podSandboxMetrics => ({ podSandboxMetrics })),
    StreamImages: async request => cut((await methods.ListImages(request)).images, images => ({ images })),
  };
}

type AnyUnary = (request: object) => Promise<object>;
type AnyStream = (request: object) => Promise<readonly object[]>;

const unary =
  (method: AnyUnary): handleUnaryCall<object, object> =>
  (call, answer) => {
    Promise.try(method, call.request).then(
      response => answer(null, response),
      (error: unknown) => answer(criError(error)),
    );
  };

const streaming =
  (method: AnyStream): handleServerStreamingCall<object, object> =>
  call => {
    Promise.try(method, call.request).then(
      messages => {
        for (const message of messages) call.write(message);
        call.end();
      },
      (error: unknown) => void call.emit('error', criError(error)),
    );
  };

function watchEvents(call: ServerWritableStream<object, object>, events: CriEvents): void {
  // Headers go out at once: the caller then knows that nothing from now on is missed.
  call.sendMetadata(call.metadata.clone());
  const stop = events.listen((event: CriEvent) => void call.write(event));
  call.on('cancelled', stop);
  call.on('close', stop);
  call.on('error', stop);
}

/** Turns what runtimes tell into CRI's events; ends with the subscriptions' closing. */
function relay(context: CriContext): () => void {
  const kinds = {
    started: 'CONTAINER_STARTED_EVENT',
    exited: 'CONTAINER_STOPPED_EVENT',
  } as const;
  const take = (event: RuntimeEvent): void => {
    const sandbox = context.sandboxes.find(event.sandboxId);
    if (!sandbox || (event.kind !== 'started' && event.kind !== 'exited')) return;
    tell(context, kinds[event.kind], event.containerId || event.sandboxId, sandbox).catch(context.options.report);
  };
  const subscriptions = [...new Set(context.options.runtimes.values())].map(runtime => runtime.subscribe(take));
  return () => subscriptions.forEach(subscription => subscription.close());
}

/** Serves CRI v1 on a unix socket (made anew; only root may connect). */
export async function serveCri(socket: string, options: CriOptions): Promise<CriServer> {
  const events = new CriEvents();
  const context = new CriContext(options, events);
  const streamingServer = await StreamingServer.open(context);
  const containers = new ContainerMethods(context);
  const methods: Methods = {
    ...general(context),
    ...new SandboxMethods(context).methods(),
    ...containers.methods(),
    ...new StatisticsMethods(context).methods(),
    ...new ImageMethods(context).methods(),
    ...streamingServer.methods(containers),
    ExecSync: execSync(context, containers),
  };
  const implementation: Record<string, UntypedHandleCall> = {
    GetContainerEvents: (call: ServerWritableStream<object, object>) => watchEvents(call, events),
  };
  for (const [name, method] of Object.entries(methods)) implementation[name] = unary(method as AnyUnary);
  for (const [name, method] of Object.entries(streamsOf(methods)))
    implementation[name] = streaming(method as AnyStream);
  const server = new Server({
    'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
  });
  for (const service of ['RuntimeService', 'ImageService'] as const)
    server.addService(serviceDefinition(service), implementation);
  mkdirSync(dirname(socket), { recursive: true });
  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), error =>
      error ? reject(error) : resolve(),
    ),
  );
  chmodSync(socket, 0o660);
  const stopRelay = relay(context);
  return {
    socket,
    [Symbol.asyncDispose]: async () => {
      stopRelay();
      server.forceShutdown();
      await streamingServer[Symbol.asyncDispose]();
      rmSync(socket, { force: true });
    },
  };
}
