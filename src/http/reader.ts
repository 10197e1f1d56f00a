import { type Language, type Policy, textIn } from '../core/policy.ts';
import { requestNumber } from '../core/request-number.ts';
import { cookieNames, readCookie } from '../core/session/cookies.ts';
import type { PageContext } from '../ports.ts';
import { chooseLanguage } from '../texts/language.ts';
import { type Texts, textsIn } from '../texts/page-texts.ts';

/** Whoever reads a page: in which language and zone, and what frames the page. */
export type Reader = {
  readonly policy: Policy;
  readonly context: PageContext;
  readonly language: Language;
  readonly zone: string;
  readonly t: Texts;
};

const NAMES: Readonly<Record<Language, string>> = { ko: '한국어', en: 'English', ja: '日本語' };

/** Works out the reader of a request. A choice made in a form wins over the address. */
export function readerOf(policy: Policy, context: PageContext, zone: string, chosen?: string): Reader {
  const { cookieName } = policy.sessions;
  const remembered =
    readCookie(context.cookie, cookieNames(cookieName, 'https').language) ??
    readCookie(context.cookie, cookieNames(cookieName, 'http').language);
  const asked = chosen ?? new URLSearchParams(context.query.slice(0, LONGEST_QUERY)).get('lang') ?? undefined;
  const wish = { asked, remembered, acceptLanguage: context.acceptLanguage };
  const language = chooseLanguage(wish, policy.pages.languages);
  return { policy, context, language, zone, t: textsIn(language) };
}

/** Longer queries are not carried along in the language links. */
const LONGEST_QUERY = 2048;

/** What the layout needs: language, brand, help, request number and the way to another language. */
export function frameOf(
  reader: Reader,
  page: {
    readonly heading: string;
    readonly app?: string | undefined;
    readonly isError?: boolean;
    readonly languages: 'form' | 'links' | 'none';
  },
): Record<string, unknown> {
  const { policy, context, language, t } = reader;
  const { brand, help } = policy.pages;
  const title = [page.heading, page.app, brand.name].filter((part) => part !== undefined && part !== '').join(' – ');
  return {
    t,
    language,
    heading: page.heading,
    title: page.isError === true ? `${t('page.error')}: ${title}` : title,
    brand,
    help: { text: textIn(help.text, language), url: safeUrl(help.url) },
    requestNumber: requestNumber(context.requestId),
    languageForm: page.languages === 'form',
    languages: page.languages === 'none' ? [] : languagesOf(reader),
  };
}

const languagesOf = ({ policy, context, language }: Reader): readonly Record<string, unknown>[] =>
  policy.pages.languages.map((code) => ({
    code,
    name: NAMES[code],
    current: code === language,
    href: languageHref(context.query, code),
  }));

/** A query alone is resolved against the page's own address: no path that somebody sent ever becomes a link. */
function languageHref(query: string, code: Language): string {
  const kept =
    query.length > LONGEST_QUERY
      ? []
      : query
          .slice(1)
          .split('&')
          .filter((part) => part !== '' && !/^lang(?:=|$)/.test(part));
  return `?${[...kept, `lang=${code}`].join('&')}`;
}

const safeUrl = (url: string | undefined): string | undefined =>
  url !== undefined && /^(?:https?:|mailto:|tel:|\/(?!\/))/i.test(url) ? url : undefined;
