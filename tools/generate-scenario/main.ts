/**
 * Writes docs/scenario.schema.json from the table that reads scenarios.
 *
 *     node tools/generate-scenario/main.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scenarioSchema } from '../../src/hosts/sim/scenario/schema.ts';

const target = join(import.meta.dirname, '../../docs/scenario.schema.json');
const made = `${JSON.stringify(scenarioSchema(), null, 1)}\n`;
if (!process.argv.includes('--check')) writeFileSync(target, made);
else if (!existsSync(target) || readFileSync(target, 'utf8') !== made) {
  console.log('docs/scenario.schema.json differs: node tools/generate-scenario/main.ts');
  process.exitCode = 1;
}
