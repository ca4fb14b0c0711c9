import type { Text } from '../base/index.ts';
import type { Command } from './command.ts';

/** A command's line in the overview, and how to load it: only the one that runs is read from disk. */
export interface CommandEntry {
  readonly name: string;
  readonly group: 'main' | 'ask' | 'tools' | 'develop';
  readonly summary: Text;
  load(): Promise<{ command: Command }>;
}

/** Every command, in the order of the overview. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'up',
    group: 'main',
    summary: { en: 'Run a folder or git repository of manifests', zh: '运行一个清单文件夹或 git 仓库' },
    load: () => import('./up.ts'),
  },
  {
    name: 'down',
    group: 'main',
    summary: { en: 'Stop a running Tenon', zh: '停止正在运行的 Tenon' },
    load: () => import('./down.ts'),
  },
  {
    name: 'status',
    group: 'main',
    summary: { en: 'What is running and how it is', zh: '查看运行状态' },
    load: () => import('./status.ts'),
  },
  {
    name: 'agent',
    group: 'main',
    summary: { en: 'Join this machine to a Tenon as one more node', zh: '让本机作为节点加入一个 Tenon' },
    load: () => import('./agent.ts'),
  },
  {
    name: 'why',
    group: 'ask',
    summary: { en: 'Why traffic passes or not, across every layer', zh: '解释流量为何放行或被拒,跨越所有层' },
    load: () => import('./why.ts'),
  },
  {
    name: 'plan',
    group: 'ask',
    summary: { en: 'What a change would do: objects, and whose traffic', zh: '预览变更:对象差异与流量变化' },
    load: () => import('./plan.ts'),
  },
  {
    name: 'test',
    group: 'ask',
    summary: { en: 'Run the tests that lie beside the manifests', zh: '运行清单旁的测试' },
    load: () => import('./test.ts'),
  },
  {
    name: 'sim',
    group: 'ask',
    summary: { en: 'Run a scenario in virtual time', zh: '在虚拟时间中运行场景' },
    load: () => import('./sim.ts'),
  },
  {
    name: 'record',
    group: 'ask',
    summary: { en: 'Make a scenario of what happens to a running Tenon', zh: '将运行中 Tenon 的经历录制为场景' },
    load: () => import('./record.ts'),
  },
  {
    name: 'doctor',
    group: 'ask',
    summary: { en: 'What this machine can run and what would add more', zh: '检查本机能运行什么、缺什么' },
    load: () => import('./doctor.ts'),
  },
  {
    name: 'version',
    group: 'ask',
    summary: {
      en: 'The version of Tenon, and of the Kubernetes API it speaks',
      zh: 'Tenon 及其 Kubernetes API 的版本',
    },
    load: () => import('./version.ts'),
  },
  {
    name: 'image',
    group: 'tools',
    summary: { en: 'Build, import, list, pull and push images', zh: '构建、导入、列出、拉取和推送镜像' },
    load: () => import('./image.ts'),
  },
  {
    name: 'kustomize',
    group: 'tools',
    summary: { en: 'Print what a kustomization builds', zh: '输出 kustomization 的构建结果' },
    load: () => import('./kustomize.ts'),
  },
  {
    name: 'helm',
    group: 'tools',
    summary: { en: 'Print what a chart renders', zh: '输出 chart 的渲染结果' },
    load: () => import('./helm.ts'),
  },
  {
    name: 'cri',
    group: 'tools',
    summary: { en: 'Serve CRI v1 for a kubelet or crictl', zh: '为 kubelet 或 crictl 提供 CRI v1 服务' },
    load: () => import('./cri.ts'),
  },
  {
    name: 'gator',
    group: 'tools',
    summary: {
      en: 'Verify, test, expand and measure Gatekeeper policies',
      zh: '验证、测试、展开和测量 Gatekeeper 策略',
    },
    load: () => import('./gator.ts'),
  },
  {
    name: 'import',
    group: 'tools',
    summary: { en: 'Copy a cluster into a folder of manifests', zh: '将集群复制为清单文件夹' },
    load: () => import('./import.ts'),
  },
  {
    name: 'backup',
    group: 'tools',
    summary: { en: 'Write every object to a file while Tenon runs', zh: '在 Tenon 运行时将全部对象写入文件' },
    load: () => import('./backup.ts'),
  },
  {
    name: 'restore',
    group: 'tools',
    summary: { en: 'Go back to what a backup holds', zh: '恢复到备份时的内容' },
    load: () => import('./restore.ts'),
  },
  {
    name: 'kyverno',
    group: 'tools',
    summary: { en: 'Test and apply Kyverno policies, try JMESPath', zh: '测试和应用 Kyverno 策略，试用 JMESPath' },
    load: () => import('./kyverno.ts'),
  },
  {
    name: 'opa',
    group: 'tools',
    summary: { en: 'Evaluate, test, check and serve Rego policies', zh: '求值、测试、检查和提供 Rego 策略' },
    load: () => import('./opa.ts'),
  },
  {
    name: 'lsp',
    group: 'tools',
    summary: { en: 'Serve editors that write policies', zh: '为编写策略的编辑器提供语言服务' },
    load: () => import('./lsp.ts'),
  },
  {
    name: 'policy',
    group: 'tools',
    summary: {
      en: 'Serve policies to a cluster, export them as admission policies',
      zh: '将策略提供给集群，或导出为准入策略',
    },
    load: () => import('./policy.ts'),
  },
  {
    name: 'comply',
    group: 'ask',
    summary: {
      en: 'Hold objects against a standard: CIS, NSA, PCI, NIST, MLPS',
      zh: '按标准评估对象：CIS、NSA、PCI、NIST、等保三级',
    },
    load: () => import('./comply.ts'),
  },
  {
    name: 'suggest',
    group: 'ask',
    summary: { en: 'Quotas and network policies from what is used and seen', zh: '根据用量与流量建议配额和网络策略' },
    load: () => import('./suggest.ts'),
  },
  {
    name: 'scan',
    group: 'tools',
    summary: {
      en: 'Find vulnerable packages in images, read scanner reports',
      zh: '查找镜像中的漏洞软件包,读取扫描报告',
    },
    load: () => import('./scan.ts'),
  },
  {
    name: 'check',
    group: 'develop',
    summary: { en: 'Run every test of Tenon', zh: '运行 Tenon 的全部测试' },
    load: () => import('./check.ts'),
  },
  {
    name: 'conformance',
    group: 'develop',
    summary: { en: 'Run suites that others wrote', zh: '运行第三方测试集' },
    load: () => import('./conformance.ts'),
  },
  {
    name: 'bench',
    group: 'develop',
    summary: { en: 'Measure against the real components', zh: '与真实组件对比性能' },
    load: () => import('./bench.ts'),
  },
  {
    name: 'torture',
    group: 'develop',
    summary: { en: 'Fault tests, for as long as you like', zh: '故障测试，时长任意' },
    load: () => import('./torture.ts'),
  },
  {
    name: 'fuzz',
    group: 'develop',
    summary: { en: 'Generated bad input, for as long as you like', zh: '随机生成的错误输入，时长任意' },
    load: () => import('./fuzz.ts'),
  },
];
