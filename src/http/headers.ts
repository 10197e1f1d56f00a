/**
 * Headers of every page of ours. They are written here once and not by a middleware, because the gateway answers with
 * the same pages outside of any framework.
 *
 * `onward` is for the forms whose answer leads into an application. Chromium holds every redirect after a submission
 * against `form-action`: with `'self'` alone, an application that sends people on to another host, port or scheme would
 * leave them standing on the sign-in page without a word.
 */
export function pageHeaders(styleSource: string, language: string, onward = false): Record<string, string> {
  const formAction = onward ? "'self' https: http:" : "'self'";
  return {
    ...answerHeaders(),
    'content-type': 'text/html; charset=utf-8',
    'content-language': language,
    'content-security-policy': `default-src 'none'; style-src ${styleSource}; img-src data:; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    'x-frame-options': 'DENY',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  };
}

/** Headers of every answer of ours, page or not: it depends on who asks, so nothing may keep it. */
export function answerHeaders(): Record<string, string> {
  return {
    'cache-control': 'no-store',
    vary: 'Accept-Language, Cookie',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  };
}
