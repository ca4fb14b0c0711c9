/** Linux capabilities by number (capability.h, kernel 5.9 and later). */
export const CAPABILITIES: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
];

/** What a container has when nothing is said (the set containerd and CRI-O's parents agree on). */
const DEFAULT: readonly string[] = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
];

const plain = (name: string): string => name.toUpperCase().replace(/^CAP_/, '');

/** The capabilities of a container, without `CAP_`, in numeric order: default + add - drop, `ALL` first in each. */
export function capabilitiesOf(security: {
  readonly privileged: boolean;
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
}): readonly string[] {
  if (security.privileged) return CAPABILITIES;
  const add = security.capabilities.add.map(plain);
  const drop = security.capabilities.drop.map(plain);
  const held = new Set(add.includes('ALL') ? CAPABILITIES : drop.includes('ALL') ? [] : DEFAULT);
  if (!drop.includes('ALL')) for (const name of drop) held.delete(name);
  for (const name of add) if (name !== 'ALL' && !(add.includes('ALL') && drop.includes(name))) held.add(name);
  return CAPABILITIES.filter(name => held.has(name));
}
