import type { JsonObject } from '../../../../kernel/index.ts';
import { textAt } from '../model.ts';
import { type ReportResult, summaryOf } from './reports.ts';

const PREFIX = 'audit.kyverno.io/';
/** Label values are no longer (Kubernetes, "Labels and Selectors"). */
const LABEL_LENGTH_MAX = 63;

/** What admission found of one object, until it is part of the object's report (reports.kyverno.io/v1). */
export function ephemeralReportOf(object: JsonObject, resource: string, results: readonly ReportResult[]): JsonObject {
  const apiVersion = String(object.apiVersion);
  const kind = String(object.kind);
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const name = textAt(object, 'metadata', 'name');
  const namespace = textAt(object, 'metadata', 'namespace');
  const uid = textAt(object, 'metadata', 'uid');
  const labels: JsonObject = { 'app.kubernetes.io/managed-by': 'kyverno' };
  const told = { group, version, kind, name: resource, uid };
  for (const [part, value] of Object.entries(told))
    labels[`${PREFIX}resource.${part}`] = value.slice(0, LABEL_LENGTH_MAX);
  labels[`${PREFIX}source`] = 'admission';
  return {
    apiVersion: 'reports.kyverno.io/v1',
    kind: namespace === '' ? 'ClusterEphemeralReport' : 'EphemeralReport',
    metadata: {
      name: uid,
      ...(namespace === '' ? {} : { namespace }),
      annotations: {
        [`${PREFIX}resource.name`]: name,
        ...(namespace === '' ? {} : { [`${PREFIX}resource.namespace`]: namespace }),
      },
      labels,
      ownerReferences: [{ apiVersion, kind, name, uid }],
    },
    spec: {
      owner: { apiVersion: '', kind: '', name: '', uid: '' },
      results: [...results],
      summary: summaryOf(results),
    },
  };
}
