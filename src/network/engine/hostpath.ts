import { Assembler, HELPER } from '../../ebpf/assembler.ts';
import type { Direction } from '../model.ts';
import { findAnswered } from './answers.ts';
import { ADDRESS, type DatapathMaps, decideSide, keepFlow, passKnown, readFlowKey, REASON, tell } from './datapath.ts';
import { CONTEXT, DESTINATION_ID, FRAME, readPacket, SKB, SOURCE_ID } from './packets.ts';

/** The loopback device has this number in every network namespace. */
const LOOPBACK = 1;
/** What a program of a control group answers (Documentation/bpf/prog_cgroup_skb): anything but 1 drops. */
const ANSWER = { drop: 0, pass: 1 } as const;

/** Says in the frame and in its register who the other end is, and what is to be known of its address. */
function identifyPeer(code: Assembler, maps: DatapathMaps, direction: Direction): void {
  const [key, register] =
    direction === 'ingress' ? ([FRAME.source, SOURCE_ID] as const) : ([FRAME.destination, DESTINATION_ID] as const);
  code.set(register, 0).storeValue(4, 10, FRAME.saved, 0);
  code.map(1, maps.addresses).frame(2, key).call(HELPER.lookup).when(0, '==', 0, 'identified');
  code.load(4, register, 0, 0).load(4, 1, 0, 4).store(4, 10, FRAME.saved, 1);
  code.when(1, 'set', ADDRESS.node, 'trusted').label('identified');
}

/** Where policy speaks of the node, an address that nobody can be asked about is refused. */
function refuseUnknown(code: Assembler, maps: DatapathMaps, subject: number, direction: Direction): void {
  const place = direction === 'ingress' ? 0 : 4;
  code.load(4, 1, 10, FRAME.saved).op(1, '&', ADDRESS.unknown).when(1, '==', 0, 'known');
  code.storeValue(4, 10, FRAME.subject, subject).map(1, maps.subjects).frame(2, FRAME.subject);
  code.call(HELPER.lookup).when(0, '==', 0, 'known');
  code
    .load(4, 1, 0, place)
    .load(4, 2, 0, 8 + place)
    .opRegister(1, '|', 2)
    .when(1, '==', 0, 'known');
  code.set(1, REASON.unknownPod).jump('drop').label('known');
}

/**
 * The program of control groups on the node's network: what their sockets take or send is asked of the policies for the
 * node, whose number is `subject`. What the node says to itself passes, and answers on flows that were let through.
 */
export function hostProgram(maps: DatapathMaps, direction: Direction, subject: number): Uint8Array {
  const code = new Assembler();
  code.copy(CONTEXT, 1).load(4, 1, CONTEXT, SKB.device).when(1, '==', LOOPBACK, 'pass');
  readPacket(code, 0);
  // The search for a cause reads the ports of another packet.
  code.load(4, 1, 10, FRAME.ports).store(4, 10, FRAME.rules, 1);
  findAnswered(code, maps, 'opening');
  code.label('answer').jump('pass');
  code.label('opening').load(4, 1, 10, FRAME.rules).store(4, 10, FRAME.ports, 1);
  readFlowKey(code);
  passKnown(code, maps);
  code.set(direction === 'ingress' ? DESTINATION_ID : SOURCE_ID, subject);
  code
    .storeValue(4, 10, FRAME.event + 16, 0)
    .storeValue(4, 10, FRAME.event + 28, 0)
    .storeValue(1, 10, FRAME.event + 21, direction === 'egress' ? 1 : 0);
  identifyPeer(code, maps, direction);
  refuseUnknown(code, maps, subject, direction);
  decideSide(code, maps, direction);
  keepFlow(code, maps);
  code.set(1, REASON.none);
  tell(code, maps, 1);
  code.label('pass').set(0, ANSWER.pass).exit();
  code.label('trusted');
  keepFlow(code, maps);
  code.jump('pass');
  code.label('drop');
  tell(code, maps, 0);
  code.label('malformed').set(0, ANSWER.drop).exit();
  return code.bytes();
}
