import { type Language, reportFault, type Text } from '../base/index.ts';
import {
  type AdmissionChange,
  answerJson,
  type FlowGroup,
  formatOrigin,
  type ObjectChange,
  type Plan,
  type Violation,
} from '../explain/index.ts';

const SIGN = { added: '+', removed: '-', changed: '~' } as const;
const NOTHING: Text = { en: 'Nothing would change', zh: '没有变化' };
const HEADS = {
  objects: { en: 'Objects', zh: '对象' },
  newlyAllowed: { en: 'Newly allowed', zh: '新允许的流量' },
  newlyDenied: { en: 'Newly denied', zh: '新拒绝的流量' },
  becameUnknown: { en: 'Not exact any more', zh: '结果变为未知' },
  rejected: { en: 'Pods newly refused', zh: '新被拒绝的 Pod' },
  admitted: { en: 'Pods newly let in', zh: '新被准入的 Pod' },
  undecided: { en: 'Pods of which admission is not known', zh: '准入结果未知的 Pod' },
  mutated: { en: 'Pods newly changed by policies', zh: '新被策略修改的 Pod' },
  violations: { en: 'Objects that are there and violate what is new', zh: '违反新规则的现有对象' },
  quotas: { en: 'Quotas', zh: '配额' },
  replicas: { en: 'Replicas', zh: '副本数' },
  warnings: { en: 'Likely not meant', zh: '可能并非本意' },
  unknown: { en: 'Not exact because of', zh: '以下内容使结果不精确' },
} satisfies Record<string, Text>;
const EXCEEDED: Text = { en: 'exceeded', zh: '超出' };

const nameOf = (change: ObjectChange): string =>
  `${change.kind} ${change.namespace ? `${change.namespace}/` : ''}${change.name}`;
const placeOf = (change: { readonly where?: ObjectChange['where'] }): string =>
  change.where ? formatOrigin(change.where) : '';
export const setOf = (members: readonly string[]): string =>
  members.length === 1 ? members[0]! : `{${members.join(', ')}}`;
const flowOf = (flow: FlowGroup): string => `${setOf(flow.sources)} → ${setOf(flow.destinations)}: ${flow.connections}`;

export function ruleOf({ answer }: AdmissionChange, language: Language): string {
  const { by, because } = answer;
  const rule = 'default' in by ? by.default[language] : `${by.kind} ${by.name}${by.rule ? ` ${by.rule}` : ''}`;
  const where = 'default' in by || !by.where ? '' : ` ${formatOrigin(by.where)}`;
  const reason = because[0]?.[language].trim().split('\n')[0] ?? '';
  return `${rule}${where}${reason ? `: ${reason}` : ''}`;
}

interface Section {
  readonly head: Text;
  readonly rows: readonly string[];
}

const ACTIONS = {
  deny: { en: 'would be refused', zh: '将被拒绝' },
  warn: { en: 'would be warned of', zh: '将被警告' },
  audit: { en: 'would be noted', zh: '将被记录' },
} satisfies Record<Violation['action'], Text>;

export function violationLine(violation: Violation, language: Language): string {
  const { kind, namespace, name, policy, action, message } = violation;
  const place = violation.where ? ` ${formatOrigin(violation.where)}` : '';
  const why = message.trim().split('\n')[0] ?? '';
  return `${kind} ${namespace ? `${namespace}/` : ''}${name} ${ACTIONS[action][language]}: ${policy}${place}: ${why}`;
}

