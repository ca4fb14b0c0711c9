import { type Command, type Invocation } from './command.ts';
import { cliFaults } from './faults.ts';
import { TARGET_OPTIONS } from './target.ts';

const VERBS: Readonly<Record<string, () => Promise<(invocation: Invocation) => Promise<number>>>> = {
  export: async () => (await import('./policy-export.ts')).policyExport,
  serve: async () => (await import('./policy-serve.ts')).policyServe,
};

export const command: Command = {
  name: 'policy',
  summary: {
    en: 'Serve policies to a cluster, export them as admission policies',
    zh: '将策略提供给集群，或导出为准入策略',
  },
  usage: 'serve --kubeconfig FILE | export [FOLDER] --as vap',
  words: Infinity,
  options: {
    kubeconfig: TARGET_OPTIONS.kubeconfig!,
    dir: TARGET_OPTIONS.dir!,
    at: TARGET_OPTIONS.at!,
    state: TARGET_OPTIONS.state!,
    as: {
      type: 'string',
      value: 'FORM',
      help: {
        en: 'export: vap, ValidatingAdmissionPolicies with bindings (default)',
        zh: 'export：vap，即 ValidatingAdmissionPolicy 与绑定（默认）',
      },
    },
    context: {
      type: 'string',
      value: 'NAME',
      help: { en: 'Another context than the current one', zh: '使用非当前的上下文' },
    },
    listen: {
      type: 'string',
      value: 'HOST:PORT',
      help: { en: 'serve: answer here (127.0.0.1:9443)', zh: 'serve：监听地址（默认 127.0.0.1:9443）' },
    },
    url: {
      type: 'string',
      value: 'URL',
      help: { en: 'serve: how API servers reach it: https://HOST:PORT', zh: 'serve：API 服务器访问它的地址' },
    },
    service: {
      type: 'string',
      value: 'NS/NAME',
      help: { en: 'serve: or the Service in front of it', zh: 'serve：或其前面的 Service' },
    },
    namespace: {
      type: 'string',
      value: 'NAME',
      help: {
        en: 'serve: where its Lease and certificate are kept (tenon-system)',
        zh: 'serve：存放 Lease 与证书的命名空间（默认 tenon-system）',
      },
    },
    exempt: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: {
        en: 'serve: a namespace that is never asked about, beside kube-system and its own',
        zh: 'serve：除 kube-system 与自身外不受询问的命名空间',
      },
    },
    'failure-policy': {
      type: 'string',
      value: 'POLICY',
      help: {
        en: 'serve: Fail refuses writes while nobody answers (default), Ignore lets them pass',
        zh: 'serve：无人应答时 Fail 拒绝写入（默认），Ignore 放行',
      },
    },
    timeout: {
      type: 'string',
      value: 'SECONDS',
      help: { en: 'serve: how long API servers wait (10)', zh: 'serve：API 服务器等待秒数（默认 10）' },
    },
    unregister: {
      type: 'boolean',
      help: { en: 'serve: remove the webhook configurations and end', zh: 'serve：删除 webhook 配置后退出' },
    },
  },
  examples: [
    'tenon policy export policies --as vap',
    'tenon policy serve --kubeconfig ~/.kube/config --service tenon-system/policy --listen 0.0.0.0:9443',
  ],
  async run(invocation) {
    const [name] = invocation.positionals;
    const verb = name !== undefined && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
    if (verb === undefined) {
      if (name === undefined)
        throw cliFaults.error('missing-argument', { command: 'policy', what: Object.keys(VERBS).join(' | ') });
      throw cliFaults.error('surplus-argument', { command: 'policy', word: name });
    }
    return (await verb())({ ...invocation, positionals: invocation.positionals.slice(1) });
  },
};
