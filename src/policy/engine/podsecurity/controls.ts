import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { type ContainerOf, member, type PodParts, type PodSecurityViolation } from './model.ts';

type Control = (pod: PodParts) => Iterable<PodSecurityViolation>;

const CAPABILITIES = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);
/** Sysctls that count as safe, by the release since which they do. */
const SYSCTLS: Readonly<Record<string, number>> = {
  'kernel.shm_rmid_forced': 0,
  'net.ipv4.ip_local_port_range': 0,
  'net.ipv4.ip_unprivileged_port_start': 0,
  'net.ipv4.tcp_syncookies': 0,
  'net.ipv4.ping_group_range': 0,
  'net.ipv4.ip_local_reserved_ports': 27,
  'net.ipv4.tcp_keepalive_time': 29,
  'net.ipv4.tcp_fin_timeout': 29,
  'net.ipv4.tcp_keepalive_intvl': 29,
  'net.ipv4.tcp_keepalive_probes': 29,
  'net.ipv4.tcp_rmem': 32,
  'net.ipv4.tcp_wmem': 32,
};
const SELINUX_TYPES: Readonly<Record<string, number>> = {
  '': 0,
  container_t: 0,
  container_init_t: 0,
  container_kvm_t: 0,
  container_engine_t: 31,
};
/** Whether a value counts as safe by the rules of a release. */
const isSafe = (table: Readonly<Record<string, number>>, value: string, minor: number): boolean =>
  Object.hasOwn(table, value) && minor >= table[value]!;
const VOLUMES = new Set(
  'configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret name'.split(' '),
);

const items = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** A field of every container. */
function* eachContainer(
  pod: PodParts,
  control: string,
  field: readonly string[],
  bad: (value: Json | undefined, of: ContainerOf) => boolean,
): Iterable<PodSecurityViolation> {
  for (const of of pod.containers) {
    const value = member(of.container, ...field);
    if (bad(value, of))
      yield {
        control,
        field: `${of.path}.${field.join('.')}`,
        at: `${of.at}.${field.join('.')}`,
        value: value ?? null,
        image: of.image,
        container: of.name,
        ...(value === undefined && isObject(member(of.container, ...field.slice(0, -1))) ? { isLeftOut: true } : {}),
      };
  }
}

/** A field of the pod itself. */
function* ofPod(
  pod: PodParts,
  control: string,
  field: readonly string[],
  bad: (value: Json | undefined) => boolean,
): Iterable<PodSecurityViolation> {
  const value = member(pod.spec, ...field);
  if (bad(value)) yield { control, field: `spec.${field.join('.')}`, value: value ?? null };
}

function* both(
  pod: PodParts,
  control: string,
  field: readonly string[],
  bad: (value: Json | undefined) => boolean,
): Iterable<PodSecurityViolation> {
  yield* ofPod(pod, control, field, bad);
  yield* eachContainer(pod, control, field, bad);
}

const isTrue = (value: Json | undefined): boolean => value === true;

function* hostNamespaces(pod: PodParts): Iterable<PodSecurityViolation> {
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) yield* ofPod(pod, 'Host Namespaces', [field], isTrue);
}

function* capabilities(pod: PodParts): Iterable<PodSecurityViolation> {
  for (const { container, path, at, image, name } of pod.containers)
    for (const value of items(member(container, 'securityContext', 'capabilities', 'add')))
      if (!CAPABILITIES.has(String(value)))
        yield {
          control: 'Capabilities',
          field: `${path}.securityContext.capabilities.add`,
          at: `${at}.securityContext.capabilities.add`,
          value,
          image,
          container: name,
        };
}

function* hostPaths(pod: PodParts): Iterable<PodSecurityViolation> {
  for (const [i, volume] of items(pod.spec.volumes).entries())
    if (isObject(volume) && volume.hostPath !== undefined)
      yield {
        control: 'HostPath Volumes',
        field: 'spec.volumes[*].hostPath',
        at: `spec.volumes[${i}].hostPath`,
        value: member(volume.hostPath, 'path') ?? volume.hostPath,
        volume: String(volume.name ?? ''),
      };
}

