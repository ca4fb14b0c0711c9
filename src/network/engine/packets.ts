import { type Assembler, HELPER, type Register } from '../../ebpf/assembler.ts';

/** Places in the frame of a packet program, below r10: what is read of a packet. */
export const FRAME = {
  /** LPM keys of the two addresses: bits, then 16 bytes. */
  source: -24,
  destination: -48,
  /** Source and destination port in the packet's order; of ICMP nothing and the type plus one. */
  ports: -56,
  key: -80,
  header: -128,
  event: -192,
  subject: -200,
  saved: -208,
  /** A flow: the opener's address, the other's, their ports, the protocol (LAYOUT.flowKey bytes). */
  flow: -248,
  now: -256,
  /** Where the transport header starts. */
  transport: -264,
  rules: -272,
  /** A flow's value (LAYOUT.flowValue bytes, see FLOW). */
  value: -304,
  /** The rules that let the packet through: on its way out, on its way in; -1 (which none has) where none was asked. */
  decided: -312,
  /** State of the maps the packet is decided by; 0 where the decision holds for this packet alone. */
  generation: -320,
} as const;

export const ETHERNET = 14;
export const SKB = { mark: 8, protocol: 16, device: 40 } as const;
export const ACTION = { next: 0xffff_ffff | 0, drop: 2 } as const;
export const CONTEXT: Register = 6;
export const SOURCE_ID: Register = 7;
export const DESTINATION_ID: Register = 8;
/** The transport protocol's number. */
export const TRANSPORT: Register = 9;
export const ICMP = { four: 1, six: 58 } as const;
const PROTOCOL_IPV4 = 0x0008;
const PROTOCOL_IPV6 = 0xdd86;

/** Copies packet bytes into the frame; r0 is not 0 where the packet ends before. */
export function loadBytes(code: Assembler, offset: (register: Register) => void, frame: number, length: number): void {
  code.copy(1, CONTEXT);
  offset(2);
  code.frame(3, frame).set(4, length).call(HELPER.loadBytes);
}

/** An LPM key for one whole address. */
function wholeKey(code: Assembler, key: number): void {
  code.storeValue(4, 10, key, 128);
}

/** An IPv4 address of a header in the frame as the 16 bytes of its mapped form (RFC 4291 section 2.5.5.2). */
export function mappedAddress(code: Assembler, from: number, to: number): void {
  code
    .storeValue(4, 10, to, 0)
    .storeValue(4, 10, to + 4, 0)
    .storeValue(4, 10, to + 8, 0xffff_0000 | 0);
  code.load(4, 1, 10, from).store(4, 10, to + 12, 1);
}

export function copyAddress(code: Assembler, from: number, to: number): void {
  for (const word of [0, 4, 8, 12]) code.load(4, 1, 10, from + word).store(4, 10, to + word, 1);
}

function readIpv4(code: Assembler, start: number): void {
  loadBytes(code, register => code.set(register, start), FRAME.header, 20);
  code.when(0, '!=', 0, 'malformed');
  for (const [key, offset] of [
    [FRAME.source, 12],
    [FRAME.destination, 16],
  ] as const) {
    wholeKey(code, key);
    mappedAddress(code, FRAME.header + offset, key + 4);
  }
  // Later fragments have no ports, and are nothing without the first.
  code
    .load(2, 1, 10, FRAME.header + 6)
    .swap(1, 16)
    .op(1, '&', 0x1fff)
    .when(1, '!=', 0, 'pass');
  code.load(1, TRANSPORT, 10, FRAME.header + 9);
  code.load(1, 1, 10, FRAME.header).op(1, '&', 0x0f).op(1, '<<', 2).op(1, '+', start);
  code.store(4, 10, FRAME.transport, 1).jump('transport');
}

