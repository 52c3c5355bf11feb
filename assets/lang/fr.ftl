# Français. Source : en.ftl ; les mots sont ceux de macOS (Moniteur d’activité, Finder, Réglages Système).

## In many places

cancel = Annuler
close = Fermer
pause = Suspendre
paused = En pause
resume = Reprendre
settings = Réglages
details = Détails
unattributed = Non attribué
unattributed-inline = non attribué
ended = terminé
down = Réception
up = Envoi
ago = il y a { $age }
reveal-finder = Afficher dans le Finder
reveal-files = Afficher dans le gestionnaire de fichiers
quit-process = Quitter le processus…
quit-process-now = Quitter le processus
start-live-capture = Démarrer la capture
reset-counts = Remettre à zéro

## The three tables

view-processes = Processus
view-connections = Connexions
view-domains = Domaines
shown-processes = { $shown } sur { $all ->
    [one] { $all } processus
   *[other] { $all } processus
}
shown-connections = { $shown } sur { $all ->
    [one] { $all } connexion
   *[other] { $all } connexions
}
shown-domains = { $shown } sur { $all ->
    [one] { $all } domaine
   *[other] { $all } domaines
}
hidden-loopback = { $shown }, { $count } sur cette machine masqués
hidden-local = { $shown }, { $count } locaux masqués

## Counts

count-connections = { $count ->
    [one] { $count } connexion
   *[other] { $count } connexions
}
count-segments = { $count ->
    [one] { $count } segment
   *[other] { $count } segments
}
count-probes = { $count ->
    [one] { $count } sonde
   *[other] { $count } sondes
}
count-times = { $count } fois
bytes-in-packets = { $bytes } en { $count ->
    [one] { $count } paquet
   *[other] { $count } paquets
}

## What the capture is doing, in a word or three

state-starting = Démarrage
state-live = Capture en cours
state-sockets = Sockets seuls
state-sample = Exemple enregistré
state-playing = Lecture { $played }
state-playing-of = Lecture { $played } sur { $length }
state-ended = Fin de l’enregistrement
state-gone = Pas de capture

## The toolbar and the line below the tables

total-of-way = { $way } : { $bytes } en tout
details-hide = Masquer les détails
filter = Filtrer
filter-clear = Effacer le filtre
strip-chart = Trafic des deux dernières minutes, pic { $peak }
order-held = ordre maintenu tant que le pointeur est sur une ligne
packets-dropped = { $count ->
    [one] { $count } paquet perdu
   *[other] { $count } paquets perdus
}
none-dropped = 0 perdu
status-unattributed = non attribué { $bytes }
status-loopback = boucle locale { $bytes }

## Settings

appearance = Apparence
appearance-system = Système
appearance-light = Clair
appearance-dark = Sombre
language = Langue
language-system = Système ({ $language })
language-no-font = Aucune police installée n’a les caractères de cette langue ; Crow parle donc anglais. Noto Sans CJK les a.
local-proxy = Proxy local
proxy-ask = Lui demander ses connexions (API Clash)
proxy-ask-hint = mihomo, sing-box et les programmes apparentés disent par lequel de leurs serveurs sort une connexion. Crow demande une fois par seconde, sur cette machine uniquement.
proxy-controller = Adresse
proxy-secret = Secret
proxy-bad-address = Doit être une adresse de cette machine, comme 127.0.0.1:9090
rate-window = Débits moyens sur
rate-unit = Débits en
rate-unit-bytes = Octets
rate-unit-bits = Bits
prefixes = Un kilooctet vaut
menu-bar = Barre des menus
menu-bar-two-lines = Deux lignes
menu-bar-one-line = Une ligne
menu-bar-icon = Icône
reverse-dns = Demander les noms des adresses (DNS inverse)
reverse-dns-hint = Votre serveur de noms apprend ainsi avec quelles adresses vous communiquez
columns-hint = Clic droit sur un en-tête pour choisir, glisser pour déplacer
login = Session
open-at-login = Ouvrir avec la session
login-needs-approval = Autorisez Crow dans Réglages Système > Général > Ouverture
scope = Connexions et domaines affichés
scope-everything = Tous
scope-network = Hors boucle locale
scope-internet = Internet seul
counts = Compteurs
reset-totals = Remettre tous les totaux à zéro
restore-defaults = Rétablir les réglages par défaut
restore-defaults-hint = Colonnes, largeurs et tri aussi

