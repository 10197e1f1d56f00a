import type { FindingTexts } from './catalogue.ts';
import { jaListeners } from './ja-listeners.ts';
import { jaServers } from './ja-servers.ts';
import { jaUpstreams } from './ja-upstreams.ts';

/** Findings in Japanese. */
export const ja: FindingTexts = {
  findings: {
    ...jaServers,
    ...jaUpstreams,
    ...jaListeners,
    'file-unreadable': { message: 'ファイルを読めません: {found}。', fix: 'パスと権限を確認してください。' },
    'unknown-key': { message: '「{found}」はここでは使えないキーです。{hint}' },
    'file-too-large': {
      message: 'ファイルが {found} バイトあります。{max} バイトまで読みます。',
      fix: '設定以外の内容を取り除いてください。',
    },
    'not-utf8': { message: 'ファイルが UTF-8 ではありません。', fix: 'UTF-8 で保存してください。' },
    'yaml-syntax': { message: '正しい YAML ではありません: {found}。' },
    'duplicate-key': { message: 'キー「{found}」は {line} 行目にもあります。', fix: 'どちらか一方を残してください。' },
    'yaml-alias': { message: 'アンカーとエイリアス(& と *)は使えません。', fix: '値をそのまま書いてください。' },
    'merge-key': { message: 'マージキー(<<)は使えません。', fix: 'キーをそのまま書いてください。' },
    'yaml-tag': { message: 'タグは使えません: {found}。', fix: 'タグを消し、文字列なら引用符で囲んでください。' },
    'yaml-tab': { message: 'タブで字下げはできません。', fix: '空白で字下げしてください。' },
    'several-documents': {
      message: 'YAML 文書が複数あります。',
      fix: '「---」以降を消すか、ファイルを分けてください。',
    },
    'boolean-word': {
      message: '「{found}」は YAML 1.2 では真偽値ではなく、ここでは使えません。',
      fix: 'こう書いてください: {expected}。',
    },
    'number-notation': {
      message: '数値「{found}」はプログラムによって読み方が変わります。',
      fix: '先頭の 0 を付けず十進数で書き、文字列なら引用符で囲んでください。',
    },
    'forbidden-key': { message: '「{found}」はキーや名前に使えません。', fix: '別の名前にしてください。' },
    'too-deep': {
      message: 'リストとマッピングの入れ子が深すぎます。',
      fix: '設定には {max} 段を超えるキーはありません。',
    },
    'empty-file': { message: 'ファイルが空か、マッピングではありません。', fix: '先頭に書いてください: version: 1' },
    'missing-key': { message: 'キー「{key}」がありません。' },
    'wrong-type': { message: '必要な値: {expected}。書かれた値: {found}。' },
    'not-one-of': { message: '「{found}」はここでは使えません。{hint}' },
    'bad-duration': {
      message: '{min} から {max} までの期間ではありません: {found}。',
      fix: '整数と単位で書いてください: 500ms, 30s, 10m, 12h, 7d。',
    },
    'bad-size': {
      message: '{min} から {max} までのサイズではありません: {found}。',
      fix: '整数と単位で書いてください: 64KiB, 50MB。無制限を表すところでは 0。',
    },
    'bad-listen': {
      message: '待ち受けるアドレスではありません: {found}。',
      fix: '引用符で囲んでください: "0.0.0.0:8080"、"127.0.0.1:8080"、"[::1]:8080"。',
    },
    'bad-cidr': { message: 'ネットワークではありません: {found}。', fix: 'こう書いてください: {hint}。' },
    'bad-host': {
      message: 'ホスト名ではありません: {found}。',
      fix: 'スキーム、ポート、パスなしで hr.corp.example か "*.corp.example" と書いてください。',
    },
    'bad-path': {
      message: 'リクエストに現れないパスです: {found}。',
      fix: '「/」で始め、「//」、ドット区間、エンコード文字、「?」「*」なしで書いてください。「/」で終わると前方一致です。',
    },
    'bad-pattern': {
      message: '線形時間エンジンで実行できないパターンです: {found}。',
      fix: 're: に続けて、パス全体に一致し「/」で始まる RE2 の式を書いてください。',
    },
    'bad-auth': {
      message: 'サインインの方法ではありません: {found}。{hint}',
      fix: 'bypass、deny、または id に otp、pin、pw、sms をつなげてください: id+otp、id+otp+pin、id+pw+otp。',
    },
    'bad-method': {
      message: 'ルートに使えないメソッドです: {found}。',
      fix: '大文字で書いてください: GET、POST、PUT。CONNECT、TRACE、TRACK は受け付けません。',
    },
    'bad-upstream': {
      message: 'アップストリームではありません: {found}。',
      fix: 'http://host:port、https://host:port、unix:/パス のいずれかをユーザーや後に続くものなしで書くか、upstreams の名前を書いてください。',
    },
    'bad-hours': {
      message: '一日の時間帯ではありません: {found}。',
      fix: '引用符で囲んで "08:00-19:30" のように書いてください。終わりは始まりより後で、24:00 まで使えます。',
    },
    'bad-timezone': {
      message: 'タイムゾーンではありません: {found}。',
      fix: 'Asia/Seoul のような IANA の名前を書いてください。',
    },
    'bad-date': { message: '日付ではありません: {found}。', fix: '2026-12-25 のように書いてください。' },
    'bad-rate': {
      message: '頻度ではありません: {found}。',
      fix: '毎秒、毎分、毎時の回数で書いてください: 20/s、600/m、5000/h。',
    },
    'out-of-range': { message: '{min} から {max} までの整数が必要です。書かれた値: {found}。' },
    'bad-name': {
      message: '名前ではありません: {found}。',
      fix: '英数字、「-」「_」「.」で 64 文字まで、英数字で始めてください。',
    },
    'bad-header': {
      message: '本人情報を載せられないヘッダーです: {found}。',
      fix: '英数字、ハイフン、下線だけを使い、メッセージの枠組み、経路、認証に使うヘッダーは避けてください。',
    },
    'bad-template': {
      message: 'テンプレートではありません: {found}。',
      fix: '文字と波括弧の変数で書いてください: "{user.login}"。',
    },
    'unknown-variable': { message: '変数「{found}」はありません。{hint}' },
    'bad-secret': {
      message: '秘密の値は保管場所で書きます。',
      fix: '{ file: PATH } か { env: NAME } と書いてください。',
    },
    'literal-secret': {
      message: '秘密の値を設定ファイルに直接書けません。',
      fix: '権限 0600 のファイルに入れて { file: PATH }、または { env: NAME } と書いてください。',
    },
    'bad-text': {
      message: '案内文に使えません: {found}。',
      fix: '文章一つ、または ko、en、ja のマッピングで、{max} 文字まで、制御文字なしで書いてください。',
    },
    'bad-colour': { message: '色ではありません: {found}。', fix: '引用符で囲んで "#1B4FD8" のように書いてください。' },
    'bad-pin-length': {
      message: 'PIN の長さではありません: {found}。',
      fix: '4 から 16 の間で最短と最長を書いてください: 4-8。',
    },
    'not-in-this-version': { message: 'このバージョンでは使えません: {key} = {found}。', fix: '取り除いてください。' },
    'unknown-version': {
      message: 'このプログラムは設定のバージョン 1 を読みます。書かれた値: {found}。',
      fix: 'こう書いてください: version: 1',
    },
    'empty-list': { message: '空のリストです。', fix: 'キーを消すか、一つ以上書いてください。' },
    'bad-url': { message: 'ここでは使えない URL です: {found}。', fix: 'こう書いてください: {hint}。' },
    'bad-login': { message: 'ログイン ID ではありません: {found}。' },
    'bad-storage': {
      message: '保存先ではありません: {found}。',
      fix: 'sqlite: に続けてパスを書いてください: sqlite:data/sumun.db',
    },
    'bad-moment': {
      message: '日時ではありません: {found}。',
      fix: '引用符で囲んで日付、時刻、タイムゾーンを書いてください: "2026-11-23T10:00+09:00"。',
    },
    'bad-test-url': {
      message: '試験する URL ではありません: {found}。',
      fix: 'URL 全体を書いてください: https://hr.corp.example/salary/',
    },
    'bad-expectation': {
      message: '結果として使えません: {found}。',
      fix: 'allow、deny、redirect、respond、404、421、400、"need pw+otp" から書いてください。',
    },
    'yaml-directive': {
      message: 'YAML ディレクティブ(%)は使えません。',
      fix: 'その行を消してください。YAML 1.2 として読みます。',
    },
    'bad-prefix': {
      message: 'パスの接頭辞ではありません: {found}。',
      fix: '「/」で始まり「/」で終わらないように書いてください: /app',
    },
    'unknown-name': { message: '{section} に「{found}」はありません。{hint}' },
    'duplicate-name': {
      message: '{line} 行目のルートの名前がすでに「{found}」です。',
      fix: 'ログとアサーションに使うため、名前は別々にしてください。',
    },
    'unreachable-route': {
      message: 'ルート「{found}」には決して到達しません。{line} 行目の「{other}」が先に一致します。',
      fix: '狭いルートを広いルートの上に移してください。',
    },
    'unreachable-step-up': { message: 'この追加認証は適用されません。ルートにこのメソッドとパスがありません。' },
    'one-action': { message: 'ルートには to、redirect、respond のどれか一つだけが必要です。書かれた値: {found}。' },
    'allow-without-sign-in': {
      message: '「{found}」は誰であるかを問いますが、このルートはサインインを求めません。',
      fix: 'サインインする auth を選ぶか、networks と schedules だけで制限してください。',
    },
    'tolerate-beside-open': {
      message: 'ここでは tolerate を使えません。{line} 行目の「{other}」が重なるパスをサインインなしで開いています。',
      fix: 'ホストかパスで二つを分けるか、tolerate を消してください。',
    },
    'demo-not-loopback': {
      message: 'demo: true はループバックだけで使えます。{found} はループバックではありません。',
      fix: '127.0.0.1 で待ち受けるか、demo を消してください。',
    },
    'trusts-everyone': {
      message: '{found} を信頼すると、すべてのクライアントのヘッダーを信じることになります。',
      fix: '前段プロキシのアドレスだけを書いてください。',
    },
    'step-up-adds-nothing': {
      message: 'この追加認証は、ルートがすでに求めるもの以外を求めません。',
      fix: '要素か max_age を加えてください。',
    },
    'secret-missing': { message: 'ファイルがありません: {found}。' },
    'secret-empty': { message: '秘密の値が空です: {found}。' },
    'secret-unreadable': {
      message: 'ファイルを読めません: {found}。',
      fix: 'サーバーを実行するユーザーの所有、権限 0600 にしてください。',
    },
    'secret-variable-missing': { message: '環境変数がありません: {found}。' },
    'bad-logo': {
      message: 'ロゴを使えません: {found}({hint})。',
      fix: '8 KiB 以下の PNG、JPEG、またはスクリプトのない SVG を使ってください。',
    },
    'weak-contrast': {
      message: '{found} の上の白い文字のコントラストは {ratio}:1 です。4.5:1 以上が必要です。',
      fix: '最も近い合格色: "{hint}"。',
    },
    'reserved-path': { message: '{found} へのリクエストはルートに届きません。ゲートウェイが自ら応答します。' },
    'header-twice': { message: 'このプロファイルにヘッダー「{found}」が二度あります。' },
    'allows-everyone': {
      message: 'この allow には誰もいません。空のリストでは全員が通ります。',
      fix: 'リストを埋めるか、allow を消すか、auth: deny と書いてください。',
    },
    'test-method': {
      message: '試験にはメソッドと URL が一つだけ必要です。書かれた値: {found}。',
      fix: 'get: URL、post: URL のように書いてください。',
    },
    'forward-auth-nowhere': {
      message: 'ルート「{found}」はほかのプロキシが問い合わせるものですが、問い合わせ先のアドレスがありません。',
      fix: 'forward_auth.listen にアドレスを書いてください。',
    },
    'action-without-upstream': { message: '転送しないルートでは「{found}」に意味がありません。' },
    'step-up-without-sign-in': {
      message: '追加認証はサインインするルートにだけ置けます。',
      fix: 'ルートを二つに分け、厳しい方を上に置いてください。',
    },
    'same-address': { message: '{found} で二度待ち受けようとしています。' },
    'mistyped-profile': { message: 'プロファイル「{found}」はどこでも使われていません。{hint}' },
    'secret-file-open': {
      message: '他のユーザーが読めるファイルです: {found}(権限 {mode})。',
      fix: 'chmod 600 {found}',
    },
    'weak-lockout': { message: 'ロックまでに {found} 回まちがえられます。10 回を超えると推測する側が有利です。' },
    'long-session': {
      message: 'サインインが一日を超えて続きます。',
      fix: 'NIST SP 800-63B は 12〜24 時間ごとの再サインインを求めています。',
    },
    'wide-window': {
      message: '窓が {found} だと一度に {codes} 個のコードを受け付けます。',
      fix: '前後一つで十分です。時計のずれは学習します。',
    },
    'not-expanded': {
      message: '{found} は置き換えられず、書かれたまま使われます。',
      fix: '秘密の値は { env: NAME } と書いてください。ほかに環境変数は読みません。',
    },
    'idle-beyond-max': { message: 'idle が max より長いため効きません。' },
    'no-routes': { message: 'ルートがないため、すべてのリクエストを拒否します。' },
    'in-maintenance': {
      message: 'ルート「{found}」はメンテナンスのため閉じています。だれが開いても 503 になります。',
      fix: '終わったら maintenance を消してください。',
    },
    'report-only': {
      message: 'ルート「{found}」は記録だけします。サインインした人は全員通ります。',
      fix: '確認できたら enforce: full にしてください。',
    },
    'no-master-key': { message: 'マスターキーがまだありません: {found}。', fix: 'sumun init で作ってください。' },
    'public-health': {
      message: '{found} がすべてのアドレスに開いています。',
      fix: '127.0.0.1 で待ち受けるか、console.networks に相手を書いてください。',
    },
    'name-unused': { message: '{section} の「{found}」はどこでも使われていません。' },
  },
  phrases: {
    'did-you-mean': '「{found}」ではありませんか。',
    'known-are': '使えるもの: {found}。',
    'a-text': '文字列',
    'a-number': '整数',
    'a-boolean': 'true か false',
    'a-mapping': 'マッピング(キー: 値)',
    'a-list': 'リスト',
    'a-quoted-text': '文字列(引用符で囲んでください)',
    'another-name': '別の名前',
    nothing: 'なし',
    summary: 'エラー {errors} · 警告 {warnings}',
    'all-good': '{file}: 指摘なし',
  },
};
