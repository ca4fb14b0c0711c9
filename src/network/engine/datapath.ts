import { Assembler, HELPER } from '../../ebpf/assembler.ts';
import {
  ACTION,
  CONTEXT,
  copyAddress,
  DESTINATION_ID,
  FRAME,
  ICMP,
  readEcho,
  readPacket,
  SKB,
  SOURCE_ID,
  touchFlow,
  TRANSPORT,
} from './packets.ts';
import { MARK } from './services.ts';

/** Maps of the policy programs, by descriptor. */
export interface DatapathMaps {
  /** Address (16 bytes, IPv4 mapped) by longest prefix -> identity, flags. */
  readonly addresses: number;
  /** Identity -> rule table for ingress, for egress (0 is "no policy speaks about it"), then the same two on their way out. */
  readonly subjects: number;
  /** Table, peer identity (0 is anyone), protocol, port by longest prefix -> verdict, rule. */
  readonly verdicts: number;
  /** Rule -> packets it decided. */
  readonly counters: number;
  /** New flows and refusals. */
  readonly events: number;
  /** Flows that were let through (opener, other, ports, protocol) -> when last seen, and what let them through. */
  readonly flows: number;
  /** 0 -> a number of its own for each state of the other maps, 0 while they change: decisions of another number are made again. */
  readonly generation: number;
  /** Device and address of each pod of this node. */
  readonly sources: number;
  /** 0 -> events that the ring had no room for. */
  readonly lost: number;
}

/** Flags of an address. */
export const ADDRESS = {
  /** The node itself: always allowed (NetworkPolicy reference, "traffic to and from the node where a Pod is running"). */
  node: 1,
  /** A pod nobody has told of yet, or a Service's address that nothing rewrote: refused. */
  unknown: 2,
} as const;

/** A rule allows, a rule denies, a policy isolates and none of its rules allows, or only some requests are allowed. */
export const VERDICT = { allow: 1, deny: 2, isolate: 3, requests: 4 } as const;
/** Drop reasons; the numbers are those flow tools know. */
export const REASON = {
  none: 0,
  foreignSource: 132,
  noRule: 133,
  malformed: 134,
  unknownPod: 160,
  denied: 181,
} as const;

/** Sizes in bytes of keys and values. */
export const LAYOUT = {
  addressKey: 20,
  addressValue: 8,
  subjectKey: 4,
  subjectValue: 16,
  verdictKey: 16,
  verdictValue: 8,
  event: 64,
  flowKey: 40,
  flowValue: 32,
  sourceKey: 20,
} as const;

/** A flow's value: when it was seen, when it was told of (nanoseconds), when and by which rules it was let through. */
const FLOW = { seen: 0, told: 8, generation: 16, rules: 24 } as const;

/** Verdict keys: bits of table, peer; then protocol; then port. */
export const VERDICT_BITS = { peer: 64, protocol: 80, port: 96 } as const;

const SOURCE = FRAME.source;
const DESTINATION = FRAME.destination;
const PORTS = FRAME.ports;
const KEY = FRAME.key;
const EVENT = FRAME.event;
const SUBJECT = FRAME.subject;
const SAVED = FRAME.saved;

/** Finds who sends and who is to receive. */
function identify(code: Assembler, maps: DatapathMaps): void {
  code.set(SOURCE_ID, 0).set(DESTINATION_ID, 0).storeValue(4, 10, SAVED, 0);
  for (const [key, register] of [
    [SOURCE, SOURCE_ID],
    [DESTINATION, DESTINATION_ID],
  ] as const) {
    const absent = code.fresh('stranger');
    code.map(1, maps.addresses).frame(2, key).call(HELPER.lookup).when(0, '==', 0, absent);
    code.load(4, register, 0, 0).load(4, 1, 0, 4);
    code.when(1, 'set', ADDRESS.node, 'trusted');
    code.load(4, 2, 10, SAVED).opRegister(2, '|', 1).store(4, 10, SAVED, 2).label(absent);
  }
  code
    .storeValue(4, 10, EVENT + 16, 0)
    .storeValue(4, 10, EVENT + 28, 0)
    .storeValue(1, 10, EVENT + 21, 0);
  code.set(1, REASON.unknownPod).load(4, 2, 10, SAVED).when(2, 'set', ADDRESS.unknown, 'drop');
}

/** Counts a packet for the rule whose number is in the frame. */
function count(code: Assembler, maps: DatapathMaps, rule: number): void {
  const unknown = code.fresh('unknown');
  code.frame(2, rule).map(1, maps.counters).call(HELPER.lookup).when(0, '==', 0, unknown);
  code.set(1, 1).atomicAdd(8, 0, 0, 1).label(unknown);
}