function* hostPorts(pod: PodParts): Iterable<PodSecurityViolation> {
  for (const { container, path, at, image, name } of pod.containers)
    for (const [i, port] of items(container.ports).entries()) {
      const value = member(port, 'hostPort');
      if (value !== undefined && value !== 0)
        yield {
          control: 'Host Ports',
          field: `${path}.ports[*].hostPort`,
          at: `${at}.ports[${i}].hostPort`,
          value,
          image,
          container: name,
        };
    }
}

function* appArmor(pod: PodParts): Iterable<PodSecurityViolation> {
  for (const [name, value] of Object.entries((pod.metadata.annotations ?? {}) as JsonObject)) {
    if (!name.startsWith('container.apparmor.security.beta.kubernetes.io/')) continue;
    const profile = String(value);
    if (profile !== '' && profile !== 'runtime/default' && !profile.startsWith('localhost/'))
      yield { control: 'AppArmor', field: 'metadata.annotations', at: `metadata.annotations[${name}]`, value };
  }
  const bad = (value: Json | undefined): boolean => value === 'Unconfined';
  yield* both(pod, 'AppArmor', ['securityContext', 'appArmorProfile', 'type'], bad);
}

function* seLinux(pod: PodParts): Iterable<PodSecurityViolation> {
  const options = ['securityContext', 'seLinuxOptions'];
  yield* both(
    pod,
    'SELinux',
    [...options, 'type'],
    value => value !== undefined && !isSafe(SELINUX_TYPES, String(value), pod.minor),
  );
  for (const name of ['user', 'role'])
    yield* both(pod, 'SELinux', [...options, name], value => value !== undefined && value !== '');
}

function* sysctls(pod: PodParts): Iterable<PodSecurityViolation> {
  for (const [i, sysctl] of items(member(pod.spec, 'securityContext', 'sysctls')).entries()) {
    const value = member(sysctl, 'name');
    if (!isSafe(SYSCTLS, String(value), pod.minor))
      yield {
        control: 'Sysctls',
        field: 'spec.securityContext.sysctls[*].name',
        at: `spec.securityContext.sysctls[${i}].name`,
        value: value ?? null,
      };
  }
}

const HANDLERS = [
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
] as const;

/** Probes and hooks that name a host could reach what only the node may (KEP-4940). */
function* hostProbes(pod: PodParts): Iterable<PodSecurityViolation> {
  for (const { container, path, at, image, name } of pod.containers)
    for (const handler of HANDLERS)
      for (const kind of ['httpGet', 'tcpSocket']) {
        const field = [...handler, kind, 'host'];
        const value = member(container, ...field);
        if (value !== undefined && value !== '')
          yield {
            control: 'Host Probes / Lifecycle Hooks',
            field: `${path}.${field.join('.')}`,
            at: `${at}.${field.join('.')}`,
            value,
            image,
            container: name,
          };
      }
}

/** The baseline level. */
export const BASELINE: readonly Control[] = [
  pod => both(pod, 'HostProcess', ['securityContext', 'windowsOptions', 'hostProcess'], isTrue),
  hostNamespaces,
  pod => eachContainer(pod, 'Privileged Containers', ['securityContext', 'privileged'], isTrue),
  capabilities,
  hostPaths,
  hostPorts,
  hostProbes,
  appArmor,
  seLinux,
  pod =>
    eachContainer(
      pod,
      '/proc Mount Type',
      ['securityContext', 'procMount'],
      value => value !== undefined && value !== 'Default',
    ),
  pod => both(pod, 'Seccomp', ['securityContext', 'seccompProfile', 'type'], value => value === 'Unconfined'),
  sysctls,
];

