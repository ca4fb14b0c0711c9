import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { kinds } from '../../kernel/index.ts';
import type { DownwardContext } from '../engine/downward.ts';
import { expandVariables } from '../engine/expand.ts';
import { containerLimits } from '../engine/resources.ts';
import type { Account, ContainerSpec, Mount, Resources, SandboxSpec } from '../model.ts';
import type { ImageRecord } from '../ports.ts';
import { ConfigError, environmentOf } from './environment.ts';
import type { NodeContext } from './node-context.ts';
import { securityOf } from './security.ts';
import type { PodVolumes } from './volumes.ts';

export interface ContainerMaking {
  readonly node: NodeContext;
  readonly pod: kinds.Pod;
  readonly container: kinds.Container;
  readonly attempt: number;
  readonly id: string;
  readonly sandbox: SandboxSpec;
  readonly image: ImageRecord;
  readonly imageReference: string;
  readonly volumes: PodVolumes;
  readonly downward: DownwardContext;
  /** Files of the pod shown in every container: target -> source. */
  readonly podFiles: ReadonlyMap<string, string>;
}

/** Where a container's termination message is on the host. */
export const terminationFile = (node: NodeContext, uid: string, container: string, attempt: number): string =>
  join(node.stateFolder, 'pods', uid, 'containers', container, `${attempt}.message`);

/** The log file of one run, laid out as /var/log/pods is. */
export const logFile = (sandbox: Pick<SandboxSpec, 'logFolder'>, container: string, attempt: number): string =>
  join(sandbox.logFolder, container, `${attempt}.log`);

/** Everything a runtime needs of one container. Rejects with ConfigError where the pod asks for what is not there. */
export async function makeContainerSpec(making: ContainerMaking): Promise<ContainerSpec> {
  const { node, pod, container, image, attempt, sandbox } = making;
  const uid = pod.metadata.uid ?? '';
  const environment = await environmentOf(node, pod, container, image.config, making.downward);
  const variables = new Map(environment);
  if (!variables.has('HOSTNAME')) environment.push(['HOSTNAME', sandbox.hostname]);
  if (!variables.has('PATH'))
    environment.push(['PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']);
  const expand = (text: string): string => expandVariables(text, name => variables.get(name));
  const account = await accountOf(making);
  if (!variables.has('HOME') && account.home !== undefined) environment.push(['HOME', account.home]);
  const command = container.command ?? image.config.entrypoint;
  const args = container.args ?? (container.command ? [] : image.config.command);
  const line = [...command, ...args].map(text => expand(text));
  if (line.length === 0 && image.kind === 'oci') throw new ConfigError('no command specified');
  const rootfs = await node.images.prepareRootfs(image.id, making.id);
  const mounts = [...(await making.volumes.mounts(container, expand)), ...(await ownMounts(making))];
  return {
    id: making.id,
    sandboxId: sandbox.id,
    name: container.name,
    attempt,
    image: making.imageReference,
    imageId: image.id,
    rootfs,
    args: line,
    environment,
    workingFolder: container.workingDir || image.config.workingFolder || '/',
    account,
    mounts: sortedMounts(mounts),
    devices: making.volumes.devices(container),
    ports: (container.ports ?? []).map(({ name, containerPort, protocol }) => ({
      ...(name ? { name } : {}),
      port: containerPort,
      protocol: (protocol ?? 'TCP') as 'TCP' | 'UDP' | 'SCTP',
    })),
    security: await securityOf(node, pod, container),
    resources: limitsOf(node, pod, container),
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    stopSignal: container.lifecycle?.stopSignal ?? image.config.stopSignal ?? 'SIGTERM',
    logPath: logFile(sandbox, container.name, attempt),
    labels: {
      'io.kubernetes.pod.name': pod.metadata.name ?? '',
      'io.kubernetes.pod.namespace': pod.metadata.namespace ?? '',
      'io.kubernetes.pod.uid': uid,
      'io.kubernetes.container.name': container.name,
    },
    annotations: { 'tenon.dev/image-digest': image.digests[0] ?? image.id },
    createdAt_ms: node.clock.now(),
  };
}