## Columns of all tables

column-process = Processus
column-process-hint = Le programme ; dépliez une ligne pour voir ses connexions
column-app = App
column-app-hint = L’app à laquelle appartient le processus
column-pid = PID
column-pid-hint = L’identifiant du processus
column-user = Utilisateur
column-user-hint = L’utilisateur sous lequel tourne le processus
column-down = Réception/s
column-down-hint = Octets reçus par seconde
column-up = Envoi/s
column-up-hint = Octets envoyés par seconde
column-downloaded = Reçu
column-downloaded-hint = Octets reçus depuis l’ouverture de Crow ou la remise à zéro
column-uploaded = Envoyé
column-uploaded-hint = Octets envoyés depuis l’ouverture de Crow ou la remise à zéro
column-connections = Connexions
column-connections-hint = Connexions ouvertes
column-age = Âge
column-age-hint = Temps depuis le premier paquet
column-quiet = Dernier paquet
column-quiet-hint = Temps écoulé depuis le dernier paquet
column-program = Programme
column-program-hint = Le fichier du programme
column-activity = Activité
column-activity-hint = La dernière minute : bleu reçu, orange envoyé

## Columns of connections

column-host = Hôte distant
column-host-hint = L’autre extrémité : son nom si Crow en a vu un, sinon son adresse
column-owner-hint = Le processus auquel appartient la connexion
column-service = Service
column-service-hint = Le service ou, s’il est inconnu, le protocole et le port
column-route = Route
column-route-hint = Comment elle quitte la machine : directement, ou par le proxy ou le tunnel indiqué
column-state = État
column-state-hint = L’état de la connexion TCP
column-received-hint = Octets reçus en tout
column-sent-hint = Octets envoyés en tout
column-rtt = RTT
column-rtt-hint = Temps d’aller-retour : le délai d’une réponse
column-retransmits = Renvois
column-retransmits-hint = Segments TCP qu’il a fallu renvoyer, dans les deux sens
column-packets = Paquets
column-packets-hint = Paquets reçus et envoyés
column-address = Adresse distante
column-address-hint = L’adresse et le port de l’autre extrémité
column-local = Adresse locale
column-local-hint = L’adresse et le port de cette extrémité
column-interface = Interface
column-interface-hint = L’interface réseau
column-via = Via PID
column-via-hint = Le processus qui communique à sa place, si c’en est un autre
column-protocol = Protocole
column-protocol-hint = Le protocole IP
column-domain-of-hint = Le domaine enregistrable de l’hôte distant
column-half-minute-hint = La dernière demi-minute : reçu en bleu, envoyé en orange

## Columns of domains

column-domain = Domaine
column-domain-hint = Le domaine enregistrable ; dépliez une ligne pour voir ses hôtes, et un hôte pour voir ses connexions
column-hosts = Hôtes
column-hosts-hint = Les noms d’hôtes vus en dessous
column-processes = Processus
column-processes-hint = Les processus qui communiquent avec lui

## The heads of the columns and their menu

sorted-descending = { $column }, tri décroissant
sorted-ascending = { $column }, tri croissant
not-sorted = { $column }, non trié
columns = Colonnes
restore-columns = Rétablir les colonnes

## The menu of a row

copy-name = Copier le nom
copy-path = Copier le chemin
copy-address = Copier l’adresse
copy-host = Copier l’hôte
copy-hosts = Copier les hôtes
copy-domain = Copier le domaine
copy-row = Copier la ligne
copy-json = Copier en JSON
filter-by = Filtrer par « { $name } »

## Rows as sentences, for people who listen

row-process = { $name }, réception { $down }, envoi { $up }, { $connections }
row-process-ended = { $name }, terminé, réception { $down }, envoi { $up }, { $connections }
row-host = { $name }, hôte, réception { $down }, envoi { $up }, { $connections }
row-connection = { $name }, { $service }, { $owner }, réception { $down }, envoi { $up }
row-connection-state = { $name }, { $service }, { $owner }, { $state }, réception { $down }, envoi { $up }

## What a cell says to a pointer that rests on it

hint-unattributed = Trafic dont Crow n’a pas trouvé le processus.
hint-still-shown = Dans les connexions encore affichées.
hint-nameless = Personne n’a nommé cette adresse en clair.
hint-named-by = Nom donné par { $source }.
hint-route = { $route } : { $sentence }.
hint-route-meaning = { $meaning }.
hint-service = { $service } sur { $protocol }

