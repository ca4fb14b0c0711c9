import { stringify } from 'yaml';
import { join } from 'node:path';
import type { Language } from '../base/index.ts';
import { askControl, type PlatformStatus } from '../hosts/node/control.ts';
import { stateFolderPath } from '../hosts/node/state.ts';
import { type Command, EXIT, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

/** Phases of a source in Chinese. */
const PHASES: Readonly<Record<string, string>> = {
  reading: '读取中',
  syncing: '同步中',
  synced: '已同步',
  degraded: '有故障',
};

function describe(status: PlatformStatus, language: Language): string {
  const zh = language === 'zh';
  const lines = [
    `${zh ? '就绪' : 'ready'}    ${status.ready ? (zh ? '是' : 'yes') : zh ? '否' : 'no'}`,
    `API      ${status.api}`,
    ...(status.console ? [`${zh ? '控制台' : 'console'}  ${status.console}`] : []),
    ...(status.ingress ? [`${zh ? '入口' : 'ingress'}  ${status.ingress}`] : []),
    `${zh ? '节点' : 'nodes'}    ${status.nodes.ready}/${status.nodes.total}`,
    `Pod      ${status.pods.ready}/${status.pods.total}`,
  ];
  for (const { name, phase, revision, applied, wanted } of status.sources)
    lines.push(
      `${zh ? '来源' : 'source'}   ${name} @ ${revision}: ${zh ? (PHASES[phase] ?? phase) : phase}, ${applied}/${wanted}`,
    );
  for (const [name, layer] of Object.entries(status.layers)) {
    lines.push(`  ${layer.ready ? '✓' : '…'} ${name}`);
    for (const fault of layer.faults) lines.push(`      ${fault.where ? `${fault.where}: ` : ''}${fault.message}`);
  }
  return lines.join('\n');
}

export const command: Command = {
  name: 'status',
  summary: { en: 'What is running and how it is', zh: '查看运行状态' },
  usage: '[--state DIR] [-o json]',
  options: {
    state: {
      type: 'string',
      value: 'DIR',
      help: { en: 'State folder of the Tenon to ask', zh: '要查询的 Tenon 的状态文件夹' },
    },
  },
  async run({ options, terminal, environment, output }) {
    const folder = stateFolderPath(stringOption(options, 'state'), environment);
    const status = await askControl(join(folder, 'control.sock'), terminal.language);
    if (!status) throw cliFaults.error('not-running', { state: folder });
    if (output === 'json') terminal.out(JSON.stringify(status));
    else if (output === 'yaml') terminal.out(stringify(status).trimEnd());
    else terminal.out(describe(status, terminal.language));
    return status.ready ? EXIT.yes : EXIT.no;
  },
};
