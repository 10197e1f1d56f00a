import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createPages } from '../../src/http/pages.ts';
import { policyOf } from '../portal/policy.ts';
import { route, session } from '../support/policies.ts';
import { CONTEXT, GATEWAY, POLICY, renderAll, signIn } from './samples.ts';

const pages = createPages(() => POLICY);
const all = ['ko', 'en', 'ja'].flatMap((language) =>
  [...renderAll(language)].map(([name, page]) => ({ language, name: `${name} (${language})`, page })),
);

describe.each(all)('$name', ({ page, language }) => {
  test('weighs at most 12 KB and asks for nothing else', () => {
    expect(Buffer.byteLength(page.body)).toBeLessThanOrEqual(12 * 1024);
    expect(page.body).not.toMatch(/<script|<iframe|<object|@import|url\(|src="(?!data:)|rel="stylesheet"/);
    expect(page.body).toContain('<link rel="icon" href="data:,">');
  });

  test('has one h1, one main, its language and a title, and no text left unfilled', () => {
    expect(page.body.match(/<h1\b/g)).toHaveLength(1);
    expect(page.body.match(/<main\b/g)).toHaveLength(1);
    expect(page.body).toContain(`<html lang="${language}">`);
    expect(page.body).toMatch(/<title>[^<]+ – 에이콤<\/title>/);
    expect(page.body.replace(/<style>.*<\/style>/s, '')).not.toMatch(/undefined|\[object|[{}]/);
  });

  test('carries a speakable request number and its style’s hash', () => {
    expect(page.body).toMatch(/<span class="no">[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}<\/span>/);
    const style = /<style>(.*)<\/style>/s.exec(page.body)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page.headers['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
  });
});

test('every page has these headers and no others', () => {
  const page = pages.html({ kind: 'unknown-host' }, 421, CONTEXT);
  const headers = {
    ...page.headers,
    'content-security-policy': page.headers['content-security-policy']?.replace(/sha256-[^']+/, 'sha256-…'),
  };
  expect(headers).toEqual({
    'cache-control': 'no-store',
    'content-language': 'ko',
    'content-security-policy':
      "default-src 'none'; style-src 'sha256-…'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'content-type': 'text/html; charset=utf-8',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'referrer-policy': 'no-referrer',
    vary: 'Accept-Language, Cookie',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
});

test('only the forms that lead into an application may be answered by a redirect to elsewhere', () => {
  const leading = [...renderAll('ko')].filter(([, page]) =>
    page.headers['content-security-policy']?.includes("form-action 'self' https: http:;"),
  );
  expect(leading.map(([name]) => name).filter((name) => !/^(?:login|step|resume$)/.test(name))).toEqual([]);
  expect(leading.map(([name]) => name)).toContain('resume');
});

describe('a code field', () => {
  const { body } = pages.portal(signIn({}, ['otp']), CONTEXT);
  const field = /<input[^>]*id="otp"[^>]*>/.exec(body)?.[0] ?? '';

  test('is one text field for pasted codes of any length, and named as one-time code', () => {
    expect(body.match(/<input[^>]*name="otp"/g)).toHaveLength(1);
    expect(field).toMatch(/type="text" inputmode="numeric" autocomplete="one-time-code"/);
    expect(field).not.toMatch(/maxlength|pattern|onpaste/);
  });
});

test.each([
  [
    ['otp', 'pin'],
    ['login', 'otp', 'pin'],
  ],
  [
    ['pin', 'otp'],
    ['login', 'pin', 'otp'],
  ],
  [
    ['pw', 'otp'],
    ['login', 'password', 'otp'],
  ],
  [
    ['otp', 'pw', 'pin'],
    ['login', 'otp', 'password', 'pin'],
  ],
] as const)('fields for %j stand in the order of the route, autocompleted by what they are', (need, names) => {
  const { body } = pages.portal(signIn({}, need), CONTEXT);
  expect([...body.matchAll(/<input[^>]*id="(\w+)"/g)].map((match) => match[1])).toEqual(names);
  expect(body.match(/autofocus/g)).toHaveLength(1);
  const purposes = { login: 'username', password: 'current-password', pin: 'current-password', otp: 'one-time-code' };
  for (const name of names) expect(body).toMatch(new RegExp(`id="${name}"[^>]*autocomplete="${purposes[name]}"`));
});

describe('what comes from outside is text', () => {
  const HOSTILE = [
    '"><img src=x onerror=1>',
    "'onfocus='1",
    '</script><script>1</script>',
    '</style><script>1</script>',
    '<%= 1 %>',
    '\u202egnp',
    'javascript:1',
    '&lt;',
  ];

  test.each(HOSTILE)('%s', (text) => {
    const hostile = route({ title: { ko: text }, explain: { ko: text }, fix: { ko: text } });
    const policy = policyOf([hostile], {
      pages: {
        ...POLICY.pages,
        brand: { name: text, logo: undefined, accent: text },
        help: { text: { ko: text }, url: text },
        idHint: { ko: text },
      },
    });
    const context = { ...CONTEXT, host: text, path: `/${text}`, query: `?${text}`, cookie: `sumun-lang=${text}` };
    const site = createPages(() => policy);
    const person = session({});
    const bodies = [
      site.portal(signIn({ login: text, route: hostile, rise: undefined }), context),
      site.portal(signIn({ route: hostile, rise: { login: text, because: { ko: text } } }), context),
      site.portal(
        {
          kind: 'resume',
          id: text,
          csrf: text,
          route: hostile,
          place: text,
          fields: [{ name: text, size: 1 }],
          size: 1,
          expiresAt: 0,
        },
        context,
      ),
      site.portal({ kind: 'apps', login: text, apps: [{ route: hostile, href: '/', need: 'open' }] }, context),
      site.html(
        {
          kind: 'denied',
          route: hostile,
          reason: 'rule-denies',
          session: { ...person, account: { ...person.account, login: text } },
        },
        403,
        context,
      ),
      site.html({ kind: 'upstream', route: hostile, cause: 'broken', signedIn: true, retry: 'link' }, 502, context),
    ].map((page) => page.body);
    for (const body of bodies) {
      const allowed =
        /^<\/?(?:!doctype|html|head|meta|title|link|style|body|a|div|header|svg|path|circle|main|h1|h2|p|b|span|bdi|form|input|label|button|footer|nav|ul|ol|li|section|dl|dt|dd|time)\b/i;
      expect([...body.matchAll(/<[^>]*>/g)].map(([tag]) => tag).filter((tag) => !allowed.test(tag))).toEqual([]);
      expect(body).not.toMatch(/href="javascript:/i);
      expect(body.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\son\w+=/i);
    }
  });
});

test('a help address that is no address for people is left out', () => {
  const help = (url: string) => {
    const policy = policyOf([], { pages: { ...POLICY.pages, help: { text: {}, url } } });
    return createPages(() => policy).html({ kind: 'unknown-host' }, 421, CONTEXT).body;
  };
  expect(help('javascript:alert(1)')).not.toContain('javascript:');
  expect(help('//evil.test/')).not.toContain('evil.test');
  expect(help('https://help.corp.example/')).toContain('href="https://help.corp.example/"');
});

test('language links stay on the address they stand on, whatever it looks like', () => {
  const context = { ...CONTEXT, path: '//evil.test/x', query: '?a=1&lang=en&b=%2F' };
  const { body } = pages.html({ kind: 'no-route', session: undefined }, 404, context);
  expect([...body.matchAll(/hreflang="(\w+)"/g)].map((match) => match[1])).toEqual(['ko', 'en', 'ja']);
  expect([...body.matchAll(/<a href="([^"]*)" lang=/g)].map((match) => match[1])).toEqual([
    '?a=1&amp;b=%2F&amp;lang=ko',
    '?a=1&amp;b=%2F&amp;lang=en',
    '?a=1&amp;b=%2F&amp;lang=ja',
  ]);
  expect(body).not.toContain('href="//');
});

test('an accent colour is used on light ground only, and the hash follows it', () => {
  const policy = policyOf([], {
    pages: { ...POLICY.pages, brand: { name: '에이콤', logo: undefined, accent: '#0A5C36' } },
  });
  const { body } = createPages(() => policy).html({ kind: 'unknown-host' }, 421, CONTEXT);
  expect(body).toContain('@media (prefers-color-scheme:light){:root{--primary:#0A5C36');
});

describe('the 403 page', () => {
  const { body } = pages.html(
    {
      kind: 'denied',
      route: route({ name: 'rule-internal-name', title: { ko: '인사' } }),
      reason: 'group-not-allowed',
      session: undefined,
    },
    403,
    CONTEXT,
  );
  test('names neither rule nor file', () => {
    expect(body).not.toMatch(/rule-internal-name|config\.yaml/);
    expect(body).toContain('그룹에 속해 있지 않아요');
  });
});

describe('problem documents (RFC 9457)', () => {
  test.each(Object.entries(GATEWAY))('%s', (_, { page, status }) => {
    const { headers, body } = pages.problem(page, status, { ...CONTEXT, acceptLanguage: 'en' });
    const document = JSON.parse(body);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(document).toMatchObject({ status, request: '7QK7-QF2M' });
    expect(document.code).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(document.type).toBe(`/_sumun/errors#${document.code}`);
    expect(document.title).not.toBe('');
  });

  test('say when to come back and where to sign in', () => {
    const late = JSON.parse(pages.problem({ kind: 'too-many', retryAt: CONTEXT.now + 1500 }, 429, CONTEXT).body);
    expect(late.retry_after).toBe(2);
    const need = { kind: 'sign-in-required', code: 'step_up_required', loginUrl: '/_sumun/login?t=x' } as const;
    expect(JSON.parse(pages.problem(need, 401, CONTEXT).body)).toMatchObject({
      code: 'step_up_required',
      login: '/_sumun/login?t=x',
    });
  });
});
