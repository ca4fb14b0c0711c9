import type { CallAddress, EventProcess, ProcessEvent } from '../../../process-events.ts';
import { Codec } from '../../../protobuf/codec.ts';
import { MESSAGE_TYPES, TRACE_MESSAGES } from './messages.ts';
import { CALL_NAMES } from './session.ts';

const codec = new Codec(TRACE_MESSAGES);
/** Of the protocol; a peer that speaks none of ours is let go. */
const VERSION = 1;
const HEADER_BYTES = 8;
const NS_PER_MS = 1e6;

interface Context {
  readonly time_ns: number;
  readonly threadId: number;
  readonly threadGroupId: number;
  readonly containerId: string;
  readonly cwd: string;
  readonly processName: string;
  readonly parentThreadGroupId: number;
  readonly isExecSession: boolean;
  readonly credentials?: Readonly<Record<'realUid' | 'effectiveUid' | 'realGid' | 'effectiveGid', number>>;
}

interface Call extends Readonly<Record<string, unknown>> {
  readonly context?: Context;
  readonly exit?: { readonly result: number; readonly errorno: number };
  readonly sysno: number;
}

/** What one packet says: an event, and how many the kernel has dropped until then (it wraps at 2^32). */
export interface TracePacket {
  readonly dropped: number;
  /** Absent: of a form that is not known. */
  readonly event?: Exclude<ProcessEvent, { kind: 'lost' }>;
}

/** The answer to the first packet of a connection; undefined for a peer that speaks another protocol. */
export function answerHandshake(packet: Buffer): Buffer | undefined {
  try {
    const { version } = codec.decode('Handshake', packet) as { version: number };
    return version >= VERSION ? codec.encode('Handshake', { version: VERSION }) : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a packet: a header (its own length, kind, drops; little endian), then one message. Never throws. */
export function readTrace(packet: Buffer): TracePacket {
  if (packet.length < HEADER_BYTES) return { dropped: 0 };
  const dropped = packet.readUInt32LE(4);
  const header = packet.readUInt16LE(0);
  const type = MESSAGE_TYPES.get(packet.readUInt16LE(2));
  if (type === undefined || header < HEADER_BYTES || header > packet.length) return { dropped };
  try {
    const event = lower(type, codec.decode(type, packet.subarray(header)) as Call);
    return event ? { dropped, event } : { dropped };
  } catch {
    return { dropped };
  }
}

function processOf(context: Context): EventProcess {
  const { credentials } = context;
  return {
    pid: context.threadGroupId,
    threadId: context.threadId,
    parentPid: context.parentThreadGroupId,
    name: context.processName,
    workingFolder: context.cwd,
    account: {
      uid: credentials?.realUid ?? 0,
      effectiveUid: credentials?.effectiveUid ?? 0,
      gid: credentials?.realGid ?? 0,
      effectiveGid: credentials?.effectiveGid ?? 0,
    },
    entered: context.isExecSession,
  };
}

function lower(type: string, message: Call): TracePacket['event'] {
  const { context } = message;
  if (!context) return undefined;
  const about = {
    containerId: context.containerId || ((message.id as string | undefined) ?? ''),
    at_ms: context.time_ns / NS_PER_MS,
    process: processOf(context),
  };
  switch (type) {
    case 'Start':
      return { kind: 'started', ...about, args: message.args as string[], terminal: message.terminal as boolean };
    case 'Clone':
      return {
        kind: 'forked',
        ...about,
        childPid: message.createdThreadGroupId as number,
        childThreadId: message.createdThreadId as number,
      };
    case 'Exec':
      return { kind: 'executed', ...about, path: message.binaryPath as string, args: message.argv as string[] };
    case 'TaskExit':
      return { kind: 'exited', ...about, ...endOf(message.exitStatus as number) };
    default:
      return { kind: 'call', ...about, ...callOf(message) };
  }
}

/** The status word of wait(2). */
function endOf(status: number): { exitCode: number; signal?: number } {
  const signal = status & 0x7f;
  return signal === 0 ? { exitCode: (status >> 8) & 0xff } : { exitCode: 128 + signal, signal };
}

type CallFacts = Omit<Extract<ProcessEvent, { kind: 'call' }>, 'kind' | 'containerId' | 'at_ms' | 'process'>;

function callOf(message: Call): CallFacts {
  const { context: _context, exit, sysno, pathname, fd, fdPath, address, ...others } = message;
  return {
    name: CALL_NAMES.get(sysno) ?? `#${sysno}`,
    number: sysno,
    ...(exit ? (exit.errorno === 0 ? { result: exit.result } : { errno: exit.errorno }) : {}),
    ...(typeof pathname === 'string' ? { path: pathname } : {}),
    ...(typeof fd === 'number' ? { descriptor: fd } : {}),
    ...(fdPath ? { descriptorPath: fdPath as string } : {}),
    ...(address instanceof Uint8Array && address.length > 0 ? { address: addressOf(Buffer.from(address)) } : {}),
    arguments: others,
  };
}

/** sockaddr(3type) as the process wrote it: a hostile one is cut short or of no known family. */
export function addressOf(bytes: Buffer): CallAddress {
  const number = bytes.length < 2 ? 0 : bytes.readUInt16LE(0);
  if (number === 1) return { family: 'unix', path: unixPath(bytes.subarray(2)) };
  if (number === 2 && bytes.length >= 8)
    return { family: 'ipv4', ip: bytes.subarray(4, 8).join('.'), port: bytes.readUInt16BE(2) };
  if (number === 10 && bytes.length >= 24) {
    const words = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(8 + 2 * index).toString(16));
    return {
      family: 'ipv6',
      ip: new URL(`http://[${words.join(':')}]/`).hostname.slice(1, -1),
      port: bytes.readUInt16BE(2),
    };
  }
  return { family: 'other', number };
}

/** An abstract name begins with NUL and is shown with `@`, as ss(8) does. */
function unixPath(bytes: Buffer): string {
  if (bytes.length === 0) return '';
  if (bytes[0] === 0) return `@${bytes.subarray(1).toString()}`;
  const end = bytes.indexOf(0);
  return bytes.subarray(0, end < 0 ? bytes.length : end).toString();
}
