import { Assembler, HELPER, type Register } from '../../ebpf/assembler.ts';
import { MARK } from './services.ts';

/** Maps of the policy program, by descriptor. */
export interface DatapathMaps {
  /** Address (16 bytes, IPv4 mapped) by longest prefix -> identity, flags. */
  readonly addresses: number;
  /** Identity -> rule table for ingress, for egress; 0 is "no policy speaks about it". */
  readonly subjects: number;
  /** Table, peer identity (0 is anyone), protocol, port by longest prefix -> verdict, rule. */
  readonly verdicts: number;
  /** Rule -> packets it decided. */
  readonly counters: number;
  /** New flows and refusals. */
  readonly events: number;
}

/** Flags of an address. */
export const ADDRESS = {
  /** The node itself: always allowed (NetworkPolicy reference, "traffic to and from the node where a Pod is running"). */
  node: 1,
  /** A pod nobody has told of yet: refused until its identity is known. */
  unknown: 2,
} as const;

export const VERDICT = { allow: 1, deny: 2 } as const;
/** Drop reasons; the numbers are those flow tools know. */
export const REASON = { none: 0, noRule: 133, denied: 181, unknownPod: 132, malformed: 134 } as const;

/** Sizes in bytes of keys and values. */
export const LAYOUT = {
  addressKey: 20,
  addressValue: 8,
  subjectKey: 4,
  subjectValue: 8,
  verdictKey: 16,
  verdictValue: 8,
  event: 64,
} as const;

/** Verdict keys: bits of table, peer; then protocol; then port. */
export const VERDICT_BITS = { peer: 64, protocol: 80, port: 96 } as const;

// Places in the frame, below r10.
const SOURCE = -24;
const DESTINATION = -48;
const PORTS = -56;
const KEY = -80;
const HEADER = -128;
const EVENT = -192;
const SUBJECT = -200;
const SAVED = -208;

const PROTOCOL_IPV4 = 0x0008;
const PROTOCOL_IPV6 = 0xdd86;
const ETHERNET = 14;
const SKB = { mark: 8, protocol: 16 };
const ACTION = { next: 0xffff_ffff | 0, drop: 2 };
const CONTEXT: Register = 6;
const SOURCE_ID: Register = 7;
const DESTINATION_ID: Register = 8;
const TRANSPORT: Register = 9;

function loadBytes(code: Assembler, offset: (register: Register) => void, frame: number, length: number): void {
  code.copy(1, CONTEXT);
  offset(2);
  code.frame(3, frame).set(4, length).call(HELPER.loadBytes);
}

/** An LPM key for one whole address. */
function wholeKey(code: Assembler, key: number): void {
  code.storeValue(4, 10, key, 128);
}

function readIpv4(code: Assembler): void {
  loadBytes(code, register => code.set(register, ETHERNET), HEADER, 20);
  code.when(0, '!=', 0, 'malformed');
  for (const [key, offset] of [
    [SOURCE, 12],
    [DESTINATION, 16],
  ] as const) {
    wholeKey(code, key);
    code
      .storeValue(4, 10, key + 4, 0)
      .storeValue(4, 10, key + 8, 0)
      .storeValue(4, 10, key + 12, 0xffff_0000 | 0);
    code.load(4, 1, 10, HEADER + offset).store(4, 10, key + 16, 1);
  }
  // Later fragments have no ports, and are nothing without the first.
  code
    .load(2, 1, 10, HEADER + 6)
    .swap(1, 16)
    .op(1, '&', 0x1fff)
    .when(1, '!=', 0, 'pass');
  code.load(1, TRANSPORT, 10, HEADER + 9);
  code
    .load(1, DESTINATION_ID, 10, HEADER)
    .op(DESTINATION_ID, '&', 0x0f)
    .op(DESTINATION_ID, '<<', 2)
    .op(DESTINATION_ID, '+', ETHERNET);
  code.jump('transport');
}

function readIpv6(code: Assembler): void {
  loadBytes(code, register => code.set(register, ETHERNET), HEADER, 40);
  code.when(0, '!=', 0, 'malformed');
  for (const [key, offset] of [
    [SOURCE, 8],
    [DESTINATION, 24],
  ] as const) {
    wholeKey(code, key);
    for (const word of [0, 4, 8, 12]) code.load(4, 1, 10, HEADER + offset + word).store(4, 10, key + 4 + word, 1);
  }
  code.load(1, TRANSPORT, 10, HEADER + 6).set(DESTINATION_ID, ETHERNET + 40);
}

/** Reads the ports of TCP, UDP and SCTP, which have them at the same place. */
function readPorts(code: Assembler): void {
  code.label('transport').storeValue(4, 10, PORTS, 0);
  for (const protocol of [6, 17, 132]) code.when(TRANSPORT, '==', protocol, 'ports');
  code.jump('identify').label('ports');
  loadBytes(code, register => code.copy(register, DESTINATION_ID), PORTS, 4);
  code.when(0, '!=', 0, 'malformed');
}

