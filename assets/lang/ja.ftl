# 日本語。元は en.ftl。用語は macOS（アクティビティモニタ、Finder、システム設定）に合わせる。

## In many places

cancel = キャンセル
close = 閉じる
pause = 一時停止
paused = 一時停止中
resume = 再開
settings = 設定
details = 詳細
unattributed = 不明なプロセス
unattributed-inline = 不明なプロセス
ended = 終了
down = 受信
up = 送信
ago = { $age } 前
reveal-finder = Finderに表示
reveal-files = ファイルマネージャに表示
quit-process = プロセスを終了…
quit-process-now = プロセスを終了
start-live-capture = キャプチャを開始
reset-counts = カウントをリセット

## The three tables

view-processes = プロセス
view-connections = 接続
view-domains = ドメイン
shown-processes = { $all }個中{ $shown }個のプロセス
shown-connections = { $all }件中{ $shown }件の接続
shown-domains = { $all }個中{ $shown }個のドメイン
hidden-loopback = { $shown }（このコンピュータ内の{ $count }件は非表示）
hidden-local = { $shown }（ローカルの{ $count }件は非表示）

## Counts

count-connections = { $count }件の接続
count-segments = { $count }セグメント
count-probes = { $count }回
count-times = { $count }回
bytes-in-packets = { $bytes }、{ $count }パケット

## What the capture is doing, in a word or three

state-starting = 開始中
state-live = キャプチャ中
state-sockets = ソケットのみ
state-sample = サンプル記録
state-playing = 再生中 { $played }
state-playing-of = 再生中 { $played } / { $length }
state-ended = 記録の終わり
state-gone = キャプチャ停止

## The toolbar and the line below the tables

total-of-way = { $way }: 合計 { $bytes }
details-hide = 詳細を隠す
filter = フィルタ
filter-clear = フィルタを消去
strip-chart = 直近2分間のトラフィック、ピーク { $peak }
order-held = ポインタが行の上にある間は並び順を保持
packets-dropped = { $count }パケット損失
none-dropped = 損失 0
status-unattributed = 不明 { $bytes }
status-loopback = ループバック { $bytes }

## Settings

appearance = 外観モード
appearance-system = システム
appearance-light = ライト
appearance-dark = ダーク
language = 言語
language-system = システム（{ $language }）
language-no-font = この言語の文字を含むフォントがないため、Crowは英語で表示しています。Noto Sans CJKに含まれています。
local-proxy = ローカルプロキシ
proxy-ask = 接続を問い合わせる（Clash API）
proxy-ask-hint = mihomoやsing-boxなどは、接続がどのサーバから出るかを教えます。Crowはこのコンピュータ内でのみ、1秒に1回問い合わせます。
proxy-controller = アドレス
proxy-secret = シークレット
proxy-bad-address = このコンピュータのアドレスが必要です（例：127.0.0.1:9090）
rate-window = 速度の平均時間
rate-unit = 速度の単位
rate-unit-bytes = バイト
rate-unit-bits = ビット
prefixes = 単位の換算
menu-bar = メニューバー
menu-bar-two-lines = 2行
menu-bar-one-line = 1行
menu-bar-icon = アイコン
reverse-dns = アドレスの名前を問い合わせる（逆引きDNS）
reverse-dns-hint = どのアドレスと通信しているかがネームサーバに伝わります
columns-hint = 列の見出しを右クリックして選び、ドラッグして移動します
login = ログイン
open-at-login = ログイン時に開く
login-needs-approval = 「システム設定」>「一般」>「ログイン項目」でCrowを許可してください
scope = 一覧に表示する接続とドメイン
scope-everything = すべて
scope-network = ループバック以外
scope-internet = インターネットのみ
counts = カウント
reset-totals = すべての合計を0に戻す
restore-defaults = デフォルトに戻す
restore-defaults-hint = 列、幅、並び順も戻します

## Columns of all tables

