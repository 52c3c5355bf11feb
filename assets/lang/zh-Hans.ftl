# 简体中文。源文件：en.ftl；用词与 macOS（活动监视器、访达、系统设置）一致。

## In many places

cancel = 取消
close = 关闭
pause = 暂停
paused = 已暂停
resume = 继续
settings = 设置
details = 详细信息
unattributed = 未知进程
unattributed-inline = 未知进程
ended = 已结束
down = 接收
up = 发送
ago = { $age } 前
reveal-finder = 在访达中显示
reveal-files = 在文件管理器中显示
quit-process = 退出进程…
quit-process-now = 退出进程
start-live-capture = 开始捕获
reset-counts = 计数归零

## The three tables

view-processes = 进程
view-connections = 连接
view-domains = 域名
shown-processes = { $shown }/{ $all } 个进程
shown-connections = { $shown }/{ $all } 个连接
shown-domains = { $shown }/{ $all } 个域名
hidden-loopback = { $shown }，已隐藏本机内 { $count } 个
hidden-local = { $shown }，已隐藏本地 { $count } 个

## Counts

count-connections = { $count } 个连接
count-segments = { $count } 个报文段
count-probes = { $count } 次
count-times = { $count } 次
bytes-in-packets = { $bytes }，{ $count } 个数据包

## What the capture is doing, in a word or three

state-starting = 正在启动
state-live = 正在捕获
state-sockets = 仅套接字
state-sample = 示例记录
state-playing = 正在播放 { $played }
state-playing-of = 正在播放 { $played } / { $length }
state-ended = 记录已结束
state-gone = 未在捕获

## The toolbar and the line below the tables

total-of-way = { $way }：共 { $bytes }
details-hide = 隐藏详细信息
filter = 筛选
filter-clear = 清除筛选
strip-chart = 最近两分钟的流量，峰值 { $peak }
order-held = 指针停在行上时顺序不变
packets-dropped = 丢失 { $count } 个数据包
none-dropped = 丢失 0
status-unattributed = 未知进程 { $bytes }
status-loopback = 回环 { $bytes }

## Settings

appearance = 外观
appearance-system = 系统
appearance-light = 浅色
appearance-dark = 深色
language = 语言
language-system = 系统（{ $language }）
language-no-font = 已安装的字体都没有这种语言的文字，因此 Crow 显示英文。Noto Sans CJK 有这些文字。
local-proxy = 本地代理
proxy-ask = 向其查询连接（Clash API）
proxy-ask-hint = mihomo、sing-box 等程序会说明连接从哪台服务器离开。Crow 每秒查询一次，且仅限本机。
proxy-controller = 地址
proxy-secret = 密钥
proxy-bad-address = 需要本机地址，例如 127.0.0.1:9090
rate-window = 速率平均时间
rate-unit = 速率单位
rate-unit-bytes = 字节
rate-unit-bits = 比特
prefixes = 单位进制
menu-bar = 菜单栏
menu-bar-two-lines = 两行
menu-bar-one-line = 一行
menu-bar-icon = 图标
reverse-dns = 查询地址的名称（反向 DNS）
reverse-dns-hint = 您的域名服务器会知道您与哪些地址通信
columns-hint = 右键点按列标题可选择列，拖移可移动
login = 登录
open-at-login = 登录时打开
login-needs-approval = 请在“系统设置”>“通用”>“登录项”中允许 Crow
scope = 列出的连接和域名
scope-everything = 全部
scope-network = 不含回环
scope-internet = 仅互联网
counts = 计数
reset-totals = 所有总数归零
restore-defaults = 恢复默认设置
restore-defaults-hint = 列、宽度和排序也会恢复

## Columns of all tables

column-process = 进程
column-process-hint = 程序；展开一行可查看其连接
column-app = App
column-app-hint = 进程所属的 App
column-pid = PID
column-pid-hint = 进程 ID
column-user = 用户
column-user-hint = 运行该进程的用户
column-down = 接收/秒
column-down-hint = 每秒接收的字节数
column-up = 发送/秒
column-up-hint = 每秒发送的字节数
column-downloaded = 已接收
column-downloaded-hint = 自 Crow 启动或归零以来接收的字节数
column-uploaded = 已发送
column-uploaded-hint = 自 Crow 启动或归零以来发送的字节数
column-connections = 连接数
column-connections-hint = 打开的连接
column-age = 时长
column-age-hint = 自第一个数据包以来的时间
column-quiet = 最近数据包
column-quiet-hint = 距最近一个数据包的时间
column-program = 程序
column-program-hint = 程序文件
column-activity = 活动
column-activity-hint = 最近一分钟：蓝色为接收，橙色为发送

