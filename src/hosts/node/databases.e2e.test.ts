import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { kubectl, kubectlPath, type RunningTenon, startTenon } from '../../../bench/tenon.ts';

/** Real programs as people run them: a StatefulSet with a claim, a Deployment, a Job that waits for both. */
const root = resolve(import.meta.dirname, '../../..');
const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
const VERSION = versions.toSorted().at(-1) ?? 'none';
const POSTGRES = join('/usr/lib/postgresql', VERSION);
const skip =
  process.getuid?.() !== 0
    ? 'pods that talk to each other need root'
    : !existsSync(kubectlPath())
      ? 'kubectl is absent: tools/get-kubectl.sh fetches it'
      : !existsSync(join(POSTGRES, 'bin/postgres'))
        ? 'PostgreSQL is absent: apt-get install postgresql'
        : !existsSync('/usr/bin/redis-server')
          ? 'redis is absent: apt-get install redis-server'
          : !existsSync('/bin/busybox')
            ? 'busybox is absent: apt-get install busybox-static'
            : false;

/** A root file system of some programs of this machine: what they are linked with, and a shell. */
function rootOf(folder: string, programs: readonly string[], folders: readonly string[]): void {
  for (const one of ['bin', 'etc', 'dev', 'tmp', 'var/run']) mkdirSync(join(folder, one), { recursive: true });
  chmodSync(join(folder, 'tmp'), 0o1777);
  const copy = (path: string): void => {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    cpSync(path, join(folder, path), { dereference: true, recursive: true });
  };
  for (const program of programs) {
    copy(program);
    const linked = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout;
    for (const [library] of linked.matchAll(/\/\S+/g)) if (!existsSync(join(folder, library))) copy(library);
  }
  folders.forEach(copy);
  cpSync('/bin/busybox', join(folder, 'bin/busybox'), { dereference: true });
  for (const name of ['sh', 'echo', 'mkdir', 'sleep', 'cat']) cpSync('/bin/busybox', join(folder, 'bin', name));
  writeFileSync(join(folder, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n');
  writeFileSync(join(folder, 'etc/group'), 'root:x:0:\npostgres:x:999:\n');
}

const ENTRY = `#!/bin/sh
set -e
if [ ! -f "$PGDATA/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" > /tmp/password
  initdb -U postgres --pwfile=/tmp/password -A scram-sha-256 -D "$PGDATA" --locale=C -E UTF8
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories=/tmp -c shared_memory_type=mmap
`;

function buildImages(scratch: string, state: string): void {
  const build = (name: string, recipe: string): void => {
    writeFileSync(join(scratch, name, 'Dockerfile'), recipe);
    execFileSync(join(root, 'tenon'), ['image', 'build', join(scratch, name), '-t', name, '--state', state], {
      stdio: 'pipe',
      timeout: 120_000,
    });
  };
  const programs = ['postgres', 'initdb', 'psql', 'pg_isready'].map(name => join(POSTGRES, 'bin', name));
  const share = [join('/usr/share/postgresql', VERSION), join(POSTGRES, 'lib')];
  rootOf(join(scratch, 'postgres:any/root'), programs, share);
  writeFileSync(join(scratch, 'postgres:any/root/bin/entry.sh'), ENTRY, { mode: 0o755 });
  build(
    'postgres:any',
    `FROM scratch\nCOPY root/ /\nENV PATH=${POSTGRES}/bin:/bin PGDATA=/var/lib/postgresql/data/pgdata\nUSER 999:999\nENTRYPOINT ["/bin/entry.sh"]\n`,
  );
  rootOf(join(scratch, 'redis:7/root'), ['/usr/bin/redis-server', '/usr/bin/redis-cli'], []);
  build(
    'redis:7',
    'FROM scratch\nCOPY root/ /\nENV PATH=/usr/bin:/bin\nWORKDIR /data\nCMD ["redis-server", "--protected-mode", "no"]\n',
  );
}

const MANIFESTS = readFileSync(join(import.meta.dirname, 'fixtures/databases.yaml'), 'utf8');

for (const runtime of ['process', 'runc']) {
  const absent = runtime === 'runc' && spawnSync('runc', ['--version']).error ? 'runc is absent' : false;
  describe(`PostgreSQL and redis on ${runtime}`, { skip: skip || absent, timeout: 240_000 }, () => {
    const scratch = mkdtempSync(join(tmpdir(), 'tenon-e2e-databases-'));
    const manifests = join(scratch, 'manifests.yaml');
    let tenon: RunningTenon;
    const kube = (...words: string[]): Promise<string> => kubectl(tenon, ['-n', 'data', ...words]);
    const sql = (text: string): Promise<string> =>
      kube('exec', 'pg-0', '--', 'sh', '-c', `PGPASSWORD=s3cret psql -h pg -U postgres -tAc '${text}'`);

    before(async () => {
      tenon = await startTenon(root, join(scratch, 'state'), ['--runtime', runtime]);
      buildImages(scratch, join(scratch, 'state'));
      writeFileSync(manifests, MANIFESTS);
      await kubectl(tenon, ['apply', '-f', manifests]);
    });
    after(async () => {
      await tenon?.[Symbol.asyncDispose]();
      const mounts = readFileSync('/proc/self/mounts', 'utf8');
      assert.ok(!mounts.includes(scratch), 'nothing stays mounted after the end');
      rmSync(scratch, { recursive: true, force: true });
    });

    test('a Job that waits for both ends, having found them by name', async () => {
      await kube('wait', '--for=condition=Complete', 'job/fill', '--timeout=90s');
      const log = await kube('logs', 'job/fill', '-c', 'fill');
      assert.match(log, /^500500$/m);
      assert.match(await kube('logs', 'job/fill', '-c', 'ping'), /^PONG$/m);
      assert.match(await kube('get', 'pvc', 'data-pg-0', '-o', 'jsonpath={.status.phase}'), /Bound/);
    });

    test('what is committed is there after the pod was killed', async () => {
      assert.equal((await sql('select count(*) from numbers')).trim(), '1000');
      const before = await kube('get', 'pod', 'pg-0', '-o', 'jsonpath={.metadata.uid}');
      await kube('delete', 'pod', 'pg-0', '--force', '--grace-period=0');
      await kube('wait', 'pod/pg-0', '--for=jsonpath={.metadata.name}=pg-0', '--timeout=60s');
      await kube('wait', 'pod/pg-0', '--for=condition=Ready', '--timeout=60s');
      assert.notEqual(await kube('get', 'pod', 'pg-0', '-o', 'jsonpath={.metadata.uid}'), before);
      assert.equal((await sql('select sum(n) from numbers')).trim(), '500500');
    });
  });
}
