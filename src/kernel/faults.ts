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
  'store-file': {
    kind: 'system',
    message: { en: 'Cannot use "{path}": {cause}', zh: '无法使用“{path}”：{cause}' },
    why: { en: 'The file system or the file refused', zh: '文件系统或文件拒绝了该操作' },
    remedy: { en: 'Check that the folder is writable and the disk is sound', zh: '请检查目录是否可写、磁盘是否正常' },
  },
});
