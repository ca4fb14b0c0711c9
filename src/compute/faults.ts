import { faultCatalogue } from '../base/index.ts';

/** What node agents, runtimes and the keeper can fail with. The image store adds its own in images/. */
export const computeFaults = faultCatalogue('compute', {
  'keeper-unreachable': {
    kind: 'system',
    message: {
      en: 'The keeper of "{folder}" does not answer',
      zh: '“{folder}”的守护进程没有响应',
    },
    why: {
      en: 'Containers are children of one small process a node, which starts them and records how they end',
      zh: '每个节点的容器都由一个小的守护进程启动并记录其退出状态',
    },
    remedy: {
      en: 'Read keeper.log in that folder, then start Tenon again',
      zh: '查看该目录下的 keeper.log，然后重新启动 Tenon',
    },
  },
  'kernel-shared': {
    kind: 'user',
    message: {
      en: 'Container "{id}" runs on the {handler} kernel of its pod, which other containers share: it has no checkpoint of its own',
      zh: '容器“{id}”运行在 Pod 的 {handler} 内核上，与其他容器共享：它没有单独的检查点',
    },
    remedy: {
      en: 'Annotate the sandbox tenon.dev/solitary: "true" if the pod never has two containers at a time',
      zh: '如果 Pod 任何时候都只有一个容器，请给沙箱加上注解 tenon.dev/solitary: "true"',
    },
  },
  'keeper-version': {
    kind: 'user',
    message: {
      en: 'A keeper of version {found} runs here, this Tenon speaks version {expected}',
      zh: '当前运行的守护进程版本为 {found}，此 Tenon 使用版本 {expected}',
    },
    remedy: {
      en: 'Stop the pods with the Tenon that started them (tenon down), then start this one',
      zh: '用启动它们的 Tenon 停止 Pod（tenon down），然后再启动此版本',
    },
  },
  'runtime-missing': {
    kind: 'user',
    message: {
      en: 'The runtime "{handler}" needs "{binary}", which is not on PATH',
      zh: '运行时“{handler}”需要“{binary}”，但 PATH 中找不到',
    },
    remedy: { en: '{install}', zh: '{install}' },
  },
  'machine-unreachable': {
    kind: 'system',
    message: {
      en: 'The virtual machine of this pod does not answer',
      zh: '此 Pod 的虚拟机没有响应',
    },
    why: {
      en: 'It ended, or its first process is not reachable over the serial port',
      zh: '它已结束，或无法通过串口访问其首个进程',
    },
    remedy: { en: 'Read console.log in the sandbox folder', zh: '查看沙箱目录中的 console.log' },
  },
  'kernel-missing': {
    kind: 'user',
    message: {
      en: 'No kernel for virtual machines with shared folders (9p) was found in {places}',
      zh: '在 {places} 中找不到支持共享目录（9p）的虚拟机内核',
    },
    remedy: { en: '{install}', zh: '{install}' },
  },
  'user-ranges-exhausted': {
    kind: 'user',
    message: {
      en: 'Every range of accounts for pods with hostUsers: false is given away',
      zh: '用于 hostUsers: false 的 Pod 的账户范围已全部分配',
    },
    remedy: { en: 'Delete pods of this node', zh: '删除此节点上的 Pod' },
  },
  'user-namespaces': {
    kind: 'user',
    message: {
      en: 'hostUsers: false: the handler "{handler}" does not support user namespaces',
      zh: 'hostUsers: false：处理器“{handler}”不支持用户命名空间',
    },
    why: {
      en: 'Running the pod with the accounts of the node would be less than it asks for',
      zh: '以节点账户运行该 Pod 达不到其要求的隔离',
    },
    remedy: {
      en: 'Set runtimeClassName to one of: {known}',
      zh: '将 runtimeClassName 设为以下之一：{known}',
    },
  },
  'runtime-unknown': {
    kind: 'user',
    message: { en: 'no runtime for handler "{handler}" is configured', zh: '没有为处理器“{handler}”配置运行时' },
    remedy: {
      en: 'Name one of these handlers in the RuntimeClass: {known}',
      zh: '在 RuntimeClass 中使用以下处理器之一：{known}',
    },
  },
  'runtime-failed': {
    kind: 'user',
    message: { en: '{handler}: {detail}', zh: '{handler}：{detail}' },
  },
  'csi-unreachable': {
    kind: 'user',
    message: { en: 'No CSI driver answers at "{endpoint}": {reason}', zh: '“{endpoint}”上没有 CSI 驱动应答：{reason}' },
    remedy: {
      en: 'Start the driver first, or name its socket: --csi unix:///PATH',
      zh: '请先启动驱动，或指定其套接字：--csi unix:///PATH',
    },
  },
  'csi-unknown': {
    kind: 'user',
    message: { en: 'No CSI driver "{driver}" on this node', zh: '此节点没有 CSI 驱动“{driver}”' },
    why: { en: 'Drivers here: {known}', zh: '此处的驱动：{known}' },
    remedy: {
      en: 'Start Tenon with --csi unix:///PATH of its socket',
      zh: '以 --csi unix:///PATH 指定其套接字启动 Tenon',
    },
  },
  'csi-refused': {
    kind: 'user',
    message: { en: 'CSI driver "{driver}" refused {verb}: {detail}', zh: 'CSI 驱动“{driver}”拒绝了 {verb}：{detail}' },
  },
  'cri-unreachable': {
    kind: 'user',
    message: {
      en: 'No CRI v1 runtime answers at "{endpoint}": {reason}',
      zh: '“{endpoint}”上没有 CRI v1 运行时应答：{reason}',
    },
    remedy: {
      en: 'Start it, or name its socket: --cri unix:///run/containerd/containerd.sock',
      zh: '请启动它，或指定其套接字：--cri unix:///run/containerd/containerd.sock',
    },
  },
  'runtime-timeout': {
    kind: 'system',
    message: {
      en: 'The runtime "{handler}" did not answer "{verb}" within {limit} ms',
      zh: '运行时“{handler}”在 {limit} 毫秒内没有完成“{verb}”',
    },
    remedy: { en: 'Use another RuntimeClass, or update the runtime', zh: '使用其他 RuntimeClass，或更新该运行时' },
  },
  'namespaces-refused': {
    kind: 'user',
    message: {
      en: 'This machine refuses new namespaces ({detail}), so processes cannot be isolated',
      zh: '此机器拒绝创建新的命名空间（{detail}），无法隔离进程',
    },
    why: {
      en: 'Without root, user namespaces must be allowed (sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)',
      zh: '没有 root 权限时，必须允许用户命名空间（sysctl kernel.unprivileged_userns_clone、kernel.apparmor_restrict_unprivileged_userns）',
    },
    remedy: {
      en: 'Run as root, or: sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
      zh: '以 root 运行，或执行：sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
    },
  },
  'cdi-device': {
    kind: 'user',
    message: {
      en: 'Device "{device}" cannot be given to a container: {why}',
      zh: '无法将设备“{device}”交给容器：{why}',
    },
    remedy: {
      en: 'Devices are defined by files in /etc/cdi and /var/run/cdi, by their full name VENDOR/CLASS=NAME',
      zh: '设备由 /etc/cdi 与 /var/run/cdi 中的文件定义，以全名 VENDOR/CLASS=NAME 引用',
    },
  },
  'hooks-unsupported': {
    kind: 'user',
    message: {
      en: 'The runtime "{handler}" runs no hooks of devices',
      zh: '运行时“{handler}”不运行设备的钩子',
    },
    remedy: { en: 'Use the runc or crun RuntimeClass', zh: '使用 runc 或 crun RuntimeClass' },
  },
  'architecture-unsupported': {
    kind: 'user',
    message: { en: 'The process runtime does not know the processor "{found}"', zh: '进程运行时不支持处理器“{found}”' },
    remedy: { en: 'Use the runc or wasm RuntimeClass on this machine', zh: '在此机器上使用 runc 或 wasm RuntimeClass' },
  },
  'container-unknown': {
    kind: 'user',
    message: { en: 'container "{id}" is not known here', zh: '此处没有容器“{id}”' },
  },
  'sandbox-unknown': {
    kind: 'user',
    message: { en: 'pod sandbox "{id}" is not known here', zh: '此处没有 Pod 沙箱“{id}”' },
  },
  'container-not-running': {
    kind: 'user',
    message: { en: 'container "{id}" is not running', zh: '容器“{id}”没有在运行' },
  },
  'image-kind': {
    kind: 'user',
    message: {
      en: 'Image "{image}" holds {found}, which the runtime "{handler}" cannot run',
      zh: '镜像“{image}”的内容是 {found}，运行时“{handler}”无法运行',
    },
    remedy: {
      en: 'Set runtimeClassName to a class whose handler runs {found}',
      zh: '将 runtimeClassName 设为能运行 {found} 的类',
    },
  },
  'user-unknown': {
    kind: 'user',
    message: {
      en: 'unable to find user {user}: no matching entries in passwd file',
      zh: '在 passwd 文件中找不到用户 {user}',
    },
  },
  'start-failed': {
    kind: 'user',
    message: { en: '{step}: {detail}', zh: '{step}：{detail}' },
  },
});
