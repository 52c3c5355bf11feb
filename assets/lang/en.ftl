# Every text that people see in Crow's window, menus and tray item. English is the source: a text is added here first
# and then, under the same name and with the same variables, to the other files of this folder (`cargo test --lib lang`
# says what is missing). The syntax is Fluent's, see projectfluent.org. Columns and buttons are narrow: be short.
# Numbers come with their units as they are; the words of the filter (`host:`, `route:`) are a language of their own.

## In many places

cancel = Cancel
close = Close
pause = Pause
paused = Paused
resume = Resume
settings = Settings
details = Details
unattributed = Unattributed
unattributed-inline = unattributed
ended = ended
down = Down
up = Up
ago = { $age } ago
reveal-finder = Reveal in Finder
reveal-files = Show in file manager
# Asks whether a process is to end,
quit-process = Quit process…
# and ends it.
quit-process-now = Quit process
start-live-capture = Start live capture
reset-counts = Reset counts

## The three tables

view-processes = Processes
view-connections = Connections
view-domains = Domains
# Below the table: how many rows there are, and how many of them show.
shown-processes = { $shown } of { $all ->
    [one] { $all } process
   *[other] { $all } processes
}
shown-connections = { $shown } of { $all ->
    [one] { $all } connection
   *[other] { $all } connections
}
shown-domains = { $shown } of { $all ->
    [one] { $all } domain
   *[other] { $all } domains
}
hidden-loopback = { $shown }, { $count } on this machine hidden
hidden-local = { $shown }, { $count } local hidden

## Counts

count-connections = { $count ->
    [one] { $count } connection
   *[other] { $count } connections
}
count-segments = { $count ->
    [one] { $count } segment
   *[other] { $count } segments
}
count-probes = { $count ->
    [one] { $count } probe
   *[other] { $count } probes
}
count-times = { $count ->
    [one] { $count } time
   *[other] { $count } times
}
bytes-in-packets = { $bytes } in { $count ->
    [one] { $count } packet
   *[other] { $count } packets
}

## What the capture is doing, in a word or three

state-starting = Starting
state-live = Capturing
state-sockets = Sockets only
state-sample = Sample recording
state-playing = Playing { $played }
state-playing-of = Playing { $played } of { $length }
state-ended = Recording ended
state-gone = Not capturing

## The toolbar and the line below the tables

total-of-way = { $way }: { $bytes } in all
details-hide = Hide details
filter = Filter
filter-clear = Clear filter
strip-chart = Traffic in the last two minutes, peak { $peak }
order-held = order held while you point at a row
packets-dropped = { $count ->
    [one] { $count } packet dropped
   *[other] { $count } packets dropped
}
none-dropped = 0 dropped
status-unattributed = unattributed { $bytes }
status-loopback = loopback { $bytes }

## Settings

appearance = Appearance
appearance-system = System
appearance-light = Light
appearance-dark = Dark
language = Language
language-system = System ({ $language })
# Said where the window stays English because the system has no font with the letters of the language.
language-no-font = No installed font has the letters of this language, so Crow speaks English. Noto Sans CJK has them.
# Asking a proxy on this machine for its connections.
local-proxy = Local proxy
proxy-ask = Ask it which connections it has (Clash API)
proxy-ask-hint = mihomo, sing-box and the programs around them tell by which of their servers a connection leaves. Crow asks once a second, on this machine only.
proxy-controller = Controller
proxy-secret = Secret
proxy-bad-address = Needs an address of this machine, such as 127.0.0.1:9090
rate-window = Average rates over
rate-unit = Rates in
rate-unit-bytes = Bytes
rate-unit-bits = Bits
prefixes = A thousand is
menu-bar = Menu bar
menu-bar-two-lines = Two lines
menu-bar-one-line = One line
menu-bar-icon = Icon
reverse-dns = Ask for names of addresses (reverse DNS)
reverse-dns-hint = Tells your name server which addresses you talk to
columns-hint = Right-click a column's head to choose, drag it to move
login = Login
open-at-login = Open at login
login-needs-approval = Allow Crow in System Settings, General, Login Items
scope = List connections and domains
scope-everything = All
scope-network = No loopback
scope-internet = Internet only
counts = Counts
reset-totals = Set all totals to zero
restore-defaults = Restore defaults
restore-defaults-hint = Columns, widths and sorting as well

## Columns of all tables

