import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Assembler, type BpfObject, loadProgram, PROGRAM } from '../../ebpf/index.ts';
import { answerProgram, sourceKey } from '../engine/answers.ts';
import { policyProgram } from '../engine/datapath.ts';
import { addressKey, numberKey } from '../engine/datapathtables.ts';
import { ACTION } from '../engine/packets.ts';
import type { PodInterface } from '../ports.ts';
import { descriptors, type Maps, type Pins } from './ebpf-maps.ts';
import { type Netlink, withNetlink } from './netlink.ts';
import type { Router } from './router.ts';

/** Devices of the router beside those of pods. */
const TRUNKS = ['host0', 'tunnel0'];

const load = (name: string, code: Uint8Array): BpfObject => loadProgram(name, PROGRAM.schedulerClassifier, code);

/**
 * The programs on the router's devices: loaded once and shared by all. They are held by the devices (clsact), which takes
 * a tenth of a millisecond, where a TCX link makes the kernel wait for every processor with the lock of all devices held.
 * They stay in force without this process, and a later run puts its own in their place without a gap.
 */
export class DatapathLinks implements Disposable {
  readonly #router: Router;
  readonly #pins: Pins;
  readonly #maps: Maps;
  readonly #policy: BpfObject;
  readonly #pod: BpfObject;
  readonly #trunk: BpfObject;
  readonly #attached = new Set<string>();
  #pinned = false;
  readonly #sources = new Map<string, readonly Uint8Array[]>();

  constructor(router: Router, pins: Pins, maps: Maps) {
    this.#router = router;
    this.#pins = pins;
    this.#maps = maps;
    const of = descriptors(maps);
    this.#policy = load('tn_policy', policyProgram(of));
    this.#pod = load('tn_answer_pod', answerProgram(of, 'pod'));
    this.#trunk = load('tn_answer', answerProgram(of, 'trunk'));
    this.#tryOut();
  }

  /** Throws where the kernel holds no programs for devices: on the router's loopback, which nothing we judge passes. */
  #tryOut(): void {
    using program = load('tn_try', new Assembler().set(0, ACTION.next).exit().bytes());
    this.#router.inside(() =>
      withNetlink(netlink => {
        const loopback = netlink.index('lo');
        netlink.holdPrograms(loopback);
        netlink.program(loopback, 'out', program.descriptor, 'tn_try');
        netlink.dropPrograms(loopback);
      }),
    );
  }

  /** The policy program, for those who measure it. */
  get policy(): BpfObject {
    return this.#policy;
  }

  sync(interfaces: readonly PodInterface[]): void {
    const wanted = new Set([...TRUNKS, ...interfaces.flatMap(({ device }) => (device === '' ? [] : [device]))]);
    this.#router.inside(() =>
      withNetlink(netlink => {
        this.#forgetGone(netlink, wanted);
        const addresses = new Map(interfaces.map(({ device, attachment }) => [device, attachment.ips]));
        for (const device of wanted) {
          if (this.#attached.has(device)) continue;
          const index = netlink.find(device);
          if (index === undefined) continue;
          this.#allow(index, device, addresses.get(device) ?? []);
          this.#attach(netlink, index, device);
        }
      }),
    );
    this.#pin();
  }

  #forgetGone(netlink: Netlink, wanted: ReadonlySet<string>): void {
    for (const device of this.#attached) {
      if (wanted.has(device) || netlink.find(device) !== undefined) continue;
      this.#attached.delete(device);
      for (const key of this.#sources.get(device) ?? []) this.#maps.sources.delete(key);
      this.#sources.delete(device);
    }
  }

  /** The addresses a pod may send from: known before its device has the program that asks. */
  #allow(index: number, device: string, addresses: readonly string[]): void {
    const keys = addresses.map(address => sourceKey(index, addressKey(address)));
    for (const key of keys) this.#maps.sources.set(key, numberKey(1));
    this.#sources.set(device, keys);
  }

  #attach(netlink: Netlink, index: number, device: string): void {
    const inward = TRUNKS.includes(device) ? this.#trunk : this.#pod;
    netlink.holdPrograms(index);
    netlink.program(index, 'out', this.#policy.descriptor, 'tn_policy');
    netlink.program(index, 'in', inward.descriptor, 'tn_answer');
    this.#attached.add(device);
  }

  /** Names the programs in use; links of earlier versions end now that their devices have ours. */
  #pin(): void {
    const path = (name: string): string => join(this.#pins.programs, name);
    if (this.#pinned) return;
    this.#pinned = true;
    for (const [name, program] of [
      ['policy', this.#policy],
      ['answer_pod', this.#pod],
      ['answer_trunk', this.#trunk],
    ] as const) {
      if (existsSync(path(name))) unlinkSync(path(name));
      program.pin(path(name));
    }
    for (const name of readdirSync(this.#pins.links)) unlinkSync(join(this.#pins.links, name));
  }

  /** Lets go of descriptors; devices keep the programs. */
  [Symbol.dispose](): void {
    for (const object of [this.#policy, this.#pod, this.#trunk]) object[Symbol.dispose]();
  }
}
