import { faultCatalogue } from '../../../base/index.ts';

/** What can be wrong with a disruption. */
export const disruptionFaults = faultCatalogue('disruption', {
  'unknown-kind': {
    kind: 'user',
    message: { en: 'Cannot disrupt by "{kind}"', zh: '无法按“{kind}”制造故障' },
    why: { en: 'The kinds are {kinds}', zh: '可用的种类为 {kinds}' },
    remedy: { en: 'Write one of these kinds', zh: '请改为以上种类之一' },
  },
  'unknown-setting': {
    kind: 'user',
    message: { en: '{kind} has no setting "{name}"', zh: '{kind} 没有设置项“{name}”' },
    why: { en: 'Its settings are {settings}', zh: '它的设置项为 {settings}' },
    remedy: { en: 'Remove the setting or correct its name', zh: '请删除该设置项或更正其名称' },
  },
  'bad-setting': {
    kind: 'user',
    message: { en: 'Cannot take {value} as "{name}" of {kind}', zh: '无法将 {value} 用作 {kind} 的“{name}”' },
    why: { en: 'It must be {wanted}', zh: '必须是 {wanted}' },
    remedy: { en: 'Write a value of that kind', zh: '请改为该类型的值' },
  },
  'no-target': {
    kind: 'user',
    message: { en: '{kind} "{name}" names no target', zh: '{kind}“{name}”没有指定目标' },
    why: { en: 'Its target is {target}', zh: '其目标应为 {target}' },
    remedy: { en: 'Add: target: NAME', zh: '请添加：target: 名称' },
  },
  'unknown-target': {
    kind: 'user',
    message: { en: 'There is no {target} "{name}" to disrupt', zh: '没有可供制造故障的 {target}“{name}”' },
    why: { en: 'There are {known}', zh: '现有：{known}' },
    remedy: { en: 'Name one of these', zh: '请改为其中之一' },
  },
  'bad-time': {
    kind: 'user',
    message: {
      en: 'Cannot disrupt at {at_ms} ms for {for_ms} ms',
      zh: '无法在 {at_ms} 毫秒时制造持续 {for_ms} 毫秒的故障',
    },
    why: {
      en: 'Times are not negative, and a disruption lasts longer than no time',
      zh: '时间不能为负，持续时间必须大于零',
    },
    remedy: { en: 'Write times like 90s', zh: '请写成类似 90s 的时间' },
  },
  'not-here': {
    kind: 'user',
    message: { en: 'This run has nothing that {kind} could disrupt', zh: '此次运行中没有 {kind} 可作用的对象' },
    why: { en: 'What it acts on is not part of the world of this run', zh: '它所作用的部分不在此次运行的世界中' },
    remedy: { en: 'Leave it out, or add what it needs to the scenario', zh: '请去掉它，或在场景中加入其所需的部分' },
  },
});