column-process = Process
column-process-hint = The program; open a row to see its connections
column-app = App
column-app-hint = The app that the process belongs to
column-pid = PID
column-pid-hint = The process id
column-user = User
column-user-hint = The user that the process runs as
column-down = Down/s
column-down-hint = Bytes received per second
column-up = Up/s
column-up-hint = Bytes sent per second
column-downloaded = Downloaded
column-downloaded-hint = Bytes received since Crow started or was reset
column-uploaded = Uploaded
column-uploaded-hint = Bytes sent since Crow started or was reset
column-connections = Connections
column-connections-hint = Connections that are open
column-age = Age
column-age-hint = Time since the first packet
column-quiet = Last packet
column-quiet-hint = Time since the last packet
column-program = Program
column-program-hint = The program's file
column-activity = Activity
column-activity-hint = The last minute: blue received, orange sent

## Columns of connections

column-host = Remote host
column-host-hint = The other end: its name where Crow has seen one, else its address
column-owner-hint = The process that the connection belongs to
column-service = Service
column-service-hint = The service or, where it is not known, the protocol and port
column-route = Route
column-route-hint = How it leaves the machine: straight, or by the proxy or tunnel that is named
column-state = State
column-state-hint = The state of the TCP connection
column-received-hint = Bytes received in all
column-sent-hint = Bytes sent in all
column-rtt = RTT
column-rtt-hint = Round-trip time: how long an answer takes
column-retransmits = Retransmits
column-retransmits-hint = TCP segments that had to be sent again, both ways
column-packets = Packets
column-packets-hint = Packets received and sent
column-address = Remote address
column-address-hint = The other end's address and port
column-local = Local address
column-local-hint = This end's address and port
column-interface = Interface
column-interface-hint = The network interface
column-via = Via PID
column-via-hint = The process that does the talking, where that is another one
column-protocol = Protocol
column-protocol-hint = The IP protocol
column-domain-of-hint = The registrable domain of the remote host
column-half-minute-hint = The last half minute: blue received, orange sent

## Columns of domains

column-domain = Domain
column-domain-hint = The registrable domain; open a row to see its hosts, and a host to see its connections
column-hosts = Hosts
column-hosts-hint = The host names seen below it
column-processes = Processes
column-processes-hint = The processes that talk to it

## The heads of the columns and their menu

sorted-descending = { $column }, sorted descending
sorted-ascending = { $column }, sorted ascending
not-sorted = { $column }, not sorted
columns = Columns
restore-columns = Restore columns

## The menu of a row

copy-name = Copy name
copy-path = Copy path
copy-address = Copy address
copy-host = Copy host
copy-hosts = Copy hosts
copy-domain = Copy domain
copy-row = Copy row
copy-json = Copy as JSON
filter-by = Filter by “{ $name }”

## Rows as sentences, for people who listen

row-process = { $name }, down { $down }, up { $up }, { $connections }
row-process-ended = { $name }, ended, down { $down }, up { $up }, { $connections }
row-host = { $name }, host, down { $down }, up { $up }, { $connections }
row-connection = { $name }, { $service }, { $owner }, down { $down }, up { $up }
row-connection-state = { $name }, { $service }, { $owner }, { $state }, down { $down }, up { $up }

## What a cell says to a pointer that rests on it

hint-unattributed = Traffic whose process Crow could not find.
hint-still-shown = In the connections that still show.
hint-nameless = Nobody has named this address in the open.
hint-named-by = Named by { $source }.
hint-route = { $route }: { $sentence }.
hint-route-meaning = { $meaning }.
hint-service = { $service } over { $protocol }

## Behind a name: what it is, in a word

chip-relay = Relay
chip-proxy = proxy
chip-reverse = reverse DNS
chip-this-machine = this machine
chip-multicast = multicast
chip-broadcast = broadcast
chip-local-network = local network
chip-no-name = no name

## What a name may hide

note-ech = The program hides the true name (encrypted client hello): this may be a cover for another.
note-encrypted-dns = Encrypted DNS{ $operator }: the names that the program asks for here cannot be seen.
note-relay = iCloud Private Relay{ $operator }: whom the program talks to behind it cannot be seen.

## How a name was learned, as the end of a sentence

