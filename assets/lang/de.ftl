# Deutsch. Quelle: en.ftl; die Wörter sind die von macOS (Aktivitätsanzeige, Finder, Systemeinstellungen).

## In many places

cancel = Abbrechen
close = Schließen
pause = Anhalten
paused = Angehalten
resume = Fortsetzen
settings = Einstellungen
details = Details
unattributed = Nicht zugeordnet
unattributed-inline = nicht zugeordnet
ended = beendet
down = Download
up = Upload
ago = vor { $age }
reveal-finder = Im Finder zeigen
reveal-files = In der Dateiverwaltung zeigen
quit-process = Prozess beenden …
quit-process-now = Prozess beenden
start-live-capture = Live-Erfassung starten
reset-counts = Zähler zurücksetzen

## The three tables

view-processes = Prozesse
view-connections = Verbindungen
view-domains = Domains
shown-processes = { $shown } von { $all ->
    [one] { $all } Prozess
   *[other] { $all } Prozessen
}
shown-connections = { $shown } von { $all ->
    [one] { $all } Verbindung
   *[other] { $all } Verbindungen
}
shown-domains = { $shown } von { $all ->
    [one] { $all } Domain
   *[other] { $all } Domains
}
hidden-loopback = { $shown }, { $count } auf diesem Gerät ausgeblendet
hidden-local = { $shown }, { $count } lokale ausgeblendet

## Counts

count-connections = { $count ->
    [one] { $count } Verbindung
   *[other] { $count } Verbindungen
}
count-segments = { $count ->
    [one] { $count } Segment
   *[other] { $count } Segmente
}
count-probes = { $count ->
    [one] { $count } Anfrage
   *[other] { $count } Anfragen
}
count-times = { $count } Mal
bytes-in-packets = { $bytes } in { $count ->
    [one] { $count } Paket
   *[other] { $count } Paketen
}

## What the capture is doing, in a word or three

state-starting = Startet
state-live = Erfasst
state-sockets = Nur Sockets
state-sample = Beispielaufzeichnung
state-playing = Wiedergabe { $played }
state-playing-of = Wiedergabe { $played } von { $length }
state-ended = Aufzeichnung zu Ende
state-gone = Keine Erfassung

## The toolbar and the line below the tables

total-of-way = { $way }: insgesamt { $bytes }
details-hide = Details ausblenden
filter = Filter
filter-clear = Filter löschen
strip-chart = Datenverkehr der letzten zwei Minuten, Spitze { $peak }
order-held = Reihenfolge bleibt, solange der Zeiger auf einer Zeile ist
packets-dropped = { $count ->
    [one] { $count } Paket verloren
   *[other] { $count } Pakete verloren
}
none-dropped = 0 verloren
status-unattributed = nicht zugeordnet { $bytes }
status-loopback = Loopback { $bytes }

## Settings

appearance = Erscheinungsbild
appearance-system = System
appearance-light = Hell
appearance-dark = Dunkel
language = Sprache
language-system = System ({ $language })
language-no-font = Keine installierte Schrift hat die Zeichen dieser Sprache, daher spricht Crow Englisch. Noto Sans CJK hat sie.
local-proxy = Lokaler Proxy
proxy-ask = Nach seinen Verbindungen fragen (Clash-API)
proxy-ask-hint = mihomo, sing-box und verwandte Programme sagen, über welchen ihrer Server eine Verbindung hinausgeht. Crow fragt einmal pro Sekunde und nur auf diesem Gerät.
proxy-controller = Adresse
proxy-secret = Passwort
proxy-bad-address = Muss eine Adresse dieses Geräts sein, etwa 127.0.0.1:9090
rate-window = Raten mitteln über
rate-unit = Raten in
rate-unit-bytes = Byte
rate-unit-bits = Bit
prefixes = Ein Kilobyte hat
menu-bar = Menüleiste
menu-bar-two-lines = Zwei Zeilen
menu-bar-one-line = Eine Zeile
menu-bar-icon = Symbol
reverse-dns = Namen von Adressen erfragen (Reverse-DNS)
reverse-dns-hint = Dein Nameserver erfährt dabei, mit welchen Adressen du verbunden bist
columns-hint = Rechtsklick auf einen Spaltenkopf wählt aus, Ziehen verschiebt
login = Anmeldung
open-at-login = Bei der Anmeldung öffnen
login-needs-approval = Crow in „Systemeinstellungen“ > „Allgemein“ > „Anmeldeobjekte“ erlauben
scope = Verbindungen und Domains zeigen
scope-everything = Alle
scope-network = Ohne Loopback
scope-internet = Nur Internet
counts = Zähler
reset-totals = Alle Summen auf null setzen
restore-defaults = Standard wiederherstellen
restore-defaults-hint = Auch Spalten, Breiten und Sortierung

