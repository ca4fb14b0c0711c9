import { faultCatalogue } from '../../base/index.ts';

/** Everything that can be wrong with an image, a registry or a layer. */
export const imageFaults = faultCatalogue('image', {
  'bad-reference': {
    kind: 'user',
    message: { en: 'Cannot read "{reference}" as an image name', zh: '无法将“{reference}”解析为镜像名称' },
    why: { en: '{why}', zh: '{why}' },
    remedy: {
      en: 'Write [registry/]repository[:tag][@sha256:…] in lower case',
      zh: '请用小写写成 [仓库地址/]名称[:标签][@sha256:…]',
    },
  },
  'not-found': {
    kind: 'user',
    message: { en: 'Image "{reference}" is not in the store', zh: '本地存储中没有镜像“{reference}”' },
    remedy: { en: 'Run tenon image pull {reference}', zh: '运行 tenon image pull {reference}' },
  },
  'blob-missing': {
    kind: 'system',
    message: { en: 'Blob "{digest}" is not in the store', zh: '存储中缺少数据块“{digest}”' },
    remedy: { en: 'Pull or import the image again', zh: '请重新拉取或导入镜像' },
  },
  'bad-digest': {
    kind: 'user',
    message: {
      en: 'Content does not match "{expected}": it is "{actual}"',
      zh: '内容与“{expected}”不符，实际为“{actual}”',
    },
    why: {
      en: 'The bytes were changed or truncated on the way, or the manifest is wrong',
      zh: '数据在传输中被改动或截断，或清单有误',
    },
  },
  'digest-syntax': {
    kind: 'user',
    message: { en: 'Cannot read "{digest}" as a digest', zh: '无法将“{digest}”解析为摘要' },
  },
  'bad-manifest': {
    kind: 'user',
    message: { en: 'Cannot read manifest "{digest}": {why}', zh: '无法读取清单“{digest}”：{why}' },
  },
  'no-platform': {
    kind: 'user',
    message: {
      en: 'Image "{reference}" has nothing for platform "{platform}"',
      zh: '镜像“{reference}”不支持平台“{platform}”',
    },
    why: { en: 'It offers {offered}', zh: '它提供 {offered}' },
  },
  'bad-archive': {
    kind: 'user',
    message: { en: 'Cannot read archive "{file}": {why}', zh: '无法读取归档“{file}”：{why}' },
  },
  'bad-layer': {
    kind: 'user',
    message: { en: 'Refused layer entry "{name}": {why}', zh: '拒绝层中的条目“{name}”：{why}' },
    remedy: {
      en: 'Do not run this image; rebuild it from sources you trust',
      zh: '请勿运行该镜像；用可信来源重新构建',
    },
  },
  'too-large': {
    kind: 'user',
    message: { en: '"{what}" exceeds the limit of {limit}', zh: '“{what}”超过上限 {limit}' },
  },
  'layer-media': {
    kind: 'user',
    message: { en: 'Cannot unpack layers of type "{mediaType}"', zh: '无法解压类型为“{mediaType}”的层' },
  },
  registry: {
    kind: 'user',
    message: { en: 'Registry "{registry}" refused "{what}": {why}', zh: '镜像仓库“{registry}”拒绝了“{what}”：{why}' },
  },
  'build-syntax': {
    kind: 'user',
    message: { en: 'Cannot build "{instruction}": {why}', zh: '无法构建“{instruction}”：{why}' },
  },
  'build-run': {
    kind: 'user',
    message: { en: 'RUN "{command}" ended with {code}', zh: 'RUN “{command}”以 {code} 结束' },
    why: { en: '{why}', zh: '{why}' },
  },
});

/** A fault code of this catalogue. */
export type ImageFaultCode = keyof typeof imageFaults.definitions;

/** What a pull can end with, by the codes the node agent tells apart (ImageStore in ports.ts). */
export const pullFaults = faultCatalogue('compute', {
  'image-not-found': {
    kind: 'user',
    message: { en: 'Image "{reference}" does not exist', zh: '镜像“{reference}”不存在' },
    why: { en: 'No registry asked has it, and it was not imported', zh: '所询问的仓库中没有该镜像，本地也未导入' },
    remedy: {
      en: 'Check the name and tag, or run tenon image import FILE',
      zh: '请检查名称与标签，或运行 tenon image import FILE',
    },
  },
  'image-offline': {
    kind: 'user',
    message: { en: 'Image "{reference}" is not here', zh: '本地没有镜像“{reference}”' },
    why: { en: 'Tenon runs with --offline and asks no registry', zh: 'Tenon 以 --offline 运行,不访问任何镜像仓库' },
    remedy: {
      en: 'Where it is: tenon image save {reference} --output-file FILE; here: tenon image load FILE',
      zh: '在有该镜像处运行 tenon image save {reference} --output-file FILE,在此处运行 tenon image load FILE',
    },
  },
  'image-unauthorized': {
    kind: 'user',
    message: {
      en: 'Registry "{registry}" refused to give "{reference}"',
      zh: '镜像仓库“{registry}”拒绝提供“{reference}”',
    },
    why: { en: '{why}', zh: '{why}' },
    remedy: {
      en: 'Add imagePullSecrets to the pod or its service account, or --auth-file to the command',
      zh: '请为 Pod 或其服务账号添加 imagePullSecrets，或为命令添加 --auth-file',
    },
  },
  'image-invalid': {
    kind: 'user',
    message: { en: 'Image "{reference}" cannot be used: {why}', zh: '镜像“{reference}”无法使用：{why}' },
  },
  'registry-unreachable': {
    kind: 'system',
    message: {
      en: 'Cannot reach registry "{registry}" for "{reference}"',
      zh: '无法连接镜像仓库“{registry}”以获取“{reference}”',
    },
    why: { en: '{why}', zh: '{why}' },
    remedy: { en: 'Check the network, or import the image from a file', zh: '请检查网络，或从文件导入镜像' },
  },
});
