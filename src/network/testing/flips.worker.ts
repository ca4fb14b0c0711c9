/** Sends datagrams between every two ends as fast as it can, each with the step it was sent in; counts arrivals by step. */
import type { Socket } from 'node:dgram';
import { parentPort, workerData } from 'node:worker_threads';
import { openDatagrams } from './datagrams.ts';

export interface FlipTask {
  readonly ends: readonly { readonly netnsPath?: string; readonly address: string; readonly sends: boolean }[];
  readonly ports: readonly number[];
  /** The step the policies are in (-1 ends the traffic), then how often every cell was tried. */
  readonly step: SharedArrayBuffer;
}

const { ends, ports, step } = workerData as FlipTask;
const current = new Int32Array(step);
/** `source destination port step` of everything that arrived. */
const arrived = new Set<string>();
let sent = 0;
const senders: (Socket | undefined)[] = [];
for (const [index, { netnsPath, address, sends }] of ends.entries()) {
  for (const port of ports) {
    const receiver = await openDatagrams(netnsPath, address, port);
    receiver.on('message', bytes => {
      const [source, at] = String(bytes).split(' ');
      arrived.add(`${source} ${index} ${port} ${at}`);
    });
  }
  senders.push(sends ? await openDatagrams(netnsPath, address, 5000) : undefined);
}
parentPort!.postMessage('ready');

function round(): void {
  for (const [source, sender] of senders.entries()) {
    if (!sender) continue;
    for (const { address, netnsPath } of ends) {
      if (netnsPath === ends[source]!.netnsPath || address.includes(':') !== ends[source]!.address.includes(':'))
        continue;
      for (const port of ports) {
        const at = Atomics.load(current, 0);
        if (at < 0) return void setTimeout(() => parentPort!.postMessage({ arrived, sent }), 200);
        sender.send(`${source} ${at}`, port, address);
        sent++;
      }
    }
  }
  Atomics.add(current, 1, 1);
  setImmediate(round);
}
round();
