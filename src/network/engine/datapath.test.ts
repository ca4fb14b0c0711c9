import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Assembler } from '../../ebpf/assembler.ts';
import { BpfMap, loadProgram, MAP, PROGRAM, RingReader, testRun } from '../../ebpf/index.ts';
import { answerProgram } from './answers.ts';
import { ADDRESS, LAYOUT, policyProgram, VERDICT, VERDICT_BITS } from './datapath.ts';
import { addressKey, numberKey, pairOf, portPrefixes, subjectValue, wideValue } from './datapathtables.ts';

test('port prefixes cover exactly the range, and never more than 30', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 65535 }), fc.integer({ min: 0, max: 65535 }), (one, other) => {
      const [from, to] = one < other ? [one, other] : [other, one];
      const prefixes = portPrefixes(from, to);
      let at = from;
      for (const { port, bits } of prefixes) {
        assert.equal(port, at);
        at += 2 ** (16 - bits);
      }
      assert.equal(at, to + 1);
      assert.ok(prefixes.length <= 30);
    }),
  );
});

test('labels that are missing or defined twice are refused', () => {
  assert.throws(() => new Assembler().jump('nowhere').bytes(), /nowhere/);
  assert.throws(() => new Assembler().label('a').label('a'), /twice/);
});

/** An Ethernet frame with an IPv4 TCP header. */
function frame(source: number[], destination: number[], port: number): Uint8Array {
  const bytes = Buffer.alloc(64);
  bytes.writeUInt16BE(0x0800, 12);
  bytes.writeUInt8(0x45, 14);
  bytes.writeUInt8(6, 23);
  bytes.set(source, 26);
  bytes.set(destination, 30);
  bytes.writeUInt16BE(port, 36);
  return bytes;
}

function verdict(bits: number, table: number, peer: number, port: number): Uint8Array {
  const key = Buffer.alloc(LAYOUT.verdictKey);
  key.writeUInt32LE(bits, 0);
  key.writeUInt32LE(table, 4);
  key.writeUInt32LE(peer, 8);
  key.writeUInt8(6, 12);
  key.writeUInt16BE(port, 14);
  return key;
}

