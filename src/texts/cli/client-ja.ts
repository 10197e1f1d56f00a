import type { CliClient } from './client-ko.ts';

/** What `client` says, in Japanese. */
export const clientJa: CliClient = {
  help: {
    client: 'API を呼び出すプログラムとそのキー',
    add: 'プログラムを追加し、キーを一度だけ表示します',
    name: '名前 (監査記録と統計に残ります)',
    scope: 'できること。コンマでつなぎます (既定: verify)',
    app: 'このアプリの検証だけに使います (既定: すべて)',
    network: '使えるネットワーク (繰り返し可。既定: どこからでも)',
    expires: '使える期間。例: 90d (既定: 期限なし)',
    list: 'プログラムとキーを表示します',
    rotate: '新しいキーを発行します。古いキーもしばらく使えます',
    overlap: '古いキーを使える時間',
    revoke: 'すべてのキーをただちに終了します',
  },
  headings: ['名前', 'キー', '状態', 'できること', 'アプリ', '期限', '最終使用'],
  none: '登録されたプログラムはありません',
  nameInvalid: (name) => `'${name}' は名前に使えません`,
  nameRule: '文字、数字、_ . - で 64 文字まで',
  exists: (name) => `'${name}' はすでにあります`,
  existsRemedy: (name) => `新しいキーは sumun client rotate ${name}`,
  missing: (name) => `'${name}' はないか、キーがすべて終了しています`,
  added: (name) => `${name} を追加しました。キーは再表示できません。いま移してください`,
  rotated: (name, until) => `${name} の新しいキーです。古いキーは ${until} まで使えます`,
  revoked: (name) => `${name} のキーをすべて終了しました`,
  revokeWarning: (name) => `${name} のキーをすべて終了します。使っているプログラムはただちに止まります`,
  states: { active: '有効', ended: '期限切れ', revoked: '失効' },
};
