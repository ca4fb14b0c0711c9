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
    remedy: { en: 'tenon why SRC to DST[:port][/path]', zh: 'tenon why 源 to 目标[:端口][/路径]' },
  },
  'party-unknown': {
    kind: 'user',
    message: { en: 'Nobody here is called "{party}"', zh: '此处没有名为“{party}”的对象' },
    remedy: { en: 'Check namespace and name; {known}', zh: '请检查命名空间和名称;{known}' },
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
  'unbuilt-layer': {
    kind: 'user',
    message: {
      en: '{kind} "{name}" could change this and is not modelled',
      zh: '{kind}“{name}”可能改变结果,但尚未建模',
    },
    why: { en: 'Its layer is not part of Tenon yet', zh: '其所属的层尚未实现' },
  },
  'test-invalid': {
    kind: 'user',
    message: { en: 'Cannot read this test: {reason}', zh: '无法读取该测试:{reason}' },
    remedy: { en: 'docs/tests.md shows the form', zh: '格式见 docs/tests.md' },
  },
});
