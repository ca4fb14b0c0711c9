/**
 * Truth tables of every family of policies over 3 namespaces x 3 pods and two addresses outside: what packets do, what the
 * compiled structure says, what the simulator decides from live objects and what `why` says of the documents must be one.
 * `families.scenario.ts KIND SEED COUNT` runs COUNT of them (0: all),
 * `families.scenario.ts KIND from:START COUNT` those from a place on.
 */
import { seededRandom } from '../../base/index.ts';
import { families } from './families.ts';
import { PROBES } from './familyprobes.ts';
import { type Cell, TruthWorld } from './truthworld.ts';

const [kind = 'ebpf', seed = '1', limit = '0'] = process.argv.slice(2);
const all = families();
const count = Number(limit) === 0 ? all.length : Number(limit);
const random = seededRandom(Number(seed));
const first = seed.startsWith('from:') ? Number(seed.slice('from:'.length)) : 0;
const isShare = Number(limit) > 0 && !seed.startsWith('from:');
const chosen = isShare
  ? Array.from({ length: count }, () => all[Math.floor(random.next() * all.length)]!)
  : all.slice(first, first + count);

const world = await TruthWorld.open(kind as 'ebpf' | 'nftables');
const subject = world.place('x/b');
const cells = world.places
  .filter(place => place !== subject)
  .flatMap(place =>
    PROBES.flatMap((probe): Cell[] => [
      { source: place, destination: subject, probe },
      { source: subject, destination: place, probe },
    ]),
  );
for (const family of chosen)
  await world.under(family.policies, async () => {
    if (family.name.startsWith('names')) await world.lookUp(subject);
    await world.check(family.name, family.policies, cells);
  });
await world.close();
const { cells: asked, sent, allow, deny } = world.counts;
console.log(`families=${chosen.length} of=${all.length} cells=${asked} sent=${sent} allow=${allow} deny=${deny}`);
process.exit(0);
