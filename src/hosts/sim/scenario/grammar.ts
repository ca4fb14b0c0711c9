/** The words of a `tenon.dev/v1 Scenario`. This table reads scenarios and is what docs/scenario.schema.json is made from. */
import { INVARIANT_NAMES } from '../invariants/index.ts';
import { steps } from './grammar-steps.ts';
import { world } from './grammar-world.ts';
import { choice, list, may, need, object, or, scalar, whole } from './shape.ts';
import { readMoment } from './trace.ts';
import { lasting, labels, name } from './values.ts';

const moment = scalar(
  { en: 'a moment such as 2026-01-01T08:00:00Z', zh: '时刻,如 2026-01-01T08:00:00Z' },
  value => (typeof value === 'string' ? readMoment(value) : undefined),
  { type: 'string' },
);

const invariants = object('invariants', {
  converge: or(lasting, 600_000, 'everything converges within this after the last disruption'),
  fights: or(
    whole({ en: 'a number from 1 on', zh: '不小于 1 的整数' }, 1, 1_000_000),
    8,
    'how often a minute two owners may take a field from each other',
  ),
  except: or(
    list(choice(...INVARIANT_NAMES), { en: 'a list of names', zh: '名称列表' }, 100),
    [],
    'invariants that are not looked at',
  ),
});

export const scenario = object(
  { en: 'a scenario', zh: '场景' },
  {
    apiVersion: need(choice('tenon.dev/v1'), 'tenon.dev/v1'),
    kind: need(choice('Scenario'), 'Scenario'),
    metadata: need(
      object('metadata', {
        name: need(name, 'what reports call it'),
        labels: may(labels, 'labels'),
        annotations: may(labels, 'annotations'),
      }),
      'its name',
    ),
    spec: need(
      object('spec', {
        seed: or(
          whole({ en: 'a number from 0 to 4294967295', zh: '0 到 4294967295 的整数' }, 0, 4_294_967_295),
          1,
          'of everything drawn by chance; --seed goes before it',
        ),
        until: need(lasting, 'how long the run is; --until goes before it'),
        start: may(moment, 'what the clocks say at the start; 2026-01-01T00:00:00Z where absent'),
        world: may(world, 'what is there: nodes, images, how pods behave, the network'),
        invariants: or(invariants, { converge: 600_000, fights: 8, except: [] }, 'how the invariants are held'),
        steps: need(steps, 'what happens, in the order of time'),
      }),
      'what is there and what happens',
    ),
  },
);