## Columns of connections

column-host = 远程主机
column-host-hint = 对方：Crow 见到过名称则显示名称，否则显示地址
column-owner-hint = 连接所属的进程
column-service = 服务
column-service-hint = 服务；未知时显示协议和端口
column-route = 路径
column-route-hint = 离开本机的方式：直连，或经由所示的代理或隧道
column-state = 状态
column-state-hint = TCP 连接的状态
column-received-hint = 共接收的字节数
column-sent-hint = 共发送的字节数
column-rtt = RTT
column-rtt-hint = 往返时间：得到应答所需的时间
column-retransmits = 重传
column-retransmits-hint = 双向需要重传的 TCP 报文段
column-packets = 数据包
column-packets-hint = 接收和发送的数据包
column-address = 远程地址
column-address-hint = 对方的地址和端口
column-local = 本地地址
column-local-hint = 本机的地址和端口
column-interface = 接口
column-interface-hint = 网络接口
column-via = 经由 PID
column-via-hint = 代为通信的进程（如为其他进程）
column-protocol = 协议
column-protocol-hint = IP 协议
column-domain-of-hint = 远程主机的可注册域名
column-half-minute-hint = 最近半分钟：蓝色为接收，橙色为发送

## Columns of domains

column-domain = 域名
column-domain-hint = 可注册域名；展开一行可查看主机，展开主机可查看连接
column-hosts = 主机
column-hosts-hint = 该域名下见到的主机名
column-processes = 进程
column-processes-hint = 与其通信的进程

## The heads of the columns and their menu

sorted-descending = { $column }，降序
sorted-ascending = { $column }，升序
not-sorted = { $column }，未排序
columns = 列
restore-columns = 恢复列

## The menu of a row

copy-name = 拷贝名称
copy-path = 拷贝路径
copy-address = 拷贝地址
copy-host = 拷贝主机
copy-hosts = 拷贝所有主机
copy-domain = 拷贝域名
copy-row = 拷贝行
copy-json = 拷贝为 JSON
filter-by = 按“{ $name }”筛选

## Rows as sentences, for people who listen

row-process = { $name }，接收 { $down }，发送 { $up }，{ $connections }
row-process-ended = { $name }，已结束，接收 { $down }，发送 { $up }，{ $connections }
row-host = { $name }，主机，接收 { $down }，发送 { $up }，{ $connections }
row-connection = { $name }，{ $service }，{ $owner }，接收 { $down }，发送 { $up }
row-connection-state = { $name }，{ $service }，{ $owner }，{ $state }，接收 { $down }，发送 { $up }

## What a cell says to a pointer that rests on it

hint-unattributed = Crow 无法找到其进程的流量。
hint-still-shown = 仅计仍在显示的连接。
hint-nameless = 尚未以明文见到该地址的名称。
hint-named-by = 名称来源：{ $source }。
hint-route = { $route }：{ $sentence }。
hint-route-meaning = { $meaning }。
hint-service = { $protocol } 上的 { $service }

## Behind a name: what it is, in a word

chip-relay = 中继
chip-proxy = 代理
chip-reverse = 反向 DNS
chip-this-machine = 本机
chip-multicast = 多播
chip-broadcast = 广播
chip-local-network = 本地网络
chip-no-name = 无名称

## What a name may hide

note-ech = 程序隐藏了真实名称（Encrypted Client Hello）：此名称可能是另一名称的掩护。
note-encrypted-dns = 加密 DNS{ $operator }：看不到程序在此查询的名称。
note-relay = iCloud 专用代理{ $operator }：看不到程序在其后与谁通信。

## How a name was learned, as the end of a sentence

source-tls = 程序在 TLS 中请求的服务器名称
source-quic = 程序在 QUIC 中请求的服务器名称
source-http = 程序的 HTTP 请求的 Host 标头
source-connect = 程序发给代理的 CONNECT 请求
source-socks = 程序发给 SOCKS 代理的请求
source-proxy = 本地代理自身（通过其 API）
source-dns = 同一进程收到的 DNS 应答
source-dns-other = 另一进程收到的 DNS 应答：很可能，但不确定
source-mdns = 本地网络中的设备自称的名称（mDNS）
source-fake-ip = 本地代理，它为该名称编造了此地址
source-ptr = 反向 DNS：地址所有者对它的称呼

## Routes

