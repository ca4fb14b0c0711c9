import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Behaviour, until } from './world.ts';

/** Devices by name (CDI specification): `folder` is where the runtime looks for their files. */
export const devices = (folder: string): readonly Behaviour[] => [
  {
    name: 'devices: by name, with their environment, nodes, mounts and groups; in an annotation too',
    run: async world => {
      const files = join(world.folder, 'driver');
      mkdirSync(files, { recursive: true });
      writeFileSync(join(files, 'library'), 'of the driver\n');
      const edits = {
        env: ['CARD=first'],
        deviceNodes: [{ path: '/dev/card0', hostPath: '/dev/null', permissions: 'rw' }],
        mounts: [{ hostPath: files, containerPath: '/usr/driver', options: ['ro', 'nosuid', 'nodev', 'bind'] }],
        additionalGids: [4711],
      };
      define(folder, world.handler, { devices: [{ name: 'first', containerEdits: edits }] });
      const told =
        'echo $CARD $DRIVER; test -c /dev/card0 && echo x > /dev/card0 && cat /usr/driver/library; id -G; touch /usr/driver/x 2>/dev/null || echo refused';
      const wanted = /^first loaded\nof the driver\n.*4711.*\nrefused$/;
      const name = `tenon.test/${world.handler}=first`;
      assert.match(await world.output(told, { CDIDevices: [{ name }] }), wanted);
      assert.match(await world.output(told, { annotations: { 'cdi.k8s.io/plugin': name } }), wanted);
    },
  },
  {
    name: 'devices: a name that no file defines is refused',
    run: async world => {
      const sandbox = await world.sandbox();
      await assert.rejects(world.create(sandbox, 'true', { CDIDevices: [{ name: 'tenon.test/none=first' }] }));
    },
  },
  {
    name: 'devices: hooks of a device are run when the container is made, and when it is gone',
    run: async world => {
      const trace = join(world.folder, 'trace');
      const hook = (hookName: string) => ({
        hookName,
        path: '/bin/sh',
        args: ['sh', '-c', `cat > ${trace}-${hookName}`],
      });
      const hooks = [hook('createRuntime'), hook('poststop')];
      define(folder, world.handler, { devices: [{ name: 'hooked', containerEdits: { hooks } }] });
      const sandbox = await world.sandbox();
      const change = { CDIDevices: [{ name: `tenon.test/${world.handler}=hooked` }] };
      const id = await world.start(sandbox, 'sleep 1000', change);
      // A hook is given the state of the container on its standard input (runtime specification, "Hooks").
      assert.equal((JSON.parse(readFileSync(`${trace}-createRuntime`, 'utf8')) as { id: string }).id, id);
      assert.ok(!existsSync(`${trace}-poststop`));
      await world.client.call('RemoveContainer', { containerId: id });
      await until(() => existsSync(`${trace}-poststop`), Boolean);
    },
  },
];

function define(folder: string, kind: string, body: object): void {
  mkdirSync(folder, { recursive: true });
  const document = {
    cdiVersion: '0.6.0',
    kind: `tenon.test/${kind}`,
    containerEdits: { env: ['DRIVER=loaded'] },
    ...body,
  };
  writeFileSync(join(folder, `${kind}.json`), JSON.stringify(document));
}