## Behind a name: what it is, in a word

chip-relay = Relais
chip-proxy = proxy
chip-reverse = DNS inverse
chip-this-machine = cette machine
chip-multicast = multidiffusion
chip-broadcast = diffusion
chip-local-network = réseau local
chip-no-name = sans nom

## What a name may hide

note-ech = Le programme cache le vrai nom (Encrypted Client Hello) : celui-ci peut en couvrir un autre.
note-encrypted-dns = DNS chiffré{ $operator } : les noms que le programme demande ici ne sont pas visibles.
note-relay = Relais privé iCloud{ $operator } : les interlocuteurs du programme au-delà ne sont pas visibles.

## How a name was learned, as the end of a sentence

source-tls = le nom de serveur demandé par le programme en TLS
source-quic = le nom de serveur demandé par le programme en QUIC
source-http = l’en-tête Host de la requête HTTP du programme
source-connect = la requête CONNECT du programme à un proxy
source-socks = la requête du programme à un proxy SOCKS
source-proxy = le proxy local lui-même, par son API
source-dns = une réponse DNS reçue par le même processus
source-dns-other = une réponse DNS reçue par un autre processus : probable, pas certain
source-mdns = le nom que se donne un appareil du réseau local (mDNS)
source-fake-ip = un proxy local, qui a inventé cette adresse pour le nom
source-ptr = DNS inverse : le nom que lui donne le détenteur de l’adresse

## Routes

route-direct = Directe
route-proxied = Par proxy
route-tunnelled = Par tunnel
route-upstream = Sortie de proxy
route-carrier = Porteuse
route-local = Locale
route-direct-hint = Directement vers l’autre extrémité, d’après ce que montre cette machine
route-proxied-hint = Vers un proxy qui relaie ; compté pour l’app et l’hôte qu’elle a demandé
route-tunnelled-hint = Dans un VPN ou un autre tunnel ; compté pour l’app
route-upstream-hint = Ce qu’un proxy de cette machine transporte pour ses utilisateurs ; compté pour eux
route-carrier-hint = Les paquets extérieurs d’un tunnel ; comptés à l’intérieur, pour les apps
route-local-hint = De cette machine à elle-même
proxies-by-script = Proxys choisis par un script
proxies-by-script-hint = Les réglages du système laissent le choix du proxy à un script (PAC) : { $script }. Crow ne le télécharge pas. C’est à ce que le programme y demande qu’on voit si une connexion va à un proxy.
way-direct = directement vers l’autre extrémité
way-local = reste sur cette machine
way-proxied = vers le proxy { $via }, qui relaie
way-some-proxy = vers un proxy, qui relaie
way-tunnelled = dans le tunnel { $via }
way-some-tunnel = dans un tunnel
way-upstream = { $via } pour ses utilisateurs
way-some-upstream = un proxy pour ses utilisateurs
way-carrier = porte le tunnel { $via }
way-some-carrier = porte le tunnel auquel elle appartient
overhead = { $inner } à l’intérieur, { $outer } à l’extérieur
overhead-more = { $inner } à l’intérieur, { $outer } à l’extérieur : { $percent } % de plus

## The details of a row

