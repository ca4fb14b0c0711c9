import { type Language, reportFault, type Span, type Text } from '../base/index.ts';
import type { FlowGroup, Plan } from '../explain/index.ts';
import { ruleOf, violationLine } from './plan-report.ts';

interface RuleText {
  readonly short: Text;
  readonly full: Text;
  readonly help: Text;
}

const LOOK: Text = {
  en: 'Run tenon plan in the folder to see every change; tenon why SRC to DST tells hop by hop.',
  zh: '在该文件夹中运行 tenon plan 可查看全部变更；tenon why 源 to 目标 逐跳解释。',
};

/** What each kind of finding means, as code scanning shows beside its alerts. */
const RULES = {
  'newly-allowed': {
    short: { en: 'Traffic newly allowed', zh: '新允许的流量' },
    full: { en: 'The change lets traffic through that is refused now.', zh: '此变更会放行目前被拒绝的流量。' },
    help: LOOK,
  },
  'newly-denied': {
    short: { en: 'Traffic newly denied', zh: '新拒绝的流量' },
    full: { en: 'The change refuses traffic that passes now.', zh: '此变更会拒绝目前放行的流量。' },
    help: LOOK,
  },
  'became-unknown': {
    short: { en: 'Verdict not exact any more', zh: '结果不再精确' },
    full: {
      en: 'The change brings something that could decide and is not modelled.',
      zh: '此变更引入了可能影响结果且尚未建模的内容。',
    },
    help: LOOK,
  },
  'pod-rejected': {
    short: { en: 'Pod newly refused', zh: 'Pod 新被拒绝' },
    full: { en: 'Admission would refuse a pod that it lets in now.', zh: '准入会拒绝目前可准入的 Pod。' },
    help: {
      en: 'tenon why pod NAMESPACE/NAME denied tells which rule.',
      zh: 'tenon why pod 命名空间/名称 denied 会指出规则。',
    },
  },
  'pod-unknown': {
    short: { en: 'Admission of a pod not known', zh: 'Pod 准入结果未知' },
    full: { en: 'Whether the pod would be let in is not known here.', zh: '此处不知道该 Pod 是否会被准入。' },
    help: {
      en: 'tenon why pod NAMESPACE/NAME denied tells why.',
      zh: 'tenon why pod 命名空间/名称 denied 会说明原因。',
    },
  },
  'pod-mutated': {
    short: { en: 'Pod newly changed by policies', zh: 'Pod 新被策略修改' },
    full: { en: 'A policy would write other fields of the pod than now.', zh: '策略会改写 Pod 的其他字段。' },
    help: LOOK,
  },
  'violates-new-rule': {
    short: { en: 'Object violates a new rule', zh: '对象违反新规则' },
    full: { en: 'What is there would be found against by a rule of the change.', zh: '现有对象违反此变更中的规则。' },
    help: LOOK,
  },
  'quota-exceeded': {
    short: { en: 'Quota exceeded', zh: '超出配额' },
    full: { en: 'The workloads ask for more than the quota has.', zh: '工作负载的需求超过配额。' },
    help: { en: 'Ask for less, or raise spec.hard of the quota.', zh: '请减少需求，或提高配额的 spec.hard。' },
  },
  'likely-not-meant': {
    short: { en: 'Likely not meant', zh: '可能并非本意' },
    full: { en: 'The object does something that is seldom wanted.', zh: '该对象的行为通常并非所愿。' },
    help: LOOK,
  },
} satisfies Record<string, RuleText>;

type RuleId = keyof typeof RULES;

/** Braces stand for arguments in messages (SARIF 2.1.0 §3.11.5): sets of flows are written in parentheses, others doubled. */
const setText = (members: readonly string[]): string =>
  members.length === 1 ? members[0]! : `(${members.join(', ')})`;
const flowText = ({ sources, destinations, connections }: FlowGroup): string =>
  `${setText(sources)} → ${setText(destinations)}: ${connections}`;
const messageText = (text: string): string => text.replaceAll(/[{}]/g, '$&$&');

