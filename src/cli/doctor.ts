import { stringify } from 'yaml';
import type { Text } from '../base/index.ts';
import { examineMachine, type Capability } from '../hosts/node/machine.ts';
import { formatOrigin } from '../explain/index.ts';
import { failsOpen } from '../policy/index.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { loadTarget, TARGET_OPTIONS } from './target.ts';

const MARK: Readonly<Record<Capability['state'], string>> = { yes: '✓', partly: '~', no: '✗' };
const TITLE: Text = { en: 'What this machine can run', zh: '本机可运行的内容' };

const OPEN: Text = { en: 'What would let writes pass unjudged', zh: '哪些规则会使写入不经判定即放行' };
const CLOSED: Text = {
  en: 'Nothing fails open: what cannot be decided is refused',
  zh: '没有规则会失效放行：无法判定的一律拒绝',
};

/** Rules of a folder or a cluster that fail open; nothing where neither is named. */
async function openRules(invocation: Invocation) {
  const { options, positionals, terminal } = invocation;
  const [folder] = positionals;
  const named =
    folder ?? stringOption(options, 'dir') ?? stringOption(options, 'kubeconfig') ?? stringOption(options, 'state');
  if (named === undefined) return undefined;
  const target = await loadTarget(
    folder === undefined ? invocation : { ...invocation, options: { ...options, dir: folder } },
  );
  return failsOpen(target.objects).map(({ object, pointer, why }) => {
    const { kind, metadata } = object;
    const where = target.originOf(object, pointer);
    return {
      kind,
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      name: metadata.name ?? '',
      ...(where ? { where: formatOrigin(where) } : {}),
      why: why[terminal.language],
    };
  });
}

function tellOpen({ terminal, output }: Invocation, open: readonly Readonly<Record<string, string>>[]): number {
  if (output === 'json') terminal.out(JSON.stringify(open));
  else if (output === 'yaml') terminal.out(stringify(open).trimEnd());
  else if (open.length === 0) terminal.out(CLOSED[terminal.language]);
  else {
    terminal.out(OPEN[terminal.language]);
    for (const { kind, namespace, name, where, why } of open)
      terminal.out(`  ${kind} ${namespace ? `${namespace}/` : ''}${name}${where ? `  ${where}` : ''}: ${why}`);
  }
  return open.length > 0 ? EXIT.no : EXIT.yes;
}

export const command: Command = {
  name: 'doctor',
  summary: { en: 'What this machine can run and what would add more', zh: '检查本机能运行什么、缺什么' },
  usage: '[FOLDER | --kubeconfig FILE] [-o json]',
  words: 1,
  options: TARGET_OPTIONS,
  examples: ['tenon doctor examples/shop'],
  async run(invocation) {
    const { terminal, output } = invocation;
    const open = await openRules(invocation);
    if (open) return tellOpen(invocation, open);
    const capabilities = await examineMachine();
    const { language } = terminal;
    const rows = capabilities.map(item => ({
      name: item.name,
      state: item.state,
      detail: item.detail[language],
      ...(item.remedy ? { remedy: item.remedy[language] } : {}),
    }));
    if (output === 'json') terminal.out(JSON.stringify(rows));
    else if (output === 'yaml') terminal.out(stringify(rows).trimEnd());
    else {
      terminal.out(TITLE[language]);
      for (const { name, state, detail, remedy } of rows) {
        terminal.out(`  ${MARK[state]} ${name.padEnd(18)} ${detail}`);
        if (remedy) terminal.out(`    ${' '.repeat(18)} → ${remedy}`);
      }
    }
    return EXIT.yes;
  },
};
