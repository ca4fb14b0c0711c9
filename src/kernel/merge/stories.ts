/** One write of a story: `apply m {spec}`, `force m {spec}`, `update m {spec}` (`update m/status {…}`), `conflict m {spec} => paths`. */
export type Step = [verb: 'apply' | 'force' | 'update' | 'conflict', manager: string, spec: string, result?: string];

/** Stories: steps, then who owns what (`manager op` -> FieldsV1 of the spec), where that matters. */
export const STORIES: { name: string; steps: Step[]; owners?: Record<string, string> }[] = [
  {
    name: 'create by apply',
    steps: [['apply', 'a', '{"replicas":1}', '{"replicas":1}']],
    owners: { 'a Apply': '{"f:replicas":{}}' },
  },
  {
    name: 'create by update owns containers too',
    steps: [['update', 'a', '{"replicas":1}']],
    owners: { 'a Update': '{".":{},"f:replicas":{}}' },
  },
  {
    name: 'same value is shared',
    steps: [
      ['apply', 'a', '{"replicas":1}'],
      ['apply', 'b', '{"replicas":1}', '{"replicas":1}'],
    ],
    owners: { 'a Apply': '{"f:replicas":{}}', 'b Apply': '{"f:replicas":{}}' },
  },
  {
    name: 'other value conflicts',
    steps: [
      ['apply', 'a', '{"replicas":1}'],
      ['conflict', 'b', '{"replicas":2}', '.spec.replicas'],
    ],
  },
  {
    name: 'force takes over',
    steps: [
      ['apply', 'a', '{"replicas":1}'],
      ['force', 'b', '{"replicas":2}', '{"replicas":2}'],
    ],
    owners: { 'b Apply': '{"f:replicas":{}}' },
  },
  {
    name: 'update takes over',
    steps: [
      ['apply', 'a', '{"replicas":1,"paused":true}'],
      ['update', 'b', '{"replicas":2,"paused":true}'],
    ],
    owners: { 'a Apply': '{"f:paused":{}}', 'b Update': '{"f:replicas":{}}' },
  },
  {
    name: 'conflict with an updater',
    steps: [
      ['apply', 'a', '{"replicas":1}'],
      ['update', 'b', '{"replicas":2}'],
      ['conflict', 'a', '{"replicas":1}', '.spec.replicas'],
    ],
  },
  {
    name: 'leaving out removes',
    steps: [
      ['apply', 'a', '{"replicas":1,"paused":true}'],
      ['apply', 'a', '{"paused":true}', '{"paused":true}'],
    ],
  },
  {
    name: 'leaving out keeps what another applies',
    steps: [
      ['apply', 'a', '{"replicas":1,"paused":true}'],
      ['apply', 'b', '{"replicas":1}'],
      ['apply', 'a', '{"paused":true}', '{"replicas":1,"paused":true}'],
    ],
    owners: { 'a Apply': '{"f:paused":{}}', 'b Apply': '{"f:replicas":{}}' },
  },
  {
    name: 'handing over to an updater',
    steps: [
      ['apply', 'a', '{"replicas":1,"paused":true}'],
      ['update', 'hpa', '{"replicas":5,"paused":true}'],
      ['apply', 'a', '{"paused":true}', '{"replicas":5,"paused":true}'],
    ],
  },
  {
    name: 'update that removes ends ownership',
    steps: [
      ['apply', 'a', '{"replicas":1,"paused":true}'],
      ['update', 'b', '{"paused":true}'],
    ],
    owners: { 'a Apply': '{"f:paused":{}}' },
  },
  {
    name: 'reapply of what was removed',
    steps: [
      ['apply', 'a', '{"replicas":1,"paused":true}'],
      ['update', 'b', '{"paused":true}'],
      ['apply', 'a', '{"replicas":3,"paused":true}', '{"paused":true,"replicas":3}'],
    ],
  },
  {
    name: 'maps merge by key',
    steps: [
      ['apply', 'a', '{"nodes":{"x":{"k":"1"}}}'],
      ['apply', 'b', '{"nodes":{"y":{"k":"2"}}}', '{"nodes":{"x":{"k":"1"},"y":{"k":"2"}}}'],
    ],
  },
  {
    name: 'map keys go alone',
    steps: [
      ['apply', 'a', '{"nodes":{"x":{"k":"1"},"z":{"k":"3"}}}'],
      ['apply', 'b', '{"nodes":{"y":{"k":"2"}}}'],
      ['apply', 'a', '{"nodes":{"x":{"k":"1"}}}', '{"nodes":{"x":{"k":"1"},"y":{"k":"2"}}}'],
    ],
  },
  {
    name: 'an emptied map goes',
    steps: [
      ['apply', 'a', '{"replicas":1,"nodes":{"x":{"k":"1"}}}'],
      ['apply', 'a', '{"replicas":1}', '{"replicas":1}'],
    ],
  },
  {
    name: 'the values of open maps own their keys',
    steps: [['apply', 'a', '{"limits":{"cpu":"1"}}']],
    owners: { 'a Apply': '{"f:limits":{"f:cpu":{}}}' },
  },
  {
    name: 'nested map keys are items',
    steps: [['apply', 'a', '{"nodes":{"x":{"k":"1"}}}']],
    owners: { 'a Apply': '{"f:nodes":{"f:x":{".":{},"f:k":{}}}}' },
  },
  {
    name: 'an empty map is owned',
    steps: [['apply', 'a', '{"nodes":{}}', '{"nodes":{}}']],
    owners: { 'a Apply': '{"f:nodes":{}}' },
  },
  {
    name: 'atomic maps are one field',
    steps: [
      ['apply', 'a', '{"selector":{"x":"1"}}'],
      ['conflict', 'b', '{"selector":{"y":"1"}}', '.spec.selector'],
    ],
    owners: { 'a Apply': '{"f:selector":{}}' },
  },
  {
    name: 'atomic maps are replaced',
    steps: [
      ['apply', 'a', '{"selector":{"x":"1"}}'],
      ['force', 'b', '{"selector":{"y":"1"}}', '{"selector":{"y":"1"}}'],
    ],
    owners: { 'b Apply': '{"f:selector":{}}' },
  },
  {
    name: 'atomic lists are one field',
    steps: [
      ['apply', 'a', '{"order":["x"]}'],
      ['conflict', 'b', '{"order":["x","y"]}', '.spec.order'],
    ],
    owners: { 'a Apply': '{"f:order":{}}' },
  },
  {
    name: 'atomic lists with one value are shared',
    steps: [
      ['apply', 'a', '{"order":["x"]}'],
      ['apply', 'b', '{"order":["x"]}', '{"order":["x"]}'],
    ],
  },
  {
    name: 'sets unite',
    steps: [
      ['apply', 'a', '{"tags":["x"]}'],
      ['apply', 'b', '{"tags":["y"]}', '{"tags":["x","y"]}'],
    ],
    owners: { 'a Apply': '{"f:tags":{"v:\\"x\\"":{}}}', 'b Apply': '{"f:tags":{"v:\\"y\\"":{}}}' },
  },
  {
    name: 'a set item goes with its owner',
    steps: [
      ['apply', 'a', '{"tags":["x","z"]}'],
      ['apply', 'b', '{"tags":["y"]}'],
      ['apply', 'a', '{"tags":["z"]}', '{"tags":["z","y"]}'],
    ],
  },
  {
    name: 'a shared set item stays',
    steps: [
      ['apply', 'a', '{"tags":["x"]}'],
      ['apply', 'b', '{"tags":["x","y"]}'],
      ['apply', 'a', '{"replicas":1}', '{"tags":["x","y"],"replicas":1}'],
    ],
  },
  {
    name: 'sets take the order of the applier',
    steps: [
      ['apply', 'a', '{"tags":["x","y","z"]}'],
      ['apply', 'a', '{"tags":["z","x","y"]}', '{"tags":["z","x","y"]}'],
    ],
  },
  {
    name: 'items of others keep their place',
    steps: [
      ['update', 'b', '{"tags":["o","x","y"]}'],
      ['apply', 'a', '{"tags":["y","x"]}', '{"tags":["o","y","x"]}'],
    ],
  },
  {
    name: 'new items interleave',
    steps: [
      ['update', 'b', '{"tags":["x","o","y"]}'],
      ['apply', 'a', '{"tags":["x","n","y"]}', '{"tags":["x","o","n","y"]}'],
    ],
  },
  {
    name: 'keyed items merge',
    steps: [
      ['apply', 'a', '{"containers":[{"name":"c","image":"1"}]}'],
      [
        'apply',
        'b',
        '{"containers":[{"name":"c","args":["q"]}]}',
        '{"containers":[{"name":"c","image":"1","args":["q"]}]}',
      ],
    ],
  },
  {
    name: 'keyed items own their keys',
    steps: [['apply', 'a', '{"containers":[{"name":"c","image":"1"}]}']],
    owners: { 'a Apply': '{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:image":{},"f:name":{}}}}' },
  },
  {
    name: 'a field of an item goes alone',
    steps: [
      ['apply', 'a', '{"containers":[{"name":"c","image":"1","args":["x"]}]}'],
      ['apply', 'a', '{"containers":[{"name":"c","image":"1"}]}', '{"containers":[{"name":"c","image":"1"}]}'],
    ],
  },
  {
    name: 'an item goes with its applier',
    steps: [
      ['apply', 'a', '{"containers":[{"name":"c"},{"name":"d"}]}'],
      ['apply', 'a', '{"containers":[{"name":"c"}]}', '{"containers":[{"name":"c"}]}'],
    ],
  },
  {
    name: 'an item of two appliers stays',
    steps: [
      ['apply', 'a', '{"containers":[{"name":"c","image":"1"},{"name":"d"}]}'],
      ['apply', 'b', '{"containers":[{"name":"d","image":"2"}]}'],
      [
        'apply',
        'a',
        '{"containers":[{"name":"c","image":"1"}]}',
        '{"containers":[{"name":"c","image":"1"},{"name":"d","image":"2"}]}',
      ],
    ],
  },
  {
    name: 'an item goes even with a field of an updater',
    steps: [
      ['apply', 'a', '{"containers":[{"name":"c","image":"1"},{"name":"d","image":"2"}]}'],
      ['update', 'b', '{"containers":[{"name":"c","image":"1"},{"name":"d","image":"3"}]}'],
      ['apply', 'a', '{"containers":[{"name":"c","image":"1"}]}', '{"containers":[{"name":"c","image":"1"}]}'],
    ],
  },
  {
    name: 'conflict inside an item',
    steps: [
      ['apply', 'a', '{"containers":[{"name":"c","image":"1"}]}'],
      ['conflict', 'b', '{"containers":[{"name":"c","image":"2"}]}', '.spec.containers[name="c"].image'],
    ],
  },
  {
    name: 'two conflicts',
    steps: [
      ['apply', 'a', '{"replicas":1,"paused":true}'],
      ['conflict', 'b', '{"replicas":2,"paused":false}', '.spec.paused .spec.replicas'],
    ],
  },
  {
    name: 'two keys and a default',
    steps: [
      ['apply', 'a', '{"containers":[{"name":"c","ports":[{"containerPort":80}]}]}'],
      ['conflict', 'b', '{"containers":[{"name":"c","ports":[{"containerPort":80,"protocol":"TCP","name":"x"}]}]}', ''],
    ],
    owners: {
      'a Apply':
        '{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:name":{},"f:ports":{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{}}}}}}',
    },
  },
  {
    name: 'ports apart by protocol',
    steps: [
      ['apply', 'a', '{"containers":[{"name":"c","ports":[{"containerPort":53}]}]}'],
      [
        'apply',
        'b',
        '{"containers":[{"name":"c","ports":[{"containerPort":53,"protocol":"UDP"}]}]}',
        '{"containers":[{"name":"c","ports":[{"containerPort":53},{"containerPort":53,"protocol":"UDP"}]}]}',
      ],
    ],
  },
  {
    name: 'open fields merge as maps',
    steps: [
      ['apply', 'a', '{"open":{"x":{"y":1}}}'],
      ['apply', 'b', '{"open":{"x":{"z":2}}}', '{"open":{"x":{"y":1,"z":2}}}'],
    ],
  },
  {
    name: 'open lists are atomic',
    steps: [
      ['apply', 'a', '{"open":{"x":[1]}}'],
      ['conflict', 'b', '{"open":{"x":[2]}}', '.spec.open.x'],
    ],
  },
  {
    name: 'defaults of nobody survive',
    steps: [
      ['update', 'x', '{"paused":true}'],
      ['apply', 'a', '{"replicas":1}'],
      ['apply', 'a', '{"tags":["t"]}', '{"paused":true,"tags":["t"]}'],
    ],
  },
  {
    name: 'the applier may change its own value',
    steps: [
      ['apply', 'a', '{"replicas":1}'],
      ['apply', 'a', '{"replicas":4}', '{"replicas":4}'],
    ],
  },
  {
    name: 'shared then changed by one conflicts',
    steps: [
      ['apply', 'a', '{"replicas":1}'],
      ['apply', 'b', '{"replicas":1}'],
      ['conflict', 'a', '{"replicas":2}', '.spec.replicas'],
    ],
  },
  {
    name: 'updater of its own field again',
    steps: [
      ['update', 'a', '{"replicas":1}'],
      ['update', 'a', '{"replicas":2}'],
    ],
    owners: { 'a Update': '{".":{},"f:replicas":{}}' },
  },
  {
    name: 'second updater splits',
    steps: [
      ['update', 'a', '{"replicas":1,"paused":true}'],
      ['update', 'b', '{"replicas":2,"paused":true}'],
    ],
    owners: { 'a Update': '{".":{},"f:paused":{}}', 'b Update': '{"f:replicas":{}}' },
  },
  {
    name: 'apply beside own updates',
    steps: [
      ['update', 'a', '{"replicas":1}'],
      ['apply', 'a', '{"replicas":1}'],
    ],
    owners: { 'a Update': '{".":{},"f:replicas":{}}', 'a Apply': '{"f:replicas":{}}' },
  },
  {
    name: 'apply of another value conflicts with own updates',
    steps: [
      ['update', 'a', '{"replicas":1}'],
      ['conflict', 'a', '{"replicas":2}', '.spec.replicas'],
    ],
  },
  {
    name: 'an emptied set goes',
    steps: [
      ['apply', 'a', '{"replicas":1,"tags":["x"]}'],
      ['apply', 'a', '{"replicas":1}', '{"replicas":1}'],
    ],
  },
  {
    name: 'a type change of an open field',
    steps: [
      ['apply', 'a', '{"open":{"x":1}}'],
      ['force', 'a', '{"open":{"x":{"y":1}}}', '{"open":{"x":{"y":1}}}'],
    ],
  },
  {
    name: 'items are updated by an updater',
    steps: [
      ['apply', 'a', '{"tags":["x"]}'],
      ['update', 'b', '{"tags":["x","y"]}'],
    ],
    owners: { 'a Apply': '{"f:tags":{"v:\\"x\\"":{}}}', 'b Update': '{"f:tags":{"v:\\"y\\"":{}}}' },
  },
];
