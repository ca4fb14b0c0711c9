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
});