column-process = プロセス
column-process-hint = プログラム。行を開くと接続が表示されます
column-app = アプリ
column-app-hint = プロセスが属するアプリ
column-pid = PID
column-pid-hint = プロセスID
column-user = ユーザ
column-user-hint = プロセスを実行しているユーザ
column-down = 受信/秒
column-down-hint = 1秒あたりの受信バイト数
column-up = 送信/秒
column-up-hint = 1秒あたりの送信バイト数
column-downloaded = 受信量
column-downloaded-hint = Crowの起動またはリセット以降の受信バイト数
column-uploaded = 送信量
column-uploaded-hint = Crowの起動またはリセット以降の送信バイト数
column-connections = 接続数
column-connections-hint = 開いている接続
column-age = 経過
column-age-hint = 最初のパケットからの時間
column-quiet = 最終パケット
column-quiet-hint = 最後のパケットからの経過時間
column-program = プログラム
column-program-hint = プログラムのファイル
column-activity = アクティビティ
column-activity-hint = 直近1分間: 青は受信、オレンジは送信

## Columns of connections

column-host = リモートホスト
column-host-hint = 通信相手: Crowが名前を見つけた場合は名前、それ以外はアドレス
column-owner-hint = 接続が属するプロセス
column-service = サービス
column-service-hint = サービス。不明な場合はプロトコルとポート
column-route = 経路
column-route-hint = このコンピュータからの出方: 直接、または表示されたプロキシやトンネル経由
column-state = 状態
column-state-hint = TCP接続の状態
column-received-hint = 受信バイト数の合計
column-sent-hint = 送信バイト数の合計
column-rtt = RTT
column-rtt-hint = 往復時間: 応答にかかる時間
column-retransmits = 再送
column-retransmits-hint = 再送が必要だったTCPセグメント（両方向）
column-packets = パケット
column-packets-hint = 送受信したパケット
column-address = リモートアドレス
column-address-hint = 相手側のアドレスとポート
column-local = ローカルアドレス
column-local-hint = こちら側のアドレスとポート
column-interface = インターフェイス
column-interface-hint = ネットワークインターフェイス
column-via = 経由PID
column-via-hint = 代わりに通信しているプロセス（別のプロセスの場合）
column-protocol = プロトコル
column-protocol-hint = IPプロトコル
column-domain-of-hint = リモートホストの登録可能なドメイン
column-half-minute-hint = 直近30秒間: 青は受信、オレンジは送信

## Columns of domains

column-domain = ドメイン
column-domain-hint = 登録可能なドメイン。行を開くとホスト、ホストを開くと接続が表示されます
column-hosts = ホスト
column-hosts-hint = このドメインで見つかったホスト名
column-processes = プロセス
column-processes-hint = このドメインと通信しているプロセス

## The heads of the columns and their menu

sorted-descending = { $column }、降順
sorted-ascending = { $column }、昇順
not-sorted = { $column }、並べ替えなし
columns = 列
restore-columns = 列を元に戻す

## The menu of a row

copy-name = 名前をコピー
copy-path = パスをコピー
copy-address = アドレスをコピー
copy-host = ホストをコピー
copy-hosts = ホストをすべてコピー
copy-domain = ドメインをコピー
copy-row = 行をコピー
copy-json = JSONとしてコピー
filter-by = “{ $name }”でフィルタ

## Rows as sentences, for people who listen

row-process = { $name }、受信 { $down }、送信 { $up }、{ $connections }
row-process-ended = { $name }、終了、受信 { $down }、送信 { $up }、{ $connections }
row-host = { $name }、ホスト、受信 { $down }、送信 { $up }、{ $connections }
row-connection = { $name }、{ $service }、{ $owner }、受信 { $down }、送信 { $up }
row-connection-state = { $name }、{ $service }、{ $owner }、{ $state }、受信 { $down }、送信 { $up }

## What a cell says to a pointer that rests on it

hint-unattributed = Crowがプロセスを特定できなかったトラフィック。
hint-still-shown = 現在表示されている接続での値。
hint-nameless = このアドレスの名前は平文では見つかっていません。
hint-named-by = 名前の出典: { $source }。
hint-route = { $route }: { $sentence }。
hint-route-meaning = { $meaning }。
hint-service = { $protocol }上の{ $service }

## Behind a name: what it is, in a word

chip-relay = リレー
chip-proxy = プロキシ
chip-reverse = 逆引きDNS
chip-this-machine = このコンピュータ
chip-multicast = マルチキャスト
chip-broadcast = ブロードキャスト
chip-local-network = ローカルネットワーク
chip-no-name = 名前なし