## Columns of all tables

column-process = Prozess
column-process-hint = Das Programm; eine geöffnete Zeile zeigt seine Verbindungen
column-app = App
column-app-hint = Die App, zu der der Prozess gehört
column-pid = PID
column-pid-hint = Die Prozess-ID
column-user = Benutzer
column-user-hint = Der Benutzer, unter dem der Prozess läuft
column-down = Download/s
column-down-hint = Empfangene Byte pro Sekunde
column-up = Upload/s
column-up-hint = Gesendete Byte pro Sekunde
column-downloaded = Empfangen
column-downloaded-hint = Empfangene Byte seit dem Start von Crow oder dem Zurücksetzen
column-uploaded = Gesendet
column-uploaded-hint = Gesendete Byte seit dem Start von Crow oder dem Zurücksetzen
column-connections = Verbindungen
column-connections-hint = Offene Verbindungen
column-age = Alter
column-age-hint = Zeit seit dem ersten Paket
column-quiet = Letztes Paket
column-quiet-hint = Zeit seit dem letzten Paket
column-program = Programm
column-program-hint = Die Datei des Programms
column-activity = Aktivität
column-activity-hint = Die letzte Minute: blau empfangen, orange gesendet

## Columns of connections

column-host = Gegenstelle
column-host-hint = Die andere Seite: ihr Name, wo Crow einen gesehen hat, sonst ihre Adresse
column-owner-hint = Der Prozess, zu dem die Verbindung gehört
column-service = Dienst
column-service-hint = Der Dienst oder, wo er nicht bekannt ist, Protokoll und Port
column-route = Weg
column-route-hint = Wie die Verbindung das Gerät verlässt: direkt oder über den genannten Proxy oder Tunnel
column-state = Status
column-state-hint = Der Status der TCP-Verbindung
column-received-hint = Insgesamt empfangene Byte
column-sent-hint = Insgesamt gesendete Byte
column-rtt = RTT
column-rtt-hint = Paketumlaufzeit: wie lange eine Antwort braucht
column-retransmits = Wiederholt
column-retransmits-hint = TCP-Segmente, die erneut gesendet werden mussten, in beiden Richtungen
column-packets = Pakete
column-packets-hint = Empfangene und gesendete Pakete
column-address = Ferne Adresse
column-address-hint = Adresse und Port der Gegenstelle
column-local = Lokale Adresse
column-local-hint = Adresse und Port auf diesem Gerät
column-interface = Schnittstelle
column-interface-hint = Die Netzwerkschnittstelle
column-via = Über PID
column-via-hint = Der Prozess, der die Verbindung hält, wenn es ein anderer ist
column-protocol = Protokoll
column-protocol-hint = Das IP-Protokoll
column-domain-of-hint = Die registrierbare Domain der Gegenstelle
column-half-minute-hint = Die letzte halbe Minute: blau empfangen, orange gesendet

## Columns of domains

column-domain = Domain
column-domain-hint = Die registrierbare Domain; eine geöffnete Zeile zeigt ihre Hosts, ein geöffneter Host seine Verbindungen
column-hosts = Hosts
column-hosts-hint = Die darunter gesehenen Hostnamen
column-processes = Prozesse
column-processes-hint = Die Prozesse, die mit ihr kommunizieren

## The heads of the columns and their menu