route-direct = 直连
route-proxied = 经代理
route-tunnelled = 经隧道
route-upstream = 代理出口
route-carrier = 隧道承载
route-local = 本地
route-direct-hint = 就本机所见，直达对方
route-proxied-hint = 发往负责转发的代理；计入该 App 及其请求的主机
route-tunnelled-hint = 在 VPN 或其他隧道内；计入该 App
route-upstream-hint = 本机代理为其使用者传输的流量；计入使用者
route-carrier-hint = 隧道外层的数据包；在隧道内计入各 App
route-local-hint = 从本机到本机
proxies-by-script = 代理由脚本选择
proxies-by-script-hint = 系统设置把代理的选择交给脚本（PAC）：{ $script }。Crow 不会下载它。连接是否经过代理，要看程序在那里请求了什么。
way-direct = 直达对方
way-local = 不离开本机
way-proxied = 发往负责转发的代理 { $via }
way-some-proxy = 发往负责转发的代理
way-tunnelled = 在隧道 { $via } 内
way-some-tunnel = 在隧道内
way-upstream = { $via } 为其使用者传输
way-some-upstream = 代理为其使用者传输
way-carrier = 承载隧道 { $via }
way-some-carrier = 承载其所属的隧道
overhead = 内层 { $inner }，外层 { $outer }
overhead-more = 内层 { $inner }，外层 { $outer }：多 { $percent } %

## The details of a row

details-close = 关闭详细信息
details-select = 选择一行以查看其全部已知信息。
service-of = { $owner } 的 { $service }
first-seen = { $age } 前首次见到
host-of = { $domain } 的主机
talks-to = 通信对象
used-by = 使用者
nobody = 已无
and-more = 及其他 { $count } 个
fact-what = 内容
fact-what-unattributed = Crow 无法找到其进程的流量
fact-parent = 父进程
fact-user = 用户
fact-app = App
fact-program = 程序
fact-bundle = 套装 ID
fact-signed-by = 签名者
signed-nobody = 无签名
signed-broken = 签名后已被更改
signed-ad-hoc = 未署名（ad hoc）
signed-unvouched = { $name }（未经 Apple 认证）
signed-team = { $name }，团队 { $team }
fact-names = 名称
names-only = 就 Crow 所见，仅通过加密 DNS{ $operator }查询
names-also = 就 Crow 所见，也通过加密 DNS{ $operator }查询
names-for-others-in-clear = 就 Crow 所见，代其他程序查询
names-for-others = 就 Crow 所见，代其他程序通过加密 DNS{ $operator }查询
fact-started = 启动时间
fact-first-packet = 首个数据包
fact-last-packet = 末个数据包
fact-received = 已接收
fact-sent = 已发送
fact-remote = 远程
fact-local = 本地
fact-name-from = 名称来源
name-from = { $source }，{ $age } 前
fact-note = 备注
fact-domain = 域名
fact-process = 进程
fact-through = 经由
through-process = 进程 { $pid }
fact-route = 路径
fact-leaves-by = 出口
fact-overhead = 额外开销
fact-protocol = 协议
fact-interface = 接口
fact-state = 状态
fact-round-trip = 往返时间
fact-sent-again = 重传
fact-keep-alives = 保活探测
fact-woke = 唤醒 Mac
fact-counted = 计入
counted-elsewhere = 别处：计入其承载的流量
counted-still-shown = 仅计仍在显示的连接
fact-open = 打开
fact-hosts = 主机

## The chart of the details

chart-minute = 最近一分钟
chart-minutes = 最近 { $count } 分钟
chart-all-of = { $caption }，{ $domain } 全部
chart-name-minute = 最近一分钟的流量；峰值：接收 { $down }，发送 { $up }
chart-name-minutes = 最近 { $count } 分钟的流量；峰值：接收 { $down }，发送 { $up }
chart-down-peak = 接收，峰值 { $peak }
chart-up-peak = 发送，峰值 { $peak }
chart-now = 现在
chart-hint-seconds = 按秒显示。高度为平方根，使小流量在大流量旁也可见。
chart-hint-tens = 最近一分钟之前：每十秒的平均值。高度为平方根，使小流量在大流量旁也可见。

## Ending a process

ending-question = 要退出 { $name } 吗？
ending-words = 将请求进程 { $pid } 退出。未存储的内容可能会丢失。
ending-ignored = { $name } 尚未退出
ending-ignored-quiet = 它可能正在存储，或没有响应。强制退出会丢失未存储的内容。
force-quit = 强制退出

## The sheet of keys

