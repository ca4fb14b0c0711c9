import { Assembler, HELPER } from '../../ebpf/assembler.ts';
import { type DatapathMaps, LAYOUT, REASON, tell } from './datapath.ts';
import {
  ACTION,
  CONTEXT,
  copyAddress,
  DESTINATION_ID,
  FRAME,
  ICMP,
  loadBytes,
  mappedAddress,
  readEcho,
  readPacket,
  SKB,
  SOURCE_ID,
  touchFlow,
  TRANSPORT,
} from './packets.ts';
import { MARK } from './services.ts';

/** Errors about a packet sent before (RFC 792; RFC 4443 section 2.1): only they carry one. */
const ERRORS = { four: [3, 4, 5, 11, 12], six: [1, 2, 3, 4] } as const;
const ECHO_ANSWER = { four: 0, six: 129 } as const;

function swapPorts(code: Assembler): void {
  code.load(2, 1, 10, FRAME.ports).load(2, 2, 10, FRAME.ports + 2);
  code.store(2, 10, FRAME.flow + 32, 2).store(2, 10, FRAME.flow + 34, 1);
}

/** A pod sends as itself: a source that is none of its device's addresses is dropped, and told. */
function refuseForeignSource(code: Assembler, maps: DatapathMaps): void {
  code.load(4, 1, CONTEXT, SKB.device).store(4, 10, FRAME.key, 1);
  copyAddress(code, FRAME.source + 4, FRAME.key + 4);
  code.map(1, maps.sources).frame(2, FRAME.key).call(HELPER.lookup).when(0, '!=', 0, 'own');
  // Link-local and unspecified IPv6 sources are never forwarded (RFC 4291 sections 2.5.2 and 2.5.6): neighbour discovery.
  code.load(1, 1, 10, FRAME.source + 4).when(1, '==', 0xfe, 'pass');
  code.load(4, 1, 10, FRAME.source + 4);
  for (const word of [8, 12, 16]) code.load(4, 2, 10, FRAME.source + word).opRegister(1, '|', 2);
  code.when(1, '==', 0, 'pass');
  code
    .set(SOURCE_ID, 0)
    .set(DESTINATION_ID, 0)
    .storeValue(4, 10, FRAME.event + 16, 0);
  code
    .storeValue(4, 10, FRAME.event + 28, 0)
    .storeValue(1, 10, FRAME.event + 21, 1)
    .set(1, REASON.foreignSource);
  tell(code, maps, 0);
  code.set(0, ACTION.drop).exit().label('own');
}

/** The packet an ICMP error is about, as a flow: first as its sender opened it, then the other way round. */
function readCause(code: Assembler, maps: DatapathMaps, family: 'four' | 'six', absent: string): void {
  const size = family === 'four' ? 20 : 40;
  code.load(4, 1, 10, FRAME.transport).op(1, '+', 8).store(4, 10, FRAME.saved, 1);
  loadBytes(code, register => code.load(4, register, 10, FRAME.saved), FRAME.header, size);
  code.when(0, '!=', 0, absent);
  if (family === 'four') {
    mappedAddress(code, FRAME.header + 12, FRAME.flow);
    mappedAddress(code, FRAME.header + 16, FRAME.flow + 16);
    code.load(1, 1, 10, FRAME.header + 9).store(4, 10, FRAME.flow + 36, 1);
    code.load(1, 2, 10, FRAME.header).op(2, '&', 0x0f).op(2, '<<', 2);
  } else {
    copyAddress(code, FRAME.header + 8, FRAME.flow);
    copyAddress(code, FRAME.header + 24, FRAME.flow + 16);
    code
      .load(1, 1, 10, FRAME.header + 6)
      .store(4, 10, FRAME.flow + 36, 1)
      .set(2, size);
  }
  code.load(4, 1, 10, FRAME.saved).opRegister(1, '+', 2).store(4, 10, FRAME.saved, 1);
  loadBytes(code, register => code.load(4, register, 10, FRAME.saved), FRAME.ports, 4);
  const reverse = code.fresh('reverse');
  code
    .when(0, '!=', 0, absent)
    .load(4, 1, 10, FRAME.ports)
    .store(4, 10, FRAME.flow + 32, 1);
  touchFlow(code, maps.flows, reverse);
  code.jump('answer').label(reverse);
  copyAddress(code, FRAME.flow, FRAME.header);
  copyAddress(code, FRAME.flow + 16, FRAME.flow);
  copyAddress(code, FRAME.header, FRAME.flow + 16);
  swapPorts(code);
  touchFlow(code, maps.flows, absent);
  code.jump('answer');
}

/**
 * Looks for the flow a packet answers, or an error in it is about: goes on to `answer` (the caller's next label) where
 * policy let that flow through, else to `absent`.
 */
export function findAnswered(code: Assembler, maps: DatapathMaps, absent: string): void {
  copyAddress(code, FRAME.destination + 4, FRAME.flow);
  copyAddress(code, FRAME.source + 4, FRAME.flow + 16);
  code.storeValue(4, 10, FRAME.flow + 32, 0).store(4, 10, FRAME.flow + 36, TRANSPORT);
  for (const [protocol, family] of [
    [ICMP.four, 'four'],
    [ICMP.six, 'six'],
  ] as const) {
    const other = code.fresh('other');
    const echo = code.fresh('echo');
    const cause = code.fresh('cause');
    code
      .when(TRANSPORT, '!=', protocol, other)
      .load(2, 1, 10, FRAME.ports + 2)
      .swap(1, 16)
      .op(1, '-', 1);
    code.when(1, '==', ECHO_ANSWER[family], echo);
    for (const type of ERRORS[family]) code.when(1, '==', type, cause);
    code.jump(absent).label(cause);
    readCause(code, maps, family, absent);
    code.label(echo);
    readEcho(code, absent);
    code.jump('look').label(other);
  }
  swapPorts(code);
  code.label('look');
  touchFlow(code, maps.flows, absent);
}

/**
 * The program for packets that come into the router: marks those that answer a flow policy let through (nothing else
 * counts as an answer: what was refused cannot be answered, whatever conntrack remembers of it), and on a pod's own
 * device drops what is sent in another's name.
 */
export function answerProgram(maps: DatapathMaps, side: 'pod' | 'trunk'): Uint8Array {
  const code = new Assembler();
  code.copy(CONTEXT, 1).load(4, 1, CONTEXT, SKB.mark).op(1, '&', ~MARK.answer).store(4, CONTEXT, SKB.mark, 1);
  readPacket(code);
  if (side === 'pod') refuseForeignSource(code, maps);
  findAnswered(code, maps, 'pass');
  code.label('answer').load(4, 1, CONTEXT, SKB.mark).op(1, '|', MARK.answer).store(4, CONTEXT, SKB.mark, 1);
  code.label('pass').set(0, ACTION.next).exit();
  code.label('malformed').set(0, ACTION.drop).exit();
  return code.bytes();
}

/** Key of the sources map: a device of the router and an address its pod has (its form in an address key). */
export function sourceKey(device: number, address: Uint8Array): Uint8Array {
  const key = Buffer.alloc(LAYOUT.sourceKey);
  key.writeUInt32LE(device, 0);
  key.set(address.subarray(4), 4);
  return key;
}