function readIpv6(code: Assembler, start: number): void {
  loadBytes(code, register => code.set(register, start), FRAME.header, 40);
  code.when(0, '!=', 0, 'malformed');
  for (const [key, offset] of [
    [FRAME.source, 8],
    [FRAME.destination, 24],
  ] as const) {
    wholeKey(code, key);
    copyAddress(code, FRAME.header + offset, key + 4);
  }
  code.load(1, TRANSPORT, 10, FRAME.header + 6).storeValue(4, 10, FRAME.transport, start + 40);
}

/** Reads the ports of TCP, UDP and SCTP, which have them at the same place, and the type of ICMP. */
function readPorts(code: Assembler): void {
  code.label('transport').storeValue(4, 10, FRAME.ports, 0);
  for (const protocol of [6, 17, 132]) code.when(TRANSPORT, '==', protocol, 'ports');
  for (const protocol of [ICMP.four, ICMP.six]) code.when(TRANSPORT, '==', protocol, 'type');
  code.jump('identify').label('type');
  loadBytes(code, register => code.load(4, register, 10, FRAME.transport), FRAME.now, 1);
  code.when(0, '!=', 0, 'malformed').load(1, 1, 10, FRAME.now).op(1, '+', 1).swap(1, 16);
  code
    .store(2, 10, FRAME.ports + 2, 1)
    .jump('identify')
    .label('ports');
  loadBytes(code, register => code.load(4, register, 10, FRAME.transport), FRAME.ports, 4);
  code.when(0, '!=', 0, 'malformed').label('identify');
}

/**
 * Reads addresses, protocol and ports of any packet; goes to `pass` with what is not IP, to `malformed` with stumps.
 * `start` is where the network header is: devices have Ethernet before it, sockets nothing.
 */
export function readPacket(code: Assembler, start: number = ETHERNET): void {
  code
    .load(4, 1, CONTEXT, SKB.protocol)
    .when(1, '==', PROTOCOL_IPV4, 'ipv4')
    .when(1, '==', PROTOCOL_IPV6, 'ipv6')
    .jump('pass');
  code.label('ipv4');
  readIpv4(code, start);
  code.label('ipv6');
  readIpv6(code, start);
  readPorts(code);
}

/** The two bytes by which an echo and its answer know each other, as both ports of a flow. */
export function readEcho(code: Assembler, target: string): void {
  code.load(4, 1, 10, FRAME.transport).op(1, '+', 4).store(4, 10, FRAME.saved, 1);
  loadBytes(code, register => code.load(4, register, 10, FRAME.saved), FRAME.flow + 32, 2);
  code
    .when(0, '!=', 0, target)
    .load(2, 1, 10, FRAME.flow + 32)
    .store(2, 10, FRAME.flow + 34, 1);
}

/** Seconds a flow is remembered after its last packet either way. */
const IDLE_S = { stream: 6 * 3600, datagram: 180 } as const;

/**
 * Looks the frame's flow up: goes to `absent` where there is none or it is too old, else says that it was seen now.
 * Leaves the time in the frame and in r2, the flow's value in r0.
 */
export function touchFlow(code: Assembler, flows: number, absent: string): void {
  const datagram = code.fresh('datagram');
  const judged = code.fresh('judged');
  code.call(HELPER.now).store(8, 10, FRAME.now, 0);
  code.map(1, flows).frame(2, FRAME.flow).call(HELPER.lookup).when(0, '==', 0, absent);
  // Another processor may have seen the flow after this one read the time.
  code.load(8, 1, 0, 0).load(8, 2, 10, FRAME.now).whenRegister(1, '>', 2, judged);
  code.copy(3, 2).opRegister(3, '-', 1).op(3, '/', 1_000_000_000);
  code.load(1, 4, 10, FRAME.flow + 36).when(4, '!=', 6, datagram);
  code.when(3, '>', IDLE_S.stream, absent).jump(judged).label(datagram);
  code.when(3, '>', IDLE_S.datagram, absent).label(judged);
  code.store(8, 0, 0, 2);
}