source-tls = the server name that the program asked for in TLS
source-quic = the server name that the program asked for in QUIC
source-http = the Host header of the program's HTTP request
source-connect = the program's CONNECT request to a proxy
source-socks = the program's request to a SOCKS proxy
source-proxy = the local proxy itself, by its API
source-dns = a DNS answer that the same process got
source-dns-other = a DNS answer that another process got: likely, not certain
source-mdns = what a device on the local network calls itself (mDNS)
source-fake-ip = a local proxy, which made this address up for the name
source-ptr = reverse DNS: what the address's owner calls it

## Routes

route-direct = Direct
route-proxied = Proxied
route-tunnelled = Tunnelled
route-upstream = Upstream
route-carrier = Carrier
route-local = Local
route-direct-hint = Straight to the other end, as far as this machine shows
route-proxied-hint = To a proxy that passes it on; counted for the app and the host it asked for
route-tunnelled-hint = Inside a VPN or another tunnel; counted for the app
route-upstream-hint = What a proxy on this machine moves for those who use it; counted for them
route-carrier-hint = A tunnel's packets outside; counted inside, for the apps
route-local-hint = From this machine to itself
proxies-by-script = Proxies chosen by a script
proxies-by-script-hint = The system's settings leave the choice of a proxy to a script (PAC): { $script }. Crow does not fetch it. Whether a connection goes to a proxy shows in what the program asks there.
way-direct = straight to the other end
way-local = stays on this machine
way-proxied = to the proxy { $via }, which passes it on
way-some-proxy = to a proxy, which passes it on
way-tunnelled = inside the tunnel { $via }
way-some-tunnel = inside a tunnel
way-upstream = { $via } for its users
way-some-upstream = a proxy for its users
way-carrier = carries the tunnel { $via }
way-some-carrier = carries the tunnel that it belongs to
overhead = { $inner } inside, { $outer } outside
overhead-more = { $inner } inside, { $outer } outside: { $percent } % more

## The details of a row

details-close = Close details
details-select = Select a row to see all that is known of it.
service-of = { $service } of { $owner }
first-seen = first seen { $age } ago
host-of = a host of { $domain }
talks-to = Talks to
used-by = Used by
nobody = nobody any more
and-more = and { $count } more
fact-what = What it is
fact-what-unattributed = Traffic whose process Crow could not find
fact-parent = Parent
fact-user = User
fact-app = App
fact-program = Program
fact-bundle = Bundle ID
fact-signed-by = Signed by
# Who signed a program on a Mac.
signed-nobody = nobody
signed-broken = somebody, and changed since then
signed-ad-hoc = nobody by name (ad hoc)
signed-unvouched = { $name }, for whom Apple does not vouch
signed-team = { $name }, team { $team }
fact-names = Names
names-only = asked for only in encrypted DNS{ $operator }, as far as Crow has seen
names-also = asked for also in encrypted DNS{ $operator }, as far as Crow has seen
names-for-others-in-clear = asked for on behalf of others, as far as Crow has seen
names-for-others = asked for on behalf of others, by encrypted DNS{ $operator }, as far as Crow has seen
fact-started = Started
fact-first-packet = First packet
fact-last-packet = Last packet
fact-received = Received
fact-sent = Sent
fact-remote = Remote
fact-local = Local
fact-name-from = Name from
name-from = { $source }, { $age } ago
fact-note = Note
fact-domain = Domain
fact-process = Process
fact-through = Through
through-process = process { $pid }
fact-route = Route
fact-leaves-by = Leaves by
fact-overhead = Overhead
fact-protocol = Protocol
fact-interface = Interface
fact-state = State
fact-round-trip = Round trip
fact-sent-again = Sent again
fact-keep-alives = Keep-alives
fact-woke = Woke the Mac
fact-counted = Counted
counted-elsewhere = elsewhere: for what it carries
counted-still-shown = in the connections that still show
fact-open = Open
fact-hosts = Hosts

## The chart of the details

chart-minute = Last minute
chart-minutes = Last { $count } minutes
chart-all-of = { $caption }, all of { $domain }
chart-name-minute = Traffic, last minute; peaks: down { $down }, up { $up }
chart-name-minutes = Traffic, last { $count } minutes; peaks: down { $down }, up { $up }
chart-down-peak = Down, peak { $peak }
chart-up-peak = Up, peak { $peak }
chart-now = now
chart-hint-seconds = By the second. Heights are square roots, so that little shows beside much.
chart-hint-tens = Before the last minute: averages of ten seconds. Heights are square roots, so that little shows beside much.

