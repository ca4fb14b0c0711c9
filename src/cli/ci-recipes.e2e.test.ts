import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync, appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parse } from 'yaml';

/** The recipes of docs/ci.md, their commands run in a repository with a base branch and a change on top of it. */
const root = join(import.meta.dirname, '../..');
const place = mkdtempSync(join(tmpdir(), 'tenon-ci-'));
const origin = join(place, 'origin.git');
const work = join(place, 'work');
const git = (cwd: string, ...words: string[]): void => {
  const identity = ['-c', 'user.name=ci', '-c', 'user.email=ci@example.test', '-c', 'init.defaultBranch=main'];
  execFileSync('git', [...identity, ...words], { cwd, stdio: 'ignore' });
};

const recipes = new Map(
  [...readFileSync(join(root, 'docs/ci.md'), 'utf8').matchAll(/## (\w+)\n\n```yaml\n(.*?)```/gs)].map(
    ([, name, text]) => [name!, parse(text!) as Record<string, unknown>],
  ),
);

before(() => {
  git(place, 'init', '--bare', origin);
  git(place, 'clone', origin, work);
  cpSync(join(root, 'examples/shop'), work, { recursive: true });
  git(work, 'add', '.');
  git(work, 'commit', '-m', 'base');
  git(work, 'push', 'origin', 'HEAD:main');
  git(work, 'fetch', 'origin');
  git(work, 'checkout', '-b', 'change');
  const opened = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-called-by-audit, namespace: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: stock}}
  policyTypes: [Ingress]
  ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: 8080}]}]
`;
  appendFileSync(join(work, 'deploy/network-policies.yaml'), opened);
  const cases = join(work, 'network.test.yaml');
  const pinned = [
    "{name: audits count, from: 192.0.2.9, to: 'sts/shop/stock:8080', expect: allow}",
    "{name: others do not, from: 198.51.100.9, to: 'sts/shop/stock:8080', expect: deny}",
    "{name: audits count alone, from: 192.0.2.9, to: 'sts/shop/stock:53', expect: deny}",
    "{name: audits see no orders, from: 192.0.2.9, to: 'deploy/shop/orders:8080', expect: deny}",
  ].map(line => `    - ${line}\n`);
  writeFileSync(cases, `${readFileSync(cases, 'utf8').trimEnd()}\n${pinned.join('')}`);
  git(work, 'commit', '-am', 'change');
});
after(() => rmSync(place, { recursive: true, force: true }));

function runAll(commands: readonly string[], environment: Record<string, string>): void {
  const env = { ...process.env, ...environment, PATH: `${root}:${process.env.PATH}` };
  for (const command of commands) {
    const { status, stdout, stderr } = spawnSync('bash', ['-eo', 'pipefail', '-c', command], {
      cwd: work,
      env,
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${command}\n${stdout}${stderr}`);
  }
}

function checkOutputs(markdown: string): void {
  const sarif = JSON.parse(readFileSync(join(work, 'plan.sarif'), 'utf8')) as {
    runs: { results: { ruleId: string }[] }[];
  };
  assert.ok(sarif.runs[0]!.results.some(({ ruleId }) => ruleId === 'newly-allowed'));
  assert.match(readFileSync(markdown, 'utf8'), /### Newly allowed[\s\S]*192\.0\.2\.0-192\.0\.2\.255/);
  assert.match(readFileSync(join(work, 'tests.xml'), 'utf8'), /failures="0"/);
}

test('the GitHub recipe', () => {
  const jobs = recipes.get('GitHub')!.jobs as Record<string, { steps: { run?: string }[] }>;
  const commands = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  assert.ok(commands.length >= 3);
  const summary = join(work, 'summary.md');
  runAll(commands, { GITHUB_BASE_REF: 'main', GITHUB_STEP_SUMMARY: summary });
  checkOutputs(summary);
});

test('the GitLab recipe', () => {
  const { script } = recipes.get('GitLab')!.manifests as { script: string[] };
  assert.ok(script.length >= 4);
  runAll(script, { CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main' });
  assert.ok(existsSync(join(work, 'plan.md')));
  checkOutputs(join(work, 'plan.md'));
});
