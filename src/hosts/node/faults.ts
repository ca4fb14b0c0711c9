import { faultCatalogue } from '../../base/index.ts';

/** What can go wrong between Tenon and the machine it runs on. */
export const hostFaults = faultCatalogue('host', {
  'api-file': {
    kind: 'user',
    message: { en: 'Cannot use "{file}" of {option}: {cause}', zh: '无法使用 {option} 的文件“{file}”：{cause}' },
    why: {
      en: 'Who may come in would not be what the file says, so nothing was started',
      zh: '否则准入将与文件不符,因此未启动',
    },
    remedy: { en: 'Correct the file, or leave the option out', zh: '请修正该文件,或去掉该选项' },
  },
  'audit-half': {
    kind: 'user',
    message: { en: 'Auditing needs {missing} too', zh: '审计还需要 {missing}' },
    remedy: { en: 'Give both --audit-policy and --audit-log', zh: '请同时给出 --audit-policy 和 --audit-log' },
  },
  'backup-failed': {
    kind: 'system',
    message: { en: 'Cannot write the backup "{file}": {cause}', zh: '无法写入备份“{file}”：{cause}' },
    remedy: { en: 'Choose a file that can be written', zh: '请选择可写入的文件' },
  },
  'backup-unusable': {
    kind: 'user',
    message: { en: 'Cannot restore from "{file}": {cause}', zh: '无法从“{file}”恢复：{cause}' },
    why: { en: 'Nothing was changed', zh: '未做任何更改' },
    remedy: { en: 'Name a file that tenon backup wrote', zh: '请给出 tenon backup 写入的文件' },
  },
  'kind-forbidden': {
    kind: 'user',
    message: { en: 'Not allowed to list {kind}', zh: '无权列出 {kind}' },
    why: { en: 'What is there may decide, so the answer is not exact', zh: '其中的对象可能影响结果,因此结果不精确' },
    remedy: { en: 'Ask with a user that may list it', zh: '请使用有列出权限的用户' },
  },
  'kind-unreadable': {
    kind: 'user',
    message: { en: 'Cannot list {kind}: {reason}', zh: '无法列出 {kind}：{reason}' },
    why: { en: 'What is there may decide, so the answer is not exact', zh: '其中的对象可能影响结果，因此结果不精确' },
    remedy: { en: 'Mend what serves this kind, then ask again', zh: '请修复提供该类型的服务后再次询问' },
  },
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
  'disk-full': {
    kind: 'user',
    message: {
      en: 'The disk of state folder "{state}" is full: {free} are left',
      zh: '状态文件夹“{state}”所在磁盘已满:剩余 {free}',
    },
    why: {
      en: 'Writes are refused until there is room; reading and running pods go on',
      zh: '腾出空间前拒绝写入;读取与运行中的 Pod 不受影响',
    },
    remedy: { en: 'Make room, for example with tenon image rm NAME', zh: '请腾出空间,例如运行 tenon image rm NAME' },
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
  'eviction-unreadable': {
    kind: 'user',
    message: { en: 'Cannot read the eviction threshold "{part}"', zh: '无法解析驱逐阈值“{part}”' },
    remedy: {
      en: 'Write SIGNAL<AMOUNT, for example memory.available<100Mi,nodefs.available<10%',
      zh: '请写成 信号<数值,例如 memory.available<100Mi,nodefs.available<10%',
    },
  },
  'runtime-missing': {
    kind: 'user',
    message: { en: 'No runtime "{runtime}" on this machine', zh: '本机没有运行时“{runtime}”' },
    why: { en: 'It can run: {known}', zh: '可用的运行时:{known}' },
    remedy: {
      en: 'Name one of these, or see what to install with: tenon doctor',
      zh: '请选择其一,或运行 tenon doctor 查看如何安装',
    },
  },
  'network-needs-root': {
    kind: 'user',
    message: {
      en: 'Without root pods have loopback addresses only: they do not reach Services, names or each other',
      zh: '没有 root 权限时 Pod 只有本机回环地址:无法访问 Service、域名和彼此',
    },
    remedy: { en: 'Run as root for pod networks', zh: '以 root 运行可获得 Pod 网络' },
  },
  'address-absent': {
    kind: 'user',
    message: { en: 'This machine has no address "{address}"', zh: '本机没有地址“{address}”' },
    remedy: { en: 'Give {option} an address that "ip address" shows', zh: '请为 {option} 指定“ip address”列出的地址' },
  },
  'join-token': {
    kind: 'user',
    message: { en: 'Cannot join with this token: {reason}', zh: '无法用此令牌加入:{reason}' },
    remedy: {
      en: 'tenon agent token --state DIR on the first machine makes a new one, good for a day',
      zh: '在第一台机器上运行 tenon agent token --state DIR 可生成新令牌,有效期一天',
    },
  },
  'join-authority': {
    kind: 'user',
    message: {
      en: 'The server at {server} is not the one this token is for',
      zh: '{server} 上的服务器与此令牌不匹配',
    },
    why: { en: 'Its certificate authority has another key', zh: '其证书颁发机构的公钥不同' },
    remedy: { en: 'Check the address, or make a new token', zh: '请检查地址,或重新生成令牌' },
  },
  'join-unreachable': {
    kind: 'user',
    message: { en: 'Cannot reach the API at {server}: {reason}', zh: '无法访问 {server} 上的 API:{reason}' },
    remedy: {
      en: 'Start the first machine with tenon up --api-host ADDRESS, an address this machine can reach',
      zh: '在第一台机器上用 tenon up --api-host ADDRESS 启动,地址须能从本机访问',
    },
  },
  'join-name-taken': {
    kind: 'user',
    message: { en: 'There is a ready node named "{name}" already', zh: '已有名为“{name}”的就绪节点' },
    remedy: { en: 'Take another name with --node-name', zh: '用 --node-name 换一个名称' },
  },
  'join-unsigned': {
    kind: 'system',
    message: {
      en: 'The certificate request "{name}" was not signed within {seconds} s',
      zh: '证书请求“{name}”未在 {seconds} 秒内签发',
    },
    remedy: { en: 'kubectl describe csr {name} tells why', zh: 'kubectl describe csr {name} 可查看原因' },
  },
  'service-range': {
    kind: 'user',
    message: {
      en: 'Services cannot have addresses of {range}: {reason}',
      zh: 'Service 无法使用地址范围 {range}:{reason}',
    },
    remedy: {
      en: '--service-cidr takes an IPv4 range, or an IPv4 and an IPv6 range: 10.96.0.0/16,fd00:96::/112',
      zh: '--service-cidr 接受一个 IPv4 范围,或一个 IPv4 加一个 IPv6 范围:10.96.0.0/16,fd00:96::/112',
    },
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
