import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readDocuments } from './documents.ts';
import { readGoFacts } from './goFacts.ts';
import { interfaces } from './interfaces.ts';
import { promotedFacts, withPromotions } from './promotions.ts';
import { resourceLines } from './resources.ts';
import { settleTags, TagLearner } from './tags.ts';
import { tableTypes, typeLine } from './types.ts';

const root = resolve(import.meta.dirname, '../..');
const suites = process.env.TENON_SUITES ?? resolve(root, '../shared/suites');
const generated = join(root, 'src/kernel/generated');

const table = (name: string, comment: string, lines: readonly string[]): string =>
  `// Written by tools/generate-kernel; do not edit.\n/** ${comment} */\nexport const ${name} = \`\n${lines.join('\n')}\n\`;\n`;

/** Every generated file, by name. */
function generate(): Map<string, string> {
  const { documents, schemas, like } = withPromotions(readDocuments(join(suites, 'core/openapi-v3/1.35')));
  const types = tableTypes(schemas);
  const written = interfaces(types);
  const learner = new TagLearner(types);
  for (const which of ['documented', 'other'] as const) {
    for (const release of ['v1.34.0', 'HEAD']) {
      const count = learner.learn(join(suites, 'core/api-roundtrip', release), which);
      if (count === 0) throw new Error(`no ${which} fixtures of ${release}`);
    }
  }
  for (const problem of learner.problems) console.log(problem);
  settleTags(learner.types.values());
  const facts = promotedFacts(readGoFacts(), like);
  const all = [...learner.types.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  return new Map([
    [
      'typeTable.ts',
      table(
        'TYPE_TABLE',
        'One type a line; the language is described in src/kernel/schema/table.ts.',
        all.map(type => typeLine(type, facts.get(type.name))),
      ),
    ],
    [
      'resourceTable.ts',
      table(
        'RESOURCE_TABLE',
        'One collection a line: group version plural kind scope verbs subresources.',
        documents.flatMap(resourceLines),
      ),
    ],
    ['types.ts', written],
  ]);
}

if (!existsSync(join(suites, 'core/openapi-v3/1.35'))) {
  console.log(`skipped: ${suites}/core is absent`);
} else {
  const check = process.argv.includes('--check');
  const stale: string[] = [];
  for (const [name, text] of generate()) {
    const path = join(generated, name);
    if (check) {
      if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(name);
    } else writeFileSync(path, text);
  }
  if (stale.length > 0) {
    console.log(`stale: ${stale.join(', ')}; run: node tools/generate-kernel/main.ts`);
    process.exitCode = 1;
  } else console.log(check ? 'generated tables are up to date' : 'written');
}
