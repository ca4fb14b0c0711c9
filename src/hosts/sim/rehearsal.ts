/** A short run that nobody asked for: what it calls is compiled by the time somebody does. */
import { readScenarios } from './scenario/parse.ts';
import { FolderFiles } from './scenario/drivers/files.ts';
import { type RunRooms, runScenario } from './run.ts';

/** Runs of it: after so many the next is about as fast as the hundredth. */
const TIMES = 4;

const LABELS = { app: 'rehearsal' };
const METADATA = { name: 'rehearsal', namespace: 'default' };
const OBJECTS: readonly object[] = [
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: METADATA,
    spec: {
      replicas: 3,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: { containers: [{ name: 'web', image: 'rehearsal:1', ports: [{ containerPort: 80 }] }] },
      },
    },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: METADATA, spec: { selector: LABELS, ports: [{ port: 80 }] } },
];

const DOCUMENT = JSON.stringify({
  apiVersion: 'tenon.dev/v1',
  kind: 'Scenario',
  metadata: { name: 'rehearsal' },
  spec: {
    until: '1m',
    world: { nodes: [{ name: 'node', count: 3 }] },
    steps: [{ apply: OBJECTS }, { at: '20s', scale: { object: 'deploy/default/rehearsal', replicas: 1 } }],
  },
});

/** Plays it in these rooms; nothing of it is left. */
export async function rehearse(rooms: RunRooms): Promise<void> {
  const [scenario] = readScenarios(DOCUMENT, 'rehearsal', new FolderFiles('rehearsal'));
  for (let time = 0; time < TIMES; time++) await runScenario(scenario!, rooms);
}
