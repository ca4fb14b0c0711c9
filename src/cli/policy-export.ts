import { stringify } from 'yaml';
import { type Language, reportFault, type Text } from '../base/index.ts';
import { builtinCatalog } from '../kernel/index.ts';
import { exportAdmissionPolicies } from '../policy/index.ts';
import { EXIT, type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';
import { loadTarget } from './target.ts';

const COUNTED: Text = {
  en: '{exported} of {seen} policies exported',
  zh: '共 {seen} 条策略，已导出 {exported} 条',
};

/** `tenon policy export`: policies of a folder or a cluster as admission policies on standard output. */
export async function policyExport(invocation: Invocation): Promise<number> {
  const { options, positionals, output, terminal } = invocation;
  const form = stringOption(options, 'as') ?? 'vap';
  if (form !== 'vap')
    throw cliFaults.error('bad-option', { command: 'policy export', reason: `--as takes vap, not "${form}"` });
  const [folder, ...surplus] = positionals;
  if (surplus.length > 0) throw cliFaults.error('surplus-argument', { command: 'policy export', word: surplus[0]! });
  const target = await loadTarget(
    folder === undefined ? invocation : { ...invocation, options: { ...options, dir: folder } },
  );
  const catalog = builtinCatalog();
  const { objects, faults, seen } = exportAdmissionPolicies(target.objects, {
    kinds: () => catalog.all(),
    placeOf: (object, pointer) => {
      const origin = target.originOf(object, pointer);
      return origin?.span ?? origin?.object;
    },
  });
  if (output === 'json') terminal.out(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2));
  else if (objects.length > 0)
    terminal.out(
      objects
        .map(object => stringify(object, { aliasDuplicateObjects: false }))
        .join('---\n')
        .trimEnd(),
    );
  for (const fault of faults) terminal.err(line(fault, terminal.language));
  terminal.err(
    COUNTED[terminal.language].replace('{exported}', String(seen - faults.length)).replace('{seen}', String(seen)),
  );
  return faults.length > 0 || seen === 0 ? EXIT.no : EXIT.yes;
}

function line(fault: Parameters<typeof reportFault>[0], language: Language): string {
  const { where, message, remedy } = reportFault(fault, language);
  return `${where ? `${where}: ` : ''}${message}${remedy ? `\n  → ${remedy}` : ''}`;
}
