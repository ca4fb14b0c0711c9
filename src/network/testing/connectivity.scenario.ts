/**
 * Scenarios of our own (`connectivity/*.yaml`): each puts policies in force and says who reaches whom by them; packets, the
 * compiled structure, the simulator and `why` must all say the same. `connectivity.scenario.ts KIND`.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { KubeObject } from '../../kernel/index.ts';
import { WEB_PORT } from './families.ts';
import type { Probe } from './familyprobes.ts';
import { type Cell, TruthWorld, versionOf } from './truthworld.ts';

interface Scenario {
  readonly name: string;
  readonly policies: readonly { readonly kind: string; readonly namespace?: string }[];
  /** The pod the policies are about has looked the outside name up. */
  readonly lookup?: boolean;
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

const folder = join(import.meta.dirname, 'connectivity');
const SUBJECT = 'x/b';

/** `tcp/80`, `udp/80/6` (IPv6), `get/path`. */
function readProbe(text: string): Probe {
  const [what = '', value = '', family] = text.split('/');
  if (what === 'get') return { protocol: 'TCP', port: WEB_PORT, family: 4, path: `/${value}` };
  const protocol = what.toUpperCase();
  assert.ok(protocol === 'TCP' || protocol === 'UDP' || protocol === 'SCTP', `a probe: ${text}`);
  return { protocol, port: Number(value), family: family === '6' ? 6 : 4 };
}

/** `x/a,y/a to x/b tcp/80,udp/80`: each of the first to each of the second, by each of the last. */
function readCells(world: TruthWorld, line: string, expected: 'allow' | 'deny'): Cell[] {
  const [, sources = '', destinations = '', probes = ''] = /^(\S+) to (\S+) (\S+)$/.exec(line) ?? [];
  assert.ok(probes !== '', `a line of a scenario: ${line}`);
  return sources.split(',').flatMap(source =>
    destinations.split(',').flatMap(destination =>
      probes.split(',').map(probe => ({
        source: world.place(source),
        destination: world.place(destination),
        probe: readProbe(probe),
        expected,
      })),
    ),
  );
}

function readPolicies({ policies }: Scenario): KubeObject[] {
  return policies.map(({ kind, namespace, ...body }, index) => {
    const name = kind === 'BaselineAdminNetworkPolicy' ? 'default' : `scenario-${index}`;
    return { apiVersion: versionOf(kind), kind, metadata: { name, ...(namespace ? { namespace } : {}) }, ...body };
  });
}

const scenarios = readdirSync(folder)
  .sort()
  .flatMap(file => parse(readFileSync(join(folder, file), 'utf8')) as Scenario[]);
const world = await TruthWorld.open((process.argv[2] ?? 'ebpf') as 'ebpf' | 'nftables');
for (const scenario of scenarios) {
  const policies = readPolicies(scenario);
  const cells = (['allow', 'deny'] as const).flatMap(expected =>
    (scenario[expected] ?? []).flatMap(line => readCells(world, line, expected)),
  );
  assert.ok(cells.length > 0, scenario.name);
  await world.under(policies, async () => {
    if (scenario.lookup) await world.lookUp(world.place(SUBJECT));
    await world.check(scenario.name, policies, cells);
  });
}
await world.close();
const { sent, allow, deny } = world.counts;
console.log(`scenarios=${scenarios.length} sent=${sent} allow=${allow} deny=${deny}`);
process.exit(0);
