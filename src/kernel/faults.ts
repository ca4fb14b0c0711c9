import { faultCatalogue } from '../base/index.ts';

/** What can go wrong under the API: in the store and its log. */
export const kernelFaults = faultCatalogue('kernel', {
  'log-failed': {
    kind: 'system',
    message: { en: 'Cannot make writes durable: {cause}', zh: '无法将写入持久化：{cause}' },
    why: {
      en: 'After a failed write or fsync the disk may hold less than it said; nothing is acknowledged any more',
      zh: '写入或 fsync 失败后，磁盘上的数据可能少于其声称的内容，因此不再确认任何写入',
    },
    remedy: { en: 'Check the disk, then start again: tenon up', zh: '检查磁盘，然后重新启动：tenon up' },
  },
  'disk-full': {
    kind: 'system',
    message: { en: 'Cannot write: {cause}', zh: '无法写入：{cause}' },
    why: {
      en: 'The disk of the state folder is full; the write was not kept',
      zh: '状态目录所在磁盘已满，该写入未被保留',
    },
    remedy: { en: 'Free space on the disk of the state folder', zh: '请释放状态目录所在磁盘的空间' },
  },
  'store-in-use': {
    kind: 'user',
    message: { en: 'Cannot open "{path}": another Tenon is using it', zh: '无法打开“{path}”：另一个 Tenon 正在使用它' },
    why: { en: 'One state folder belongs to one running Tenon', zh: '一个状态目录只能由一个运行中的 Tenon 使用' },
    remedy: {
      en: 'Stop the other one (tenon down) or choose another folder (--state DIR)',
      zh: '停止另一个（tenon down），或选择其他目录（--state DIR）',
    },
  },
  'store-newer': {
    kind: 'user',
    message: { en: 'Cannot open "{path}": {cause}', zh: '无法打开“{path}”：{cause}' },
    why: { en: 'A newer Tenon wrote this store', zh: '该存储由更新版本的 Tenon 写入' },
    remedy: {
      en: 'Use that version, or another folder (--state DIR)',
      zh: '请使用该版本，或选择其他目录（--state DIR）',
    },
  },
  'store-foreign': {
    kind: 'user',
    message: { en: 'Cannot open "{path}": it is not a store of Tenon', zh: '无法打开“{path}”：它不是 Tenon 的存储' },
    remedy: { en: 'Choose another folder (--state DIR)', zh: '请选择其他目录（--state DIR）' },
  },
  'store-address': {
    kind: 'user',
    message: { en: 'Cannot read the store address "{address}"', zh: '无法识别存储地址“{address}”' },
    why: {
      en: 'A store address is etcd://host:port[,ip:port][/prefix][?ca=FILE&cert=FILE&key=FILE]',
      zh: '存储地址的形式为 etcd://host:port[,ip:port][/prefix][?ca=FILE&cert=FILE&key=FILE]',
    },
    remedy: { en: 'For example: --store etcd://127.0.0.1:2379', zh: '例如：--store etcd://127.0.0.1:2379' },
  },
  'store-unreachable': {
    kind: 'system',
    message: { en: 'Cannot open the store at "{address}": {cause}', zh: '无法打开位于“{address}”的存储：{cause}' },
    remedy: {
      en: 'Check that etcd answers there: etcdctl endpoint health',
      zh: '请检查 etcd 是否可用：etcdctl endpoint health',
    },
  },
  'etcd-failed': {
    kind: 'system',
    message: { en: 'etcd did not answer as it should: {cause}', zh: 'etcd 未正常应答：{cause}' },
    why: { en: 'The write may or may not have been kept', zh: '该写入可能已保存，也可能未保存' },
    remedy: { en: 'Read the object and try again', zh: '请读取该对象后重试' },
  },
  'etcd-object': {
    kind: 'system',
    message: { en: 'Cannot read the object at "{key}": {cause}', zh: '无法读取“{key}”处的对象：{cause}' },
    why: { en: 'It is left as it is and is not served', zh: '该对象保持原样，且不会被提供' },
    remedy: { en: 'Check the encryption configuration and who else writes there', zh: '请检查加密配置以及其他写入者' },
  },
  'encryption-config': {
    kind: 'user',
    message: {
      en: 'Cannot use the encryption configuration "{file}": {cause}',
      zh: '无法使用加密配置“{file}”：{cause}',
    },
    remedy: {
      en: 'Correct the file; docs/encryption.md has an example',
      zh: '请修正该文件；示例见 docs/encryption.md',
    },
  },
  'store-file': {
    kind: 'system',
    message: { en: 'Cannot use "{path}": {cause}', zh: '无法使用“{path}”：{cause}' },
    why: { en: 'The file system or the file refused', zh: '文件系统或文件拒绝了该操作' },
    remedy: { en: 'Check that the folder is writable and the disk is sound', zh: '请检查目录是否可写、磁盘是否正常' },
  },
});
