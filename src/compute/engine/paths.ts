import type { Security } from '../model.ts';

/** Shown empty inside containers: they tell or change things of the machine (Kubernetes procMount Default). */
export const MASKED_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

export const READ_ONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** Paths a container sees empty, and those it cannot write to. */
export interface HiddenPaths {
  readonly masked: readonly string[];
  readonly readOnly: readonly string[];
}

/** What of /proc and /sys is hidden from a container that is not privileged. */
export function hiddenPaths({ procMount }: Pick<Security, 'procMount'>): HiddenPaths {
  if (procMount === 'unmasked') return { masked: [], readOnly: [] };
  return procMount === 'default' ? { masked: MASKED_PATHS, readOnly: READ_ONLY_PATHS } : procMount;
}

/** The device nodes every container has: name, major, minor. */
export const DEVICES: readonly (readonly [name: string, major: number, minor: number])[] = [
  ['null', 1, 3],
  ['zero', 1, 5],
  ['full', 1, 7],
  ['random', 1, 8],
  ['urandom', 1, 9],
  ['tty', 5, 0],
];

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
