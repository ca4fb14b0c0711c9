import { faultCatalogue } from '../base/index.ts';

/** What can be wrong with a command line or its target. */
export const cliFaults = faultCatalogue('cli', {
  'unknown-command': {
    kind: 'user',
    message: { en: 'No command "{name}"', zh: '没有命令“{name}”' },
    remedy: { en: 'tenon lists every command{nearest}', zh: '运行 tenon 可列出全部命令{nearest}' },
  },
  'bad-option': {
    kind: 'user',
    message: {
      en: 'Cannot read the options of "tenon {command}": {reason}',
      zh: '无法解析“tenon {command}”的选项:{reason}',
    },
    remedy: { en: 'tenon {command} --help shows what it takes', zh: '运行 tenon {command} --help 查看用法' },
  },
  'not-done': {
    kind: 'user',
    message: { en: '"tenon {command}" does not do {flag}', zh: '“tenon {command}”不支持 {flag}' },
    why: {
      en: 'It neither clones repositories nor asks image registries, and it keeps no measurements',
      zh: '本命令不克隆代码仓库、不访问镜像仓库，也不记录性能数据',
    },
    remedy: {
      en: 'Leave {flag} out; clone a repository first and name its folder',
      zh: '请去掉 {flag}；如需仓库内容，请先克隆并给出其目录',
    },
  },
  'cluster-unread': {
    kind: 'system',
    message: { en: 'Cannot read {path} of the cluster: it answered {why}', zh: '无法读取集群的 {path}：返回 {why}' },
    remedy: { en: 'Check the kubeconfig and what its user may read', zh: '请检查 kubeconfig 及其用户的读取权限' },
  },
  'cluster-refused': {
    kind: 'user',
    message: { en: 'The cluster refused with {code}: {reason}', zh: '集群拒绝了请求（{code}）：{reason}' },
    remedy: {
      en: 'Check the kubeconfig: its user may be gone, or its token over',
      zh: '请检查 kubeconfig：用户可能已失效，或令牌已过期',
    },
  },
  'cluster-large': {
    kind: 'user',
    message: { en: 'The cluster holds more than {count} objects', zh: '集群中的对象超过 {count} 个' },
    remedy: { en: 'Narrow it with --namespace, or name files', zh: '请用 --namespace 缩小范围，或改用文件' },
  },
  'bad-output': {
    kind: 'user',
    message: { en: 'No output format "{value}"', zh: '没有输出格式“{value}”' },
    remedy: { en: 'Use -o text, json, yaml or table', zh: '请使用 -o text、json、yaml 或 table' },
  },
  'missing-argument': {
    kind: 'user',
    message: { en: '"tenon {command}" needs {what}', zh: '“tenon {command}”缺少 {what}' },
    remedy: { en: 'tenon {command} --help shows what it takes', zh: '运行 tenon {command} --help 查看用法' },
  },
  'surplus-argument': {
    kind: 'user',
    message: { en: '"tenon {command}" does not take "{word}"', zh: '“tenon {command}”不接受“{word}”' },
    remedy: { en: 'tenon {command} --help shows what it takes', zh: '运行 tenon {command} --help 查看用法' },
  },
  'bad-scan': {
    kind: 'user',
    message: { en: 'Cannot scan: {reason}', zh: '无法扫描:{reason}' },
    remedy: { en: 'tenon scan --help shows what it takes', zh: '运行 tenon scan --help 查看用法' },
  },
  'snapshot-other': {
    kind: 'user',
    message: { en: '"{file}" is not what the snapshot was taken of', zh: '“{file}”与快照所属的场景不一致' },
    why: { en: 'The scenario, its manifests or its traces have changed since', zh: '场景、清单或轨迹已被改动' },
    remedy: { en: 'Take a new snapshot', zh: '请重新生成快照' },
  },
  'no-such-folder': {
    kind: 'user',
    message: { en: 'Cannot read folder "{path}": {reason}', zh: '无法读取文件夹“{path}”:{reason}' },
    remedy: { en: 'Name a folder of manifests, or a git URL', zh: '请给出存放清单的文件夹或 git 地址' },
  },
  'no-tests': {
    kind: 'user',
    message: { en: 'No test found in "{path}"', zh: '“{path}”中没有找到测试' },
    remedy: { en: 'Write one as docs/tests.md shows', zh: '请按 docs/tests.md 编写测试' },
  },
  'no-target': {
    kind: 'user',
    message: {
      en: 'Nothing to ask about: no folder was named and no Tenon runs on "{state}"',
      zh: '没有可供提问的对象:未指定文件夹,且“{state}”上没有正在运行的 Tenon',
    },
    remedy: {
      en: 'Name a folder with --dir DIR, a cluster with --kubeconfig FILE, or start one with tenon up',
      zh: '用 --dir 指定文件夹、用 --kubeconfig 指定集群,或用 tenon up 启动',
    },
  },
  'not-running': {
    kind: 'user',
    message: { en: 'No Tenon is running on state folder "{state}"', zh: '状态文件夹“{state}”上没有正在运行的 Tenon' },
    remedy: {
      en: 'tenon up starts one; --state DIR names another folder',
      zh: '运行 tenon up 启动;用 --state DIR 指定其他文件夹',
    },
  },
  'disk-refused': {
    kind: 'system',
    message: { en: 'The disk refused a write: {reason}', zh: '磁盘拒绝写入:{reason}' },
    remedy: { en: 'Make room on it, or take another folder', zh: '请腾出空间,或换一个文件夹' },
  },
  internal: {
    kind: 'system',
    message: { en: 'Tenon failed: {reason}', zh: 'Tenon 内部出错:{reason}' },
    why: { en: 'This is a defect of Tenon, not of your input', zh: '这是 Tenon 的缺陷,与输入无关' },
    remedy: {
      en: 'Run again with TENON_DEBUG=1 for the stack and report it',
      zh: '设置 TENON_DEBUG=1 重新运行以取得调用栈并上报',
    },
  },
  'unknown-suite': {
    kind: 'user',
    message: { en: 'No runner for suite "{name}"', zh: '没有测试集“{name}”的运行器' },
    remedy: { en: 'tenon conformance --list shows the suites', zh: '运行 tenon conformance --list 查看测试集' },
  },
  'unknown-bench': {
    kind: 'user',
    message: { en: 'No bench "{name}"', zh: '没有基准“{name}”' },
    remedy: { en: 'tenon bench --list shows them', zh: '运行 tenon bench --list 查看' },
  },
  'unknown-target': {
    kind: 'user',
    message: { en: 'No {what} target "{name}"', zh: '没有 {what} 目标“{name}”' },
    remedy: { en: 'Targets: {known}', zh: '可用目标:{known}' },
  },
});
