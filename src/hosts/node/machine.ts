import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Text } from '../../base/index.ts';
import { type Handler, handlers } from '../../compute/index.ts';

/** One thing Tenon can do on a machine, and what one command would add. */
export interface Capability {
  readonly name: string;
  readonly state: 'yes' | 'partly' | 'no';
  readonly detail: Text;
  readonly remedy?: Text;
}

const same = (text: string): Text => ({ en: text, zh: text });

/** A program on PATH or in the system folders root's PATH may lack. */
export function findProgram(name: string): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const file = join(folder, name);
    if (folder && existsSync(file)) return file;
  }
  return undefined;
}

/** First line of `NAME --version`, cut of its own name. */
function versionOf(file: string, name: string): string {
  const { stdout, stderr } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 5000 });
  const line = `${stdout ?? ''}${stderr ?? ''}`.split('\n').find(text => /\d+\.\d+/.test(text)) ?? '';
  return line.replace(new RegExp(`^${name} (version )?`), '').trim();
}

const INSTALL: Readonly<Record<string, string>> = {
  wasmedge: 'apt-get install wasmedge',
  containerd: 'apt-get install containerd',
  nft: 'apt-get install nftables',
  ip: 'apt-get install iproute2',
  git: 'apt-get install git',
};

function program(name: string, brings: Text): Capability {
  const file = findProgram(name);
  const command = INSTALL[name];
  return file
    ? {
        name,
        state: 'yes',
        detail: { en: `${versionOf(file, name)} (${brings.en})`, zh: `${versionOf(file, name)}(${brings.zh})` },
      }
    : {
        name,
        state: 'no',
        detail: { en: `not found: no ${brings.en}`, zh: `未找到:没有${brings.zh}` },
        ...(command ? { remedy: same(command) } : {}),
      };
}

/** A RuntimeClass handler: whether what it needs is here. */
function runtimeClass({ handler, binary, install, what }: Handler): Capability {
  const name = `class ${handler}`;
  const file = binary === undefined ? undefined : findProgram(binary);
  if (binary !== undefined && !file)
    return {
      name,
      state: 'no',
      detail: { en: `${binary} not found: no ${what.en}`, zh: `未找到 ${binary}:没有${what.zh}` },
      ...(install === undefined ? {} : { remedy: same(install) }),
    };
  const version = file && binary ? `${versionOf(file, binary)} ` : '';
  return { name, state: 'yes', detail: { en: `${version}(${what.en})`, zh: `${version}(${what.zh})` } };
}

function rootCapability(): Capability {
  return process.getuid?.() === 0
    ? {
        name: 'root',
        state: 'yes',
        detail: { en: 'pod networks, OCI runtimes, eBPF', zh: 'Pod 网络、OCI 运行时、eBPF' },
      }
    : {
        name: 'root',
        state: 'partly',
        detail: {
          en: 'without root: Wasm, and processes in user namespaces',
          zh: '没有 root 权限:可运行 Wasm 和用户命名空间中的进程',
        },
        remedy: {
          en: 'run as root for pod networks, OCI runtimes and eBPF',
          zh: '以 root 运行可获得 Pod 网络、OCI 运行时和 eBPF',
        },
      };
}

function userNamespaces(): Capability {
  const allowed = spawnSync('unshare', ['--user', '--map-root-user', 'true'], { timeout: 5000 }).status === 0;
  return allowed
    ? { name: 'user namespaces', state: 'yes', detail: { en: 'allowed', zh: '允许' } }
    : {
        name: 'user namespaces',
        state: 'no',
        detail: { en: 'refused: without root only Wasm pods run', zh: '被拒绝:没有 root 时只能运行 Wasm Pod' },
        remedy: same('sysctl -w kernel.unprivileged_userns_clone=1'),
      };
}

function cgroups(): Capability {
  const mounts = existsSync('/proc/self/mounts') ? readFileSync('/proc/self/mounts', 'utf8') : '';
  const v2 = / \/sys\/fs\/cgroup cgroup2 /.test(mounts);
  const v1 = / cgroup rw/.test(mounts) || / cgroup [^\n]*\bmemory\b/.test(mounts);
  const hybrid = v1 && / cgroup2 /.test(mounts);
  const kind = v2 ? 'v2' : hybrid ? 'v1 + v2 (hybrid)' : v1 ? 'v1' : '';
  return kind
    ? { name: 'cgroups', state: 'yes', detail: same(kind) }
    : {
        name: 'cgroups',
        state: 'no',
        detail: { en: 'none mounted: limits are not enforced', zh: '未挂载:不执行资源限制' },
      };
}

const FORWARDING = '/proc/sys/net/ipv4/ip_forward';

/** Whether packets go on from one network to another: out of pods, and to node ports from elsewhere. */
export function forwarding(setting: string | undefined): Capability {
  const name = 'forwarding';
  if (setting === '1') return { name, state: 'yes', detail: same('net.ipv4.ip_forward=1') };
  return {
    name,
    state: 'partly',
    detail: {
      en: 'net.ipv4.ip_forward is not 1: pods do not reach other machines, nor those the node ports',
      zh: 'net.ipv4.ip_forward 不为 1:Pod 无法访问其他机器,其他机器也无法访问节点端口',
    },
    remedy: same('sysctl -w net.ipv4.ip_forward=1'),
  };
}

function virtualization(): Capability {
  const qemu = findProgram('qemu-system-x86_64');
  if (existsSync('/dev/kvm'))
    return {
      name: 'KVM',
      state: 'partly',
      detail: {
        en: '/dev/kvm is there; microVMs use it only when told to',
        zh: '存在 /dev/kvm;仅在指定时用于微型虚拟机',
      },
    };
  return {
    name: 'KVM',
    state: 'no',
    detail: qemu
      ? { en: 'absent: microVMs run under software emulation (slow)', zh: '缺失:微型虚拟机以软件模拟运行(较慢)' }
      : { en: 'absent', zh: '缺失' },
  };
}

/** Looks, and changes nothing. */
export async function examineMachine(): Promise<readonly Capability[]> {
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB`;
  return [
    {
      name: 'machine',
      state: 'yes',
      detail: same(`${availableParallelism()} CPU, ${memory}, Node ${process.versions.node}`),
    },
    rootCapability(),
    userNamespaces(),
    cgroups(),
    ...handlers.map(runtimeClass),
    program('wasmedge', { en: 'WasmEdge pods', zh: 'WasmEdge Pod' }),
    forwarding(existsSync(FORWARDING) ? readFileSync(FORWARDING, 'utf8').trim() : undefined),
    virtualization(),
    program('ip', { en: 'pod networks', zh: 'Pod 网络' }),
    program('nft', { en: 'services', zh: '服务转发' }),
    program('git', { en: 'git sources', zh: 'git 源' }),
  ];
}
