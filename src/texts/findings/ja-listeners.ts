import type { FindingName, FindingText } from './catalogue.ts';

/** Findings about listeners, certificates and the portal in Japanese. */
export const jaListeners = {
  'bad-workers': {
    message: 'プロセス数ではありません: {found}。',
    fix: '1 から 64 までの数か auto と書いてください。',
  },
  'bad-certificate': {
    message: 'PEM 形式の証明書ではありません: {found}。',
    fix: '-----BEGIN CERTIFICATE----- で始め、サーバー証明書の後に中間証明書を並べてください。',
  },
  'bad-private-key': {
    message: 'PEM 形式の秘密鍵ではないか、パスフレーズが掛かっています。',
    fix: 'パスフレーズを外し、権限 0600 で守ってください: openssl pkey -in KEY -out NEW',
  },
  'key-mismatch': {
    message: '鍵が証明書 {found} と対になっていません。',
    fix: 'この証明書を作った鍵を書いてください。チェーンではサーバー証明書が先頭です。',
  },
  'certificate-refused': {
    message: 'TLS で使えない証明書です: {found}({hint})。',
    fix: 'ECDSA か 2048 ビット以上の RSA の鍵、SHA-256 の署名で発行し直してください。',
  },
  'certificate-expired': {
    message: '証明書 {found} の有効期限は {day} まででした。',
    fix: '新しい証明書に替えてください。',
  },
  'certificate-early': {
    message: '証明書 {found} は {day} から有効です。',
    fix: 'このマシンの時計を確かめるか、その日まで待ってください。',
  },
  'proxy-protocol-from-nobody': {
    message: 'server.trusted_proxies が空なので、proxy_protocol: {found} ではすべての接続が拒否されます。',
    fix: 'ロードバランサーのアドレスを server.trusted_proxies に書いてください。',
  },
  'redirect-without-tls': {
    message: 'server.tls がないため、転送先の https がありません。',
    fix: 'server.tls を書くか、redirect_from を消してください。',
  },
  'portal-not-https': {
    message: '待ち受けは TLS なのに {found} は http です。誰もポータルに入れません。',
    fix: 'https と書いてください。',
  },
  'strict-across-hosts': {
    message:
      'same_site: strict では {found} から戻ったブラウザーがセッションCookieを送らないため、ログインが終わりません。',
    fix: 'lax と書いてください。複数ホストのシングルサインオンには lax が必要です。',
  },
  'certificate-ends': {
    message: '証明書 {found} はあと {days} 日で切れます。',
    fix: '二つのファイルを差し替えてください。自動で読み直します。',
  },
  'certificate-nameless': {
    message: '証明書 {found} にホスト名がなく、どのブラウザーも拒否します。',
    fix: 'サブジェクト代替名(SAN)にホストを入れて発行し直してください。',
  },
  'host-without-certificate': {
    message: '{found} を名乗る証明書がなく、ブラウザーが警告します。',
    fix: 'server.tls にこのホストの証明書を加えてください。',
  },
  'portal-in-clear': {
    message: '{found} では暗号化なしでサインインします。途中でセッションを奪われるおそれがあります。',
    fix: 'https と書き、server.tls か、TLS を終端する前段のプロキシを使ってください。',
  },
  'https-from-nowhere': {
    message: '{found} の https を受け持つものがありません。server.tls も、信頼する前段のプロキシもありません。',
    fix: 'server.tls を書くか、TLS を終端するプロキシを server.trusted_proxies に書いてください。',
  },
} as const satisfies Partial<Record<FindingName, FindingText>>;
