import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDocuments, type KubeObject } from '../kernel/index.ts';
import { plan } from '../explain/index.ts';
import { planSarif } from './plan-report.ts';

const POD = (name: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: a, labels: {app: ${name}}}\nspec: {containers: [{name: c}]}\n---\n`;
const CLOSED =
  'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: a}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n';
const documents = (text: string, file: string) => {
  const read = decodeDocuments(text, { file }).value;
  const objects = read.map(document => document.value as unknown as KubeObject);
  return { objects, originOf: () => ({ object: '', span: { file, line: 3, column: 1 } }) };
};

test('places in SARIF are URI references, whatever a file is called', () => {
  const file = 'my apps/50% #1.yaml';
  const pods = POD('one') + POD('two');
  const result = plan(documents(pods, file), documents(pods + CLOSED, file));
  const { runs } = planSarif(result, 'en') as {
    runs: { results: { locations: { physicalLocation: { artifactLocation: { uri: string } } }[] }[] }[];
  };
  const uris = runs[0]!.results.flatMap(({ locations }) =>
    locations.map(({ physicalLocation }) => physicalLocation.artifactLocation.uri),
  );
  assert.ok(uris.length > 0);
  assert.deepEqual([...new Set(uris)], ['my%20apps/50%25%20%231.yaml']);
});