sorted-descending = { $column }, absteigend sortiert
sorted-ascending = { $column }, aufsteigend sortiert
not-sorted = { $column }, nicht sortiert
columns = Spalten
restore-columns = Spalten zurücksetzen

## The menu of a row

copy-name = Name kopieren
copy-path = Pfad kopieren
copy-address = Adresse kopieren
copy-host = Host kopieren
copy-hosts = Hosts kopieren
copy-domain = Domain kopieren
copy-row = Zeile kopieren
copy-json = Als JSON kopieren
filter-by = Nach „{ $name }“ filtern

## Rows as sentences, for people who listen

row-process = { $name }, Download { $down }, Upload { $up }, { $connections }
row-process-ended = { $name }, beendet, Download { $down }, Upload { $up }, { $connections }
row-host = { $name }, Host, Download { $down }, Upload { $up }, { $connections }
row-connection = { $name }, { $service }, { $owner }, Download { $down }, Upload { $up }
row-connection-state = { $name }, { $service }, { $owner }, { $state }, Download { $down }, Upload { $up }

## What a cell says to a pointer that rests on it

hint-unattributed = Datenverkehr, dessen Prozess Crow nicht finden konnte.
hint-still-shown = In den Verbindungen, die noch gezeigt werden.
hint-nameless = Der Name dieser Adresse war nirgends unverschlüsselt zu sehen.
hint-named-by = Name aus: { $source }.
hint-route = { $route }: { $sentence }.
hint-route-meaning = { $meaning }.
hint-service = { $service } über { $protocol }

## Behind a name: what it is, in a word

chip-relay = Relay
chip-proxy = Proxy
chip-reverse = Reverse-DNS
chip-this-machine = dieses Gerät
chip-multicast = Multicast
chip-broadcast = Broadcast
chip-local-network = lokales Netz
chip-no-name = ohne Namen

## What a name may hide

note-ech = Das Programm verbirgt den wahren Namen (Encrypted Client Hello): Dieser kann für einen anderen stehen.
note-encrypted-dns = Verschlüsseltes DNS{ $operator }: Nach welchen Namen das Programm hier fragt, ist nicht zu sehen.
note-relay = iCloud Privat-Relay{ $operator }: Mit wem das Programm dahinter kommuniziert, ist nicht zu sehen.

## How a name was learned, as the end of a sentence

source-tls = der Servername, nach dem das Programm in TLS gefragt hat
source-quic = der Servername, nach dem das Programm in QUIC gefragt hat
source-http = der Host-Header der HTTP-Anfrage des Programms
source-connect = die CONNECT-Anfrage des Programms an einen Proxy
source-socks = die Anfrage des Programms an einen SOCKS-Proxy
source-proxy = der lokale Proxy selbst, über seine API
source-dns = eine DNS-Antwort, die derselbe Prozess bekam
source-dns-other = eine DNS-Antwort, die ein anderer Prozess bekam: wahrscheinlich, nicht sicher
source-mdns = wie ein Gerät im lokalen Netz sich selbst nennt (mDNS)
source-fake-ip = ein lokaler Proxy, der diese Adresse für den Namen erfunden hat
source-ptr = Reverse-DNS: wie der Inhaber der Adresse sie nennt

## Routes

route-direct = Direkt
route-proxied = Über Proxy
route-tunnelled = Im Tunnel
route-upstream = Proxy-Ausgang
route-carrier = Träger
route-local = Lokal
route-direct-hint = Direkt zur Gegenstelle, soweit es dieses Gerät erkennen lässt
route-proxied-hint = Zu einem Proxy, der es weitergibt; gezählt für die App und den Host, nach dem sie gefragt hat
route-tunnelled-hint = In einem VPN oder anderen Tunnel; gezählt für die App
route-upstream-hint = Was ein Proxy auf diesem Gerät für seine Nutzer überträgt; gezählt für diese
route-carrier-hint = Die äußeren Pakete eines Tunnels; gezählt im Inneren, für die Apps
route-local-hint = Von diesem Gerät zu ihm selbst
proxies-by-script = Proxys nach Skript
proxies-by-script-hint = Die Systemeinstellungen überlassen die Wahl eines Proxys einem Skript (PAC): { $script }. Crow ruft es nicht ab. Ob eine Verbindung zu einem Proxy geht, zeigt sich an dem, was das Programm dort anfragt.
way-direct = direkt zur Gegenstelle
way-local = bleibt auf diesem Gerät
way-proxied = zum Proxy { $via }, der es weitergibt
way-some-proxy = zu einem Proxy, der es weitergibt
way-tunnelled = im Tunnel { $via }
way-some-tunnel = in einem Tunnel
way-upstream = { $via } für seine Nutzer
way-some-upstream = ein Proxy für seine Nutzer
way-carrier = trägt den Tunnel { $via }
way-some-carrier = trägt den Tunnel, zu dem es gehört
overhead = innen { $inner }, außen { $outer }
overhead-more = innen { $inner }, außen { $outer }: { $percent } % mehr