## What a name may hide

note-ech = プログラムが本当の名前を隠しています（Encrypted Client Hello）。これは別の名前の隠れみのかもしれません。
note-encrypted-dns = 暗号化されたDNS{ $operator }: プログラムがここで問い合わせる名前は見えません。
note-relay = iCloudプライベートリレー{ $operator }: その先でプログラムが通信する相手は見えません。

## How a name was learned, as the end of a sentence

source-tls = プログラムがTLSで要求したサーバ名
source-quic = プログラムがQUICで要求したサーバ名
source-http = プログラムのHTTPリクエストのHostヘッダ
source-connect = プログラムからプロキシへのCONNECTリクエスト
source-socks = プログラムからSOCKSプロキシへのリクエスト
source-proxy = ローカルプロキシ自身（APIによる）
source-dns = 同じプロセスが受け取ったDNS応答
source-dns-other = 別のプロセスが受け取ったDNS応答（可能性は高いが確実ではない）
source-mdns = ローカルネットワークの機器が名乗る名前（mDNS）
source-fake-ip = 名前に対してこのアドレスを割り当てたローカルプロキシ
source-ptr = DNSの逆引き（アドレスの所有者が付けた名前）

## Routes

route-direct = 直接
route-proxied = プロキシ経由
route-tunnelled = トンネル経由
route-upstream = プロキシの先
route-carrier = トンネル本体
route-local = ローカル
route-direct-hint = このコンピュータから見えるかぎり、相手へ直接
route-proxied-hint = 中継するプロキシへ。要求したアプリとホストの分として計上
route-tunnelled-hint = VPNなどのトンネルの中。アプリの分として計上
route-upstream-hint = このコンピュータのプロキシが利用者のために運ぶ通信。利用者の分として計上
route-carrier-hint = トンネルの外側のパケット。内側でアプリの分として計上
route-local-hint = このコンピュータから自分自身へ
proxies-by-script = プロキシはスクリプトで選択
proxies-by-script-hint = システム設定では、プロキシの選択がスクリプト（PAC）に任されています: { $script }。Crowはそれを取得しません。接続がプロキシへ向かうかどうかは、プログラムがそこへ送るリクエストで分かります。
way-direct = 相手へ直接
way-local = このコンピュータの中
way-proxied = 中継するプロキシ{ $via }へ
way-some-proxy = 中継するプロキシへ
way-tunnelled = トンネル{ $via }の中
way-some-tunnel = トンネルの中
way-upstream = { $via }が利用者のために運ぶ通信
way-some-upstream = プロキシが利用者のために運ぶ通信
way-carrier = トンネル{ $via }を運ぶ通信
way-some-carrier = トンネルを運ぶ通信
overhead = 内側 { $inner }、外側 { $outer }
overhead-more = 内側 { $inner }、外側 { $outer }: { $percent } % 増

## The details of a row

details-close = 詳細を閉じる
details-select = 行を選択すると、わかっていることがすべて表示されます。
service-of = { $owner }の{ $service }
first-seen = 最初の検出: { $age } 前
host-of = { $domain }のホスト
talks-to = 通信相手
used-by = 使用元
nobody = 今はなし
and-more = ほか{ $count }件
fact-what = 内容
fact-what-unattributed = Crowがプロセスを特定できなかったトラフィック
fact-parent = 親プロセス
fact-user = ユーザ
fact-app = アプリ
fact-program = プログラム
fact-bundle = バンドルID
fact-signed-by = 署名者
signed-nobody = 署名なし
signed-broken = 署名後に変更されています
signed-ad-hoc = 名前のない署名 (ad hoc)
signed-unvouched = { $name }（Appleによる保証なし）
signed-team = { $name }、チーム{ $team }
fact-names = 名前
names-only = Crowが見たかぎり、暗号化されたDNS{ $operator }でのみ問い合わせ
names-also = Crowが見たかぎり、暗号化されたDNS{ $operator }でも問い合わせ
names-for-others-in-clear = Crowが見たかぎり、ほかのプログラムに代わって問い合わせ
names-for-others = Crowが見たかぎり、ほかのプログラムに代わって、暗号化されたDNS{ $operator }で問い合わせ
fact-started = 開始
fact-first-packet = 最初の通信
fact-last-packet = 最後の通信
fact-received = 受信
fact-sent = 送信
fact-remote = リモート
fact-local = ローカル
fact-name-from = 名前の出典
name-from = { $source }、{ $age } 前
fact-note = 注記
fact-domain = ドメイン
fact-process = プロセス
fact-through = 経由
through-process = プロセス { $pid }
fact-route = 経路
fact-leaves-by = 経由先
fact-overhead = 増加分
fact-protocol = プロトコル
fact-interface = インターフェイス
fact-state = 状態
fact-round-trip = 往復時間
fact-sent-again = 再送
fact-keep-alives = キープアライブ
fact-woke = Macの復帰
fact-counted = 計上先
counted-elsewhere = 別の場所（運んでいる通信の分）
counted-still-shown = 現在表示されている接続での値
fact-open = 使用中
fact-hosts = ホスト

