/** The languages every text a person sees is written in. */
export type Language = 'en' | 'zh';

/** One text in every language. */
export type Text = Readonly<Record<Language, string>>;

/** Values that fill the `{name}` places of a text; a Text fills them in the language of the whole. */
export type TextParams = Readonly<Record<string, string | number | Text>>;

/** Chooses a language from POSIX locale variables (first of LC_ALL, LC_MESSAGES, LANG that is set). */
export function languageOf(environment: Readonly<Record<string, string | undefined>>): Language {
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || '';
  return /^zh([_.-]|$)/i.test(locale) ? 'zh' : 'en';
}

/** The language a request asks for; English unless it is one of ours. */
export const languageNamed = (name: string | null): Language => (name === 'zh' ? 'zh' : 'en');

/** Fills `{name}` places; a place without a value stays as written, so that a missing value is seen. */
export function fillText(template: string, params: TextParams, language: Language = 'en'): string {
  return template.replace(/\{([a-zA-Z0-9]+)\}/g, (place, name: string) => {
    if (!Object.hasOwn(params, name)) return place;
    const value = params[name]!;
    return typeof value === 'object' ? value[language] : String(value);
  });
}
