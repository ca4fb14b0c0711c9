// AssemblyScript -> core module -> component: `npm install && npm run build` here writes shipping.wasm.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { main as compile } from 'assemblyscript/asc';

const here = import.meta.dirname;
const made = new Map();
const options = ['-O3', '--runtime', 'incremental', '--use', 'abort=', '--textFile', 'core.wat'];
const { error, stderr } = await compile(['assembly/main.ts', '--baseDir', here, ...options], {
  writeFile: (name, contents) => void made.set(name, contents),
});
if (error) throw new Error(stderr.toString());
// The name of a component's export is none that AssemblyScript can write.
const text = made.get('core.wat').replace('(export "handle"', '(export "wasi:http/incoming-handler@0.2.0#handle"');
const witSource = readFileSync(join(here, 'wit/shipping.wit'), 'utf8');
const binary = await componentEmbed({ binary: await parse(text), witSource, world: 'service' });
writeFileSync(join(here, 'shipping.wasm'), await componentNew(binary));