/** A container's limits; processors of its own are not throttled besides (kubelet's DisableCPUQuotaWithExclusiveCPUs). */
export function limitsOf(node: NodeContext, pod: kinds.Pod, container: kinds.Container): Resources {
  const { memory_bytes } = node.capacity;
  const limits = containerLimits(container.resources, pod.status?.qosClass ?? 'BestEffort', memory_bytes);
  const share = node.cpus?.of(pod.metadata.uid ?? '', container.name);
  if (!share) return limits;
  const { cpuQuota_us: _quota, cpuPeriod_us: _period, ...free } = limits;
  return { ...(share.exclusive ? free : limits), cpuset: share.cpuset };
}

/** Outer mounts before those inside them. */
const sortedMounts = (mounts: readonly Mount[]): Mount[] =>
  [...mounts].sort((left, right) => left.target.split('/').length - right.target.split('/').length);

/** /etc/hosts, resolv.conf and the termination message, unless a volume is mounted there. */
async function ownMounts(making: ContainerMaking): Promise<Mount[]> {
  const { node, pod, container, attempt, podFiles } = making;
  const taken = new Set((container.volumeMounts ?? []).map(mount => mount.mountPath.replace(/\/$/, '')));
  const file = (source: string, target: string): Mount => ({ source, target, kind: 'bind', readOnly: false });
  const mounts = [...podFiles].filter(([target]) => !taken.has(target)).map(([target, source]) => file(source, target));
  const path = container.terminationMessagePath ?? '/dev/termination-log';
  if (!taken.has(path)) {
    const source = terminationFile(node, pod.metadata.uid ?? '', container.name, attempt);
    await mkdir(join(source, '..'), { recursive: true, mode: 0o711 });
    await writeFile(source, '');
    await chmod(source, 0o666);
    mounts.push(file(source, path));
  }
  return mounts;
}

/** Who Wasm programs are: they hold no account of the machine, and never root's. */
const NOBODY = 65_534;

async function accountOf(making: ContainerMaking): Promise<Account> {
  const { node, pod, container, image } = making;
  const podContext = pod.spec?.securityContext;
  const own = container.securityContext;
  const runAsUser = own?.runAsUser ?? podContext?.runAsUser;
  const runAsGroup = own?.runAsGroup ?? podContext?.runAsGroup;
  const named = runAsUser === undefined ? image.config.user : String(runAsUser);
  const nobody: Account = { uid: runAsUser ?? NOBODY, gid: runAsGroup ?? NOBODY, groups: [], home: '/' };
  const found = image.kind === 'wasm' ? nobody : await node.images.account(image.id, named);
  if (!found) throw new ConfigError(`unable to find user ${named}: no matching entries in passwd file`);
  const runAsNonRoot = own?.runAsNonRoot ?? podContext?.runAsNonRoot ?? false;
  if (runAsNonRoot && runAsUser === undefined && image.kind !== 'wasm') {
    const name = image.config.user.split(':')[0] ?? '';
    if (found.uid === 0)
      throw new ConfigError(
        `container has runAsNonRoot and image will run as root (pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`,
      );
    if (!/^\d+$/.test(name))
      throw new ConfigError(
        `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root (pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`,
      );
  }
  if (runAsNonRoot && found.uid === 0 && runAsUser !== undefined)
    throw new ConfigError("container's runAsUser breaks non-root policy");
  const gid = runAsGroup ?? found.gid;
  if (image.kind === 'wasm') return { ...found, gid };
  // KEP-3619: "Strict" leaves out what the image's group file says; the primary group is always one of them.
  const ofImage = podContext?.supplementalGroupsPolicy === 'Strict' ? [] : found.groups;
  const groups = new Set([...(gid < 0 ? [] : [gid]), ...ofImage, ...(podContext?.supplementalGroups ?? [])]);
  if (podContext?.fsGroup !== undefined) groups.add(podContext.fsGroup);
  return { ...found, gid, groups: [...groups] };
}
