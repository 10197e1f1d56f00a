import type { CliInit } from './init-ko.ts';

/** What `init` asks, writes and says, in Japanese. */
export const initJa: CliInit = {
  askHost: '利用者が開くホスト名 (空欄ならすべて)',
  askUpstream: '背後にあるシステムのアドレス',
  askAuth: 'サインイン方式',
  askAdmin: '最初の管理者の ID',
  authChoices: { 'id+otp': 'ID + OTP', 'id+otp+pin': 'ID + OTP + PIN', 'id+pw+otp': 'ID + パスワード + OTP' },
  exists: (file) => `${file} はすでにあります。上書きしません`,
  existsRemedy: '別のフォルダーを使うか、現在の設定を sumun check で確認してください',
  upstreamInvalid: (value) => `'${value}' は http://ホスト:ポート の形ではありません`,
  authInvalid: (value) => `'${value}' はサインイン方式ではありません: id+otp, id+otp+pin, id+pw+otp …`,
  hostInvalid: (value) => `'${value}' はホスト名ではありません`,
  wrote: (file) => `${file} と鍵を作成しました`,
  admin: (login) => `最初の管理者 ${login}`,
  passwordLabel: '仮パスワード',
  shownOnce: 'これらの値は再表示できません。いま認証アプリに登録してください',
  next: '次に:',
  comments: {
    listen: 'ゲートウェイが待ち受けるアドレスです',
    routes: '上から順に読み、最初に一致した経路を使います。一致しなければ開きません',
    host: '特定のホストだけにするには host を書いてください',
    auth: '証明する要素と画面の欄の順序: id の次に otp, pin, pw',
    allow: '入れる人を絞ります。消すとサインインした全員が入れます',
    tests: 'sumun check が実行する試験です',
  },
};
