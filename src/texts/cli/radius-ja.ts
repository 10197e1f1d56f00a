import type { CliRadius } from './radius-ko.ts';

/** What `radius` says, in Japanese. */
export const radiusJa: CliRadius = {
  help: {
    radius: 'RADIUSサーバーの試験',
    test: 'RADIUSクライアントとして問い合わせ、やり取りを表示します。正しいOTPは使用済みになります',
    client: '設定の radius.clients にある名前',
    server: 'サーバーのアドレス (既定: radius.listen の最初)',
    passwordFile: 'パスワードのファイル (- = 標準入力、続く行は次の質問への答え)',
  },
  clientMissing: (name, names) => `設定にクライアント '${name}' がありません (あるもの: ${names || 'なし'})`,
  noServer: '設定に radius.listen がありません',
  noServerRemedy: '--server host:port でアドレスを指定してください',
  serverRule: 'host:port',
  tooLong: 'パスワードは128バイトまでです',
  askPassword: 'パスワード欄に入れるもの (例: PINに続けてOTP)',
  sent: (octets, server) => `→ ${server} Access-Request ${octets}バイト`,
  received: (name, octets, milliseconds) => `← ${name} ${octets}バイト、${milliseconds} ms`,
  noAnswer: (server) => `${server} から応答がありません`,
  noAnswerRemedy: (name, networks) =>
    `サーバーが動いているか、${name} のアドレス (${networks}) から問い合わせたか、共有秘密が同じかを確認してください。サーバーのログに radius.refused があります`,
  rejected: '拒否されました',
  waiting: '次の答えが必要です',
};
