import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about upstreams in Japanese. */
export const jaUpstreams = {
  'bad-health-path': {
    message: '状態を確かめるパスではありません: {found}。',
    fix: '「/」で始め、空白と「#」を使わずに書いてください: /ping',
  },
  'mixed-targets': {
    message: '{found} は最初の宛先（{other}）と種類が違います。',
    fix: '一つのアップストリームの宛先は、すべて http、すべて https、またはすべて unix にそろえてください。',
  },
  'target-twice': { message: '{found} が一覧に二度あります。', fix: '片方を消してください。' },
  'tls-without-https': {
    message: 'TLS を使わない宛先では tls に意味がありません。',
    fix: '宛先を https で書くか、tls を消してください。',
  },
  'old-tls': {
    message: 'TLS {found} とその暗号は破られることがあり、途中で読まれるおそれがあります。',
    fix: 'アプリケーションが対応したら "1.2" にし、それまではこの区間を保護されたネットワークの中に置いてください。',
  },
} as const satisfies Partial<Record<FindingName, FindingText>>;
