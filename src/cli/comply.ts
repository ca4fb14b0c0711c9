import { stringify } from 'yaml';
import type { Language, Text } from '../base/index.ts';
import { formatOrigin } from '../explain/index.ts';
import type { Loaded } from '../hosts/node/documents.ts';
import { assess, type AssessedControl, CHECKS, type Finding, type Pack, PACKS } from '../policy/index.ts';
import { type Command, EXIT, type Invocation, listOption, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';
import { loadTarget, TARGET_OPTIONS } from './target.ts';

const STATUS = {
  pass: { en: 'pass', zh: '通过' },
  fail: { en: 'fail', zh: '不通过' },
  'not-assessable': { en: 'not assessable', zh: '无法评估' },
} satisfies Record<AssessedControl['status'], Text>;
const PARTLY: Text = { en: 'in part', zh: '部分' };
const SUM: Text = {
  en: '{title}: {pass} pass, {fail} fail, {none} of {all} not assessable',
  zh: '{title}：{pass} 项通过，{fail} 项不通过，共 {all} 项中 {none} 项无法评估',
};
const COVERED: Text = { en: 'no check', zh: '无检查' };
const FINDINGS_SHOWN = 5;
const MORE: Text = { en: 'and {count} more', zh: '以及另外 {count} 处' };

const fill = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));