## Ending a process

ending-question = Quit { $name }?
ending-words = Process { $pid } is asked to end. What it has not saved may be lost.
ending-ignored = { $name } has not quit
ending-ignored-quiet = It may be saving, or it does not listen. What it has not saved is lost if it is forced.
force-quit = Force quit

## The sheet of keys

keys = Keys
key-any-letter = any letter
key-unfold = Enter, → ←
key-details = Space, { $key }
key-views = Tab, { $first } to { $last }
does-type = filters at once; Esc clears
does-filter = goes to the filter
does-move = move the selection
does-unfold = unfold and fold a row
does-details = shows the row's details
does-menu = opens the row's menu
does-copy = copies the row
does-views = next view; processes, connections, domains
does-controls = goes to the buttons and heads; Esc back
does-sort = sorts by the next of traffic, connections, pid, name
does-pause = pauses and goes on
does-settings = opens the settings
does-hide = closes the window; Crow goes on
does-quit = quits Crow
does-keys = shows this sheet

## A recording that plays

play-recording = Play recording
pause-recording = Pause recording
one-second-on = One second on
speed-max = Max
position = Position in seconds

## Banners

dismiss = Dismiss
banner-fault = The capture has a problem
banner-limit = A limit is reached
banner-dropped = Packets were missed
banner-dropped-quiet = This machine was too busy; the numbers are a little too low.
banner-notice = That did not work
banner-filter = This filter is not understood
banner-paused-quiet = The display stands still; counting goes on.
banner-sockets = Crow sees open TCP connections only
banner-sample = This is a sample recording, not your network
banner-gone = Capture has stopped
start-again = Start again
banner-ended = The recording has ended
banner-ended-quiet = Every packet in it is counted below.
play-again = Play again

## What is wrong with a filter

filter-no-value = `{ $key }:` needs a value behind it, such as `{ $key }:{ $example }`
filter-not-a-number = `{ $key }:` needs a number, and `{ $value }` is not one that it can be
filter-unknown-state = `{ $value }` is no TCP state; try `state:established` or `state:closed`
filter-unknown-route = `{ $value }` is no route; try `route:proxied`, `route:tunnelled` or `route:direct`
filter-open-quote = a quotation mark is missing its partner

## Empty tables

empty-no-match = No matches for “{ $filter }”
empty-no-match-quiet = Try fewer or other words.
empty-clear = Clear
empty-local = { $count ->
    [one] Only local traffic: { $count } row
   *[other] Only local traffic: { $count } rows
}
empty-local-quiet = Your settings leave out what stays on this machine or network.
empty-local-show = Show it
empty-starting = Starting capture
empty-starting-quiet = Your system may ask for permission first.
empty-gone = Not capturing
start-capture = Start capture
empty-none = No traffic yet
empty-none-quiet = Each app shows here as soon as it sends or receives something.

## The item in the menu bar or tray

tray-starting = Starting…
tray-open = Open Crow
tray-settings = Settings…
tray-quit = Quit Crow
tray-total = Total ↓ { $down }  ↑ { $up }
tray-sockets = Without capture: short connections are missing
tray-sample = Sample recording, not your network
tray-recording = Recording { $subject }
tray-ended = End of recording { $subject }
tray-gone = Not capturing: { $why }

## What the rest of Crow says in English, word for word: reasons, limits, errors. What is not here is shown as it comes.
## In a note, what stands before the first comma is all that the status bar shows.