/** One table's answer: its most exact entry decides, then that for anyone; a table without an answer refuses. */
function askTable(code: Assembler, maps: DatapathMaps, direction: 'ingress' | 'egress', done: string): void {
  const peer = direction === 'egress' ? DESTINATION_ID : SOURCE_ID;
  const found = code.fresh('found');
  const rule = direction === 'egress' ? EVENT + 16 : EVENT + 28;
  code
    .when(1, '==', 0, done)
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
  code.load(4, 1, 0, 4).store(4, 10, rule, 1).load(4, 2, 0, 0).store(4, 10, SAVED, 2);
  code.store(4, 10, FRAME.decided + (direction === 'egress' ? 0 : 4), 1);
  count(code, maps, rule);
  code.load(4, 2, 10, SAVED).when(2, '==', VERDICT.allow, done);
  // What only some requests may use goes by the proxy that reads them; whatever else comes this way may not.
  const others = code.fresh('others');
  code.when(2, '!=', VERDICT.requests, others).load(4, 3, CONTEXT, SKB.mark);
  // What is true of the proxy's own packets is not of others of the same flow.
  code.storeValue(8, 10, FRAME.generation, 0).when(3, 'set', MARK.proxied, done).label(others);
  code.set(1, REASON.denied).when(2, '==', VERDICT.deny, 'drop').set(1, REASON.noRule).jump('drop');
}

/** One side: the table on its way out first, where there is one (it must allow too), then the one in force. */
export function decideSide(code: Assembler, maps: DatapathMaps, direction: 'ingress' | 'egress'): void {
  const subject = direction === 'egress' ? SOURCE_ID : DESTINATION_ID;
  const place = direction === 'ingress' ? 0 : 4;
  const done = code.fresh('done');
  const old = code.fresh('old');
  code.store(4, 10, SUBJECT, subject).storeValue(1, 10, EVENT + 21, direction === 'egress' ? 1 : 0);
  code.map(1, maps.subjects).frame(2, SUBJECT).call(HELPER.lookup).when(0, '==', 0, done);
  code
    .load(4, 1, 0, place)
    .store(4, 10, FRAME.rules, 1)
    .load(4, 1, 0, 8 + place);
  askTable(code, maps, direction, old);
  code.label(old).load(4, 1, 10, FRAME.rules);
  askTable(code, maps, direction, done);
  code.label(done);
}

/** Tells user space of a flow, or counts that it could not be told; r1 holds the reason. */
export function tell(code: Assembler, maps: DatapathMaps, verdict: number): void {
  code
    .store(1, 10, EVENT + 23, 1)
    .storeValue(1, 10, EVENT + 20, verdict)
    .store(1, 10, EVENT + 22, TRANSPORT);
  code
    .call(HELPER.now)
    .store(8, 10, EVENT, 0)
    .store(4, 10, EVENT + 8, SOURCE_ID)
    .store(4, 10, EVENT + 12, DESTINATION_ID);
  code.load(4, 1, 10, PORTS).store(4, 10, EVENT + 24, 1);
  for (const [key, place] of [
    [SOURCE, 32],
    [DESTINATION, 48],
  ] as const) {
    for (const word of [0, 4, 8, 12]) code.load(4, 1, 10, key + 4 + word).store(4, 10, EVENT + place + word, 1);
  }
  code.map(1, maps.events).frame(2, EVENT).set(3, LAYOUT.event).set(4, 0).call(HELPER.ringOutput);
  const told = code.fresh('told');
  code.when(0, '==', 0, told).storeValue(4, 10, EVENT, 0).map(1, maps.lost).frame(2, EVENT).call(HELPER.lookup);
  code.when(0, '==', 0, told).set(1, 1).atomicAdd(8, 0, 0, 1).label(told);
}

/** A flow in use is told of again after this long, as flow tools are used to (their monitor aggregation). */
const TELL_AGAIN_NS = 5_000_000_000n;

/** Says in the frame which flow the packet belongs to. */
export function readFlowKey(code: Assembler): void {
  copyAddress(code, SOURCE + 4, FRAME.flow);
  copyAddress(code, DESTINATION + 4, FRAME.flow + 16);
  code
    .load(4, 1, 10, PORTS)
    .store(4, 10, FRAME.flow + 32, 1)
    .store(4, 10, FRAME.flow + 36, TRANSPORT);
  const ready = code.fresh('ready');
  const isEcho = code.fresh('echo');
  for (const [protocol, type] of [
    [ICMP.four, 8],
    [ICMP.six, 128],
  ] as const) {
    const other = code.fresh('other');
    code
      .when(TRANSPORT, '!=', protocol, other)
      .load(2, 1, 10, PORTS + 2)
      .swap(1, 16);
    code
      .when(1, '==', type + 1, isEcho)
      .jump(ready)
      .label(other);
  }
  code.jump(ready).label(isEcho);
  readEcho(code, ready);
  code.label(ready);
}