## The chart of the details

chart-minute = 直近1分間
chart-minutes = 直近{ $count }分間
chart-all-of = { $caption }、{ $domain }全体
chart-name-minute = 直近1分間のトラフィック。ピーク: 受信 { $down }、送信 { $up }
chart-name-minutes = 直近{ $count }分間のトラフィック。ピーク: 受信 { $down }、送信 { $up }
chart-down-peak = 受信、ピーク { $peak }
chart-up-peak = 送信、ピーク { $peak }
chart-now = 現在
chart-hint-seconds = 1秒ごと。少ない通信も見えるように、高さは平方根です。
chart-hint-tens = 直近1分より前は10秒ごとの平均。少ない通信も見えるように、高さは平方根です。

## Ending a process

ending-question = { $name }を終了しますか？
ending-words = プロセス { $pid } に終了を求めます。保存していない内容は失われることがあります。
ending-ignored = { $name }が終了しません
ending-ignored-quiet = 保存中か、応答していない可能性があります。強制終了すると、保存していない内容は失われます。
force-quit = 強制終了

## The sheet of keys

keys = キー操作
key-any-letter = 文字キー
key-unfold = Enter、→ ←
key-details = スペース、{ $key }
key-views = Tab、{ $first }〜{ $last }
does-type = すぐにフィルタ。Escで消去
does-filter = フィルタに移動
does-move = 選択を移動
does-unfold = 行を開く・閉じる
does-details = 行の詳細を表示
does-menu = 行のメニューを開く
does-copy = 行をコピー
does-views = 次の表示。プロセス、接続、ドメイン
does-controls = ボタンと列の見出しに移動。Escで戻る
does-sort = 通信量、接続数、PID、名前の順に並べ替えを切り替え
does-pause = 一時停止と再開
does-settings = 設定を開く
does-hide = ウインドウを閉じる（Crowは動作を続けます）
does-quit = Crowを終了
does-keys = この一覧を表示

## A recording that plays

play-recording = 記録を再生
pause-recording = 記録を一時停止
one-second-on = 1秒進む
speed-max = 最速
position = 位置（秒）

## Banners

dismiss = 閉じる
banner-fault = キャプチャに問題があります
banner-limit = 上限に達しました
banner-dropped = パケットの取りこぼしがありました
banner-dropped-quiet = コンピュータの負荷が高すぎたため、数値は実際より少し小さくなっています。
banner-notice = 実行できませんでした
banner-filter = このフィルタは解釈できません
banner-paused-quiet = 表示は止まっていますが、カウントは続いています。
banner-sockets = Crowに見えるのは開いているTCP接続だけです
banner-sample = これはサンプル記録で、お使いのネットワークではありません
banner-gone = キャプチャが停止しました
start-again = もう一度開始
banner-ended = 記録の再生が終わりました
banner-ended-quiet = 含まれるすべてのパケットが下に計上されています。
play-again = もう一度再生

## What is wrong with a filter

