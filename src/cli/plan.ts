import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Documents, overlay, plan, type Plan } from '../explain/index.ts';
import { loadKubeconfig } from '../hosts/node/cluster-documents.ts';
import { loadFolder, loadRevision } from '../hosts/node/documents.ts';
import { explainPorts } from '../hosts/node/explain-ports.ts';
import { stateFolderPath } from '../hosts/node/state.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';
import { planJson, planMarkdown, planText } from './plan-report.ts';
import { planSarif } from './plan-sarif.ts';
import { TARGET_OPTIONS } from './target.ts';

interface Compared {
  readonly before: Documents;
  readonly after: Documents;
}

/** A folder and what it is compared with: a revision of itself, or a cluster to which it would be applied. */
async function compared({ options, environment }: Invocation, folder: string): Promise<Compared> {
  const against = stringOption(options, 'against') ?? 'HEAD';
  const kubeconfig = stringOption(options, 'kubeconfig');
  const own = (): string => join(stateFolderPath(stringOption(options, 'state'), environment), 'kubeconfig');
  const file = kubeconfig ?? (against === 'cluster' ? own() : undefined);
  const known = new Map();
  const wanted = loadFolder(folder, known);
  if (file === undefined) return { before: loadRevision(folder, against, known), after: wanted };
  const live = await loadKubeconfig(file);
  return { before: live, after: overlay(live, wanted) };
}

const FORMATS = ['markdown', 'sarif'];

/** A plan in the form that `--output` (or `--format`) names. */
function written(result: Plan, { options, output, terminal: { language } }: Invocation): string {
  const format = stringOption(options, 'format') ?? stringOption(options, 'output');
  if (stringOption(options, 'format') !== undefined && !FORMATS.includes(format!))
    throw cliFaults.error('bad-option', {
      command: 'plan',
      reason: `--format takes markdown or sarif, not "${format}"`,
    });
  if (format === 'sarif') return JSON.stringify(planSarif(result, language), null, 2);
  if (format === 'markdown') return planMarkdown(result, language);
  if (output === 'json') return JSON.stringify(planJson(result, language));
  if (output === 'yaml') return stringify(planJson(result, language)).trimEnd();
  return planText(result, language);
}

const changes = ({ objects, newlyAllowed, newlyDenied, admission, becameUnknown }: Plan): number =>
  objects.length + newlyAllowed.length + newlyDenied.length + admission.length + becameUnknown.length;

export const command: Command = {
  name: 'plan',
  formats: FORMATS,
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
    const { options, positionals, terminal } = invocation;
    const folder = positionals[0] ?? stringOption(options, 'dir') ?? '.';
    const { before, after } = await compared(invocation, folder);
    const result = plan(before, after, explainPorts(invocation.root));
    terminal.out(written(result, invocation));
    return changes(result) > 0 ? EXIT.no : EXIT.yes;
  },
};
