import { stringify } from 'yaml';
import type { Text } from '../base/index.ts';
import { type FlowChange, formatOrigin, type ObjectChange, plan, type Plan } from '../explain/index.ts';
import { loadFolder, loadKubeconfig, loadRevision, type Loaded } from '../hosts/node/documents.ts';
import { stateFolderPath } from '../hosts/node/state.ts';
import { join } from 'node:path';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';
import { TARGET_OPTIONS } from './target.ts';

const SIGN = { added: '+', removed: '-', changed: '~' } as const;
const NOTHING: Text = { en: 'Nothing would change', zh: '没有变化' };
const HEADS = {
  objects: { en: 'Objects', zh: '对象' },
  newlyAllowed: { en: 'Newly allowed', zh: '新允许的流量' },
  newlyDenied: { en: 'Newly denied', zh: '新拒绝的流量' },
  unknown: { en: 'Not exact because of', zh: '以下内容使结果不精确' },
} satisfies Record<string, Text>;

const nameOf = (change: ObjectChange): string =>
  `${change.kind} ${change.namespace ? `${change.namespace}/` : ''}${change.name}`;
const placeOf = (change: ObjectChange): string => (change.where ? formatOrigin(change.where) : '');
const flowOf = (flow: FlowChange): string => `${flow.source} → ${flow.destination}: ${flow.connections}`;

function asText(result: Plan, invocation: Invocation): string {
  const { language } = invocation.terminal;
  const lines: string[] = [];
  const section = (head: Text, rows: readonly string[]): void => {
    if (rows.length > 0) lines.push(head[language], ...rows.map(row => `  ${row}`));
  };
  section(
    HEADS.objects,
    result.objects.map(change =>
      `${SIGN[change.change]} ${nameOf(change)}  ${placeOf(change)}${change.paths.length > 0 ? `  ${change.paths.join(' ')}` : ''}`.trimEnd(),
    ),
  );
  section(HEADS.newlyAllowed, result.newlyAllowed.map(flowOf));
  section(HEADS.newlyDenied, result.newlyDenied.map(flowOf));
  section(
    HEADS.unknown,
    result.unknown.map(fault => `${fault.code} ${JSON.stringify(fault.params)}`),
  );
  return lines.length > 0 ? lines.join('\n') : NOTHING[language];
}

function asMarkdown(result: Plan): string {
  const table = (head: string, rows: readonly FlowChange[]): string[] =>
    rows.length === 0
      ? []
      : [
          `### ${head}`,
          '',
          '| source | destination | connections |',
          '|---|---|---|',
          ...rows.map(flow => `| ${flow.source} | ${flow.destination} | ${flow.connections} |`),
          '',
        ];
  const objects = result.objects.map(change =>
    `- \`${SIGN[change.change]}\` ${nameOf(change)} ${placeOf(change)}`.trimEnd(),
  );
  return [
    ...(objects.length > 0 ? ['### Objects', '', ...objects, ''] : []),
    ...table('Newly allowed', result.newlyAllowed),
    ...table('Newly denied', result.newlyDenied),
  ].join('\n');
}

/** SARIF 2.1.0: one result a newly allowed or denied flow, placed at the first changed object. */
function asSarif(result: Plan): Record<string, unknown> {
  const span = result.objects.find(change => change.where?.span)?.where?.span;
  const location = span
    ? [
        {
          physicalLocation: {
            artifactLocation: { uri: span.file },
            region: { startLine: span.line, startColumn: span.column },
          },
        },
      ]
    : [];
  const results = [
    ...result.newlyAllowed.map(flow => ({
      ruleId: 'newly-allowed',
      level: 'warning',
      message: { text: flowOf(flow) },
      locations: location,
    })),
    ...result.newlyDenied.map(flow => ({
      ruleId: 'newly-denied',
      level: 'warning',
      message: { text: flowOf(flow) },
      locations: location,
    })),
  ];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'tenon', rules: [{ id: 'newly-allowed' }, { id: 'newly-denied' }] } }, results }],
  };
}

function asJson(result: Plan): Record<string, unknown> {
  return {
    ...result,
    objects: result.objects.map(({ where, ...change }) => ({
      ...change,
      ...(where ? { where: formatOrigin(where) } : {}),
    })),
    unknown: result.unknown.map(({ code, params, where }) => ({ code, params, where })),
  };
}

async function before(invocation: Invocation, folder: string): Promise<Loaded> {
  const { options, environment } = invocation;
  const kubeconfig = stringOption(options, 'kubeconfig');
  if (kubeconfig !== undefined) return loadKubeconfig(kubeconfig);
  const against = stringOption(options, 'against') ?? 'HEAD';
  if (against !== 'cluster') return loadRevision(folder, against);
  return loadKubeconfig(join(stateFolderPath(stringOption(options, 'state'), environment), 'kubeconfig'));
}

export const command: Command = {
  name: 'plan',
  summary: {
    en: 'What a change would do: objects, and whose traffic it allows or denies',
    zh: '预览变更:对象差异,以及新允许或新拒绝的流量',
  },
  usage: '[FOLDER] [--against REV|cluster] [--format markdown|sarif]',
  words: 1,
  options: {
    against: {
      type: 'string',
      value: 'REV',
      help: {
        en: 'Compare with this git revision (HEAD), or with "cluster"',
        zh: '与此 git 版本(默认 HEAD)或 cluster 比较',
      },
    },
    format: {
      type: 'string',
      value: 'FORMAT',
      help: { en: 'markdown or sarif, for pull requests', zh: 'markdown 或 sarif,用于合并请求' },
    },
    kubeconfig: TARGET_OPTIONS.kubeconfig!,
    state: TARGET_OPTIONS.state!,
    dir: TARGET_OPTIONS.dir!,
  },
  examples: ['tenon plan examples/shop', 'tenon plan examples/shop --against main --format markdown'],
  async run(invocation) {
    const { options, positionals, terminal, output } = invocation;
    const folder = positionals[0] ?? stringOption(options, 'dir') ?? '.';
    const format = stringOption(options, 'format');
    if (format !== undefined && format !== 'markdown' && format !== 'sarif')
      throw cliFaults.error('bad-option', {
        command: 'plan',
        reason: `--format takes markdown or sarif, not "${format}"`,
      });
    const result = plan(await before(invocation, folder), loadFolder(folder));
    if (format === 'sarif') terminal.out(JSON.stringify(asSarif(result), null, 2));
    else if (format === 'markdown') terminal.out(asMarkdown(result));
    else if (output === 'json') terminal.out(JSON.stringify(asJson(result)));
    else if (output === 'yaml') terminal.out(stringify(asJson(result)).trimEnd());
    else terminal.out(asText(result, invocation));
    return result.objects.length + result.newlyAllowed.length + result.newlyDenied.length > 0 ? EXIT.no : EXIT.yes;
  },
};
