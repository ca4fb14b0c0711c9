import {
  field,
  joined,
  number,
  numberText,
  severityLower,
  severityTitle,
  severityUpper,
  severityWords,
  text,
  texts,
} from './codecs.ts';
import type { FieldRule, ListRule } from './lens.ts';
import type { EntryKind, Json } from './model.ts';
import { isObject } from '../gatekeeper/read.ts';

/** How one tool writes its reports. */
export interface ReportFormat {
  readonly name: string;
  accepts(document: Json): boolean;
  readonly lists: readonly ListRule[];
}

const has = (document: Json, name: string): boolean => isObject(document) && Object.hasOwn(document, name);
const is = (document: Json, name: string, value: Json): boolean => isObject(document) && document[name] === value;

const list = (kind: EntryKind, path: string, fields: readonly FieldRule[]): ListRule => ({
  kind,
  path: path.split('/'),
  fields,
});

const TRIVY_VULNERABILITY = [
  field('id', text, 'VulnerabilityID'),
  field('packageName', text, 'PkgName'),
  field('purl', text, 'PkgIdentifier', 'PURL'),
  field('path', text, 'PkgPath'),
  field('packageVersion', text, 'InstalledVersion'),
  field('fixedVersions', joined(', '), 'FixedVersion'),
  field('status', text, 'Status'),
  field('url', text, 'PrimaryURL'),
  field('title', text, 'Title'),
  field('description', text, 'Description'),
  field('severity', severityUpper, 'Severity'),
  field('weaknesses', texts, 'CweIDs'),
  field('references', texts, 'References'),
  field('published', text, 'PublishedDate'),
  field('modified', text, 'LastModifiedDate'),
];

const TRIVY_MISCONFIGURATION = [
  field('id', text, 'ID'),
  field('title', text, 'Title'),
  field('description', text, 'Description'),
  field('message', text, 'Message'),
  field('resolution', text, 'Resolution'),
  field('severity', severityUpper, 'Severity'),
  field('url', text, 'PrimaryURL'),
  field('references', texts, 'References'),
  field('status', text, 'Status'),
  field('category', text, 'Type'),
];

const TRIVY_SECRET = [
  field('id', text, 'RuleID'),
  field('category', text, 'Category'),
  field('severity', severityUpper, 'Severity'),
  field('title', text, 'Title'),
  field('message', text, 'Match'),
];

const TRIVY_LICENSE = [
  field('id', text, 'Name'),
  field('severity', severityUpper, 'Severity'),
  field('category', text, 'Category'),
  field('packageName', text, 'PkgName'),
  field('path', text, 'FilePath'),
  field('url', text, 'Link'),
];

const TRIVY_PACKAGE = [
  field('packageName', text, 'Name'),
  field('packageVersion', text, 'Version'),
  field('purl', text, 'Identifier', 'PURL'),
  field('path', text, 'FilePath'),
];

export const TRIVY: ReportFormat = {
  name: 'trivy',
  accepts: document => has(document, 'ArtifactName') && (has(document, 'SchemaVersion') || has(document, 'Results')),
  lists: [
    list('vulnerability', 'Results/*/Vulnerabilities/*', TRIVY_VULNERABILITY),
    list('misconfiguration', 'Results/*/Misconfigurations/*', TRIVY_MISCONFIGURATION),
    list('secret', 'Results/*/Secrets/*', TRIVY_SECRET),
    list('license', 'Results/*/Licenses/*', TRIVY_LICENSE),
    list('package', 'Results/*/Packages/*', TRIVY_PACKAGE),
  ],
};

/** `trivy k8s` over a cluster: the same results, an object each. */
export const TRIVY_CLUSTER: ReportFormat = {
  name: 'trivy-k8s',
  accepts: document => has(document, 'ClusterName') && has(document, 'Resources'),
  lists: TRIVY.lists.map(rule => ({ ...rule, path: ['Resources', '*', ...rule.path] })),
};

const GRYPE_MATCH = [
  field('id', text, 'vulnerability', 'id'),
  field('url', text, 'vulnerability', 'dataSource'),
  field('severity', severityTitle, 'vulnerability', 'severity'),
  field('references', texts, 'vulnerability', 'urls'),
  field('description', text, 'vulnerability', 'description'),
  field('score', number, 'vulnerability', 'cvss', 0, 'metrics', 'baseScore'),
  field('fixedVersions', texts, 'vulnerability', 'fix', 'versions'),
  field('status', text, 'vulnerability', 'fix', 'state'),
  field('packageName', text, 'artifact', 'name'),
  field('packageVersion', text, 'artifact', 'version'),
  field('packageType', text, 'artifact', 'type'),
  field('purl', text, 'artifact', 'purl'),
  field('path', text, 'artifact', 'locations', 0, 'path'),
];

