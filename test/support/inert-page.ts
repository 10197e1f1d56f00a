import { expect } from 'vitest';

/** Tags and names of attributes of a page, in order: what a text must not change. */
export const skeleton = (html: string): string =>
  bare(html)
    .match(/<[^>]*>/g)
    ?.join('\n') ?? '';

/** A page without what stands between quotes, between tags and in its style sheet. */
const bare = (html: string): string =>
  html
    .replace(/<style>[\s\S]*?<\/style>/, '<style>')
    .replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/="[^"]*"/g, '='));

/** Fails unless nothing on the page is script, and nothing on it is fetched from or leads to somewhere else. */
export function expectInert({ text }: { readonly text: string }, about: string): void {
  expect(skeleton(text), about).not.toMatch(
    /<(?:script|base|iframe|object|embed|img|video|frame)|http-equiv|\s(?:on[a-z]+|style|srcdoc|formaction|ping)=/i,
  );
  const tags = text.replace(/<style>[\s\S]*?<\/style>/, '').match(/<[a-z][^>]*>/gi) ?? [];
  for (const tag of tags) {
    for (const [, value = ''] of tag.matchAll(/\s(?:href|src|action)="([^"]*)"/gi)) {
      expect(value, about).toMatch(/^(?:\/(?!\/)|\?|#|data:,|http:\/\/localhost:\d+\/|http:\/\/other\.test)/);
    }
  }
}