## The details of a row

details-close = Details schließen
details-select = Eine Zeile auswählen, um alles Bekannte zu sehen.
service-of = { $service } von { $owner }
first-seen = zuerst gesehen vor { $age }
host-of = ein Host von { $domain }
talks-to = Kommuniziert mit
used-by = Genutzt von
nobody = niemand mehr
and-more = und { $count } weitere
fact-what = Was das ist
fact-what-unattributed = Datenverkehr, dessen Prozess Crow nicht finden konnte
fact-parent = Elternprozess
fact-user = Benutzer
fact-app = App
fact-program = Programm
fact-bundle = Bundle-ID
fact-signed-by = Signiert von
signed-nobody = niemandem
signed-broken = jemandem, seitdem verändert
signed-ad-hoc = niemandem namentlich (ad hoc)
signed-unvouched = { $name }, von Apple nicht bestätigt
signed-team = { $name }, Team { $team }
fact-names = Namen
names-only = nur über verschlüsseltes DNS{ $operator } erfragt, soweit Crow gesehen hat
names-also = auch über verschlüsseltes DNS{ $operator } erfragt, soweit Crow gesehen hat
names-for-others-in-clear = für andere erfragt, soweit Crow gesehen hat
names-for-others = für andere erfragt, über verschlüsseltes DNS{ $operator }, soweit Crow gesehen hat
fact-started = Gestartet
fact-first-packet = Erstes Paket
fact-last-packet = Letztes Paket
fact-received = Empfangen
fact-sent = Gesendet
fact-remote = Gegenstelle
fact-local = Lokal
fact-name-from = Name aus
name-from = { $source }, vor { $age }
fact-note = Hinweis
fact-domain = Domain
fact-process = Prozess
fact-through = Über
through-process = Prozess { $pid }
fact-route = Weg
fact-leaves-by = Ausgang
fact-overhead = Mehraufwand
fact-protocol = Protokoll
fact-interface = Schnittstelle
fact-state = Status
fact-round-trip = Umlaufzeit
fact-sent-again = Wiederholt
fact-keep-alives = Keep-Alives
fact-woke = Mac geweckt
fact-counted = Gezählt
counted-elsewhere = anderswo: für das, was sie trägt
counted-still-shown = in den Verbindungen, die noch gezeigt werden
fact-open = Offen
fact-hosts = Hosts

## The chart of the details

chart-minute = Letzte Minute
chart-minutes = Letzte { $count } Minuten
chart-all-of = { $caption }, ganz { $domain }
chart-name-minute = Datenverkehr der letzten Minute; Spitzen: Download { $down }, Upload { $up }
chart-name-minutes = Datenverkehr der letzten { $count } Minuten; Spitzen: Download { $down }, Upload { $up }
chart-down-peak = Download, Spitze { $peak }
chart-up-peak = Upload, Spitze { $peak }
chart-now = jetzt
chart-hint-seconds = Sekundengenau. Die Höhen sind Quadratwurzeln, damit auch Kleines neben Großem zu sehen ist.
chart-hint-tens = Vor der letzten Minute: Mittel über zehn Sekunden. Die Höhen sind Quadratwurzeln, damit auch Kleines neben Großem zu sehen ist.

## Ending a process

