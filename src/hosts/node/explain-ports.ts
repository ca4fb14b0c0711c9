import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FieldFidelity } from '../../base/index.ts';
import type { ExplainPorts } from '../../explain/index.ts';
import { builtinCatalog } from '../../kernel/index.ts';
import { kyvernoDialect, kyvernoPorts } from '../../policy/index.ts';
import { systemClock, systemRandom } from './ports.ts';

const LEVELS = new Set<string>(['enforced', 'modelled', 'partial', 'parsed', 'refused']);

/** Folders below a folder; none where it is not there. */
const foldersOf = (path: string): string[] =>
  existsSync(path)
    ? readdirSync(path, { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? join(path, entry.name) : []))
    : [];

/** The fidelity ledgers of every dialect, as they lie beside the code (src/LAYER/dialects/NAME/fidelity.tsv). */
function readLedgers(root: string): FieldFidelity[] {
  return foldersOf(join(root, 'src'))
    .flatMap(layer => foldersOf(join(layer, 'dialects')))
    .sort()
    .map(dialect => join(dialect, 'fidelity.tsv'))
    .filter(file => existsSync(file))
    .flatMap(file =>
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .slice(1)
        .flatMap(line => {
          const [kind = '', path = '', level = '', reason] = line.split('\t');
          if (!LEVELS.has(level)) return [];
          return [{ kind, path, level: level as FieldFidelity['level'], ...(reason ? { reason } : {}) }];
        }),
    );
}

/** What answers need of this machine: the ledgers, and the policy systems that want clock and digests. */
export function explainPorts(root: string): ExplainPorts {
  let ledger: readonly FieldFidelity[] | undefined;
  return {
    ledger: () => (ledger ??= readLedgers(root)),
    dialects: () => {
      const catalog = builtinCatalog();
      return [kyvernoDialect({ ...kyvernoPorts(systemClock, systemRandom()), resourceOf: kind => catalog.kind(kind) })];
    },
  };
}