details-close = Fermer les détails
details-select = Sélectionnez une ligne pour voir tout ce qu’on en sait.
service-of = { $service } de { $owner }
first-seen = vu pour la première fois il y a { $age }
host-of = un hôte de { $domain }
talks-to = Communique avec
used-by = Utilisé par
nobody = plus personne
and-more = et { $count } autres
fact-what = Ce que c’est
fact-what-unattributed = Trafic dont Crow n’a pas trouvé le processus
fact-parent = Parent
fact-user = Utilisateur
fact-app = App
fact-program = Programme
fact-bundle = ID de bundle
fact-signed-by = Signé par
signed-nobody = personne
signed-broken = quelqu’un, puis modifié
signed-ad-hoc = personne de nommé (ad hoc)
signed-unvouched = { $name }, non garanti par Apple
signed-team = { $name }, équipe { $team }
fact-names = Noms
names-only = demandés seulement par DNS chiffré{ $operator }, à ce que Crow a vu
names-also = demandés aussi par DNS chiffré{ $operator }, à ce que Crow a vu
names-for-others-in-clear = demandés pour d’autres, à ce que Crow a vu
names-for-others = demandés pour d’autres, par DNS chiffré{ $operator }, à ce que Crow a vu
fact-started = Lancé
fact-first-packet = Premier paquet
fact-last-packet = Dernier paquet
fact-received = Reçu
fact-sent = Envoyé
fact-remote = Distant
fact-local = Local
fact-name-from = Nom selon
name-from = { $source }, il y a { $age }
fact-note = Remarque
fact-domain = Domaine
fact-process = Processus
fact-through = Via
through-process = processus { $pid }
fact-route = Route
fact-leaves-by = Sort par
fact-overhead = Surcoût
fact-protocol = Protocole
fact-interface = Interface
fact-state = État
fact-round-trip = Aller-retour
fact-sent-again = Renvois
fact-keep-alives = Keep-alives
fact-woke = Mac réveillé
fact-counted = Compté
counted-elsewhere = ailleurs : pour ce qu’elle porte
counted-still-shown = dans les connexions encore affichées
fact-open = Ouvert
fact-hosts = Hôtes

## The chart of the details

chart-minute = Dernière minute
chart-minutes = { $count } dernières minutes
chart-all-of = { $caption }, tout { $domain }
chart-name-minute = Trafic de la dernière minute ; pics : réception { $down }, envoi { $up }
chart-name-minutes = Trafic des { $count } dernières minutes ; pics : réception { $down }, envoi { $up }
chart-down-peak = Réception, pic { $peak }
chart-up-peak = Envoi, pic { $peak }
chart-now = maintenant
chart-hint-seconds = À la seconde. Les hauteurs sont des racines carrées : les petites valeurs restent visibles à côté des grandes.
chart-hint-tens = Avant la dernière minute : moyennes sur dix secondes. Les hauteurs sont des racines carrées : les petites valeurs restent visibles à côté des grandes.

## Ending a process

ending-question = Quitter { $name } ?
ending-words = Crow va demander au processus { $pid } de se terminer. Ce qu’il n’a pas enregistré peut être perdu.
ending-ignored = { $name } n’a pas quitté
ending-ignored-quiet = Il est peut-être en train d’enregistrer, ou il ne répond pas. Si on le force, ce qu’il n’a pas enregistré est perdu.
force-quit = Forcer à quitter

## The sheet of keys

keys = Touches
key-any-letter = n’importe quelle lettre
key-unfold = Entrée, → ←
key-details = Espace, { $key }
key-views = Tab, { $first } à { $last }
does-type = filtre aussitôt ; Échap efface
does-filter = va au filtre
does-move = déplacent la sélection
does-unfold = déplient et replient une ligne
does-details = affiche les détails de la ligne
does-menu = ouvre le menu de la ligne
does-copy = copie la ligne
does-views = vue suivante ; processus, connexions, domaines
does-controls = va aux boutons et en-têtes ; Échap revient
does-sort = trie par trafic, connexions, PID, nom
does-pause = suspend et reprend
does-settings = ouvre les réglages
does-hide = ferme la fenêtre ; Crow continue
does-quit = quitte Crow
does-keys = affiche cette feuille

## A recording that plays

play-recording = Lire l’enregistrement
pause-recording = Suspendre l’enregistrement
one-second-on = Avancer d’une seconde
speed-max = Max.
position = Position en secondes

## Banners

dismiss = Ignorer
banner-fault = La capture rencontre un problème
banner-limit = Une limite est atteinte
banner-dropped = Des paquets ont été perdus
banner-dropped-quiet = La machine était trop occupée ; les nombres sont un peu trop bas.
banner-notice = L’opération a échoué
banner-filter = Crow ne comprend pas ce filtre
banner-paused-quiet = L’affichage est figé ; le comptage continue.
banner-sockets = Crow ne voit que les connexions TCP ouvertes
banner-sample = C’est un exemple enregistré, pas votre réseau
banner-gone = La capture s’est arrêtée
start-again = Redémarrer
banner-ended = L’enregistrement est terminé
banner-ended-quiet = Chacun de ses paquets est compté ci-dessous.
play-again = Relire

## What is wrong with a filter

