import { existsSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { unmount } from '../../ebpf/index.ts';
import { pinsOf } from './ebpf-maps.ts';
import { applyNft, withoutTable } from './nft.ts';
import { RoutedPodNetwork } from './podnetwork.ts';

/** Removes the names of pinned programs and maps, then the file system they are in: they end with their devices. */
function removePins(folder: string): void {
  const path = join(folder, 'bpf');
  for (const each of Object.values(pinsOf(folder)) as string[])
    if (existsSync(each)) for (const name of readdirSync(each)) unlinkSync(join(each, name));
  unmount(path);
  if (existsSync(path) && readdirSync(path).length === 0) rmdirSync(path);
}

/** Takes off the machine what a Tenon of this state left, running or not: namespaces, devices, tables, pinned programs. */
export async function removeNetwork({
  stateId,
  folder,
}: {
  readonly stateId: string;
  readonly folder: string;
}): Promise<void> {
  removePins(folder);
  const pods = new RoutedPodNetwork({
    stateId,
    folder: join(folder, 'pods'),
    podCidrs: [],
    serviceCidrs: [],
    nameservers: [],
    mtu: 0,
  });
  pods.remove();
  await applyNft(withoutTable(`tenon-${stateId}`));
}
