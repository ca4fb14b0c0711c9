import { faultCatalogue } from '../../base/index.ts';

/** What can be wrong with a text before anything of it is understood. */
export const decodeFaults = faultCatalogue('decode', {
  'too-large': {
    kind: 'user',
    message: {
      en: 'The text has {size} bytes, more than the {limit} allowed',
      zh: '文本有 {size} 字节，超过上限 {limit}',
    },
    remedy: { en: 'Split it into several files', zh: '请拆分为多个文件' },
  },
  'too-deep': {
    kind: 'user',
    message: { en: 'The document nests deeper than {limit} levels', zh: '文档嵌套超过 {limit} 层' },
    remedy: { en: 'Flatten the document', zh: '请减少嵌套层数' },
  },
  'too-many-nodes': {
    kind: 'user',
    message: {
      en: 'The document expands to more than {limit} values',
      zh: '文档展开后超过 {limit} 个值',
    },
    why: { en: 'Aliases can make a small text expand without bound', zh: '别名可使很小的文本无限膨胀' },
    remedy: { en: 'Use fewer aliases', zh: '请减少别名' },
  },
  syntax: {
    kind: 'user',
    message: { en: 'Cannot read the document: {reason}', zh: '无法读取文档：{reason}' },
    remedy: { en: 'Correct the text at this place', zh: '请更正此处的文本' },
  },
  'duplicate-key': {
    kind: 'user',
    message: { en: 'Key "{key}" already set in map', zh: '映射中重复的键 "{key}"' },
    why: { en: 'Only one of the values could take effect', zh: '只有一个值能够生效' },
    remedy: { en: 'Remove one of the two', zh: '请删除其中一个' },
  },
  'unknown-alias': {
    kind: 'user',
    message: { en: 'Alias "{alias}" names no anchor before it', zh: '别名 "{alias}" 之前没有对应的锚点' },
    remedy: { en: 'Define the anchor first', zh: '请先定义锚点' },
  },
  'recursive-alias': {
    kind: 'user',
    message: { en: 'Anchor "{alias}" value contains itself', zh: '锚点 "{alias}" 的值包含自身' },
    remedy: { en: 'Remove the alias', zh: '请删除该别名' },
  },
  'bad-key': {
    kind: 'user',
    message: { en: 'A map key must be a scalar', zh: '映射的键必须是标量' },
    remedy: { en: 'Quote the key', zh: '请为键加引号' },
  },
  'bad-merge': {
    kind: 'user',
    message: { en: 'Map merge requires a map or a list of maps as the value', zh: '合并键要求值为映射或映射列表' },
    remedy: { en: 'Point "<<" at a map', zh: '请让 "<<" 指向映射' },
  },
});
