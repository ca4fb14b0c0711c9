import { faultCatalogue } from '../../base/index.ts';

/** What can be wrong with a kubeconfig or the way to a cluster. */
export const remoteFaults = faultCatalogue('remote', {
  'no-file': {
    kind: 'user',
    message: { en: 'Cannot read the kubeconfig "{file}"', zh: '无法读取 kubeconfig "{file}"' },
    why: { en: '{cause}', zh: '{cause}' },
    remedy: { en: 'Name an existing file with --kubeconfig', zh: '用 --kubeconfig 指定一个存在的文件' },
  },
  'no-kubeconfig': {
    kind: 'user',
    message: { en: 'The file "{file}" is not a kubeconfig: {cause}', zh: '文件 "{file}" 不是 kubeconfig：{cause}' },
    remedy: {
      en: 'Check it with kubectl config view --kubeconfig {file}',
      zh: '用 kubectl config view --kubeconfig {file} 检查',
    },
  },
  'no-context': {
    kind: 'user',
    message: { en: 'The kubeconfig "{file}" has no {what} "{name}"', zh: 'kubeconfig "{file}" 中没有 {what} "{name}"' },
    remedy: {
      en: 'Choose a context with kubectl config use-context',
      zh: '用 kubectl config use-context 选择一个上下文',
    },
  },
  'plugin-refused': {
    kind: 'user',
    message: {
      en: 'The user "{name}" of the kubeconfig authenticates with the {what} "{command}", which is not run',
      zh: 'kubeconfig 的用户 "{name}" 使用 {what} "{command}" 认证，它不会被执行',
    },
    why: {
      en: 'A kubeconfig that runs programs would run them with your rights',
      zh: '会执行程序的 kubeconfig 将以你的权限执行它们',
    },
    remedy: {
      en: 'Write a kubeconfig with a token: kubectl create token, or a client certificate',
      zh: '改用带令牌（kubectl create token）或客户端证书的 kubeconfig',
    },
  },
  unreachable: {
    kind: 'system',
    message: { en: 'Cannot reach the API server at {url}: {cause}', zh: '无法连接 {url} 的 API 服务器：{cause}' },
    remedy: { en: 'Check the address and that the server runs', zh: '检查地址以及服务器是否在运行' },
  },
});
