import { parentPort, workerData } from 'node:worker_threads';
import { answerHandshake, readTrace } from '../dialects/gvisor/trace/read.ts';
import type { LossReason, ProcessEvent } from '../process-events.ts';
import { SeqPacketServer } from './seqpacket.ts';

const WAIT_MS = 100;
/** Events that wait to be taken by the other thread; with more the kernels drop theirs, and count them. */
const PENDING_MAX = 20_000;
const BATCH_MAX = 500;
/** Of `shared`: ended when 1, and how many events are on their way. */
const [STOP, PENDING] = [0, 1];

interface Connection {
  readonly fd: number;
  greeted: boolean;
  dropped: number;
  /** `several`: what is lost on it could be of any of them. */
  containerId?: string;
  several?: boolean;
}

const { path, shared } = workerData as { readonly path: string; readonly shared: Int32Array };
const connections = new Map<number, Connection>();
let batch: ProcessEvent[] = [];

function flush(): void {
  if (batch.length === 0) return;
  Atomics.add(shared, PENDING, batch.length);
  parentPort?.postMessage(batch);
  batch = [];
}

function tell(event: ProcessEvent): void {
  batch.push(event);
  if (batch.length >= BATCH_MAX) flush();
}

function lost(connection: Connection, count: number | 'unknown', why: LossReason): void {
  const { containerId, several } = connection;
  tell({ kind: 'lost', ...(containerId === undefined || several ? {} : { containerId }), count, why });
}

function take(connection: Connection, packet: Buffer): void {
  const { dropped, event } = readTrace(packet);
  if (event) {
    connection.several ||= connection.containerId !== undefined && connection.containerId !== event.containerId;
    connection.containerId = event.containerId;
  }
  // The count is the kernel's own, and wraps.
  const more = (dropped - connection.dropped) >>> 0;
  if (more > 0) lost(connection, more, 'full');
  connection.dropped = dropped;
  if (event) tell(event);
  else lost(connection, 1, 'unread');
}

function end(server: SeqPacketServer, connection: Connection): void {
  server.close(connection.fd);
  connections.delete(connection.fd);
}

/** All there is of one connection. */
function drain(server: SeqPacketServer, connection: Connection): void {
  while (Atomics.load(shared, PENDING) + batch.length < PENDING_MAX) {
    const packet = server.receive(connection.fd);
    if (packet === 'none') return;
    if (packet === 'end') return end(server, connection);
    if (packet === 'cut') lost(connection, 1, 'unread');
    else if (connection.greeted) take(connection, packet);
    else {
      const answer = answerHandshake(packet);
      if (!answer) return end(server, connection);
      server.send(connection.fd, answer);
      connection.greeted = true;
    }
  }
}

function serve(): void {
  using server = new SeqPacketServer(path);
  parentPort?.postMessage('listening');
  while (Atomics.load(shared, STOP) === 0) {
    const full = Atomics.load(shared, PENDING) >= PENDING_MAX;
    if (full) Atomics.wait(shared, PENDING, Atomics.load(shared, PENDING), WAIT_MS);
    const { fresh, ready } = server.wait(full ? [] : [...connections.keys()], full ? 0 : WAIT_MS);
    if (fresh) {
      const fd = server.accept();
      if (fd !== undefined) connections.set(fd, { fd, greeted: false, dropped: 0 });
    }
    for (const fd of ready) {
      const connection = connections.get(fd);
      if (connection) drain(server, connection);
    }
    flush();
  }
  for (const connection of connections.values()) server.close(connection.fd);
}

serve();