keys = 按键
key-any-letter = 任意字母
key-unfold = 回车、→ ←
key-details = 空格、{ $key }
key-views = Tab、{ $first } 至 { $last }
does-type = 立即筛选；Esc 清除
does-filter = 前往筛选栏
does-move = 移动所选行
does-unfold = 展开和折叠一行
does-details = 显示该行的详细信息
does-menu = 打开该行的菜单
does-copy = 拷贝该行
does-views = 下一个视图；进程、连接、域名
does-controls = 前往按钮和列标题；Esc 返回
does-sort = 依次按流量、连接数、PID、名称排序
does-pause = 暂停和继续
does-settings = 打开设置
does-hide = 关闭窗口；Crow 继续运行
does-quit = 退出 Crow
does-keys = 显示此表

## A recording that plays

play-recording = 播放记录
pause-recording = 暂停播放
one-second-on = 前进一秒
speed-max = 最快
position = 位置（秒）

## Banners

dismiss = 忽略
banner-fault = 捕获出现问题
banner-limit = 已达到上限
banner-dropped = 有数据包丢失
banner-dropped-quiet = 本机过于繁忙；数字会略微偏低。
banner-notice = 操作未成功
banner-filter = 无法理解此筛选条件
banner-paused-quiet = 显示已静止；计数仍在继续。
banner-sockets = Crow 只能看到打开的 TCP 连接
banner-sample = 这是示例记录，不是您的网络
banner-gone = 捕获已停止
start-again = 重新开始
banner-ended = 记录已播放完毕
banner-ended-quiet = 其中每个数据包都已计入下方。
play-again = 再次播放

## What is wrong with a filter

filter-no-value = `{ $key }:` 后面需要一个值，例如 `{ $key }:{ $example }`
filter-not-a-number = `{ $key }:` 需要一个数字，而 `{ $value }` 不可用
filter-unknown-state = `{ $value }` 不是 TCP 状态；请试试 `state:established` 或 `state:closed`
filter-unknown-route = `{ $value }` 不是路径；请试试 `route:proxied`、`route:tunnelled` 或 `route:direct`
filter-open-quote = 缺少配对的引号

## Empty tables

empty-no-match = 没有与“{ $filter }”匹配的内容
empty-no-match-quiet = 请减少或更换词语。
empty-clear = 清除
empty-local = 仅有本地流量：{ $count } 行
empty-local-quiet = 根据您的设置，不显示本机或本地网络内的流量。
empty-local-show = 显示
empty-starting = 正在启动捕获
empty-starting-quiet = 系统可能会先请求许可。
empty-gone = 未在捕获
start-capture = 开始捕获
empty-none = 还没有流量
empty-none-quiet = App 一有收发就会显示在这里。

## The item in the menu bar or tray

tray-starting = 正在启动…
tray-open = 打开 Crow
tray-settings = 设置…
tray-quit = 退出 Crow
tray-total = 总计 ↓ { $down }  ↑ { $up }
tray-sockets = 未捕获：缺少短暂的连接
tray-sample = 示例记录，不是您的网络
tray-recording = 记录 { $subject }
tray-ended = 记录 { $subject } 已结束
tray-gone = 未在捕获：{ $why }

## What the rest of Crow says in English