said-all-interfaces = all interfaces
said-built-in-sample = built-in sample
said-not-asked = permission adds names, UDP and connections that last a moment
said-dismissed = permission to capture was not given; press Start live capture to be asked again
said-asking = waiting for your permission to capture
said-not-allowed = permission to capture was refused: { $reason }
said-no-way = capturing needs rights that Crow does not have; run it with sudo, or run this once: { $command }
said-missing-helper = the capture helper is missing at { $path }; reinstall Crow
said-translocated = macOS runs Crow from a temporary folder because it was downloaded and not moved; drag Crow to the Applications folder and open it there
said-odd-path = the path { $path } has characters that macOS cannot hand on; move Crow to the Applications folder
said-tampered = the capture helper was changed and was not started; reinstall Crow
said-bad-signature = the capture helper is not signed by Crow's developer and was not started; reinstall Crow
said-timed-out = the capture helper did not answer within { $seconds } seconds; try again
said-start-failed = starting the capture helper failed at { $step }: { $reason }
said-not-started = the capture helper could not be started; try again
said-helper-ended = the capture helper has ended; start the capture again
said-capture-ended = the capture has ended: { $reason }
said-pipe-failed = the pipe to the capture helper failed: { $reason }
said-no-permission = this process may not capture packets ({ $reason }); start the helper as root
said-not-opened = the capture could not be opened: { $reason }
said-broke-off = the capture ended: { $reason }
said-os-refused = the system refused { $call } ({ $reason }); without it Crow cannot tell which process owns what
said-no-events = very short connections may stay without an app, because the system refused { $call } ({ $reason })
said-payload-tcp = payload of TCP only, because the kernel does not count headers and UDP by socket
said-payload-tcp-own = payload of TCP only, because the kernel does not count headers and UDP by socket, and whose the sockets of other users are
said-payload = payload only, because the kernel does not count headers by socket
said-own-sockets = your own sockets only, because this system does not list those of other users; payload without headers
said-own-connections = your own connections without counts, because this system does not list its sockets
said-unsearched = { $lost } UDP messages were counted but not searched for names, because too many came at once
said-unasked = { $lost } new connections stay without a process, because too many were opened at once
said-closed-limit = More than 262144 connections (MAX_CONNECTIONS): the ones that closed first are no longer listed; all totals still count them.
said-open-limit = More than 262144 connections open at once (MAX_CONNECTIONS): later ones are neither listed nor counted.
said-process-limit = More than 65536 processes (MAX_PROCESSES): the traffic of later ones is listed as unattributed.
said-domain-limit = More than 266240 domains (MAX_DOMAINS): those that have been silent the longest are no longer listed.
said-domain-names-limit = A domain has more than 256 hosts or processes (MAX_DOMAIN_NAMES): the rest is counted but not named.
said-gone-names-limit = More than 16384 hosts and processes below domains (MAX_GONE_NAMES): those without a connection are no longer named.
said-names-limit = More than 65536 DNS answers (MAX_NAMES): the oldest are forgotten.
said-finders-limit = More than 4096 connections are just beginning (MAX_FINDERS): the names that the oldest ask for are not read.
said-truncated = the recording is cut short after packet { $count }: everything before the cut was read
said-corrupt = the recording is damaged after packet { $count } ({ $reason }): everything before that was read
said-unread = the recording could not be read on after packet { $count }: { $reason }
said-not-ended = { $name } was not ended: { $reason }.
said-ended-already = it has ended already
said-other-process = another process has its number now, so nothing was done
said-not-yours = it belongs to another user; end it with that user's rights
said-end-refused = the system refused ({ $reason }); end it with the system's own tools
said-not-there = { $path } is not there any more, or Crow may not look into its folder.
said-no-manager = there is no file manager that Crow could ask to show { $path } ({ $reason }).
said-slow = The system is slow to answer; try again in a moment.
said-broken-settings = Your settings could not be read ({ $reason }), so Crow uses its defaults; the old file is kept as { $path }
said-newer-settings = Your settings are from a newer Crow (version { $version }), so this one uses its defaults; the newer file is kept as { $path }
said-unread-settings = Your settings in { $path } could not be read, so Crow uses its defaults: { $reason }
said-unsaved-settings = Your settings could not be saved to { $path }: { $reason }; they last until you quit
said-no-login-place = Crow cannot be opened at login here: { $reason }
said-autostart = Crow's file in the autostart folder could not be changed: { $reason }
said-login-refused = macOS did not change Crow's login item: { $reason }
said-proxy-address = the proxy's controller needs an address of this machine and a port, such as 127.0.0.1:9090
said-proxy-not-here = { $address } is not on this machine; Crow asks a proxy only at a loopback address such as 127.0.0.1:9090
said-proxy-secret = the proxy's secret has letters that it cannot have; type it again
said-proxy-silent = no proxy answers at { $address } ({ $reason }); is its controller on, and is this its address?
said-proxy-refused = the proxy at { $address } does not tell (HTTP status { $status }); is the secret right?
said-proxy-stranger = what answers at { $address } is no proxy's controller ({ $reason }); is this the right address?
said-answer-cut = its answer is cut short
said-answer-long = its answer is too long
said-answer-not-http = it does not speak HTTP