export const GRYPE: ReportFormat = {
  name: 'grype',
  accepts: document => has(document, 'matches') && has(document, 'descriptor'),
  lists: [list('vulnerability', 'matches/*', GRYPE_MATCH), list('vulnerability', 'ignoredMatches/*', GRYPE_MATCH)],
};

/** SARIF tells a level, not a severity; scanners write these for theirs. */
const SARIF_LEVEL = severityWords([
  ['error', 'HIGH'],
  ['warning', 'MEDIUM'],
  ['note', 'LOW'],
  ['none', 'NEGLIGIBLE'],
  ['error', 'CRITICAL'],
]);

export const SARIF: ReportFormat = {
  name: 'sarif',
  accepts: document => has(document, 'runs') && is(document, 'version', '2.1.0'),
  lists: [
    list('rule', 'runs/*/tool/driver/rules/*', [
      field('id', text, 'id'),
      field('title', text, 'shortDescription', 'text'),
      field('description', text, 'fullDescription', 'text'),
      field('url', text, 'helpUri'),
      field('message', text, 'help', 'text'),
      field('score', numberText, 'properties', 'security-severity'),
    ]),
    list('vulnerability', 'runs/*/results/*', [
      field('id', text, 'ruleId'),
      field('severity', SARIF_LEVEL, 'level'),
      field('message', text, 'message', 'text'),
      field('path', text, 'locations', 0, 'physicalLocation', 'artifactLocation', 'uri'),
    ]),
  ],
};

const CYCLONEDX_COMPONENT = [
  field('packageName', text, 'name'),
  field('packageVersion', text, 'version'),
  field('packageType', text, 'type'),
  field('purl', text, 'purl'),
  field('description', text, 'description'),
];

const CYCLONEDX_LISTS = [
  list('package', 'components/*', CYCLONEDX_COMPONENT),
  list('vulnerability', 'vulnerabilities/*', [
    field('id', text, 'id'),
    field('url', text, 'source', 'url'),
    field('severity', severityLower, 'ratings', 0, 'severity'),
    field('score', number, 'ratings', 0, 'score'),
    field('description', text, 'description'),
    field('resolution', text, 'recommendation'),
    field('published', text, 'published'),
    field('modified', text, 'updated'),
    field('status', text, 'analysis', 'state'),
    field('path', text, 'affects', 0, 'ref'),
  ]),
];

export const CYCLONEDX: ReportFormat = {
  name: 'cyclonedx',
  accepts: document => is(document, 'bomFormat', 'CycloneDX'),
  lists: CYCLONEDX_LISTS,
};

export const SPDX: ReportFormat = {
  name: 'spdx',
  accepts: document => has(document, 'SPDXID') && (has(document, 'spdxVersion') || has(document, 'packages')),
  lists: [
    list('package', 'packages/*', [
      field('packageName', text, 'name'),
      field('packageVersion', text, 'versionInfo'),
      field('packageType', text, 'primaryPackagePurpose'),
      field('purl', text, 'externalRefs', 0, 'referenceLocator'),
      field('message', text, 'sourceInfo'),
    ]),
  ],
};

const CODE_QUALITY_SEVERITY = severityWords([
  ['blocker', 'CRITICAL'],
  ['critical', 'CRITICAL'],
  ['major', 'HIGH'],
  ['minor', 'MEDIUM'],
  ['info', 'LOW'],
]);

/** GitLab's code quality report: a list of issues. */
export const CODE_QUALITY: ReportFormat = {
  name: 'gitlab-codequality',
  accepts: document => Array.isArray(document) && document.every(item => isObject(item) && has(item, 'check_name')),
  lists: [
    list('vulnerability', '*', [
      field('id', text, 'fingerprint'),
      field('category', text, 'check_name'),
      field('title', text, 'description'),
      field('description', text, 'content', 'body'),
      field('description', text, 'content'),
      field('severity', CODE_QUALITY_SEVERITY, 'severity'),
      field('path', text, 'location', 'path'),
    ]),
  ],
};

/** GitLab's container scanning report (security-report-schemas). */
export const GITLAB: ReportFormat = {
  name: 'gitlab',
  accepts: document => has(document, 'vulnerabilities') && has(document, 'scan'),
  lists: [
    list('vulnerability', 'vulnerabilities/*', [
      field('id', text, 'id'),
      field('title', text, 'name'),
      field('message', text, 'message'),
      field('description', text, 'description'),
      field('severity', severityTitle, 'severity'),
      field('resolution', text, 'solution'),
      field('packageName', text, 'location', 'dependency', 'package', 'name'),
      field('packageVersion', text, 'location', 'dependency', 'version'),
      field('path', text, 'location', 'image'),
      field('url', text, 'links', 0, 'url'),
    ]),
  ],
};