function* volumeTypes(pod: PodParts): Iterable<PodSecurityViolation> {
  for (const [i, volume] of items(pod.spec.volumes).entries()) {
    if (!isObject(volume)) continue;
    for (const name of Object.keys(volume))
      if (!VOLUMES.has(name) && volume[name] !== null)
        yield {
          control: 'Volume Types',
          field: `spec.volumes[*].${name}`,
          at: `spec.volumes[${i}].${name}`,
          value: volume[name]!,
          volume: String(volume.name ?? ''),
        };
  }
}

/** Since 1.25 pods of Windows are left out of what only Linux knows. */
const isWindows = (pod: PodParts): boolean => pod.minor >= 25 && member(pod.spec, 'os', 'name') === 'windows';

function* nonRoot(pod: PodParts): Iterable<PodSecurityViolation> {
  const control = 'Running as Non-root';
  const field = ['securityContext', 'runAsNonRoot'];
  const ofAll = member(pod.spec, ...field);
  const missing = pod.containers.filter(({ container }) => {
    const value = member(container, ...field);
    return value === false || (value === undefined && ofAll !== true);
  });
  if (
    ofAll === false ||
    (ofAll === undefined && missing.some(({ container }) => member(container, ...field) === undefined))
  )
    yield { control, field: `spec.${field.join('.')}`, value: ofAll ?? null };
  for (const { container, path, at, image, name } of missing)
    yield {
      control,
      field: `${path}.${field.join('.')}`,
      at: `${at}.${field.join('.')}`,
      value: member(container, ...field) ?? null,
      image,
      container: name,
    };
}

function* seccompSet(pod: PodParts): Iterable<PodSecurityViolation> {
  if (isWindows(pod)) return;
  const control = 'Seccomp';
  const field = ['securityContext', 'seccompProfile', 'type'];
  const allowed = (value: Json | undefined): boolean => value === 'RuntimeDefault' || value === 'Localhost';
  const ofAll = member(pod.spec, ...field);
  const missing = pod.containers.filter(({ container }) => {
    const value = member(container, ...field);
    return value === undefined ? !allowed(ofAll) : !allowed(value);
  });
  // The pod's own field counts only for containers that leave it to the pod.
  const relying = missing.some(({ container }) => member(container, ...field) === undefined);
  if (relying && !allowed(ofAll)) yield { control, field: `spec.${field.join('.')}`, value: ofAll ?? null };
  for (const { container, path, at, image, name } of missing)
    yield {
      control,
      field: `${path}.${field.join('.')}`,
      at: `${at}.${field.join('.')}`,
      value: member(container, ...field) ?? null,
      image,
      container: name,
    };
}

function* capabilitiesDropped(pod: PodParts): Iterable<PodSecurityViolation> {
  if (isWindows(pod)) return;
  for (const { container, path, at, image, name } of pod.containers) {
    const drop = member(container, 'securityContext', 'capabilities', 'drop');
    if (!items(drop).includes('ALL'))
      yield {
        control: 'Capabilities',
        field: `${path}.securityContext.capabilities.drop`,
        at: `${at}.securityContext.capabilities.drop`,
        value: drop ?? null,
        image,
        container: name,
      };
    for (const value of items(member(container, 'securityContext', 'capabilities', 'add')))
      if (value !== 'NET_BIND_SERVICE')
        yield {
          control: 'Capabilities',
          field: `${path}.securityContext.capabilities.add`,
          at: `${at}.securityContext.capabilities.add`,
          value,
          image,
          container: name,
        };
  }
}

/** What the restricted level asks beyond the baseline. */
export const RESTRICTED: readonly Control[] = [
  volumeTypes,
  pod =>
    isWindows(pod)
      ? []
      : eachContainer(
          pod,
          'Privilege Escalation',
          ['securityContext', 'allowPrivilegeEscalation'],
          value => value !== false,
        ),
  nonRoot,
  pod => both(pod, 'Running as Non-root user', ['securityContext', 'runAsUser'], value => value === 0),
  seccompSet,
  capabilitiesDropped,
];