test('the program passes the verifier, decides as its maps say, and does so within a microsecond', t => {
  const make = (type: number, keySize: number, valueSize: number, entries: number): BpfMap | undefined => {
    try {
      return BpfMap.create({ name: 'test', type, keySize, valueSize, entries });
    } catch {
      return undefined;
    }
  };
  const addresses = make(MAP.lpm, LAYOUT.addressKey, 8, 100);
  const subjects = make(MAP.hash, 4, LAYOUT.subjectValue, 100);
  const verdicts = make(MAP.lpm, LAYOUT.verdictKey, 8, 100);
  const counters = make(MAP.array, 4, 8, 10);
  const events = make(MAP.ring, 0, 0, 4096);
  const flows = make(MAP.lru, LAYOUT.flowKey, LAYOUT.flowValue, 1000);
  const generation = make(MAP.array, 4, 8, 1);
  const sources = make(MAP.hash, LAYOUT.sourceKey, 4, 10);
  const lost = make(MAP.array, 4, 8, 1);
  if (!addresses || !subjects || !verdicts || !counters || !events || !flows || !generation || !sources || !lost)
    return t.skip('bpf(2) is refused here');
  const maps = {
    addresses: addresses.descriptor,
    subjects: subjects.descriptor,
    verdicts: verdicts.descriptor,
    counters: counters.descriptor,
    events: events.descriptor,
    flows: flows.descriptor,
    generation: generation.descriptor,
    sources: sources.descriptor,
    lost: lost.descriptor,
  };
  const program = loadProgram('test', PROGRAM.schedulerClassifier, policyProgram(maps));
  const pod = loadProgram('test', PROGRAM.schedulerClassifier, answerProgram(maps, 'pod'));
  const trunk = loadProgram('test', PROGRAM.schedulerClassifier, answerProgram(maps, 'trunk'));
  addresses.set(addressKey('10.0.0.1'), pairOf(1, 0));
  addresses.set(addressKey('10.0.0.2'), pairOf(2, 0));
  addresses.set(addressKey('10.0.0.0/24'), pairOf(0, ADDRESS.unknown));
  addresses.set(addressKey('10.0.0.254'), pairOf(0, ADDRESS.node));
  addresses.set(addressKey('0.0.0.0/0'), pairOf(9, 0));
  subjects.set(numberKey(2), subjectValue({ ingress: 7, egress: 0 }));
  verdicts.set(verdict(VERDICT_BITS.peer, 7, 0, 0), pairOf(VERDICT.deny, 0));
  verdicts.set(verdict(VERDICT_BITS.port, 7, 1, 80), pairOf(VERDICT.allow, 3));
  const run = (source: number[], destination: number[], port: number): string =>
    testRun(program, frame(source, destination, port)).result === 2 ? 'drop' : 'pass';
  assert.equal(run([10, 0, 0, 1], [10, 0, 0, 2], 80), 'pass');
  assert.equal(run([10, 0, 0, 1], [10, 0, 0, 2], 81), 'drop');
  assert.equal(run([8, 8, 8, 8], [10, 0, 0, 2], 80), 'drop');
  assert.equal(run([8, 8, 8, 8], [10, 0, 0, 1], 80), 'pass', 'no policy speaks about it');
  assert.equal(run([10, 0, 0, 254], [10, 0, 0, 2], 81), 'pass', 'the node itself');
  assert.equal(run([10, 0, 0, 77], [10, 0, 0, 1], 80), 'drop', 'a pod nobody has told of');
  const counted = (): bigint => Buffer.from(counters.get(numberKey(3))!).readBigUInt64LE();
  assert.equal(counted(), 1n, 'the rule counts its packets');
  subjects.set(numberKey(2), subjectValue({ ingress: 7, egress: 0 }, { ingress: 8, egress: 0 }));
  assert.equal(run([10, 0, 0, 1], [10, 0, 0, 2], 80), 'drop', 'a table on its way out must allow too');
  subjects.set(numberKey(2), subjectValue({ ingress: 7, egress: 0 }));
  const toServer = (): string => run([10, 0, 0, 1], [10, 0, 0, 2], 80);
  generation.set(numberKey(0), wideValue(1n));
  assert.equal(toServer(), 'pass', 'decided in the new state');
  verdicts.set(verdict(VERDICT_BITS.port, 7, 1, 80), pairOf(VERDICT.deny, 4));
  assert.equal(toServer(), 'pass', 'what the state allowed stands while the state does');
  assert.equal(counted(), 3n, 'packets that are not decided again are counted');
  generation.set(numberKey(0), wideValue(2n));
  assert.equal(toServer(), 'drop', 'another state: decided again');
  verdicts.set(verdict(VERDICT_BITS.port, 7, 1, 80), pairOf(VERDICT.allow, 3));
  generation.set(numberKey(0), wideValue(0n));
  assert.equal(toServer(), 'pass', 'while the maps change nothing is kept');
  verdicts.set(verdict(VERDICT_BITS.port, 7, 1, 80), pairOf(VERDICT.deny, 4));
  assert.equal(toServer(), 'drop', 'while the maps change each packet is decided');
  generation.set(numberKey(0), wideValue(1n));
  assert.equal(toServer(), 'drop', 'a decision of a changing state replaced what was kept');
  verdicts.set(verdict(VERDICT_BITS.port, 7, 1, 80), pairOf(VERDICT.allow, 3));
  generation.set(numberKey(0), wideValue(1n));
  assert.equal(toServer(), 'pass', 'a refusal leaves what was kept as it was');
  verdicts.set(verdict(VERDICT_BITS.port, 7, 1, 80), pairOf(VERDICT.requests, 3));
  generation.set(numberKey(0), wideValue(3n));
  assert.equal(toServer(), 'drop', 'what only some requests may do is not kept');
  verdicts.set(verdict(VERDICT_BITS.port, 7, 1, 80), pairOf(VERDICT.allow, 3));
  assert.equal(toServer(), 'pass', 'refusals are not kept');
  // The ring has room for 4096 bytes, each event takes 72: of 100 refusals the rest is counted.
  const missed = (): bigint => Buffer.from(lost.get(numberKey(0))!).readBigUInt64LE();
  using ring = new RingReader(events);
  ring.drain(() => undefined);
  const before = missed();
  for (let packet = 0; packet < 100; packet++) run([10, 0, 0, 1], [10, 0, 0, 2], 81);
  const kept = ring.drain(() => undefined);
  assert.ok(kept > 0 && kept < 100, `${kept} kept`);
  assert.equal(missed() - before, 100n - BigInt(kept), 'every event is in the ring or counted as lost');
  const { duration_ns } = testRun(program, frame([10, 0, 0, 1], [10, 0, 0, 2], 80), 20_000);
  assert.ok(duration_ns < 5000, `${duration_ns} ns a packet`);
  t.diagnostic(`${duration_ns} ns a packet`);
  for (const object of [
    addresses,
    subjects,
    verdicts,
    counters,
    events,
    flows,
    generation,
    sources,
    lost,
    program,
    pod,
    trunk,
  ])
    object[Symbol.dispose]();
});
