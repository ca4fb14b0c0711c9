import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FaultError } from '../../base/index.ts';
import { type CdiDocument, cdiEdits } from './cdi.ts';

const KIND = 'vendor.com/net';
const made = (value: object, folder = 0, file = '/etc/cdi/a.json'): CdiDocument => ({
  file,
  folder,
  value: { cdiVersion: '0.6.0', kind: KIND, ...value },
});
const device = (name: string, containerEdits: object = {}) => ({ name, containerEdits });
const one = (containerEdits: object, more: object = {}): CdiDocument[] => [
  made({ devices: [device('a', containerEdits)], ...more }),
];

const refused: readonly (readonly [what: string, documents: CdiDocument[], why: RegExp, name?: string])[] = [
  ['a device nobody defines', one({}), /no file defines it/, `${KIND}=b`],
  ['a name without a kind', one({}), /no file defines it/, 'a'],
  [
    'two files of one folder',
    [...one({}), { ...one({})[0]!, file: '/etc/cdi/b.json' }],
    /both .*a\.json and .*b\.json/,
  ],
  ['an unknown field', [made({ devices: [device('a')], extra: 1 })], /unknown field "extra"/],
  ['a later version', [made({ cdiVersion: '9.0.0', devices: [device('a')] })], /"9\.0\.0" is not known/],
  ['a bad kind', [made({ kind: 'vendor', devices: [device('a')] })], /not VENDOR\/CLASS/, 'vendor=a'],
  ['no devices', [made({ devices: [] })], /no devices/],
  ['one name twice', [made({ devices: [device('a'), device('a')] })], /one name/],
  ['no document at all', [{ ...made({}), value: undefined }], /not an object/],
  ['a hook of another kind', one({ hooks: [{ hookName: 'never', path: '/x' }] }), /no hook/],
  ['a hook without an absolute path', one({ hooks: [{ hookName: 'poststop', path: 'x' }] }), /absolute/],
  ['a hook without time', one({ hooks: [{ hookName: 'poststop', path: '/x', timeout: 0 }] }), /above zero/],
  ['a mount that leads out', one({ mounts: [{ hostPath: '/a/../b', containerPath: '/c' }] }), /absolute/],
  ['a mount of another type', one({ mounts: [{ hostPath: '/a', containerPath: '/c', type: 'nfs' }] }), /"nfs"/],
  [
    'an option that is not kept',
    one({ mounts: [{ hostPath: '/a', containerPath: '/c', options: ['suid'] }] }),
    /"suid"/,
  ],
  ['permissions of another kind', one({ deviceNodes: [{ path: '/dev/x', permissions: 'rx' }] }), /"rx"/],
  ['a variable without a value', one({ env: ['NAME'] }), /NAME=VALUE/],
  ['a group out of range', one({ additionalGids: [-1] }), /no group/],
  ['network devices', one({ netDevices: [{ hostInterfaceName: 'a', name: 'b' }] }), /netDevices/],
  ['resource classes', one({ intelRdt: { closID: 'x' } }), /intelRdt/],
];

describe('devices by name', () => {
  for (const [what, documents, why, name = `${KIND}=a`] of refused)
    it(`refuses ${what}`, () =>
      assert.throws(
        () => cdiEdits(documents, [name]),
        (error: unknown) => error instanceof FaultError && why.test(error.message),
      ));

  it('takes the file of the folder with the higher priority', () => {
    const lower = made({ devices: [device('a', { env: ['A=etc'] })] });
    const higher = made({ devices: [device('a', { env: ['A=run'] })] }, 1, '/var/run/cdi/a.json');
    assert.deepEqual(cdiEdits([lower, higher], [`${KIND}=a`]).environment, [['A', 'run']]);
  });

  it('adds what a file says of all its devices once, then what it says of each asked for', () => {
    const document = made({
      containerEdits: { env: ['ALL=1'], additionalGids: [0, 7] },
      devices: [
        device('a', { env: ['A=1'], hooks: [{ hookName: 'poststop', path: '/bin/a', args: ['a'], timeout: 3 }] }),
        device('b', { deviceNodes: [{ path: '/dev/b' }] }),
        device('c', { env: ['C=1'] }),
      ],
    });
    assert.deepEqual(cdiEdits([document], [`${KIND}=a`, `${KIND}=b`, `${KIND}=a`]), {
      environment: [
        ['ALL', '1'],
        ['A', '1'],
      ],
      devices: [{ source: '/dev/b', target: '/dev/b', permissions: 'rwm' }],
      mounts: [],
      hooks: { poststop: [{ path: '/bin/a', args: ['a'], env: [], timeout: 3 }] },
      groups: [7],
    });
  });

  it('reads files that others need not be able to be read', () => {
    const broken: CdiDocument = { file: '/etc/cdi/x.json', folder: 1, value: 7 };
    assert.deepEqual(cdiEdits([broken, ...one({ env: ['A=1'] })], [`${KIND}=a`]).environment, [['A', '1']]);
  });
});
