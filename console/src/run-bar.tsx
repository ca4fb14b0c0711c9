import { useState } from 'preact/hooks';
import type { Run } from './cluster.ts';
import type { TextKey } from './language.ts';

const SPEEDS = [1, 10, 60, 600, 3600];

const ask = (query: Record<string, string>): void =>
  void fetch(`data/run?${new URLSearchParams(query)}`, { method: 'POST' });

/** `1:05:00` of virtual time. */
function clock(t_ms: number): string {
  const seconds = Math.floor(t_ms / 1000);
  const pad = (number: number): string => String(number).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${pad(Math.floor(seconds / 60) % 60)}:${pad(seconds % 60)}`;
}

/** Only where the console shows a simulated run: play, step, speed and seed, and the virtual moment. */
export function RunBar({ run, text }: { readonly run: Run; readonly text: (key: TextKey) => string }) {
  const [seed, setSeed] = useState(String(run.seed));
  return (
    <div class="run" id="run">
      <strong>{run.scenario}</strong>
      <button type="button" id="play" onClick={() => ask({ do: run.playing ? 'pause' : 'play' })}>
        {run.playing ? `⏸ ${text('pause')}` : `▶ ${text('play')}`}
      </button>
      <button type="button" id="step" disabled={run.playing} onClick={() => ask({ do: 'step' })}>
        {text('step')}
      </button>
      <select
        value={String(run.speed)}
        onChange={event => ask({ do: run.playing ? 'play' : 'pause', speed: event.currentTarget.value })}
      >
        {SPEEDS.map(speed => (
          <option key={speed} value={String(speed)}>
            {speed}×
          </option>
        ))}
      </select>
      <progress value={run.t_ms} max={run.until_ms} />
      <output id="moment">
        {clock(run.t_ms)} / {clock(run.until_ms)}
      </output>
      <form
        onSubmit={event => {
          event.preventDefault();
          ask({ do: 'seed', seed });
        }}
      >
        <label>
          {text('seed')}
          <input
            name="seed"
            size={8}
            inputMode="numeric"
            value={seed}
            onInput={event => setSeed(event.currentTarget.value)}
          />
        </label>
        <button type="submit">{text('again')}</button>
      </form>
      {run.stopped !== undefined && <span class="bad">{run.stopped}</span>}
    </div>
  );
}
