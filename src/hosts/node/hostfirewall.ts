import type { Client, kinds } from '../../kernel/index.ts';
import { HOST_FIREWALL } from '../../network/index.ts';

const NODES = { group: '', version: 'v1', resource: 'nodes' };

/** Says on the Node whether policies for nodes hold there, which is what verdicts go by. */
export async function tellHostFirewall(client: Client, name: string, isHeld: boolean): Promise<void> {
  const { annotation, pods } = HOST_FIREWALL;
  const known = (await client.get<kinds.Node>(NODES, { name })).metadata.annotations?.[annotation];
  const said = isHeld ? pods : undefined;
  if (known === said) return;
  const patch = { metadata: { annotations: { [annotation]: said ?? null } } };
  await client.patch(NODES, { name }, { type: 'merge', patch });
}