/** Finds who sends and who is to receive. */
function identify(code: Assembler, maps: DatapathMaps): void {
  code.label('identify').set(SOURCE_ID, 0).set(DESTINATION_ID, 0).storeValue(4, 10, SAVED, 0);
  for (const [key, register] of [
    [SOURCE, SOURCE_ID],
    [DESTINATION, DESTINATION_ID],
  ] as const) {
    const absent = code.fresh('stranger');
    code.map(1, maps.addresses).frame(2, key).call(HELPER.lookup).when(0, '==', 0, absent);
    code.load(4, register, 0, 0).load(4, 1, 0, 4);
    code.when(1, 'set', ADDRESS.node, 'pass');
    code.load(4, 2, 10, SAVED).opRegister(2, '|', 1).store(4, 10, SAVED, 2).label(absent);
  }
  code.storeValue(4, 10, EVENT + 16, 0).storeValue(1, 10, EVENT + 21, 0);
  code.set(1, REASON.unknownPod).load(4, 2, 10, SAVED).when(2, 'set', ADDRESS.unknown, 'drop');
}

/** One side's table: its most exact entry decides, then that for anyone; a table without an answer refuses. */
function decideSide(code: Assembler, maps: DatapathMaps, direction: 'ingress' | 'egress'): void {
  const [subject, peer] = direction === 'egress' ? [SOURCE_ID, DESTINATION_ID] : [DESTINATION_ID, SOURCE_ID];
  const done = code.fresh('done');
  const found = code.fresh('found');
  code
    .store(4, 10, SUBJECT, subject)
    .map(1, maps.subjects)
    .frame(2, SUBJECT)
    .call(HELPER.lookup)
    .when(0, '==', 0, done);
  code.load(4, 1, 0, direction === 'ingress' ? 0 : 4).when(1, '==', 0, done);
  code.storeValue(1, 10, EVENT + 21, direction === 'egress' ? 1 : 0);
  code
    .storeValue(4, 10, KEY, VERDICT_BITS.port)
    .store(4, 10, KEY + 4, 1)
    .store(4, 10, KEY + 8, peer);
  code
    .store(1, 10, KEY + 12, TRANSPORT)
    .storeValue(1, 10, KEY + 13, 0)
    .load(2, 1, 10, PORTS + 2)
    .store(2, 10, KEY + 14, 1);
  code.map(1, maps.verdicts).frame(2, KEY).call(HELPER.lookup).when(0, '!=', 0, found);
  code
    .storeValue(4, 10, KEY + 8, 0)
    .map(1, maps.verdicts)
    .frame(2, KEY)
    .call(HELPER.lookup)
    .when(0, '!=', 0, found);
  code.set(1, REASON.noRule).jump('drop').label(found);
  const allowed = code.fresh('allowed');
  code
    .load(4, 1, 0, 4)
    .store(4, 10, EVENT + 16, 1)
    .load(4, 2, 0, 0)
    .store(4, 10, SAVED, 2);
  code
    .frame(2, EVENT + 16)
    .map(1, maps.counters)
    .call(HELPER.lookup)
    .when(0, '==', 0, allowed);
  code.set(1, 1).atomicAdd(8, 0, 0, 1).label(allowed);
  code.load(4, 2, 10, SAVED).when(2, '==', VERDICT.allow, done);
  code
    .set(1, REASON.denied)
    .load(4, 2, 10, EVENT + 16)
    .when(2, '!=', 0, 'drop')
    .set(1, REASON.noRule)
    .jump('drop')
    .label(done);
}

/** Tells user space of a flow; r1 holds the reason. */
function tell(code: Assembler, maps: DatapathMaps, verdict: number): void {
  code
    .store(1, 10, EVENT + 23, 1)
    .storeValue(1, 10, EVENT + 20, verdict)
    .store(1, 10, EVENT + 22, TRANSPORT);
  code
    .call(HELPER.now)
    .store(8, 10, EVENT, 0)
    .store(4, 10, EVENT + 8, SOURCE_ID)
    .store(4, 10, EVENT + 12, DESTINATION_ID);
  code
    .load(4, 1, 10, PORTS)
    .store(4, 10, EVENT + 24, 1)
    .storeValue(4, 10, EVENT + 28, 0);
  for (const [key, place] of [
    [SOURCE, 32],
    [DESTINATION, 48],
  ] as const) {
    for (const word of [0, 4, 8, 12]) code.load(4, 1, 10, key + 4 + word).store(4, 10, EVENT + place + word, 1);
  }
  code.map(1, maps.events).frame(2, EVENT).set(3, LAYOUT.event).set(4, 0).call(HELPER.ringOutput);
}

/**
 * The policy program: for every packet that leaves the router, to a pod or elsewhere. Packets of accepted connections
 * carry a mark from conntrack; only the first ones are asked about, by which time Services are already rewritten.
 */
export function policyProgram(maps: DatapathMaps): Uint8Array {
  const code = new Assembler();
  code.copy(CONTEXT, 1).load(4, 1, CONTEXT, SKB.mark).when(1, 'set', MARK.established, 'pass');
  code
    .load(4, 1, CONTEXT, SKB.protocol)
    .when(1, '==', PROTOCOL_IPV4, 'ipv4')
    .when(1, '==', PROTOCOL_IPV6, 'ipv6')
    .jump('pass');
  code.label('ipv4');
  readIpv4(code);
  code.label('ipv6');
  readIpv6(code);
  readPorts(code);
  identify(code, maps);
  decideSide(code, maps, 'egress');
  decideSide(code, maps, 'ingress');
  code.set(1, REASON.none);
  tell(code, maps, 1);
  code.label('pass').set(0, ACTION.next).exit();
  code.label('drop');
  tell(code, maps, 0);
  code.set(0, ACTION.drop).exit();
  // Too short for its own header: nothing to tell of.
  code.label('malformed').set(0, ACTION.drop).exit();
  return code.bytes();
}