filter-no-value = `{ $key }:` attend une valeur, par exemple `{ $key }:{ $example }`
filter-not-a-number = `{ $key }:` attend un nombre, et `{ $value }` ne convient pas
filter-unknown-state = `{ $value }` n’est pas un état TCP ; essayez `state:established` ou `state:closed`
filter-unknown-route = `{ $value }` n’est pas une route ; essayez `route:proxied`, `route:tunnelled` ou `route:direct`
filter-open-quote = il manque un guillemet fermant

## Empty tables

empty-no-match = Rien ne correspond à « { $filter } »
empty-no-match-quiet = Essayez moins de mots, ou d’autres.
empty-clear = Effacer
empty-local = { $count ->
    [one] Trafic local seulement : { $count } ligne
   *[other] Trafic local seulement : { $count } lignes
}
empty-local-quiet = Vos réglages n’affichent pas ce qui reste sur cette machine ou ce réseau.
empty-local-show = Afficher
empty-starting = Démarrage de la capture
empty-starting-quiet = Le système demandera peut-être d’abord une autorisation.
empty-gone = Pas de capture
start-capture = Démarrer la capture
empty-none = Aucun trafic pour l’instant
empty-none-quiet = Chaque app apparaît ici dès qu’elle envoie ou reçoit quelque chose.

## The item in the menu bar or tray

tray-starting = Démarrage…
tray-open = Ouvrir Crow
tray-settings = Réglages…
tray-quit = Quitter Crow
tray-total = Total ↓ { $down }  ↑ { $up }
tray-sockets = Sans capture : les connexions brèves manquent
tray-sample = Exemple enregistré, pas votre réseau
tray-recording = Enregistrement { $subject }
tray-ended = Fin de l’enregistrement { $subject }
tray-gone = Pas de capture : { $why }

## What the rest of Crow says in English

