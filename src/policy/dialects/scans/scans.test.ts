import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../kernel/index.ts';
import { composeReport } from './compose.ts';
import { matchPackages, readDatabase } from './database.ts';
import { denyVulnerabilities, type DenyRule } from './deny.ts';
import type { Entry } from './model.ts';
import { goBuildInfo, readPackages } from './packages.ts';
import { emitReport, emitReportText, filterReport, parseReport, parseReportText } from './report.ts';
import { versionOrder } from './versions.ts';

/** [kind of package, older, newer] */
const ORDERS: [string, string, string][] = [
  ['deb', '1.0~rc1-1', '1.0-1'],
  ['deb', '1.9-1', '1.10-1'],
  ['deb', '2.0-1', '1:1.0-1'],
  ['deb', '1.0-1', '1.0-1+b1'],
  ['deb', '1.0a', '1.0+1'],
  ['apk', '1.1.1c-r0', '1.1.1d-r0'],
  ['apk', '1.2_rc1-r0', '1.2-r0'],
  ['apk', '1.2-r2', '1.2-r10'],
  ['apk', '1.2-r0', '1.2_p1-r0'],
  ['npm', '1.0.0-alpha.1', '1.0.0-alpha.beta'],
  ['npm', '1.0.0-rc.1', '1.0.0'],
  ['go', 'v1.2.3', 'v1.10.0'],
  ['python', '2.10rc1', '2.10'],
  ['python', '1.0.dev1', '1.0a1'],
  ['python', '1.0', '1.0.post1'],
  ['python', '2.9', '1!1.0'],
];

test('versions are ordered as their packages order them', () => {
  for (const [type, older, newer] of ORDERS) {
    const compare = versionOrder(type);
    assert.ok(compare(older, newer) < 0, `${type} ${older} < ${newer}`);
    assert.ok(compare(newer, older) > 0, `${type} ${newer} > ${older}`);
    assert.equal(compare(older, older), 0);
  }
  assert.equal(versionOrder('python')('1.0', '1.0.0'), 0);
});

const FILES = new Map([
  ['etc/os-release', 'ID=debian\nVERSION_ID="12"\n'],
  [
    'var/lib/dpkg/status',
    'Package: libssl3\nStatus: install ok installed\nSource: openssl (3.0.9-1)\nVersion: 3.0.9-1+b1\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n',
  ],
  ['app/node_modules/lodash/package.json', '{"name":"lodash","version":"4.17.4"}'],
  ['app/node_modules/broken/package.json', '{'],
  ['usr/lib/python3/jinja.dist-info/METADATA', 'Name: Jinja_2\nVersion: 2.9\n\nbody'],
]);

const DATABASE: Json = [
  {
    id: 'DSA-1',
    aliases: ['CVE-1'],
    published: '2026-01-01T00:00:00Z',
    affected: [
      {
        package: { ecosystem: 'Debian:12', name: 'openssl' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.10-1' }] }],
      },
    ],
    database_specific: { severity: 'HIGH' },
  },
  {
    id: 'GHSA-2',
    affected: [
      {
        package: { ecosystem: 'npm', name: 'lodash' },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }, { last_affected: '4.17.11' }] }],
      },
    ],
    database_specific: { severity: 'MODERATE' },
  },
  {
    id: 'CVE-3',
    packageName: 'jinja-2',
    namespace: 'github:language:python',
    versionConstraint: '>= 2.0, < 2.10',
    fix: { versions: ['2.10'], state: 'fixed' },
    severity: 'Critical',
  },
  {
    id: 'CVE-4',
    affected: [
      {
        package: { ecosystem: 'npm', name: 'lodash' },
        ranges: [{ type: 'SEMVER', events: [{ introduced: '4.18.0' }] }],
      },
    ],
  },
];

const inventory = readPackages(FILES, ['app/lib/log4j-core-2.14.1.jar', 'var/lib/rpm/rpmdb.sqlite']);

test('packages are read from what managers leave behind', () => {
  assert.deepEqual(
    inventory.packages.map(({ purl }) => purl),
    [
      'pkg:deb/debian/libssl3@3.0.9-1+b1',
      'pkg:npm/lodash@4.17.4',
      'pkg:pypi/jinja-2@2.9',
      'pkg:maven/log4j-core@2.14.1',
    ],
  );
  assert.deepEqual(inventory.unread, ['var/lib/rpm/rpmdb.sqlite'], 'what cannot be read is told');
});

test('the modules of a Go binary are read from its build information', () => {
  const mark = '0123456789abcdef';
  const info = `${mark}path\tx\nmod\texample.org/x\tv1.2.3\th1:\ndep\texample.org/y\tv0.1.0\th1:\n${mark}`;
  const binary = `junk\xff Go buildinf:\x08\x02${'\0'.repeat(16)}\x08go1.22.1${String.fromCharCode(info.length)}${info}`;
  const modules = new Map([['app/x', goBuildInfo(binary)!]]);
  assert.deepEqual(
    readPackages(new Map(), [], modules).packages.map(({ purl }) => purl),
    ['pkg:golang/stdlib@go1.22.1', 'pkg:golang/example.org/x@v1.2.3', 'pkg:golang/example.org/y@v0.1.0'],
  );
  assert.equal(goBuildInfo('nothing'), undefined);
});

