import { faultCatalogue } from '../base/index.ts';

/** What can be wrong with a question. */
export const explainFaults = faultCatalogue('explain', {
  'bad-place': {
    kind: 'user',
    message: { en: 'Cannot read "{text}" as an end of a flow', zh: '无法将“{text}”理解为流量的一端' },
    remedy: {
      en: 'Write namespace/pod, namespace/service, deploy/namespace/name, an IP address or a DNS name',
      zh: '请写成 命名空间/Pod、命名空间/服务、deploy/命名空间/名称、IP 地址或 DNS 名称',
    },
  },
  'bad-question': {
    kind: 'user',
    message: { en: 'Cannot read the question "{text}"', zh: '无法理解问题“{text}”' },
    remedy: {
      en: 'tenon why SRC to DST[:port][/path], why pod NS/NAME pending|denied|not-ready|evicted, why deploy NS/NAME replicas=N, or why app NAME out-of-sync',
      zh: 'tenon why 源 to 目标[:端口][/路径]、why pod NS/NAME pending|denied|not-ready|evicted、why deploy NS/NAME replicas=N 或 why app NAME out-of-sync',
    },
  },
  'party-unknown': {
    kind: 'user',
    message: { en: 'Nobody here is called "{party}"', zh: '此处没有名为“{party}”的对象' },
    remedy: { en: 'Check namespace and name; {known}', zh: '请检查命名空间和名称;{known}' },
  },
  'party-unread': {
    kind: 'user',
    message: {
      en: 'Who "{party}" is cannot be seen: {kind} may not be listed',
      zh: '无法确认“{party}”：无权列出 {kind}',
    },
    remedy: { en: 'Ask with a user that may list {kind}', zh: '请使用可列出 {kind} 的用户' },
  },
  'port-needed': {
    kind: 'user',
    message: { en: '"{party}" has several ports or none: {ports}', zh: '“{party}”有多个端口或没有端口:{ports}' },
    remedy: { en: 'Name one: {party}:PORT', zh: '请指定一个:{party}:端口' },
  },
  'profile-unknown': {
    kind: 'user',
    message: { en: 'No network profile "{name}"', zh: '没有网络插件档案“{name}”' },
    remedy: { en: 'Known: {known}', zh: '可用:{known}' },
  },
  'bad-symptom': {
    kind: 'user',
    message: { en: '"{text}" is nothing a pod can be asked about', zh: '无法就“{text}”询问 Pod' },
    remedy: { en: 'One of: {known}', zh: '可用:{known}' },
  },
  'unbuilt-layer': {
    kind: 'user',
    message: {
      en: '{kind} "{name}" could change this and is not modelled',
      zh: '{kind}“{name}”可能改变结果,但尚未建模',
    },
    why: { en: 'Its layer is not part of Tenon yet', zh: '其所属的层尚未实现' },
  },
  unmeasured: {
    kind: 'user',
    message: {
      en: 'What {kind} "{name}" asks for depends on metrics that are not known here',
      zh: '{kind}“{name}”的要求取决于此处未知的指标',
    },
    why: {
      en: 'It has decided nothing yet, or the objects were read from a folder',
      zh: '它尚未作出决定,或对象取自文件夹',
    },
    remedy: {
      en: 'Ask a running Tenon or cluster, or rehearse the load with tenon sim',
      zh: '请询问运行中的 Tenon 或集群,或用 tenon sim 演练负载',
    },
  },
  'unbuilt-mark': {
    kind: 'user',
    message: {
      en: '{kind} "{name}" is put into a mesh by {mark}, which is not modelled',
      zh: '{kind}“{name}”通过 {mark} 加入网格,该网格尚未建模',
    },
    why: { en: 'Its layer is not part of Tenon yet', zh: '其所属的层尚未实现' },
  },
  'version-skew': {
    kind: 'user',
    message: {
      en: '{kind} "{name}" is written in {version}, and its definition serves {served}',
      zh: '{kind}“{name}”使用版本 {version},而其定义只提供 {served}',
    },
    remedy: { en: 'Write it in a version that is served', zh: '请改用已提供的版本' },
  },
  'webhook-asked': {
    kind: 'user',
    message: {
      en: 'Webhook "{webhook}" is asked about this write, and what it answers is not known here',
      zh: '此写入会询问 Webhook“{webhook}”,其回答在此未知',
    },
    remedy: { en: 'Ask the cluster: kubectl apply --dry-run=server', zh: '请询问集群:kubectl apply --dry-run=server' },
  },
  'field-unmodelled': {
    kind: 'user',
    message: {
      en: '{kind} "{name}" uses {path}, which is not modelled',
      zh: '{kind}“{name}”使用了尚未建模的 {path}',
    },
    remedy: { en: 'The fidelity ledger of the dialect tells what is modelled', zh: '已建模的字段见该方言的保真度清单' },
  },
  'test-invalid': {
    kind: 'user',
    message: { en: 'Cannot read this test: {reason}', zh: '无法读取该测试:{reason}' },
    remedy: { en: 'docs/tests.md shows the form', zh: '格式见 docs/tests.md' },
  },
});
