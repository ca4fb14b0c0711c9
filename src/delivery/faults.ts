import { faultCatalogue } from '../base/index.ts';

/** What can be wrong with a source of manifests, or with delivering it. */
export const deliveryFaults = faultCatalogue('delivery', {
  'folder-unreadable': {
    kind: 'user',
    message: { en: 'Cannot read folder "{path}": {reason}', zh: '无法读取文件夹“{path}”:{reason}' },
    remedy: { en: 'Name a folder of manifests, or a git URL', zh: '请给出存放清单的文件夹或 git 地址' },
  },
  'file-too-large': {
    kind: 'user',
    message: { en: 'File "{file}" is too large to be manifests', zh: '文件“{file}”过大,无法作为清单读取' },
    why: { en: 'An API server takes 3 MiB at most', zh: 'API 服务器最多接受 3 MiB' },
    remedy: { en: 'Split it', zh: '请拆分该文件' },
  },
  'folder-too-large': {
    kind: 'user',
    message: { en: 'Folder "{path}" has more than {limit} {what}', zh: '文件夹“{path}”超过 {limit} {what}' },
    why: {
      en: 'A source is read whole; this bound keeps a wrong path from filling memory',
      zh: '源会整体读入内存,此上限防止误指路径耗尽内存',
    },
    remedy: { en: 'Name the folder that holds the manifests', zh: '请指定真正存放清单的文件夹' },
  },
  'path-outside': {
    kind: 'user',
    message: { en: '"{path}" leads out of the source', zh: '“{path}”指向源之外' },
    why: { en: 'A source may only read its own files', zh: '源只能读取自身的文件' },
    remedy: { en: 'Copy the file into the source', zh: '请将文件复制到源中' },
  },
  'git-failed': {
    kind: 'user',
    message: { en: 'Cannot fetch "{url}" at "{revision}": {reason}', zh: '无法获取“{url}”的“{revision}”:{reason}' },
    remedy: {
      en: 'Check the URL, the revision and your credentials with: git ls-remote {url}',
      zh: '请用 git ls-remote {url} 检查地址、版本与凭据',
    },
  },
  'no-repository': {
    kind: 'user',
    message: {
      en: '"{path}" lies in no git repository: there is no "{revision}" of it',
      zh: '“{path}”不在任何 git 仓库中:没有它的“{revision}”',
    },
    remedy: {
      en: 'Run git init and commit it, or ask about a cluster instead (--kubeconfig FILE)',
      zh: '请先 git init 并提交,或改为针对集群提问(--kubeconfig FILE)',
    },
  },
  'no-revision': {
    kind: 'user',
    message: {
      en: 'The repository of "{path}" has no revision "{revision}"',
      zh: '“{path}”所在的仓库没有版本“{revision}”',
    },
    remedy: {
      en: 'Name a commit, branch or tag that is there: git log --oneline; a shallow checkout has few (git fetch --unshallow)',
      zh: '请指定存在的提交、分支或标签(git log --oneline);浅克隆只含少数提交(git fetch --unshallow)',
    },
  },
  'git-offline': {
    kind: 'user',
    message: {
      en: '"{url}" at "{revision}" was never fetched, and Tenon runs with --offline',
      zh: '从未获取过“{url}”的“{revision}”,而 Tenon 以 --offline 运行',
    },
    remedy: {
      en: 'Run once without --offline, or clone it and name the folder',
      zh: '请先不带 --offline 运行一次,或克隆后指定文件夹',
    },
  },
  'git-missing': {
    kind: 'user',
    message: { en: 'Fetching "{url}" needs git', zh: '获取“{url}”需要 git' },
    remedy: { en: 'apt-get install git', zh: 'apt-get install git' },
  },
  'not-an-object': {
    kind: 'user',
    message: { en: 'This document has no {field}', zh: '该文档缺少 {field}' },
    why: {
      en: 'Every Kubernetes object says its apiVersion, kind and metadata.name',
      zh: '每个 Kubernetes 对象都要写明 apiVersion、kind 和 metadata.name',
    },
    remedy: { en: 'Add it, or move the file out of the manifests', zh: '请补上,或将文件移出清单目录' },
  },
  'unknown-kind': {
    kind: 'user',
    message: { en: 'No kind "{kind}" in "{apiVersion}"', zh: '“{apiVersion}”中没有类型“{kind}”' },
    why: {
      en: 'Neither a built-in kind nor one a CustomResourceDefinition here brings',
      zh: '既不是内置类型,也没有对应的 CustomResourceDefinition',
    },
    remedy: {
      en: 'Correct apiVersion and kind, or add the CustomResourceDefinition',
      zh: '请更正 apiVersion 与 kind,或加入相应的 CustomResourceDefinition',
    },
  },
  refused: {
    kind: 'user',
    message: { en: '{kind} "{name}" was refused: {reason}', zh: '{kind}“{name}”被拒绝:{reason}' },
    remedy: { en: 'Correct the manifest; it is tried again when it changes', zh: '请更正清单,更改后会自动重试' },
  },
  'duplicate-object': {
    kind: 'user',
    message: { en: '{kind} "{name}" is written twice', zh: '{kind}“{name}”重复定义' },
    why: { en: 'Only one of the two can take effect; the first is at {first}', zh: '只有一个能生效,第一处在 {first}' },
    remedy: { en: 'Remove one of the two', zh: '请删除其中一个' },
  },
  'project-invalid': {
    kind: 'user',
    message: { en: 'Cannot read the project: {reason}', zh: '无法读取项目文件:{reason}' },
    remedy: { en: 'See docs/project.md for the form of tenon.yaml', zh: 'tenon.yaml 的格式见 docs/project.md' },
  },
  'kustomize-failed': {
    kind: 'user',
    message: { en: 'Cannot build the kustomization: {reason}', zh: '无法构建 kustomization：{reason}' },
    remedy: {
      en: 'Correct it and try: tenon kustomize build FOLDER',
      zh: '请更正后运行：tenon kustomize build FOLDER',
    },
  },
  'chart-failed': {
    kind: 'user',
    message: { en: 'Cannot render the chart "{chart}": {reason}', zh: '无法渲染 chart“{chart}”：{reason}' },
    remedy: {
      en: 'Correct it and try: tenon helm template NAME FOLDER',
      zh: '请更正后运行：tenon helm template NAME FOLDER',
    },
  },
  empty: {
    kind: 'user',
    message: { en: 'No manifest found in "{path}"', zh: '“{path}”中没有找到清单' },
    remedy: {
      en: 'Name a folder with .yaml or .json manifests or a kustomization.yaml',
      zh: '请指定含有 .yaml、.json 清单或 kustomization.yaml 的文件夹',
    },
  },
});