ending-question = { $name } beenden?
ending-words = Prozess { $pid } wird gebeten, sich zu beenden. Was er nicht gesichert hat, kann verloren gehen.
ending-ignored = { $name } hat sich nicht beendet
ending-ignored-quiet = Vielleicht sichert der Prozess noch, oder er reagiert nicht. Beim sofortigen Beenden geht verloren, was nicht gesichert ist.
force-quit = Sofort beenden

## The sheet of keys

keys = Tasten
key-any-letter = beliebiger Buchstabe
key-unfold = Eingabe, → ←
key-details = Leertaste, { $key }
key-views = Tab, { $first } bis { $last }
does-type = filtert sofort; Esc löscht
does-filter = geht zum Filter
does-move = bewegen die Auswahl
does-unfold = Zeile auf- und zuklappen
does-details = zeigt die Details der Zeile
does-menu = öffnet das Menü der Zeile
does-copy = kopiert die Zeile
does-views = nächste Ansicht; Prozesse, Verbindungen, Domains
does-controls = geht zu Knöpfen und Spaltenköpfen; Esc zurück
does-sort = sortiert weiter nach Verkehr, Verbindungen, PID, Name
does-pause = hält an und setzt fort
does-settings = öffnet die Einstellungen
does-hide = schließt das Fenster; Crow läuft weiter
does-quit = beendet Crow
does-keys = zeigt diese Übersicht

## A recording that plays

play-recording = Aufzeichnung abspielen
pause-recording = Aufzeichnung anhalten
one-second-on = Eine Sekunde weiter
speed-max = Max.
position = Position in Sekunden

## Banners

dismiss = Ausblenden
banner-fault = Bei der Erfassung gibt es ein Problem
banner-limit = Eine Grenze ist erreicht
banner-dropped = Pakete sind verloren gegangen
banner-dropped-quiet = Das Gerät war überlastet; die Zahlen sind etwas zu niedrig.
banner-notice = Das hat nicht geklappt
banner-filter = Crow versteht diesen Filter nicht
banner-paused-quiet = Die Anzeige steht still; gezählt wird weiter.
banner-sockets = Crow sieht nur offene TCP-Verbindungen
banner-sample = Das ist eine Beispielaufzeichnung, nicht dein Netzwerk
banner-gone = Die Erfassung wurde gestoppt
start-again = Neu starten
banner-ended = Die Aufzeichnung ist zu Ende
banner-ended-quiet = Jedes ihrer Pakete ist unten gezählt.
play-again = Noch einmal abspielen

## What is wrong with a filter

filter-no-value = hinter `{ $key }:` fehlt ein Wert, etwa `{ $key }:{ $example }`
filter-not-a-number = `{ $key }:` braucht eine Zahl, und `{ $value }` ist keine passende
filter-unknown-state = `{ $value }` ist kein TCP-Status; möglich sind etwa `state:established` oder `state:closed`
filter-unknown-route = `{ $value }` ist kein Weg; möglich sind etwa `route:proxied`, `route:tunnelled` oder `route:direct`
filter-open-quote = zu einem Anführungszeichen fehlt das zweite

## Empty tables

empty-no-match = Keine Treffer für „{ $filter }“
empty-no-match-quiet = Mit weniger oder anderen Wörtern versuchen.
empty-clear = Löschen
empty-local = { $count ->
    [one] Nur lokaler Verkehr: { $count } Zeile
   *[other] Nur lokaler Verkehr: { $count } Zeilen
}
empty-local-quiet = Laut Einstellungen wird nicht gezeigt, was auf diesem Gerät oder im lokalen Netz bleibt.
empty-local-show = Zeigen
empty-starting = Erfassung startet
empty-starting-quiet = Das System fragt vielleicht erst um Erlaubnis.
empty-gone = Keine Erfassung
start-capture = Erfassung starten
empty-none = Noch kein Datenverkehr
empty-none-quiet = Jede App erscheint hier, sobald sie etwas sendet oder empfängt.

## The item in the menu bar or tray

