import { useState } from 'preact/hooks';
import type { ViewProps } from './view.ts';

interface Answered {
  readonly outcome?: 'allow' | 'deny' | 'unknown';
  readonly text?: string;
  readonly faults?: readonly { readonly message: string; readonly remedy?: string }[];
}

const MARKS: Readonly<Record<string, string>> = { '✓': 'hop-allow', '✗': 'hop-deny', '?': 'hop-unknown' };

/** One question to what runs here: may this flow pass, and what decides. */
export function WhyView({ text, language }: ViewProps) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [answered, setAnswered] = useState<Answered>();
  const ask = async (): Promise<void> => {
    const query = new URLSearchParams({ from, to, language });
    try {
      setAnswered((await (await fetch(`/data/why?${query}`)).json()) as Answered);
    } catch {
      setAnswered({ faults: [{ message: text('lost') }] });
    }
  };
  return (
    <section class="why">
      <form
        onSubmit={event => {
          event.preventDefault();
          void ask();
        }}
      >
        <label>
          {text('from')}{' '}
          <input
            name="from"
            value={from}
            placeholder="shop/web"
            onInput={event => setFrom(event.currentTarget.value)}
          />
        </label>
        <label>
          {text('to')}{' '}
          <input
            name="to"
            value={to}
            placeholder="shop/catalog:80"
            onInput={event => setTo(event.currentTarget.value)}
          />
        </label>
        <button type="submit">{text('why')}</button>
      </form>
      {answered?.faults?.map(fault => (
        <p class="warning" key={fault.message}>
          {fault.message} {fault.remedy}
        </p>
      ))}
      {answered?.text && (
        <pre id="answer" class={answered.outcome}>
          {answered.text.split('\n').map((line, at) => (
            <span key={at} class={MARKS[line[0] ?? ''] ?? ''}>
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
    </section>
  );
}