said-all-interfaces = 所有接口
said-built-in-sample = 内置示例
said-not-asked = 获得许可后还会显示名称、UDP 和极短的连接
said-dismissed = 未获得捕获许可；点按“开始捕获”会再次询问
said-asking = 正在等待您允许捕获
said-not-allowed = 捕获许可被拒绝：{ $reason }
said-no-way = Crow 没有捕获所需的权限；请用 sudo 运行，或运行一次此命令：{ $command }
said-missing-helper = { $path } 处缺少捕获助手；请重新安装 Crow
said-translocated = Crow 下载后没有移动过，macOS 正从临时文件夹运行它；请将 Crow 拖到“应用程序”文件夹并从那里打开
said-odd-path = 路径 { $path } 含有 macOS 无法传递的字符；请将 Crow 移到“应用程序”文件夹
said-tampered = 捕获助手已被更改，未予启动；请重新安装 Crow
said-bad-signature = 捕获助手没有 Crow 开发者的签名，未予启动；请重新安装 Crow
said-timed-out = 捕获助手在 { $seconds } 秒内没有应答；请重试
said-start-failed = 启动捕获助手失败（{ $step }）：{ $reason }
said-not-started = 无法启动捕获助手；请重试
said-helper-ended = 捕获助手已退出；请重新开始捕获
said-capture-ended = 捕获已结束：{ $reason }
said-pipe-failed = 与捕获助手的通信失败：{ $reason }
said-no-permission = 此进程不能捕获数据包（{ $reason }）；请以 root 启动助手
said-not-opened = 无法开始捕获：{ $reason }
said-broke-off = 捕获中断：{ $reason }
said-os-refused = 系统拒绝了 { $call }（{ $reason }）；没有它，Crow 无法判断流量属于哪个进程
said-no-events = 极短的连接可能找不到所属 App，因为系统拒绝了 { $call }（{ $reason }）
said-payload-tcp = 仅 TCP 有效载荷，因为内核不按套接字统计标头和 UDP
said-payload-tcp-own = 仅 TCP 有效载荷，因为内核不按套接字统计标头和 UDP，也不告知其他用户的套接字属于谁
said-payload = 仅有效载荷，因为内核不按套接字统计标头
said-own-sockets = 仅您自己的套接字，因为此系统不列出其他用户的；有效载荷不含标头
said-own-connections = 仅您自己的连接且无计数，因为此系统不列出其套接字
said-unsearched = { $lost } 条 UDP 消息已计数但未查找名称，因为同时到达太多
said-unasked = { $lost } 个新连接没有进程，因为同时打开太多
said-closed-limit = 连接超过 262144 个（MAX_CONNECTIONS）：最先关闭的不再列出；所有总数仍包含它们。
said-open-limit = 同时打开的连接超过 262144 个（MAX_CONNECTIONS）：之后的既不列出也不计数。
said-process-limit = 进程超过 65536 个（MAX_PROCESSES）：之后的流量列在“未知进程”下。
said-domain-limit = 域名超过 266240 个（MAX_DOMAINS）：静默最久的不再列出。
said-domain-names-limit = 某个域名的主机或进程超过 256 个（MAX_DOMAIN_NAMES）：其余的计数但不列名。
said-gone-names-limit = 各域名下的主机和进程超过 16384 个（MAX_GONE_NAMES）：没有连接的不再列名。
said-names-limit = DNS 应答超过 65536 条（MAX_NAMES）：最旧的已被忘记。
said-finders-limit = 刚开始的连接超过 4096 个（MAX_FINDERS）：最旧的所请求的名称不再读取。
said-truncated = 记录在第 { $count } 个数据包后被截断：此前的内容都已读取
said-corrupt = 记录在第 { $count } 个数据包后损坏（{ $reason }）：此前的内容都已读取
said-unread = 记录在第 { $count } 个数据包后无法继续读取：{ $reason }
said-not-ended = 未能退出 { $name }：{ $reason }。
said-ended-already = 它已经结束
said-other-process = 其编号现已属于另一个进程，因此未执行任何操作
said-not-yours = 它属于另一用户；请以该用户的权限退出它
said-end-refused = 系统拒绝了（{ $reason }）；请用系统自带的工具退出它
said-not-there = { $path } 已不存在，或 Crow 无权查看其文件夹。
said-no-manager = 没有可以显示 { $path } 的文件管理器（{ $reason }）。
said-slow = 系统应答缓慢；请稍后重试。
said-broken-settings = 无法读取您的设置（{ $reason }），因此 Crow 使用默认设置；旧文件保留为 { $path }
said-newer-settings = 您的设置来自更新版本的 Crow（版本 { $version }），因此使用默认设置；较新的文件保留为 { $path }
said-unread-settings = 无法读取 { $path } 中的设置，因此 Crow 使用默认设置：{ $reason }
said-unsaved-settings = 无法将设置存储到 { $path }：{ $reason }；它们在退出前有效
said-no-login-place = Crow 在此无法于登录时打开：{ $reason }
said-autostart = 无法更改自动启动文件夹中的 Crow 文件：{ $reason }
said-login-refused = macOS 未更改 Crow 的登录项：{ $reason }
said-proxy-address = 代理控制器需要本机地址和端口，例如 127.0.0.1:9090
said-proxy-not-here = { $address } 不在本机上；Crow 只在 127.0.0.1:9090 这样的回环地址上询问代理
said-proxy-secret = 代理密钥中有不允许的字符；请重新输入
said-proxy-silent = { $address } 上没有代理应答（{ $reason }）；它的控制器是否已打开，地址是否正确？
said-proxy-refused = { $address } 上的代理不提供信息（HTTP 状态 { $status }）；密钥是否正确？
said-proxy-stranger = { $address } 上应答的不是代理控制器（{ $reason }）；地址是否正确？
said-answer-cut = 应答不完整
said-answer-long = 应答过长
said-answer-not-http = 对方不使用 HTTP