filter-no-value = `{ $key }:` の後に値が必要です（例: `{ $key }:{ $example }`）
filter-not-a-number = `{ $key }:` には数値が必要です。`{ $value }` は使えません
filter-unknown-state = `{ $value }` というTCPの状態はありません。`state:established` や `state:closed` を試してください
filter-unknown-route = `{ $value }` という経路はありません。`route:proxied`、`route:tunnelled`、`route:direct` を試してください
filter-open-quote = 引用符が閉じられていません

## Empty tables

empty-no-match = “{ $filter }”に一致するものはありません
empty-no-match-quiet = 語を減らすか、別の語を試してください。
empty-clear = 消去
empty-local = ローカルのトラフィックのみ: { $count }行
empty-local-quiet = 設定により、このコンピュータやローカルネットワーク内の通信は表示されません。
empty-local-show = 表示
empty-starting = キャプチャを開始しています
empty-starting-quiet = 先にシステムが許可を求めることがあります。
empty-gone = キャプチャ停止
start-capture = キャプチャを開始
empty-none = まだトラフィックはありません
empty-none-quiet = 送受信を始めたアプリがここに表示されます。

## The item in the menu bar or tray

tray-starting = 開始中…
tray-open = Crowを開く
tray-settings = 設定…
tray-quit = Crowを終了
tray-total = 合計 ↓ { $down }  ↑ { $up }
tray-sockets = キャプチャなし: 短い接続は表示されません
tray-sample = サンプル記録（お使いのネットワークではありません）
tray-recording = 記録 { $subject }
tray-ended = 記録 { $subject } の終わり
tray-gone = キャプチャ停止: { $why }

## What the rest of Crow says in English

