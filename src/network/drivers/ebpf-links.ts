import { existsSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  ATTACH,
  attachToDevice,
  BpfObject,
  loadProgram,
  openPinned,
  PROGRAM,
  replaceProgram,
  SystemCallError,
} from '../../ebpf/index.ts';
import { answerProgram, sourceKey } from '../engine/answers.ts';
import { policyProgram } from '../engine/datapath.ts';
import { addressKey, numberKey } from '../engine/datapathtables.ts';
import type { PodInterface } from '../ports.ts';
import { descriptors, type Maps, type Pins } from './ebpf-maps.ts';
import { type Netlink, withNetlink } from './netlink.ts';
import type { Router } from './router.ts';

/** Devices of the router beside those of pods. */
const TRUNKS = ['host0', 'tunnel0'];
/** Pins of programs for what comes in end so; no device of ours does, and a bpf file system allows no dots. */
const INWARD = '_in';

/** One program on one side of a device. */
interface Wanted {
  readonly device: string;
  readonly program: BpfObject;
  readonly attach: number;
}

/**
 * The programs on the router's devices, each link pinned under the device's name: they stay in force without this
 * process, and a later run puts its own in their place without a gap.
 */
export class DatapathLinks implements Disposable {
  readonly #router: Router;
  readonly #folder: string;
  readonly #maps: Maps;
  readonly #policy: BpfObject;
  readonly #pod: BpfObject;
  readonly #trunk: BpfObject;
  readonly #links = new Map<string, BpfObject>();
  readonly #sources = new Map<string, readonly Uint8Array[]>();

  constructor(router: Router, pins: Pins, maps: Maps) {
    this.#router = router;
    this.#folder = pins.links;
    this.#maps = maps;
    const of = descriptors(maps);
    const load = (name: string, code: Uint8Array, attach: number): BpfObject =>
      loadProgram(name, PROGRAM.schedulerClassifier, code, attach);
    this.#policy = load('tn_policy', policyProgram(of), ATTACH.tcxEgress);
    this.#pod = load('tn_answer_pod', answerProgram(of, 'pod'), ATTACH.tcxIngress);
    this.#trunk = load('tn_answer', answerProgram(of, 'trunk'), ATTACH.tcxIngress);
  }

  /** The policy program, for those who measure it. */
  get policy(): BpfObject {
    return this.#policy;
  }

  sync(interfaces: readonly PodInterface[]): void {
    const wanted = new Map<string, Wanted>();
    const add = (device: string, inward: BpfObject): void => {
      wanted.set(device, { device, program: this.#policy, attach: ATTACH.tcxEgress });
      wanted.set(`${device}${INWARD}`, { device, program: inward, attach: ATTACH.tcxIngress });
    };
    for (const { device } of interfaces) if (device !== '') add(device, this.#pod);
    for (const device of TRUNKS) add(device, this.#trunk);
    this.#router.inside(() =>
      withNetlink(netlink => {
        this.#forgetGone(netlink, wanted);
        for (const { device, attachment } of interfaces) this.#allow(netlink, device, attachment.ips);
        for (const [name, entry] of wanted) if (!this.#links.has(name)) this.#attach(netlink, name, entry);
      }),
    );
  }

  /** Ending a link makes the kernel wait for every processor, unless its device is gone: then it costs nothing. */
  #forgetGone(netlink: Netlink, wanted: ReadonlyMap<string, Wanted>): void {
    for (const name of readdirSync(this.#folder)) {
      const device = name.endsWith(INWARD) ? name.slice(0, -INWARD.length) : name;
      if (wanted.has(name) || netlink.has(device)) continue;
      this.#links.get(name)?.[Symbol.dispose]();
      this.#links.delete(name);
      unlinkSync(join(this.#folder, name));
      for (const key of this.#sources.get(device) ?? []) this.#maps.sources.delete(key);
      this.#sources.delete(device);
    }
  }

  /** The addresses a pod may send from: known before its device has the program that asks. */
  #allow(netlink: Netlink, device: string, addresses: readonly string[]): void {
    if (device === '' || this.#sources.has(device) || !netlink.has(device)) return;
    const index = netlink.index(device);
    const keys = addresses.map(address => sourceKey(index, addressKey(address)));
    for (const key of keys) this.#maps.sources.set(key, numberKey(1));
    this.#sources.set(device, keys);
  }

  #attach(netlink: Netlink, name: string, { device, program, attach }: Wanted): void {
    const path = join(this.#folder, name);
    if (existsSync(path)) {
      const link = new BpfObject(openPinned(path));
      try {
        replaceProgram(link, program);
        this.#links.set(name, link);
        return;
      } catch (error) {
        // The device it was on is gone: the link is a name of nothing.
        if (!(error instanceof SystemCallError)) throw error;
        link[Symbol.dispose]();
        unlinkSync(path);
      }
    }
    if (!netlink.has(device)) return;
    const link = attachToDevice(program, netlink.index(device), attach);
    link.pin(path);
    this.#links.set(name, link);
  }

  /** Lets go of descriptors; pinned links go on. */
  [Symbol.dispose](): void {
    for (const object of [...this.#links.values(), this.#policy, this.#pod, this.#trunk]) object[Symbol.dispose]();
  }
}