/** AWS Security Finding Format. */
export const ASFF: ReportFormat = {
  name: 'asff',
  accepts: document => has(document, 'Findings'),
  lists: [
    list('vulnerability', 'Findings/*', [
      field('id', text, 'Id'),
      field('severity', severityUpper, 'Severity', 'Label'),
      field('title', text, 'Title'),
      field('description', text, 'Description'),
      field('resolution', text, 'Remediation', 'Recommendation', 'Text'),
      field('url', text, 'Remediation', 'Recommendation', 'Url'),
      field('category', text, 'Types', 0),
      field('published', text, 'CreatedAt'),
      field('modified', text, 'UpdatedAt'),
      field('path', text, 'Resources', 0, 'Id'),
      field('packageName', text, 'Resources', 0, 'Details', 'Other', 'PkgName'),
      field('packageVersion', text, 'Resources', 0, 'Details', 'Other', 'Installed Package'),
    ]),
  ],
};

const CHECK = [
  field('id', text, 'checkID'),
  field('title', text, 'title'),
  field('description', text, 'description'),
  field('severity', severityUpper, 'severity'),
  field('category', text, 'category'),
  field('resolution', text, 'remediation'),
  field('path', text, 'target'),
];

const OPERATOR_VULNERABILITY = [
  field('id', text, 'vulnerabilityID'),
  field('packageName', text, 'resource'),
  field('packageVersion', text, 'installedVersion'),
  field('fixedVersions', joined(', '), 'fixedVersion'),
  field('severity', severityUpper, 'severity'),
  field('title', text, 'title'),
  field('description', text, 'description'),
  field('url', text, 'primaryLink'),
  field('references', texts, 'links'),
  field('score', number, 'score'),
  field('published', text, 'publishedDate'),
  field('modified', text, 'lastModifiedDate'),
  field('packageType', text, 'packageType'),
  field('purl', text, 'packagePURL'),
  field('path', text, 'target'),
];

/** The operator's custom resources (aquasecurity.github.io/v1alpha1), cluster-scoped ones too. */
export const OPERATOR: ReportFormat = {
  name: 'trivy-operator',
  accepts: document =>
    isObject(document) &&
    typeof document.apiVersion === 'string' &&
    document.apiVersion.startsWith('aquasecurity.github.io/'),
  lists: [
    list('vulnerability', 'report/vulnerabilities/*', OPERATOR_VULNERABILITY),
    list('misconfiguration', 'report/checks/*', CHECK),
    list('secret', 'report/secrets/*', [
      field('id', text, 'ruleID'),
      field('title', text, 'title'),
      field('severity', severityUpper, 'severity'),
      field('category', text, 'category'),
      field('message', text, 'match'),
      field('path', text, 'target'),
    ]),
    ...CYCLONEDX_LISTS.map(rule => ({ ...rule, path: ['report', 'components', ...rule.path] })),
    list('misconfiguration', 'status/detailReport/results/*/checks/*', CHECK),
    list('rule', 'spec/compliance/controls/*', [
      field('id', text, 'id'),
      field('title', text, 'name'),
      field('description', text, 'description'),
      field('severity', severityUpper, 'severity'),
    ]),
  ],
};

/** The status of a ClusterComplianceReport on its own. */
export const COMPLIANCE: ReportFormat = {
  name: 'compliance',
  accepts: document => has(document, 'detailReport') || has(document, 'summaryReport'),
  lists: [list('misconfiguration', 'detailReport/results/*/checks/*', CHECK)],
};

/** `trivy k8s --report summary` in ids. */
export const SUMMARY: ReportFormat = {
  name: 'trivy-summary',
  accepts: document =>
    isObject(document) &&
    ['vulnerabilities', 'misconfigurations', 'secrets'].some(
      name => Array.isArray(document[name]) && (document[name] as Json[]).every(item => typeof item === 'string'),
    ),
  lists: [
    list('vulnerability', 'vulnerabilities/*', [field('id', text)]),
    list('misconfiguration', 'misconfigurations/*', [field('id', text)]),
    list('secret', 'secrets/*', [field('id', text)]),
  ],
};

const JOB_CONTAINER = [field('path', text, 'name'), field('packageName', text, 'image')];

/** The job the operator scans a workload with; its containers are what runs. */
export const SCAN_JOB: ReportFormat = {
  name: 'trivy-operator-job',
  accepts: document => {
    if (!isObject(document) || document.kind !== 'Job' || !isObject(document.metadata)) return false;
    const { labels } = document.metadata;
    return isObject(labels) && labels['app.kubernetes.io/managed-by'] === 'trivy-operator';
  },
  lists: [
    list('package', 'spec/template/spec/initContainers/*', JOB_CONTAINER),
    list('package', 'spec/template/spec/containers/*', JOB_CONTAINER),
  ],
};

/** The most telling first. */
export const FORMATS: readonly ReportFormat[] = [
  OPERATOR,
  SCAN_JOB,
  CYCLONEDX,
  SPDX,
  SARIF,
  GRYPE,
  TRIVY_CLUSTER,
  TRIVY,
  GITLAB,
  ASFF,
  COMPLIANCE,
  SUMMARY,
  CODE_QUALITY,
];