/**
 * Passes a packet whose flow was let through by the maps as they still are, and told of lately: the same questions have
 * the same answers. The state is read before the maps are: a decision made while they change does not outlive the change.
 */
export function passKnown(code: Assembler, maps: DatapathMaps): void {
  code.storeValue(8, 10, FRAME.decided, -1).storeValue(8, 10, FRAME.generation, 0).storeValue(4, 10, SUBJECT, 0);
  code.map(1, maps.generation).frame(2, SUBJECT).call(HELPER.lookup).when(0, '==', 0, 'decide');
  code.load(8, 1, 0, 0).store(8, 10, FRAME.generation, 1).when(1, '==', 0, 'decide');
  code.map(1, maps.flows).frame(2, FRAME.flow).call(HELPER.lookup).when(0, '==', 0, 'decide');
  code.load(8, 1, 0, FLOW.generation).load(8, 2, 10, FRAME.generation).whenRegister(1, '!=', 2, 'decide');
  code.load(8, 1, 0, FLOW.rules).store(8, 10, FRAME.rules, 1).copy(SOURCE_ID, 0);
  code.call(HELPER.now).load(8, 1, SOURCE_ID, FLOW.told).copy(2, 0).opRegister(2, '-', 1);
  // A flow told of later than now was told of by another processor: it is asked about once more, no harm.
  code.wide(3, TELL_AGAIN_NS).whenRegister(2, '>=', 3, 'decide').store(8, SOURCE_ID, FLOW.seen, 0);
  for (const side of [0, 4]) count(code, maps, FRAME.rules + side);
  code.jump('pass').label('decide');
}

/** Keeps the packet's flow, so that its answers are known; goes to `pass` when it was told of just now. */
export function keepFlow(code: Assembler, maps: DatapathMaps): void {
  const isNew = code.fresh('new');
  const told = code.fresh('told');
  touchFlow(code, maps.flows, isNew);
  for (const [from, to] of [
    [FRAME.decided, FLOW.rules],
    [FRAME.generation, FLOW.generation],
  ] as const)
    code.load(8, 1, 10, from).store(8, 0, to, 1);
  code.load(8, 1, 0, FLOW.told).copy(3, 2).opRegister(3, '-', 1).wide(4, TELL_AGAIN_NS);
  code.whenRegister(3, '<', 4, 'pass').store(8, 0, FLOW.told, 2).jump(told);
  code.label(isNew);
  for (const [from, to] of [
    [FRAME.now, FLOW.seen],
    [FRAME.now, FLOW.told],
    [FRAME.generation, FLOW.generation],
    [FRAME.decided, FLOW.rules],
  ] as const)
    code.load(8, 1, 10, from).store(8, 10, FRAME.value + to, 1);
  code.map(1, maps.flows).frame(2, FRAME.flow).frame(3, FRAME.value).set(4, 0).call(HELPER.update);
  code.label(told);
}

/**
 * The policy program: for every packet that leaves the router, to a pod or elsewhere, by which time Services are already
 * rewritten. Answers on flows it let through carry a mark (engine/answers.ts) and pass; whoever opened the flow is asked
 * about every packet, so that neither an open connection nor a port used again outlives the policy that allowed it. What
 * was decided by the maps as they are is not decided again.
 */
export function policyProgram(maps: DatapathMaps): Uint8Array {
  const code = new Assembler();
  code.copy(CONTEXT, 1).load(4, 1, CONTEXT, SKB.mark).when(1, 'set', MARK.answer, 'pass');
  readPacket(code);
  readFlowKey(code);
  passKnown(code, maps);
  identify(code, maps);
  decideSide(code, maps, 'egress');
  decideSide(code, maps, 'ingress');
  keepFlow(code, maps);
  code.set(1, REASON.none);
  tell(code, maps, 1);
  code.label('pass').set(0, ACTION.next).exit();
  code.label('trusted');
  keepFlow(code, maps);
  code.jump('pass');
  code.label('drop');
  tell(code, maps, 0);
  code.set(0, ACTION.drop).exit();
  // Too short for its own header: nothing to tell of.
  code.label('malformed').set(0, ACTION.drop).exit();
  return code.bytes();
}