tray-starting = Startet …
tray-open = Crow öffnen
tray-settings = Einstellungen …
tray-quit = Crow beenden
tray-total = Gesamt ↓ { $down }  ↑ { $up }
tray-sockets = Ohne Erfassung: kurze Verbindungen fehlen
tray-sample = Beispielaufzeichnung, nicht dein Netzwerk
tray-recording = Aufzeichnung { $subject }
tray-ended = Ende der Aufzeichnung { $subject }
tray-gone = Keine Erfassung: { $why }

## What the rest of Crow says in English

said-all-interfaces = alle Schnittstellen
said-built-in-sample = eingebautes Beispiel
said-not-asked = mit deiner Erlaubnis kommen Namen, UDP und ganz kurze Verbindungen hinzu
said-dismissed = Die Erfassung wurde nicht erlaubt; „Live-Erfassung starten“ fragt noch einmal
said-asking = wartet auf deine Erlaubnis zur Erfassung
said-not-allowed = Die Erfassung wurde verweigert: { $reason }
said-no-way = Zum Erfassen fehlen Crow die Rechte; mit sudo starten oder einmal ausführen: { $command }
said-missing-helper = Das Hilfsprogramm fehlt unter { $path }; bitte Crow neu installieren
said-translocated = macOS führt Crow in einem temporären Ordner aus, weil es nach dem Laden nicht bewegt wurde; Crow in den Ordner „Programme“ ziehen und dort öffnen
said-odd-path = Der Pfad { $path } enthält Zeichen, die macOS nicht weitergeben kann; Crow in den Ordner „Programme“ bewegen
said-tampered = Das Hilfsprogramm wurde verändert und nicht gestartet; bitte Crow neu installieren
said-bad-signature = Das Hilfsprogramm ist nicht vom Entwickler von Crow signiert und wurde nicht gestartet; bitte Crow neu installieren
said-timed-out = Das Hilfsprogramm hat { $seconds } Sekunden lang nicht geantwortet; bitte noch einmal versuchen
said-start-failed = Das Hilfsprogramm konnte nicht gestartet werden ({ $step }): { $reason }
said-not-started = Das Hilfsprogramm konnte nicht gestartet werden; bitte noch einmal versuchen
said-helper-ended = Das Hilfsprogramm wurde beendet; bitte die Erfassung neu starten
said-capture-ended = Die Erfassung ist zu Ende: { $reason }
said-pipe-failed = Die Verbindung zum Hilfsprogramm ist abgerissen: { $reason }
said-no-permission = Dieser Prozess darf keine Pakete erfassen ({ $reason }); das Hilfsprogramm als root starten
said-not-opened = Die Erfassung konnte nicht begonnen werden: { $reason }
said-broke-off = Die Erfassung brach ab: { $reason }
said-os-refused = Das System hat { $call } verweigert ({ $reason }); ohne das weiß Crow nicht, welchem Prozess was gehört
said-no-events = sehr kurze Verbindungen bleiben vielleicht ohne App, weil das System { $call } verweigert hat ({ $reason })
said-payload-tcp = nur TCP-Nutzdaten, weil der Kernel Header und UDP nicht je Socket zählt
said-payload-tcp-own = nur TCP-Nutzdaten, weil der Kernel Header und UDP nicht je Socket zählt und nicht sagt, wem die Sockets anderer Benutzer gehören
said-payload = nur Nutzdaten, weil der Kernel Header nicht je Socket zählt
said-own-sockets = nur eigene Sockets, weil dieses System die anderer Benutzer nicht auflistet; Nutzdaten ohne Header
said-own-connections = nur eigene Verbindungen ohne Zähler, weil dieses System seine Sockets nicht auflistet
said-unsearched = { $lost } UDP-Nachrichten wurden gezählt, aber nicht nach Namen durchsucht, weil zu viele auf einmal kamen
said-unasked = { $lost } neue Verbindungen bleiben ohne Prozess, weil zu viele auf einmal geöffnet wurden
said-closed-limit = Mehr als 262144 Verbindungen (MAX_CONNECTIONS): Die zuerst geschlossenen werden nicht mehr gezeigt; in allen Summen sind sie enthalten.
said-open-limit = Mehr als 262144 Verbindungen zugleich offen (MAX_CONNECTIONS): Spätere werden weder gezeigt noch gezählt.
said-process-limit = Mehr als 65536 Prozesse (MAX_PROCESSES): Der Verkehr späterer steht unter „Nicht zugeordnet“.
said-domain-limit = Mehr als 266240 Domains (MAX_DOMAINS): Die am längsten stillen werden nicht mehr gezeigt.
said-domain-names-limit = Eine Domain hat mehr als 256 Hosts oder Prozesse (MAX_DOMAIN_NAMES): Die übrigen werden gezählt, aber nicht genannt.
said-gone-names-limit = Mehr als 16384 Hosts und Prozesse unter Domains (MAX_GONE_NAMES): Die ohne Verbindung werden nicht mehr genannt.
said-names-limit = Mehr als 65536 DNS-Antworten (MAX_NAMES): Die ältesten sind vergessen.
said-finders-limit = Mehr als 4096 Verbindungen beginnen gerade (MAX_FINDERS): Nach welchen Namen die ältesten fragen, wird nicht gelesen.
said-truncated = Die Aufzeichnung bricht nach Paket { $count } ab: Alles davor wurde gelesen
said-corrupt = Die Aufzeichnung ist nach Paket { $count } beschädigt ({ $reason }): Alles davor wurde gelesen
said-unread = Die Aufzeichnung war nach Paket { $count } nicht weiter lesbar: { $reason }
said-not-ended = { $name } wurde nicht beendet: { $reason }.
said-ended-already = der Prozess ist schon zu Ende
said-other-process = seine Nummer hat jetzt ein anderer Prozess, daher ist nichts geschehen
said-not-yours = er gehört einem anderen Benutzer; mit dessen Rechten beenden
said-end-refused = das System hat es verweigert ({ $reason }); mit den Mitteln des Systems beenden
said-not-there = { $path } ist nicht mehr da, oder Crow darf nicht in den Ordner sehen.
said-no-manager = Es gibt keine Dateiverwaltung, die { $path } zeigen könnte ({ $reason }).
said-slow = Das System antwortet nur langsam; bitte gleich noch einmal versuchen.
said-broken-settings = Die Einstellungen waren nicht lesbar ({ $reason }), daher gelten die Standardwerte; die alte Datei liegt jetzt unter { $path }
said-newer-settings = Die Einstellungen stammen von einem neueren Crow (Version { $version }), daher gelten hier die Standardwerte; die neuere Datei liegt jetzt unter { $path }
said-unread-settings = Die Einstellungen in { $path } waren nicht lesbar, daher gelten die Standardwerte: { $reason }
said-unsaved-settings = Die Einstellungen konnten nicht unter { $path } gesichert werden: { $reason }; sie gelten, bis Crow beendet wird
said-no-login-place = Crow kann hier nicht bei der Anmeldung geöffnet werden: { $reason }
said-autostart = Die Datei von Crow im Autostart-Ordner konnte nicht geändert werden: { $reason }
said-login-refused = macOS hat das Anmeldeobjekt von Crow nicht geändert: { $reason }
said-proxy-address = Die Proxy-Steuerung braucht eine Adresse dieses Geräts und einen Port, etwa 127.0.0.1:9090
said-proxy-not-here = { $address } liegt nicht auf diesem Gerät; Crow fragt einen Proxy nur unter einer Loopback-Adresse wie 127.0.0.1:9090
said-proxy-secret = Das Passwort des Proxys enthält unzulässige Zeichen; bitte neu eingeben
said-proxy-silent = Unter { $address } antwortet kein Proxy ({ $reason }); ist seine Steuerung eingeschaltet, und ist das ihre Adresse?
said-proxy-refused = Der Proxy unter { $address } gibt keine Auskunft (HTTP-Status { $status }); stimmt das Passwort?
said-proxy-stranger = Was unter { $address } antwortet, ist keine Proxy-Steuerung ({ $reason }); stimmt die Adresse?
said-answer-cut = die Antwort bricht ab
said-answer-long = die Antwort ist zu lang
said-answer-not-http = es spricht kein HTTP