interface Finding {
  readonly ruleId: RuleId;
  readonly level: 'error' | 'warning' | 'note';
  readonly text: string;
  readonly span: Span | undefined;
}

function findingsOf(result: Plan, language: Language): Finding[] {
  const fallback = result.objects.find(change => change.where?.span)?.where?.span;
  const flow = (ruleId: RuleId, group: FlowGroup): Finding => ({
    ruleId,
    level: 'warning',
    text: flowText(group),
    span: group.where?.span ?? fallback,
  });
  return [
    ...result.newlyAllowed.map(group => flow('newly-allowed', group)),
    ...result.newlyDenied.map(group => flow('newly-denied', group)),
    ...result.becameUnknown.map(({ fault }): Finding => {
      const span = typeof fault.where === 'object' ? fault.where : fallback;
      return { ruleId: 'became-unknown', level: 'warning', text: reportFault(fault, language).message, span };
    }),
    ...result.admission.flatMap((entry): Finding[] => {
      if (entry.change === 'admitted') return [];
      const { by } = entry.answer;
      const span = ('default' in by ? undefined : by.where?.span) ?? fallback;
      const level = entry.change === 'rejected' ? 'error' : 'note';
      return [{ ruleId: `pod-${entry.change}`, level, text: `${entry.workload}: ${ruleOf(entry, language)}`, span }];
    }),
    ...result.violations.map(
      (violation): Finding => ({
        ruleId: 'violates-new-rule',
        level: violation.action === 'deny' ? 'error' : 'warning',
        text: violationLine(violation, language),
        span: violation.where?.span ?? fallback,
      }),
    ),
    ...result.quotas
      .filter(({ exceeded }) => exceeded)
      .map(({ quota, resource, after, hard }): Finding => {
        return {
          ruleId: 'quota-exceeded',
          level: 'error',
          text: `${quota} ${resource}: ${after} > ${hard}`,
          span: fallback,
        };
      }),
    ...result.warnings.map(
      (warning): Finding => ({
        ruleId: 'likely-not-meant',
        level: 'warning',
        text: `${warning.object}: ${warning.text[language]}`,
        span: warning.where?.span ?? fallback,
      }),
    ),
  ];
}

/** A path as a URI reference (SARIF 2.1.0 §3.4.3, RFC 3986): spaces and `#` in names are written as escapes. */
const uriOf = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

const LEVELS = ['error', 'warning', 'note'] as const;
/** Code scanning refuses files of more results in a run (GitHub, "SARIF support"). */
const RESULTS_MAX = 25_000;

/** Code scanning refuses results without a place: what has none is put at the top of the folder. */
function locationOf(span: Span | undefined): Record<string, unknown> {
  const { file, line, column } = span ?? { file: '.', line: 1, column: 1 };
  const region = { startLine: line, startColumn: column, endLine: line, endColumn: column + 1 };
  return { physicalLocation: { artifactLocation: { uri: uriOf(file) }, region } };
}

function ruleJson(id: RuleId, language: Language): Record<string, unknown> {
  const { short, full, help } = RULES[id];
  return {
    id,
    shortDescription: { text: short[language] },
    fullDescription: { text: full[language] },
    help: { text: help[language] },
  };
}

/** SARIF 2.1.0 as code scanning takes it: one result a change of behaviour, at the place that causes it, the gravest first. */
export function planSarif(result: Plan, language: Language): Record<string, unknown> {
  const findings = findingsOf(result, language)
    .toSorted((left, right) => LEVELS.indexOf(left.level) - LEVELS.indexOf(right.level))
    .slice(0, RESULTS_MAX);
  const rules = [...new Set(findings.map(({ ruleId }) => ruleId))];
  const results = findings.map(({ ruleId, level, text, span }) => ({
    ruleId,
    ruleIndex: rules.indexOf(ruleId),
    level,
    message: { text: messageText(text) },
    locations: [locationOf(span)],
  }));
  const driver = { name: 'tenon', informationUri: 'https://tenon.dev', rules: rules.map(id => ruleJson(id, language)) };
  const automationDetails = { id: 'tenon/plan/' };
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, automationDetails, columnKind: 'utf16CodeUnits', results }],
  };
}
