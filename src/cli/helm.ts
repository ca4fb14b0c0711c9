import { existsSync, readFileSync } from 'node:fs';
import { chartPorts, readFolder, templateChart } from '../delivery/index.ts';
import { type Command, EXIT, listOption, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

const text = (file: string): string => {
  if (!existsSync(file))
    throw cliFaults.error('unknown-target', { what: 'file', name: file, known: 'a file of values' });
  return readFileSync(file, 'utf8');
};

export const command: Command = {
  name: 'helm',
  summary: { en: 'Print what a chart renders', zh: '输出 chart 的渲染结果' },
  usage: 'template NAME CHART [-n NAMESPACE] [-f VALUES …]',
  words: 3,
  options: {
    namespace: {
      type: 'string',
      short: 'n',
      value: 'NAMESPACE',
      help: { en: 'Namespace of the release (default)', zh: '发布所在的命名空间' },
    },
    values: {
      type: 'string',
      short: 'f',
      multiple: true,
      value: 'FILE',
      help: { en: 'Values over those of the chart; later files win', zh: '覆盖 chart 默认值的文件，后者优先' },
    },
    'kube-version': {
      type: 'string',
      value: 'VERSION',
      help: { en: 'Kubernetes version the chart sees (v1.34.0)', zh: 'chart 所见的 Kubernetes 版本（默认 v1.34.0）' },
    },
  },
  examples: ['tenon helm template shop charts/shop -n shop -f production.yaml'],
  async run({ positionals, options, terminal }) {
    const [verb, name, folder] = positionals;
    if (verb !== 'template')
      throw cliFaults.error('unknown-target', { what: 'verb', name: verb ?? '', known: 'template' });
    if (!name || !folder) throw cliFaults.error('missing-argument', { command: 'helm template', what: 'NAME CHART' });
    const request = {
      name,
      namespace: stringOption(options, 'namespace') ?? 'default',
      kubeVersion: stringOption(options, 'kube-version') ?? 'v1.34.0',
      values: listOption(options, 'values').map(text),
    };
    terminal.out(templateChart(readFolder(folder), request, chartPorts()).replace(/\n$/, ''));
    return EXIT.yes;
  },
};
