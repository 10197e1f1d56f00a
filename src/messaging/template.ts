import { DeliveryFault, type Outbound } from './provider.ts';

/** Values of the placeholders `{to}`, `{text}`, `{token}` and `{id}` in a provider's address, headers and body. */
export type TemplateValues = Outbound & { readonly token: string };

/** Makes a value safe for the place it is put into. */
export type Escape = (value: string) => string;

/** Fills a template in one pass: what a value contains is never read as a placeholder. */
export const fillTemplate = (template: string, values: TemplateValues, safely: Escape): string =>
  template.replace(/\{(to|text|token|id)\}/g, (_, name: keyof TemplateValues) => safely(values[name]));

/** True if a template has the placeholder. */
export const mentions = (template: string, name: keyof TemplateValues): boolean => template.includes(`{${name}}`);

/** For a part of a URL and for a field of a form. */
export const urlEscape: Escape = (value) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** For the value of a header field: no control characters, ASCII only. */
export const headerEscape: Escape = (value) => {
  if (!/^[\x20-\x7e]*$/.test(value)) throw new DeliveryFault('header-value', 'message');
  return value;
};

const jsonEscape: Escape = (value) => JSON.stringify(value).slice(1, -1);

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
const xmlEscape: Escape = (value) => value.replace(/[&<>"']/g, (sign) => XML[sign] ?? '');

/** How values are escaped in a body of this media type; undefined where nobody knows. */
export function escapeFor(contentType: string): Escape | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/x-www-form-urlencoded') return urlEscape;
  if (/^application\/(?:[\w.-]+\+)?json$/.test(type)) return jsonEscape;
  if (/^(?:application|text)\/(?:[\w.-]+\+)?xml$/.test(type)) return xmlEscape;
  return undefined;
}
