import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { RE2JS } from 're2js';
import type { Clock } from '../../base/index.ts';
import { chosen, type Expression } from '../dialects/hubble/filters.ts';
import { timestamp } from '../dialects/hubble/flow.ts';
import { decodeMessage, encodeMessage, type Message } from '../dialects/hubble/messages.ts';
import type { FlowLog, LostIn } from '../flowlog.ts';
import type { ObservedFlow } from '../flows.ts';

/** Flows that wait for a slow reader; later ones are told as lost. */
const WAITING_MAX = 4096;
const PATTERNS_MAX = 256;
const NANOSECONDS = 1_000_000_000n;
/** LostEventSource: the kernel's ring had no room (PERF_EVENT_RING_BUFFER), or what was kept was not read in time (HUBBLE_RING_BUFFER). */
const LOST_IN = { kernel: 1, log: 3 } as const;
/** relay.NodeState. */
const STATE = { connected: 1, unavailable: 2 } as const;

export interface FlowServerOptions {
  readonly log: FlowLog;
  readonly clock: Clock;
  readonly nodeName: string;
  readonly version: string;
  readonly namespaces: () => readonly string[];
  /** A UNIX socket only its owner may use; `tcp://` addresses are `host:port`. */
  readonly listen: readonly string[];
}

type Call = ServerWritableStream<Message, Message>;