function objectOf({ object, check }: Finding, target: Loaded, language: Language): string {
  const { kind, metadata } = object;
  const where = target.originOf(object);
  const name = `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;
  const title = CHECKS.get(check)?.title[language] ?? check;
  return `${name}${where?.span ? `  ${formatOrigin(where)}` : ''}: ${title}`;
}

function text(pack: Pack, controls: readonly AssessedControl[], target: Loaded, language: Language): string {
  const lines = controls.flatMap(({ control, status, why, findings }) => {
    const partly = control.partly && status !== 'not-assessable' ? ` (${PARTLY[language]})` : '';
    const reason = status === 'not-assessable' && why ? `: ${why[language]}` : '';
    const rest = findings.length - FINDINGS_SHOWN;
    return [
      `${control.id.padEnd(8)} ${STATUS[status][language]}${partly}  ${control.title[language]}${reason}`,
      ...findings.slice(0, FINDINGS_SHOWN).map(finding => `         - ${objectOf(finding, target, language)}`),
      ...(rest > 0 ? [`         - ${fill(MORE[language], { count: rest })}`] : []),
    ];
  });
  return [...lines, '', summary(pack, controls, language)].join('\n');
}

function summary(pack: Pack, controls: readonly AssessedControl[], language: Language): string {
  const count = (status: AssessedControl['status']): number => controls.filter(each => each.status === status).length;
  return fill(SUM[language], {
    title: pack.title[language],
    pass: count('pass'),
    fail: count('fail'),
    none: count('not-assessable'),
    all: controls.length,
  });
}

/** One control a row, tab-separated: what spreadsheets and other programs read. */
function table(controls: readonly AssessedControl[], language: Language): string {
  return [
    ['control', 'status', 'part', 'title', 'checks', 'looked', 'findings'].join('\t'),
    ...controls.map(({ control, status, looked, findings }) =>
      [
        control.id,
        status,
        control.partly ? 'yes' : 'no',
        control.title[language],
        control.checks.join(',') || '-',
        looked,
        findings.length,
      ].join('\t'),
    ),
  ].join('\n');
}

function json(pack: Pack, controls: readonly AssessedControl[], target: Loaded, language: Language): unknown {
  return {
    pack: pack.name,
    title: pack.title[language],
    controls: controls.map(({ control, status, why, findings, looked }) => ({
      id: control.id,
      title: control.title[language],
      status,
      ...(control.partly ? { partly: true } : {}),
      ...(why ? { why: why[language] } : {}),
      checks: control.checks,
      looked,
      findings: findings.map(({ check, object, error }) => {
        const where = target.originOf(object);
        const { kind, metadata } = object;
        return {
          check,
          kind,
          ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
          name: metadata.name,
          ...(where?.span ? { where: formatOrigin(where) } : {}),
          ...(error ? { error } : {}),
        };
      }),
    })),
  };
}

/** Which controls have checks: the coverage of every pack. */
function coverage({ terminal, output }: Invocation): number {
  const { language } = terminal;
  if (output === 'json') {
    terminal.out(
      JSON.stringify(
        PACKS.map(({ name, controls }) => ({
          name,
          controls: controls.map(({ id, checks, partly }) => ({ id, checks, partly: partly === true })),
        })),
      ),
    );
    return EXIT.yes;
  }
  for (const pack of PACKS) {
    const covered = pack.controls.filter(({ checks }) => checks.length > 0).length;
    terminal.out(`${pack.name}  ${pack.title[language]}  ${covered}/${pack.controls.length}`);
    for (const { id, title, checks, partly } of pack.controls)
      terminal.out(
        `  ${id}\t${title[language]}\t${checks.join(', ') || COVERED[language]}${partly ? ` (${PARTLY[language]})` : ''}`,
      );
  }
  return EXIT.yes;
}

function packNamed(name: string | undefined): Pack {
  const known = PACKS.map(pack => pack.name).join(', ');
  if (name === undefined) throw cliFaults.error('missing-argument', { command: 'comply', what: `--pack ${known}` });
  const pack = PACKS.find(each => each.name === name);
  if (!pack) throw cliFaults.error('unknown-target', { what: 'comply', name, known });
  return pack;
}

const SYSTEM = ['kube-system', 'kube-public', 'kube-node-lease'];

export const command: Command = {
  name: 'comply',
  summary: {
    en: 'Hold objects against a standard: CIS, NSA, PCI, NIST, MLPS',
    zh: '按标准评估对象：CIS、NSA、PCI、NIST、等保三级',
  },
  usage: '--pack NAME [FOLDER | --kubeconfig FILE] | --coverage',
  words: 1,
  options: {
    ...TARGET_OPTIONS,
    pack: {
      type: 'string',
      value: 'NAME',
      help: { en: 'cis, nsa, pci, nist-800-190 or mlps-3', zh: 'cis、nsa、pci、nist-800-190 或 mlps-3' },
    },
    exempt: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: {
        en: 'A namespace that is left out (kube-system, kube-public, kube-node-lease)',
        zh: '不参与评估的命名空间（默认 kube-system、kube-public、kube-node-lease）',
      },
    },
    coverage: {
      type: 'boolean',
      help: { en: 'Print which controls of every pack have checks', zh: '列出各标准中有检查的控制项' },
    },
  },
  examples: [
    'tenon comply --pack cis examples/shop',
    'tenon comply --pack mlps-3 --kubeconfig ~/.kube/config -o table',
  ],
  async run(invocation) {
    const { options, positionals, output, terminal } = invocation;
    if (options.coverage === true) return coverage(invocation);
    const pack = packNamed(stringOption(options, 'pack'));
    const [folder] = positionals;
    const target = await loadTarget(
      folder === undefined ? invocation : { ...invocation, options: { ...options, dir: folder } },
    );
    const exempt = listOption(options, 'exempt');
    const controls = assess(pack, target.objects, new Set(exempt.length > 0 ? exempt : SYSTEM));
    const { language } = terminal;
    if (output === 'json') terminal.out(JSON.stringify(json(pack, controls, target, language), null, 2));
    else if (output === 'yaml')
      terminal.out(stringify(json(pack, controls, target, language), { aliasDuplicateObjects: false }).trimEnd());
    else if (output === 'table') terminal.out(table(controls, language));
    else terminal.out(text(pack, controls, target, language));
    return controls.some(({ status }) => status === 'fail') ? EXIT.no : EXIT.yes;
  },
};
