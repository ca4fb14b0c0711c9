import { faultCatalogue } from '../../base/index.ts';

/** What can go wrong between Tenon and the machine it runs on. */
export const hostFaults = faultCatalogue('host', {
  'state-locked': {
    kind: 'user',
    message: { en: 'State folder "{state}" is in use by process {pid}', zh: '状态文件夹“{state}”正被进程 {pid} 使用' },
    why: { en: 'One Tenon keeps one state folder', zh: '一个状态文件夹只能由一个 Tenon 使用' },
    remedy: {
      en: 'tenon down --state {state} stops it; --state DIR takes another folder',
      zh: '用 tenon down --state {state} 停止它,或用 --state DIR 换一个文件夹',
    },
  },
  'state-unwritable': {
    kind: 'user',
    message: { en: 'Cannot write state folder "{state}": {reason}', zh: '无法写入状态文件夹“{state}”:{reason}' },
    remedy: {
      en: 'Make it writable, or take another with --state DIR',
      zh: '请使其可写,或用 --state DIR 换一个文件夹',
    },
  },
  'state-newer': {
    kind: 'user',
    message: {
      en: 'State folder "{state}" has format {found}, this Tenon knows {known}',
      zh: '状态文件夹“{state}”的格式为 {found},当前 Tenon 只支持到 {known}',
    },
    why: {
      en: 'A newer Tenon wrote it; reading it could lose data',
      zh: '它由更新版本的 Tenon 写入,强行读取可能丢失数据',
    },
    remedy: {
      en: 'Run the newer Tenon, or take another folder with --state DIR',
      zh: '请使用更新版本的 Tenon,或用 --state DIR 换一个文件夹',
    },
  },
  'volume-unsupported': {
    kind: 'user',
    message: {
      en: 'Volume "{name}" is of a kind this node cannot mount: {kind}',
      zh: '节点无法挂载卷“{name}”,类型为:{kind}',
    },
    remedy: {
      en: 'Use a local or hostPath volume, or the StorageClass "standard"',
      zh: '请使用 local 或 hostPath 卷,或存储类“standard”',
    },
  },
  'network-needs-root': {
    kind: 'user',
    message: {
      en: 'Pod networks need root: pods that need one are not started',
      zh: 'Pod 网络需要 root 权限:需要网络的 Pod 不会启动',
    },
    remedy: { en: 'Run as root, or use the wasm runtime', zh: '请以 root 运行,或使用 wasm 运行时' },
  },
  'port-in-use': {
    kind: 'user',
    message: { en: 'Port {port} for the {what} is in use', zh: '{what} 的端口 {port} 已被占用' },
    remedy: {
      en: 'Stop what listens there, or use {option} 0 for any free port',
      zh: '停止占用它的程序,或用 {option} 0 选用任意空闲端口',
    },
  },
});