/** A plan as heads with rows: what text and Markdown both show. */
function sectionsOf(result: Plan, language: Language): Section[] {
  const gate = (change: AdmissionChange['change']): string[] =>
    result.admission
      .filter(entry => entry.change === change)
      .map(entry => `${entry.workload}  ${change === 'mutated' ? entry.paths.join(' ') : ruleOf(entry, language)}`);
  const all: Section[] = [
    {
      head: HEADS.objects,
      rows: result.objects.map(change =>
        `${SIGN[change.change]} ${nameOf(change)}  ${placeOf(change)}  ${change.paths.join(' ')}`.trimEnd(),
      ),
    },
    { head: HEADS.newlyAllowed, rows: result.newlyAllowed.map(flowOf) },
    { head: HEADS.newlyDenied, rows: result.newlyDenied.map(flowOf) },
    {
      head: HEADS.becameUnknown,
      rows: result.becameUnknown.map(
        ({ workloads, fault }) => `${setOf(workloads.slice(0, 8))}: ${reportFault(fault, language).message}`,
      ),
    },
    { head: HEADS.rejected, rows: gate('rejected') },
    { head: HEADS.admitted, rows: gate('admitted') },
    { head: HEADS.undecided, rows: gate('unknown') },
    { head: HEADS.mutated, rows: gate('mutated') },
    {
      head: HEADS.violations,
      rows: result.violations.map(violation => violationLine(violation, language)),
    },
    {
      head: HEADS.quotas,
      rows: result.quotas.map(
        ({ quota, resource, before, after, hard, exceeded }) =>
          `${quota} ${resource}: ${before} → ${after} / ${hard}${exceeded ? ` ${EXCEEDED[language]}` : ''}`,
      ),
    },
    {
      head: HEADS.replicas,
      rows: result.replicas.map(({ workload, before, after }) => `${workload}: ${before} → ${after}`),
    },
    {
      head: HEADS.warnings,
      rows: result.warnings.map(warning =>
        `${warning.object}: ${warning.text[language]}  ${placeOf(warning)}`.trimEnd(),
      ),
    },
    { head: HEADS.unknown, rows: result.unknown.map(fault => reportFault(fault, language).message) },
  ];
  return all.filter(({ rows }) => rows.length > 0);
}

export function planText(result: Plan, language: Language): string {
  const lines = sectionsOf(result, language).flatMap(({ head, rows }) => [
    head[language],
    ...rows.map(row => `  ${row}`),
  ]);
  return lines.length > 0 ? lines.join('\n') : NOTHING[language];
}

/** What a table cell may hold: no bar of a name ends it early. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** GitHub's and GitLab's Markdown, for comments on pull requests. */
export function planMarkdown(result: Plan, language: Language): string {
  const flows = (head: Text, rows: readonly FlowGroup[]): string[] =>
    rows.length === 0
      ? []
      : [
          `### ${head[language]}`,
          '',
          '| source | destination | connections |',
          '|---|---|---|',
          ...rows.map(
            flow => `| ${cell(setOf(flow.sources))} | ${cell(setOf(flow.destinations))} | ${flow.connections} |`,
          ),
          '',
        ];
  const lists = sectionsOf(result, language)
    .filter(({ head }) => head !== HEADS.newlyAllowed && head !== HEADS.newlyDenied)
    .flatMap(({ head, rows }) => [`### ${head[language]}`, '', ...rows.map(row => `- ${cell(row)}`), '']);
  const all = [
    ...flows(HEADS.newlyAllowed, result.newlyAllowed),
    ...flows(HEADS.newlyDenied, result.newlyDenied),
    ...lists,
  ];
  return all.length > 0 ? all.join('\n') : NOTHING[language];
}

/** Everything, for programs. */
export function planJson(result: Plan, language: Language): Record<string, unknown> {
  const placed = <T extends { readonly where?: ObjectChange['where'] }>({ where, ...rest }: T) => ({
    ...rest,
    ...(where ? { where: formatOrigin(where) } : {}),
  });
  return {
    objects: result.objects.map(({ change, kind, namespace, name, paths, where }) =>
      placed({ change, kind, ...(namespace ? { namespace } : {}), name, paths, ...(where ? { where } : {}) }),
    ),
    newlyAllowed: result.newlyAllowed.map(placed),
    newlyDenied: result.newlyDenied.map(placed),
    becameUnknown: result.becameUnknown.map(({ workloads, fault }) => ({
      workloads,
      fault: reportFault(fault, language),
    })),
    admission: result.admission.map(({ answer, ...change }) => ({ ...change, answer: answerJson(answer, language) })),
    violations: result.violations.map(placed),
    quotas: result.quotas,
    replicas: result.replicas,
    warnings: result.warnings.map(({ text, ...warning }) => placed({ ...warning, text: text[language] })),
    unknown: result.unknown.map(fault => reportFault(fault, language)),
  };
}