said-all-interfaces = すべてのインターフェイス
said-built-in-sample = 内蔵サンプル
said-not-asked = 許可すると、名前、UDP、ごく短い接続も表示されます
said-dismissed = キャプチャが許可されませんでした。「キャプチャを開始」を押すともう一度確認されます
said-asking = キャプチャの許可を待っています
said-not-allowed = キャプチャの許可が拒否されました: { $reason }
said-no-way = Crowにはキャプチャに必要な権限がありません。sudoで起動するか、次を一度実行してください: { $command }
said-missing-helper = キャプチャ用ヘルパーが{ $path }にありません。Crowを再インストールしてください
said-translocated = ダウンロード後に移動されていないため、macOSはCrowを一時フォルダから実行しています。Crowを「アプリケーション」フォルダにドラッグして、そこから開いてください
said-odd-path = パス{ $path }にmacOSが受け渡せない文字があります。Crowを「アプリケーション」フォルダに移動してください
said-tampered = キャプチャ用ヘルパーが変更されていたため、起動しませんでした。Crowを再インストールしてください
said-bad-signature = キャプチャ用ヘルパーにCrowの開発元の署名がないため、起動しませんでした。Crowを再インストールしてください
said-timed-out = キャプチャ用ヘルパーが{ $seconds }秒以内に応答しませんでした。もう一度試してください
said-start-failed = キャプチャ用ヘルパーの起動に失敗しました（{ $step }）: { $reason }
said-not-started = キャプチャ用ヘルパーを起動できませんでした。もう一度試してください
said-helper-ended = キャプチャ用ヘルパーが終了しました。キャプチャをもう一度開始してください
said-capture-ended = キャプチャが終了しました: { $reason }
said-pipe-failed = キャプチャ用ヘルパーとの通信に失敗しました: { $reason }
said-no-permission = このプロセスはパケットをキャプチャできません（{ $reason }）。ヘルパーをrootで起動してください
said-not-opened = キャプチャを開けませんでした: { $reason }
said-broke-off = キャプチャが中断しました: { $reason }
said-os-refused = システムが{ $call }を拒否しました（{ $reason }）。これがないと、どのプロセスのものか判別できません
said-no-events = ごく短い接続はアプリ不明のままになることがあります、システムが{ $call }を拒否したためです（{ $reason }）
said-payload-tcp = TCPのペイロードのみ、カーネルがヘッダとUDPをソケットごとに数えないためです
said-payload-tcp-own = TCPのペイロードのみ、カーネルがヘッダとUDPをソケットごとに数えず、ほかのユーザのソケットの持ち主も教えないためです
said-payload = ペイロードのみ、カーネルがヘッダをソケットごとに数えないためです
said-own-sockets = 自分のソケットのみ、このシステムはほかのユーザのものを一覧に出さないためです。ヘッダを除くペイロード
said-own-connections = 自分の接続のみ（カウントなし）、このシステムがソケットを一覧に出さないためです
said-unsearched = 一度に多く届いたため、{ $lost }件のUDPメッセージはカウントのみで、名前は調べていません
said-unasked = 一度に多く開かれたため、{ $lost }件の新しい接続はプロセス不明のままです
said-closed-limit = 接続が262144件を超えました（MAX_CONNECTIONS）。先に閉じたものは一覧に出ませんが、合計には含まれています。
said-open-limit = 同時に開いている接続が262144件を超えました（MAX_CONNECTIONS）。以降のものは一覧にも合計にも含まれません。
said-process-limit = プロセスが65536個を超えました（MAX_PROCESSES）。以降の通信は「不明なプロセス」に入ります。
said-domain-limit = ドメインが266240個を超えました（MAX_DOMAINS）。最も長く通信のないものは一覧に出ません。
said-domain-names-limit = 1つのドメインのホストまたはプロセスが256個を超えました（MAX_DOMAIN_NAMES）。残りはカウントのみで、名前は出ません。
said-gone-names-limit = ドメインの下のホストとプロセスが16384個を超えました（MAX_GONE_NAMES）。接続のないものの名前は出なくなります。
said-names-limit = DNS応答が65536件を超えました（MAX_NAMES）。古いものから忘れられます。
said-finders-limit = 開始直後の接続が4096件を超えました（MAX_FINDERS）。古いものが要求する名前は読み取られません。
said-truncated = 記録はパケット{ $count }の後で途切れています。それより前はすべて読み込みました
said-corrupt = 記録はパケット{ $count }の後で壊れています（{ $reason }）。それより前はすべて読み込みました
said-unread = 記録はパケット{ $count }より先を読み込めませんでした: { $reason }
said-not-ended = { $name }を終了できませんでした: { $reason }。
said-ended-already = すでに終了しています
said-other-process = その番号は今は別のプロセスのものなので、何もしませんでした
said-not-yours = 別のユーザのものです。そのユーザの権限で終了してください
said-end-refused = システムが拒否しました（{ $reason }）。システムのツールで終了してください
said-not-there = { $path }はもうないか、Crowがそのフォルダを参照できません。
said-no-manager = { $path }を表示できるファイルマネージャがありません（{ $reason }）。
said-slow = システムの応答が遅れています。少し待ってからもう一度試してください。
said-broken-settings = 設定を読み込めなかったため（{ $reason }）、デフォルトを使います。元のファイルは{ $path }に残してあります
said-newer-settings = 設定が新しいCrow（バージョン{ $version }）のものなので、デフォルトを使います。新しいファイルは{ $path }に残してあります
said-unread-settings = { $path }の設定を読み込めなかったため、デフォルトを使います: { $reason }
said-unsaved-settings = 設定を{ $path }に保存できませんでした: { $reason }。終了するまで有効です
said-no-login-place = ここではCrowをログイン時に開けません: { $reason }
said-autostart = 自動起動フォルダにあるCrowのファイルを変更できませんでした: { $reason }
said-login-refused = macOSはCrowのログイン項目を変更しませんでした: { $reason }
said-proxy-address = プロキシのコントローラには、127.0.0.1:9090のような、このコンピュータのアドレスとポートが必要です
said-proxy-not-here = { $address }はこのコンピュータのアドレスではありません。Crowがプロキシに問い合わせるのは、127.0.0.1:9090のようなループバックアドレスだけです
said-proxy-secret = プロキシのシークレットに使えない文字があります。入力し直してください
said-proxy-silent = { $address }で応答するプロキシがありません（{ $reason }）。コントローラは有効ですか？アドレスは正しいですか？
said-proxy-refused = { $address }のプロキシは情報を返しません（HTTPステータス{ $status }）。シークレットは正しいですか？
said-proxy-stranger = { $address }で応答しているのはプロキシのコントローラではありません（{ $reason }）。アドレスは正しいですか？
said-answer-cut = 応答が途中で切れています
said-answer-long = 応答が長すぎます
said-answer-not-http = HTTPではありません