function method(
  name: string,
  request: string,
  response: string,
  responseStream: boolean,
): MethodDefinition<Message, Message> {
  return {
    path: `/observer.Observer/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: value => Buffer.from(encodeMessage(request, value)),
    requestDeserialize: bytes => decodeMessage(request, bytes),
    responseSerialize: value => Buffer.from(encodeMessage(response, value)),
    responseDeserialize: bytes => decodeMessage(response, bytes),
  };
}

/** What clients ask first (grpc.health.v1): 1 is SERVING. */
const HEALTH = {
  Check: { ...method('Check', 'Empty', 'HealthCheckResponse', false), path: '/grpc.health.v1.Health/Check' },
};
const SERVING = 1;

/** The methods of the observer, for its server and for clients. */
export const OBSERVER = {
  GetFlows: method('GetFlows', 'GetFlowsRequest', 'GetFlowsResponse', true),
  GetAgentEvents: method('GetAgentEvents', 'GetFlowsRequest', 'Empty', true),
  GetDebugEvents: method('GetDebugEvents', 'GetFlowsRequest', 'Empty', true),
  GetNodes: method('GetNodes', 'Empty', 'GetNodesResponse', false),
  GetNamespaces: method('GetNamespaces', 'Empty', 'GetNamespacesResponse', false),
  ServerStatus: method('ServerStatus', 'Empty', 'ServerStatusResponse', false),
} as const;

const nanoseconds = (value: unknown): bigint | undefined => {
  if (value === undefined) return undefined;
  const { seconds = 0, nanos = 0 } = value as { seconds?: number | bigint; nanos?: number };
  return BigInt(seconds) * NANOSECONDS + BigInt(nanos);
};

/** Patterns come from anyone: RE2 answers in linear time; one that is none matches nothing. */
function expressions(): Expression {
  const known = new Map<string, RE2JS | undefined>();
  return (text, pattern) => {
    if (!known.has(pattern) && known.size < PATTERNS_MAX) {
      try {
        known.set(pattern, RE2JS.compile(pattern));
      } catch {
        known.set(pattern, undefined);
      }
    }
    return known.get(pattern)?.matcher(text).find() ?? false;
  };
}

/** Writes flows as fast as the reader takes them, and says how many it missed. */
class FlowStream {
  readonly #call: Call;
  readonly #waiting: Message[] = [];
  #blocked = false;
  /** Told after what waits, however much that is. */
  readonly #lost = new Map<string, { readonly where: LostIn; readonly node: string; count: number }>();

  constructor(call: Call) {
    this.#call = call;
    call.on('drain', () => {
      this.#blocked = false;
      this.#flush();
    });
  }

  push(message: Message): void {
    if (this.#waiting.length >= WAITING_MAX) this.#lose(1, '', 'log');
    else this.#waiting.push(message);
    this.#flush();
  }

  /** Flows of a node that this reader will not be told of. */
  lost(count: number, node: string, where: LostIn): void {
    this.#lose(count, node, where);
    this.#flush();
  }

  #lose(count: number, node: string, where: LostIn): void {
    const known = this.#lost.get(`${where} ${node}`);
    if (known) known.count += count;
    else this.#lost.set(`${where} ${node}`, { where, node, count });
  }

  #flush(): void {
    while (!this.#blocked && this.#waiting.length > 0) this.#write(this.#waiting.shift()!);
    for (const [key, { where, node, count }] of this.#lost) {
      if (this.#blocked) return;
      this.#lost.delete(key);
      const lost_events = { source: LOST_IN[where], num_events_lost: count };
      this.#write({ lost_events, ...(node === '' ? {} : { node_name: node }) });
    }
  }

  #write(message: Message): void {
    this.#blocked = !this.#call.write(message);
  }

  /** Ends the call after what waits. */
  end(): void {
    if (this.#waiting.length === 0 && this.#lost.size === 0) return void this.#call.end();
    this.#call.once('drain', () => setImmediate(() => this.end()));
  }
}

const response = (flow: ObservedFlow, message: Message): Message => ({
  flow: message,
  node_name: flow.node,
  time: timestamp(flow.time_ns),
});

/** Serves the flows of this node, and of those that joined it, as the observer service of flow tools: over a UNIX socket, and TCP where asked. */
export class FlowServer implements AsyncDisposable {
  readonly #options: FlowServerOptions;
  readonly #server = new Server({ 'grpc.max_receive_message_length': 1 << 20 });
  readonly #started_ms: number;

  constructor(options: FlowServerOptions) {
    this.#options = options;
    this.#started_ms = options.clock.monotonic();
  }

  /** Listens; answers the addresses with the ports that were chosen. */
  async start(): Promise<string[]> {
    const one = (call: UntypedHandleCall): UntypedHandleCall => call;
    const answer = (make: () => Message): UntypedHandleCall =>
      one(((_: unknown, done: (error: null, value: Message) => void) => done(null, make())) as UntypedHandleCall);
    const nothing = one(((call: Call) => call.end()) as UntypedHandleCall);
    this.#server.addService(HEALTH, { Check: answer(() => ({ status: SERVING })) });
    this.#server.addService(OBSERVER, {
      GetFlows: ((call: Call) => this.#flows(call)) as UntypedHandleCall,
      GetAgentEvents: nothing,
      GetDebugEvents: nothing,
      GetNodes: answer(() => this.#nodes()),
      GetNamespaces: answer(() => ({
        namespaces: this.#options.namespaces().map(namespace => ({ cluster: 'default', namespace })),
      })),
      ServerStatus: answer(() => this.#status()),
    });
    return Promise.all(this.#options.listen.map(address => this.#bind(address)));
  }

  async #bind(address: string): Promise<string> {
    const path = address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
    if (path !== undefined) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      rmSync(path, { force: true });
    }
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    if (path === undefined) return address.replace(/:\d+$/, `:${port}`);
    chmodSync(path, 0o600);
    return address;
  }

  #counts(): Message {
    const { log, clock } = this.#options;
    const uptime_ns = BigInt(Math.round((clock.monotonic() - this.#started_ms) * 1e6));
    return { num_flows: log.size, max_flows: log.capacity, seen_flows: log.seen, uptime_ns };
  }

  #status(): Message {
    const { version, log } = this.#options;
    const away = [...log.nodes].filter(([, isConnected]) => !isConnected).map(([name]) => name);
    return {
      ...this.#counts(),
      num_connected_nodes: { value: 1 + log.nodes.size - away.length },
      num_unavailable_nodes: { value: away.length },
      unavailable_nodes: away,
      version,
    };
  }

  #nodes(): Message {
    const { nodeName, log, version } = this.#options;
    const own = { name: nodeName, version, state: STATE.connected, ...this.#counts() };
    const others = [...log.nodes].map(([name, isConnected]) => ({
      name,
      version,
      state: isConnected ? STATE.connected : STATE.unavailable,
    }));
    return { nodes: [own, ...others] };
  }

  #flows(call: Call): void {
    const { request } = call;
    const {
      number = 0,
      follow = false,
      first = false,
    } = request as { number?: number; follow?: boolean; first?: boolean };
    const [since, until] = [nanoseconds(request.since), nanoseconds(request.until)];
    if (first && follow) {
      call.emit('error', { code: status.INVALID_ARGUMENT, details: 'first cannot be used with follow' });
      return;
    }
    const stream = new FlowStream(call);
    const expression = expressions();
    const select = (flow: ObservedFlow): Message | undefined => {
      if ((since !== undefined && flow.time_ns < since) || (until !== undefined && flow.time_ns > until))
        return undefined;
      const message = chosen(flow, flow.node, request, expression);
      return message && response(flow, message);
    };
    for (const message of this.#past(select, { number, first, all: !follow || since !== undefined }))
      stream.push(message);
    if (!follow) return stream.end();
    const stop = this.#options.log.follow({
      flow: flow => {
        const message = select(flow);
        if (message) stream.push(message);
        if (until !== undefined && flow.time_ns > until) finish();
      },
      lost: (count, node, where) => stream.lost(count, node, where),
    });
    const finish = (): void => {
      stop();
      stream.end();
    };
    call.on('cancelled', stop).on('close', stop).on('error', stop);
  }

  /** What is kept and asked for: the last (or first) `number`, or all, oldest first. */
  #past(
    select: (flow: ObservedFlow) => Message | undefined,
    { number, first, all }: { readonly number: number; readonly first: boolean; readonly all: boolean },
  ): Message[] {
    if (number === 0 && !all) return [];
    const found: Message[] = [];
    const { log } = this.#options;
    for (const flow of first ? log.oldest() : log.newest()) {
      if (number > 0 && found.length >= number) break;
      const message = select(flow);
      if (message) found.push(message);
    }
    return first ? found : found.reverse();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
    for (const address of this.#options.listen) {
      if (address.startsWith('unix:')) rmSync(address.slice('unix:'.length), { force: true });
    }
    return Promise.resolve();
  }
}
