import { existsSync, mkdirSync, readdirSync, rmdirSync, statfsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BpfMap, MAP, mountAt, openPinned, SystemCallError, unmount } from '../../ebpf/index.ts';
import { type DatapathMaps, LAYOUT } from '../engine/datapath.ts';

const BPF_FS_MAGIC = 0xcafe4a11;
const SIZES = {
  addresses: 262_144,
  subjects: 65_536,
  verdicts: 1_048_576,
  counters: 65_536,
  events: 1 << 18,
  flows: 131_072,
  sources: 16_384,
};
/** Rules that are counted one by one; others share number 0. */
export const RULES_MAX = SIZES.counters;

export type Maps = Readonly<Record<keyof DatapathMaps, BpfMap>>;

/**
 * Folders of the bpf file system of a state: programs in use, maps that outlive a run, links of earlier versions, and what
 * holds control groups.
 */
export interface Pins {
  readonly programs: string;
  readonly maps: string;
  readonly links: string;
  readonly groups: string;
}

/** Where pins of a state are, by what they are. */
export function pinsOf(folder: string): Pins {
  // The root of the file system holds the kernel's own debug names.
  const path = join(folder, 'bpf');
  return {
    programs: join(path, 'programs'),
    maps: join(path, 'maps'),
    links: join(path, 'links'),
    groups: join(path, 'groups'),
  };
}

/**
 * Mounts a bpf file system in the state folder, where what is named lives without this process, and gives its pins to `use`.
 * What `use` throws is thrown on; a file system that was mounted for it is then taken away again, one that an earlier run left
 * programs in stays.
 */
export function withPins<T>(folder: string, use: (pins: Pins) => T): T {
  const path = join(folder, 'bpf');
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const fresh = (statfsSync(path).type & 0xffff_ffff) >>> 0 !== BPF_FS_MAGIC;
  try {
    if (fresh) mountAt('bpf', path);
    const pins = pinsOf(folder);
    for (const each of Object.values(pins)) mkdirSync(each, { recursive: true, mode: 0o700 });
    return use(pins);
  } catch (error) {
    if (fresh) {
      unmount(path);
      // Not empty where it was no mount: what is in it is not ours.
      if (readdirSync(path).length === 0) rmdirSync(path);
    }
    throw error;
  }
}

function make(name: string, type: number, keySize: number, valueSize: number, entries: number): BpfMap {
  return BpfMap.create({ name, type, keySize, valueSize, entries });
}

/** Known flows outlive a run: answers on open connections pass while a new run learns the policies. */
function openFlows(folder: string, prefix: string): BpfMap {
  const path = join(folder, `${prefix}flows-${LAYOUT.flowKey}-${LAYOUT.flowValue}-${SIZES.flows}`);
  const shape = {
    name: 'tn_flows',
    type: MAP.lru,
    keySize: LAYOUT.flowKey,
    valueSize: LAYOUT.flowValue,
    entries: SIZES.flows,
  };
  if (existsSync(path)) {
    try {
      return new BpfMap(openPinned(path), shape);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      unlinkSync(path);
    }
  }
  const map = BpfMap.create(shape);
  map.pin(path);
  return map;
}

/** The maps of programs; `prefix` names those that outlive a run. */
export function openMaps({ maps: folder }: Pins, prefix = ''): Maps {
  return {
    addresses: make('tn_addresses', MAP.lpm, LAYOUT.addressKey, LAYOUT.addressValue, SIZES.addresses),
    subjects: make('tn_subjects', MAP.hash, LAYOUT.subjectKey, LAYOUT.subjectValue, SIZES.subjects),
    verdicts: make('tn_verdicts', MAP.lpm, LAYOUT.verdictKey, LAYOUT.verdictValue, SIZES.verdicts),
    counters: make('tn_counters', MAP.array, 4, 8, SIZES.counters),
    events: make('tn_events', MAP.ring, 0, 0, SIZES.events),
    flows: openFlows(folder, prefix),
    generation: make('tn_generation', MAP.array, 4, 8, 1),
    sources: make('tn_sources', MAP.hash, LAYOUT.sourceKey, 4, SIZES.sources),
    lost: make('tn_lost', MAP.array, 4, 8, 1),
  };
}

/** The maps by descriptor, as programs name them. */
export function descriptors(maps: Maps): DatapathMaps {
  const { addresses, subjects, verdicts, counters, events, flows, generation, sources, lost } = maps;
  return {
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
}
