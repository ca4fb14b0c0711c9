import type { Change, JsonObject, KubeObject } from '../../../kernel/index.ts';
import { SETTING_RESOURCES } from '../../dialects/kyverno/kinds.ts';
import { isSetting, readSettings, type Settings } from '../../dialects/kyverno/settings.ts';
import type { BackgroundOptions } from './model.ts';

/** What Kyverno's controllers are told, followed once there is a policy that could heed it. */
export function followSettings(
  { informer }: Pick<BackgroundOptions, 'informer'>,
  told: () => void,
): { begin(): void; current(): Settings } {
  const said = new Map<string, JsonObject>();
  let current: Settings | undefined;
  let begun = false;
  const keep = ({ type, object }: Change<KubeObject>): void => {
    const { namespace, name } = object.metadata;
    const key = `${object.kind}/${namespace}/${name}`;
    const counts = type !== 'deleted' && isSetting(object);
    if (!counts && !said.has(key)) return;
    if (counts) said.set(key, object as unknown as JsonObject);
    else said.delete(key);
    current = undefined;
    told();
  };
  return {
    begin: () => {
      if (begun) return;
      begun = true;
      for (const { group, resource } of SETTING_RESOURCES) informer({ group, version: 'v1', resource }).onChange(keep);
    },
    current: () => (current ??= readSettings([...said.values()])),
  };
}
