import { faultCatalogue } from '../../../base/index.ts';

const FORM = { en: 'docs/scenarios.md shows the form', zh: '格式见 docs/scenarios.md' };
const TRACE = {
  en: 'Mend the file, or say how it is to be read: docs/scenarios.md, "Traces"',
  zh: '请修正文件,或说明读取方式:见 docs/scenarios.md 的“Traces”一节',
};

/** What can be wrong with a scenario, and with what it names. */
export const scenarioFaults = faultCatalogue('scenario', {
  invalid: {
    kind: 'user',
    message: { en: 'Cannot read the scenario: {count} mistakes', zh: '无法读取场景:共 {count} 处错误' },
    remedy: FORM,
  },
  'no-scenario': {
    kind: 'user',
    message: { en: 'No scenario in "{file}"', zh: '“{file}”中没有场景' },
    remedy: {
      en: 'A scenario is a document with apiVersion tenon.dev/v1 and kind Scenario',
      zh: '场景是 apiVersion 为 tenon.dev/v1、kind 为 Scenario 的文档',
    },
  },
  'several-scenarios': {
    kind: 'user',
    message: { en: '"{file}" holds {count} scenarios: {names}', zh: '“{file}”含有 {count} 个场景:{names}' },
    remedy: {
      en: 'Name one: --scenario NAME, or run all with tenon test',
      zh: '请指定一个:--scenario 名称,或用 tenon test 全部运行',
    },
  },
  'unknown-field': {
    kind: 'user',
    message: { en: '"{field}" is no field of {of}', zh: '{of} 没有字段“{field}”' },
    remedy: { en: '{near}Fields: {known}', zh: '{near}可用字段:{known}' },
  },
  'missing-field': {
    kind: 'user',
    message: { en: '{of} needs "{field}"', zh: '{of} 缺少“{field}”' },
    remedy: FORM,
  },
  'wrong-value': {
    kind: 'user',
    message: { en: '"{field}" is {got}, and must be {wanted}', zh: '“{field}”的值是 {got},应为{wanted}' },
    remedy: FORM,
  },
  'one-thing': {
    kind: 'user',
    message: { en: '{of} says {got}; it takes exactly one of {known}', zh: '{of} 写了 {got};应且只应有其一:{known}' },
    remedy: FORM,
  },
  'name-twice': {
    kind: 'user',
    message: { en: 'Two {of} are called "{name}"', zh: '有两个 {of} 名为“{name}”' },
    why: { en: 'Names tell them apart in reports and expectations', zh: '报告与期望靠名称区分它们' },
    remedy: { en: 'Give each a name of its own', zh: '请分别命名' },
  },
  'not-known': {
    kind: 'user',
    message: { en: 'No {of} is called "{name}"', zh: '没有名为“{name}”的{of}' },
    remedy: { en: '{near}Known: {known}', zh: '{near}可用:{known}' },
  },
  'step-back': {
    kind: 'user',
    message: { en: 'A step at {at} follows one at {before}', zh: '{at} 的步骤写在 {before} 的步骤之后' },
    why: { en: 'Steps are written in the order of their times', zh: '步骤须按时间顺序书写' },
    remedy: { en: 'Move it up, or correct "at"', zh: '请上移该步骤或修正 at' },
  },
  'beyond-end': {
    kind: 'user',
    message: {
      en: '{what} at {at} lies beyond the end of the run at {until}',
      zh: '{what}({at})超出运行终点({until})',
    },
    remedy: { en: 'Raise spec.until, or take it away', zh: '请增大 spec.until 或删去它' },
  },
  'file-missing': {
    kind: 'user',
    message: { en: 'Cannot read "{path}": {reason}', zh: '无法读取“{path}”:{reason}' },
    why: { en: 'Paths are relative to the file of the scenario', zh: '路径相对于场景文件' },
  },
  'file-outside': {
    kind: 'user',
    message: { en: '"{path}" lies outside of {root}', zh: '“{path}”位于 {root} 之外' },
    why: {
      en: 'A scenario may only read what lies below the folder it was run from, or beside it',
      zh: '场景只能读取运行所在文件夹或其自身文件夹之下的文件',
    },
    remedy: { en: '--root DIR widens this', zh: '可用 --root DIR 放宽' },
  },
  'file-large': {
    kind: 'user',
    message: { en: '"{path}" is larger than {limit} MB', zh: '“{path}”超过 {limit} MB' },
  },
  'trace-empty': { kind: 'user', message: { en: 'The trace has no rows', zh: '轨迹没有数据行' }, remedy: TRACE },
  'trace-long': {
    kind: 'user',
    message: { en: 'The trace has more than {limit} rows', zh: '轨迹超过 {limit} 行' },
    remedy: { en: 'Cut it, or take a part of it: from, to', zh: '请截短,或用 from、to 取其一段' },
  },
  'trace-column': {
    kind: 'user',
    message: { en: 'The trace has no column "{column}"', zh: '轨迹没有列“{column}”' },
    remedy: { en: '{near}Columns: {known}', zh: '{near}现有列:{known}' },
  },
  'trace-row': {
    kind: 'user',
    message: { en: 'The row has {got} columns and the header {wanted}', zh: '该行有 {got} 列,而表头有 {wanted} 列' },
    remedy: TRACE,
  },
  'trace-text': {
    kind: 'user',
    message: { en: '"{text}" in column "{column}" is no {wanted}', zh: '列“{column}”中的“{text}”不是{wanted}' },
    remedy: TRACE,
  },
  'trace-negative': {
    kind: 'user',
    message: { en: 'Column "{column}" is {value}: less than nothing', zh: '列“{column}”的值 {value} 为负' },
    remedy: TRACE,
  },
  'trace-back': {
    kind: 'user',
    message: { en: 'Time goes back from {before} to {at}', zh: '时间从 {before} 倒退到 {at}' },
    remedy: TRACE,
  },
  'trace-twice': {
    kind: 'user',
    message: { en: 'The time {at} comes twice', zh: '时间 {at} 出现了两次' },
    why: { en: 'A rate has one value at a time', zh: '一个时刻只能有一个速率' },
    remedy: { en: 'combine: sum, mean or max joins such rows', zh: '用 combine: sum、mean 或 max 合并这些行' },
  },
  'trace-gap': {
    kind: 'user',
    message: {
      en: 'A gap of {gap} where rows are {usual} apart: nothing between {before} and {at}',
      zh: '出现 {gap} 的空缺,而行间隔通常为 {usual}:{before} 与 {at} 之间没有数据',
    },
    remedy: {
      en: 'Mend the file, or say gaps: hold (the value before goes on) or gaps: zero',
      zh: '请补全文件,或写 gaps: hold(延续前值)或 gaps: zero',
    },
  },
  expression: {
    kind: 'user',
    message: { en: 'Cannot read the expression: {reason}', zh: '无法理解表达式:{reason}' },
    remedy: {
      en: '{near}docs/scenarios.md, "What can be named", lists the names',
      zh: '{near}可用名称见 docs/scenarios.md 的“What can be named”一节',
    },
  },
});