const found = matchPackages(inventory, readDatabase(DATABASE));

test('packages are matched by ranges, distribution packages by their source too', () => {
  assert.deepEqual(
    found.map(({ id, severity, packageName, fixedVersions }) => [id, severity, packageName, fixedVersions]),
    [
      ['CVE-3', 'CRITICAL', 'jinja-2', ['2.10']],
      ['CVE-1', 'HIGH', 'libssl3', ['3.0.10-1']],
      ['GHSA-2', 'MEDIUM', 'lodash', []],
    ],
  );
});

const NOW = Date.parse('2026-02-01T00:00:00Z');
const rule = (more: Partial<DenyRule>): DenyRule => ({
  severity: 'LOW',
  fixableOnly: false,
  age_days_min: 0,
  exceptions: [],
  ...more,
});

/** [rule, ids denied, ids of exceptions that are over] */
const DENIED: [DenyRule, string[], string[]][] = [
  [rule({}), ['CVE-3', 'CVE-1', 'GHSA-2'], []],
  [rule({ severity: 'CRITICAL' }), ['CVE-3'], []],
  [rule({ fixableOnly: true }), ['CVE-3', 'CVE-1'], []],
  [rule({ age_days_min: 90 }), ['CVE-3', 'GHSA-2'], []],
  [rule({ exceptions: [{ id: 'CVE-1', until: '2026-03-01T00:00:00Z', reason: '' }] }), ['CVE-3', 'GHSA-2'], []],
  [
    rule({ exceptions: [{ id: 'CVE-1', until: '2026-01-31T00:00:00Z', reason: '' }] }),
    ['CVE-3', 'CVE-1', 'GHSA-2'],
    ['CVE-1'],
  ],
  [
    rule({ severity: 'HIGH', exceptions: [{ id: 'CVE-3', until: 'never', reason: '' }] }),
    ['CVE-3', 'CVE-1'],
    ['CVE-3'],
  ],
  [
    rule({ exceptions: [{ id: 'CVE-1', packageName: 'other', until: '2027-01-01T00:00:00Z', reason: '' }] }),
    ['CVE-3', 'CVE-1', 'GHSA-2'],
    [],
  ],
];

test('a rule denies by severity, fix and age; exceptions end', () => {
  for (const [which, denied, expired] of DENIED) {
    const verdict = denyVulnerabilities(found, which, NOW);
    assert.deepEqual(
      verdict.denied.map(({ id }) => id),
      denied,
      JSON.stringify(which),
    );
    assert.deepEqual(
      verdict.expired.map(({ id }) => id),
      expired,
    );
  }
});

test('a report of ours is read back as what was found', () => {
  for (const format of ['trivy', 'cyclonedx', 'trivy-operator']) {
    const document = composeReport(format, 'shop/cart:1', inventory, found)!;
    const report = parseReport(document)!;
    assert.equal(report.format, format);
    const ids = report.entries
      .filter(({ kind }) => kind === 'vulnerability')
      .map(({ id, severity }) => `${id} ${severity}`);
    assert.deepEqual(ids.sort(), found.map(({ id, severity }) => `${id} ${severity}`).sort(), format);
    assert.deepEqual(emitReport(report), document);
  }
});

test('entries that are left out leave the document, and hostile keys stay data', () => {
  const document = JSON.parse(
    '{"SchemaVersion":2,"ArtifactName":"x","__proto__":{"a":1},"Results":[{"Target":"t","Vulnerabilities":[{"VulnerabilityID":"A","Severity":"HIGH","X":1},{"VulnerabilityID":"B","Severity":"odd"}]}]}',
  ) as Json;
  const report = parseReport(document)!;
  assert.equal(JSON.stringify(emitReport(report)), JSON.stringify(document));
  const [first, second] = report.entries as [Entry, Entry];
  assert.equal(first.severity, 'HIGH');
  assert.equal(second.severity, undefined, 'a word of no meaning stays in the document');
  const rest = emitReport(filterReport(report, entry => entry.id === 'B')) as {
    Results: { Vulnerabilities: unknown[] }[];
  };
  assert.equal(rest.Results[0]!.Vulnerabilities.length, 1);
});

test('JUnit is read and written to the letter', () => {
  const source =
    '<?xml version="1.0" ?>\n<testsuites name="trivy">\n  <testsuite name="t">\n    <testcase classname="a-1" name="[LOW] CVE-1"><failure message="a &amp; b">c &#39;d&#39;</failure></testcase>\n  </testsuite>\n</testsuites>\n';
  const report = parseReportText(source)!;
  assert.deepEqual(report.entries, [
    { kind: 'vulnerability', id: 'CVE-1', severity: 'LOW', packageName: 'a-1', title: 'a & b', description: "c 'd'" },
  ]);
  assert.equal(emitReportText(report), source);
  assert.doesNotMatch(emitReportText(filterReport(report, () => false)), /CVE-1/);
});