said-all-interfaces = toutes les interfaces
said-built-in-sample = exemple intégré
said-not-asked = votre autorisation ajoute les noms, UDP et les connexions très brèves
said-dismissed = l’autorisation de capturer n’a pas été donnée ; « Démarrer la capture » la redemandera
said-asking = en attente de votre autorisation de capturer
said-not-allowed = l’autorisation de capturer a été refusée : { $reason }
said-no-way = capturer demande des droits que Crow n’a pas ; lancez-le avec sudo, ou exécutez ceci une fois : { $command }
said-missing-helper = le programme auxiliaire manque à { $path } ; réinstallez Crow
said-translocated = macOS exécute Crow depuis un dossier temporaire parce qu’il a été téléchargé sans être déplacé ; glissez Crow dans le dossier Applications et ouvrez-le là
said-odd-path = le chemin { $path } a des caractères que macOS ne peut pas transmettre ; déplacez Crow dans le dossier Applications
said-tampered = le programme auxiliaire a été modifié et n’a pas été lancé ; réinstallez Crow
said-bad-signature = le programme auxiliaire n’est pas signé par le développeur de Crow et n’a pas été lancé ; réinstallez Crow
said-timed-out = le programme auxiliaire n’a pas répondu en { $seconds } secondes ; réessayez
said-start-failed = le lancement du programme auxiliaire a échoué ({ $step }) : { $reason }
said-not-started = le programme auxiliaire n’a pas pu être lancé ; réessayez
said-helper-ended = le programme auxiliaire s’est terminé ; redémarrez la capture
said-capture-ended = la capture est terminée : { $reason }
said-pipe-failed = la liaison avec le programme auxiliaire a échoué : { $reason }
said-no-permission = ce processus n’a pas le droit de capturer des paquets ({ $reason }) ; lancez le programme auxiliaire en root
said-not-opened = la capture n’a pas pu être ouverte : { $reason }
said-broke-off = la capture s’est interrompue : { $reason }
said-os-refused = le système a refusé { $call } ({ $reason }) ; sans cela, Crow ne sait pas à quel processus appartient quoi
said-no-events = les connexions très brèves peuvent rester sans app, car le système a refusé { $call } ({ $reason })
said-payload-tcp = données utiles TCP seules, car le noyau ne compte ni les en-têtes ni l’UDP par socket
said-payload-tcp-own = données utiles TCP seules, car le noyau ne compte ni les en-têtes ni l’UDP par socket, ni ne dit à qui sont les sockets des autres utilisateurs
said-payload = données utiles seules, car le noyau ne compte pas les en-têtes par socket
said-own-sockets = vos propres sockets seuls, car ce système ne liste pas ceux des autres utilisateurs ; données sans en-têtes
said-own-connections = vos propres connexions sans compteurs, car ce système ne liste pas ses sockets
said-unsearched = { $lost } messages UDP ont été comptés sans y chercher de noms, car trop sont arrivés à la fois
said-unasked = { $lost } nouvelles connexions restent sans processus, car trop ont été ouvertes à la fois
said-closed-limit = Plus de 262144 connexions (MAX_CONNECTIONS) : les premières fermées ne sont plus affichées ; tous les totaux les comptent encore.
said-open-limit = Plus de 262144 connexions ouvertes à la fois (MAX_CONNECTIONS) : les suivantes ne sont ni affichées ni comptées.
said-process-limit = Plus de 65536 processus (MAX_PROCESSES) : le trafic des suivants figure sous « Non attribué ».
said-domain-limit = Plus de 266240 domaines (MAX_DOMAINS) : les plus longtemps silencieux ne sont plus affichés.
said-domain-names-limit = Un domaine a plus de 256 hôtes ou processus (MAX_DOMAIN_NAMES) : les autres sont comptés mais pas nommés.
said-gone-names-limit = Plus de 16384 hôtes et processus sous des domaines (MAX_GONE_NAMES) : ceux sans connexion ne sont plus nommés.
said-names-limit = Plus de 65536 réponses DNS (MAX_NAMES) : les plus anciennes sont oubliées.
said-finders-limit = Plus de 4096 connexions débutent à la fois (MAX_FINDERS) : les noms que demandent les plus anciennes ne sont pas lus.
said-truncated = l’enregistrement est coupé après le paquet { $count } : tout ce qui précède a été lu
said-corrupt = l’enregistrement est endommagé après le paquet { $count } ({ $reason }) : tout ce qui précède a été lu
said-unread = l’enregistrement n’a pas pu être lu après le paquet { $count } : { $reason }
said-not-ended = { $name } n’a pas été arrêté : { $reason }.
said-ended-already = il est déjà terminé
said-other-process = un autre processus a maintenant son numéro, rien n’a donc été fait
said-not-yours = il appartient à un autre utilisateur ; quittez-le avec ses droits
said-end-refused = le système a refusé ({ $reason }) ; quittez-le avec les outils du système
said-not-there = { $path } n’est plus là, ou Crow n’a pas accès à son dossier.
said-no-manager = aucun gestionnaire de fichiers ne peut afficher { $path } ({ $reason }).
said-slow = Le système tarde à répondre ; réessayez dans un instant.
said-broken-settings = Les réglages n’ont pas pu être lus ({ $reason }), Crow utilise donc ceux par défaut ; l’ancien fichier est conservé sous { $path }
said-newer-settings = Les réglages viennent d’un Crow plus récent (version { $version }), celui-ci utilise donc ceux par défaut ; le fichier récent est conservé sous { $path }
said-unread-settings = Les réglages de { $path } n’ont pas pu être lus, Crow utilise donc les siens : { $reason }
said-unsaved-settings = Les réglages n’ont pas pu être enregistrés dans { $path } : { $reason } ; ils valent jusqu’à ce que vous quittiez
said-no-login-place = Crow ne peut pas s’ouvrir avec la session ici : { $reason }
said-autostart = Le fichier de Crow dans le dossier de démarrage automatique n’a pas pu être modifié : { $reason }
said-login-refused = macOS n’a pas modifié l’élément d’ouverture de Crow : { $reason }
said-proxy-address = le contrôleur du proxy demande une adresse de cette machine et un port, comme 127.0.0.1:9090
said-proxy-not-here = { $address } n’est pas sur cette machine ; Crow n’interroge un proxy qu’à une adresse de bouclage comme 127.0.0.1:9090
said-proxy-secret = le secret du proxy contient des caractères interdits ; saisissez-le à nouveau
said-proxy-silent = aucun proxy ne répond à { $address } ({ $reason }) ; son contrôleur est-il activé, et est-ce son adresse ?
said-proxy-refused = le proxy à { $address } refuse de répondre (état HTTP { $status }) ; le secret est-il correct ?
said-proxy-stranger = ce qui répond à { $address } n’est pas le contrôleur d’un proxy ({ $reason }) ; l’adresse est-elle correcte ?
said-answer-cut = sa réponse est tronquée
said-answer-long = sa réponse est trop longue
said-answer-not-http = il ne parle pas HTTP
