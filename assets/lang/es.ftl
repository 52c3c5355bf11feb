# Español. Fuente: en.ftl; las palabras son las de macOS (Monitor de Actividad, Finder, Ajustes del Sistema).

## In many places

cancel = Cancelar
close = Cerrar
pause = Pausar
paused = En pausa
resume = Reanudar
settings = Ajustes
details = Detalles
unattributed = Sin asignar
unattributed-inline = sin asignar
ended = terminado
down = Bajada
up = Subida
ago = hace { $age }
reveal-finder = Mostrar en el Finder
reveal-files = Mostrar en el gestor de archivos
quit-process = Finalizar proceso…
quit-process-now = Finalizar proceso
start-live-capture = Iniciar captura
reset-counts = Poner a cero

## The three tables

view-processes = Procesos
view-connections = Conexiones
view-domains = Dominios
shown-processes = { $shown } de { $all ->
    [one] { $all } proceso
   *[other] { $all } procesos
}
shown-connections = { $shown } de { $all ->
    [one] { $all } conexión
   *[other] { $all } conexiones
}
shown-domains = { $shown } de { $all ->
    [one] { $all } dominio
   *[other] { $all } dominios
}
hidden-loopback = { $shown }, { $count } de este equipo sin mostrar
hidden-local = { $shown }, { $count } locales sin mostrar

## Counts

count-connections = { $count ->
    [one] { $count } conexión
   *[other] { $count } conexiones
}
count-segments = { $count ->
    [one] { $count } segmento
   *[other] { $count } segmentos
}
count-probes = { $count ->
    [one] { $count } sondeo
   *[other] { $count } sondeos
}
count-times = { $count ->
    [one] { $count } vez
   *[other] { $count } veces
}
bytes-in-packets = { $bytes } en { $count ->
    [one] { $count } paquete
   *[other] { $count } paquetes
}

## What the capture is doing, in a word or three

state-starting = Iniciando
state-live = Capturando
state-sockets = Solo sockets
state-sample = Grabación de ejemplo
state-playing = Reproduciendo { $played }
state-playing-of = Reproduciendo { $played } de { $length }
state-ended = Fin de la grabación
state-gone = Sin captura

## The toolbar and the line below the tables

total-of-way = { $way }: { $bytes } en total
details-hide = Ocultar detalles
filter = Filtro
filter-clear = Borrar filtro
strip-chart = Tráfico de los dos últimos minutos, máximo { $peak }
order-held = el orden se mantiene mientras el puntero está en una fila
packets-dropped = { $count ->
    [one] { $count } paquete perdido
   *[other] { $count } paquetes perdidos
}
none-dropped = 0 perdidos
status-unattributed = sin asignar { $bytes }
status-loopback = loopback { $bytes }

## Settings

appearance = Apariencia
appearance-system = Sistema
appearance-light = Claro
appearance-dark = Oscuro
language = Idioma
language-system = Sistema ({ $language })
language-no-font = Ningún tipo de letra instalado tiene los caracteres de este idioma, así que Crow se muestra en inglés. Noto Sans CJK los tiene.
local-proxy = Proxy local
proxy-ask = Preguntarle por sus conexiones (API de Clash)
proxy-ask-hint = mihomo, sing-box y programas afines indican por cuál de sus servidores sale una conexión. Crow pregunta una vez por segundo y solo en este equipo.
proxy-controller = Dirección
proxy-secret = Secreto
proxy-bad-address = Debe ser una dirección de este equipo, como 127.0.0.1:9090
rate-window = Promediar velocidades en
rate-unit = Velocidades en
rate-unit-bytes = Bytes
rate-unit-bits = Bits
prefixes = Un kilobyte son
menu-bar = Barra de menús
menu-bar-two-lines = Dos líneas
menu-bar-one-line = Una línea
menu-bar-icon = Icono
reverse-dns = Preguntar los nombres de las direcciones (DNS inverso)
reverse-dns-hint = Tu servidor de nombres sabrá con qué direcciones te comunicas
columns-hint = Clic derecho en un encabezado para elegir; arrástralo para moverlo
login = Inicio de sesión
open-at-login = Abrir al iniciar sesión
login-needs-approval = Permite Crow en Ajustes del Sistema > General > Ítems de inicio
scope = Mostrar conexiones y dominios
scope-everything = Todo
scope-network = Sin loopback
scope-internet = Solo Internet
counts = Contadores
reset-totals = Poner todos los totales a cero
restore-defaults = Restaurar ajustes por omisión
restore-defaults-hint = También columnas, anchuras y orden

## Columns of all tables

column-process = Proceso
column-process-hint = El programa; despliega una fila para ver sus conexiones
column-app = App
column-app-hint = La app a la que pertenece el proceso
column-pid = PID
column-pid-hint = El identificador del proceso
column-user = Usuario
column-user-hint = El usuario con el que se ejecuta el proceso
column-down = Bajada/s
column-down-hint = Bytes recibidos por segundo
column-up = Subida/s
column-up-hint = Bytes enviados por segundo
column-downloaded = Recibido
column-downloaded-hint = Bytes recibidos desde que se abrió Crow o se puso a cero
column-uploaded = Enviado
column-uploaded-hint = Bytes enviados desde que se abrió Crow o se puso a cero
column-connections = Conexiones
column-connections-hint = Conexiones abiertas
column-age = Antigüedad
column-age-hint = Tiempo desde el primer paquete
column-quiet = Último paquete
column-quiet-hint = Tiempo desde el último paquete
column-program = Programa
column-program-hint = El archivo del programa
column-activity = Actividad
column-activity-hint = El último minuto: azul recibido, naranja enviado

## Columns of connections

column-host = Host remoto
column-host-hint = El otro extremo: su nombre si Crow ha visto uno, si no su dirección
column-owner-hint = El proceso al que pertenece la conexión
column-service = Servicio
column-service-hint = El servicio o, si no se conoce, el protocolo y el puerto
column-route = Ruta
column-route-hint = Cómo sale del equipo: directa, o por el proxy o túnel que se indica
column-state = Estado
column-state-hint = El estado de la conexión TCP
column-received-hint = Bytes recibidos en total
column-sent-hint = Bytes enviados en total
column-rtt = RTT
column-rtt-hint = Tiempo de ida y vuelta: lo que tarda una respuesta
column-retransmits = Reenvíos
column-retransmits-hint = Segmentos TCP que hubo que enviar de nuevo, en ambos sentidos
column-packets = Paquetes
column-packets-hint = Paquetes recibidos y enviados
column-address = Dirección remota
column-address-hint = La dirección y el puerto del otro extremo
column-local = Dirección local
column-local-hint = La dirección y el puerto de este extremo
column-interface = Interfaz
column-interface-hint = La interfaz de red
column-via = Vía PID
column-via-hint = El proceso que se comunica en su lugar, si es otro
column-protocol = Protocolo
column-protocol-hint = El protocolo IP
column-domain-of-hint = El dominio registrable del host remoto
column-half-minute-hint = El último medio minuto: azul recibido, naranja enviado

## Columns of domains

column-domain = Dominio
column-domain-hint = El dominio registrable; despliega una fila para ver sus hosts, y un host para ver sus conexiones
column-hosts = Hosts
column-hosts-hint = Los nombres de host vistos en él
column-processes = Procesos
column-processes-hint = Los procesos que se comunican con él

## The heads of the columns and their menu

sorted-descending = { $column }, orden descendente
sorted-ascending = { $column }, orden ascendente
not-sorted = { $column }, sin ordenar
columns = Columnas
restore-columns = Restaurar columnas

## The menu of a row

copy-name = Copiar nombre
copy-path = Copiar ruta
copy-address = Copiar dirección
copy-host = Copiar host
copy-hosts = Copiar hosts
copy-domain = Copiar dominio
copy-row = Copiar fila
copy-json = Copiar como JSON
filter-by = Filtrar por «{ $name }»

## Rows as sentences, for people who listen

row-process = { $name }, bajada { $down }, subida { $up }, { $connections }
row-process-ended = { $name }, terminado, bajada { $down }, subida { $up }, { $connections }
row-host = { $name }, host, bajada { $down }, subida { $up }, { $connections }
row-connection = { $name }, { $service }, { $owner }, bajada { $down }, subida { $up }
row-connection-state = { $name }, { $service }, { $owner }, { $state }, bajada { $down }, subida { $up }

## What a cell says to a pointer that rests on it

hint-unattributed = Tráfico cuyo proceso Crow no ha podido encontrar.
hint-still-shown = En las conexiones que aún se muestran.
hint-nameless = No se ha visto sin cifrar ningún nombre de esta dirección.
hint-named-by = Nombre según { $source }.
hint-route = { $route }: { $sentence }.
hint-route-meaning = { $meaning }.
hint-service = { $service } sobre { $protocol }

## Behind a name: what it is, in a word

chip-relay = Relay
chip-proxy = proxy
chip-reverse = DNS inverso
chip-this-machine = este equipo
chip-multicast = multidifusión
chip-broadcast = difusión
chip-local-network = red local
chip-no-name = sin nombre

## What a name may hide

note-ech = El programa oculta el nombre verdadero (Encrypted Client Hello): este puede encubrir otro.
note-encrypted-dns = DNS cifrado{ $operator }: no se ve qué nombres consulta aquí el programa.
note-relay = Relay privado de iCloud{ $operator }: no se ve con quién se comunica el programa detrás de él.

## How a name was learned, as the end of a sentence

source-tls = el nombre de servidor que el programa pidió en TLS
source-quic = el nombre de servidor que el programa pidió en QUIC
source-http = la cabecera Host de la petición HTTP del programa
source-connect = la petición CONNECT del programa a un proxy
source-socks = la petición del programa a un proxy SOCKS
source-proxy = el propio proxy local, por su API
source-dns = una respuesta DNS que recibió el mismo proceso
source-dns-other = una respuesta DNS que recibió otro proceso: probable, no seguro
source-mdns = cómo se llama a sí mismo un dispositivo de la red local (mDNS)
source-fake-ip = un proxy local, que inventó esta dirección para el nombre
source-ptr = DNS inverso: cómo la llama el dueño de la dirección

## Routes

route-direct = Directa
route-proxied = Por proxy
route-tunnelled = Por túnel
route-upstream = Salida de proxy
route-carrier = Portadora
route-local = Local
route-direct-hint = Directa al otro extremo, hasta donde se ve desde este equipo
route-proxied-hint = A un proxy que la reenvía; se cuenta para la app y el host que pidió
route-tunnelled-hint = Dentro de una VPN u otro túnel; se cuenta para la app
route-upstream-hint = Lo que un proxy de este equipo transporta para quienes lo usan; se cuenta para ellos
route-carrier-hint = Los paquetes de un túnel por fuera; se cuentan por dentro, para las apps
route-local-hint = De este equipo a sí mismo
proxies-by-script = Proxies elegidos por un script
proxies-by-script-hint = Los ajustes del sistema dejan la elección del proxy a un script (PAC): { $script }. Crow no lo descarga. Si una conexión va a un proxy se ve en lo que el programa pide allí.
way-direct = directa al otro extremo
way-local = no sale de este equipo
way-proxied = al proxy { $via }, que la reenvía
way-some-proxy = a un proxy, que la reenvía
way-tunnelled = dentro del túnel { $via }
way-some-tunnel = dentro de un túnel
way-upstream = { $via } para sus usuarios
way-some-upstream = un proxy para sus usuarios
way-carrier = lleva el túnel { $via }
way-some-carrier = lleva el túnel al que pertenece
overhead = { $inner } dentro, { $outer } fuera
overhead-more = { $inner } dentro, { $outer } fuera: { $percent } % más

## The details of a row

details-close = Cerrar detalles
details-select = Selecciona una fila para ver todo lo que se sabe de ella.
service-of = { $service } de { $owner }
first-seen = visto por primera vez hace { $age }
host-of = un host de { $domain }
talks-to = Se comunica con
used-by = Usado por
nobody = ya nadie
and-more = y { $count } más
fact-what = Qué es
fact-what-unattributed = Tráfico cuyo proceso Crow no ha podido encontrar
fact-parent = Proceso padre
fact-user = Usuario
fact-app = App
fact-program = Programa
fact-bundle = ID del bundle
fact-signed-by = Firmado por
signed-nobody = nadie
signed-broken = alguien, y modificado después
signed-ad-hoc = nadie con nombre (ad hoc)
signed-unvouched = { $name }, sin el aval de Apple
signed-team = { $name }, equipo { $team }
fact-names = Nombres
names-only = consultados solo por DNS cifrado{ $operator }, que Crow haya visto
names-also = consultados también por DNS cifrado{ $operator }, que Crow haya visto
names-for-others-in-clear = consultados en nombre de otros, que Crow haya visto
names-for-others = consultados en nombre de otros, por DNS cifrado{ $operator }, que Crow haya visto
fact-started = Iniciado
fact-first-packet = Primer paquete
fact-last-packet = Último paquete
fact-received = Recibido
fact-sent = Enviado
fact-remote = Remoto
fact-local = Local
fact-name-from = Nombre según
name-from = { $source }, hace { $age }
fact-note = Nota
fact-domain = Dominio
fact-process = Proceso
fact-through = A través de
through-process = proceso { $pid }
fact-route = Ruta
fact-leaves-by = Sale por
fact-overhead = Sobrecarga
fact-protocol = Protocolo
fact-interface = Interfaz
fact-state = Estado
fact-round-trip = Ida y vuelta
fact-sent-again = Reenvíos
fact-keep-alives = Keep-alives
fact-woke = Activó el Mac
fact-counted = Se cuenta
counted-elsewhere = en otra parte: para lo que transporta
counted-still-shown = en las conexiones que aún se muestran
fact-open = Abierto
fact-hosts = Hosts

## The chart of the details

chart-minute = Último minuto
chart-minutes = Últimos { $count } minutos
chart-all-of = { $caption }, todo { $domain }
chart-name-minute = Tráfico del último minuto; máximos: bajada { $down }, subida { $up }
chart-name-minutes = Tráfico de los últimos { $count } minutos; máximos: bajada { $down }, subida { $up }
chart-down-peak = Bajada, máximo { $peak }
chart-up-peak = Subida, máximo { $peak }
chart-now = ahora
chart-hint-seconds = Segundo a segundo. Las alturas son raíces cuadradas, para que los valores pequeños se vean junto a los grandes.
chart-hint-tens = Antes del último minuto: promedios de diez segundos. Las alturas son raíces cuadradas, para que los valores pequeños se vean junto a los grandes.

## Ending a process

ending-question = ¿Finalizar { $name }?
ending-words = Se pide al proceso { $pid } que termine. Lo que no haya guardado puede perderse.
ending-ignored = { $name } no ha terminado
ending-ignored-quiet = Puede que esté guardando o que no responda. Si se fuerza, se pierde lo que no haya guardado.
force-quit = Forzar salida

## The sheet of keys

keys = Teclas
key-any-letter = cualquier letra
key-unfold = Intro, → ←
key-details = Espacio, { $key }
key-views = Tab, { $first } a { $last }
does-type = filtra al momento; Esc borra
does-filter = va al filtro
does-move = mueven la selección
does-unfold = despliegan y pliegan una fila
does-details = muestra los detalles de la fila
does-menu = abre el menú de la fila
does-copy = copia la fila
does-views = vista siguiente; procesos, conexiones, dominios
does-controls = va a los botones y encabezados; Esc vuelve
does-sort = ordena por tráfico, conexiones, PID, nombre
does-pause = pausa y reanuda
does-settings = abre los ajustes
does-hide = cierra la ventana; Crow sigue activo
does-quit = sale de Crow
does-keys = muestra esta hoja

## A recording that plays

play-recording = Reproducir grabación
pause-recording = Pausar grabación
one-second-on = Avanzar un segundo
speed-max = Máx.
position = Posición en segundos

## Banners

dismiss = Descartar
banner-fault = La captura tiene un problema
banner-limit = Se ha alcanzado un límite
banner-dropped = Se han perdido paquetes
banner-dropped-quiet = El equipo estaba demasiado ocupado; los números son algo bajos.
banner-notice = No se ha podido hacer
banner-filter = Crow no entiende este filtro
banner-paused-quiet = La vista está detenida; el recuento continúa.
banner-sockets = Crow solo ve conexiones TCP abiertas
banner-sample = Es una grabación de ejemplo, no tu red
banner-gone = La captura se ha detenido
start-again = Iniciar de nuevo
banner-ended = La grabación ha terminado
banner-ended-quiet = Todos sus paquetes están contados abajo.
play-again = Reproducir de nuevo

## What is wrong with a filter

filter-no-value = `{ $key }:` necesita un valor detrás, por ejemplo `{ $key }:{ $example }`
filter-not-a-number = `{ $key }:` necesita un número, y `{ $value }` no es uno válido
filter-unknown-state = `{ $value }` no es un estado TCP; prueba `state:established` o `state:closed`
filter-unknown-route = `{ $value }` no es una ruta; prueba `route:proxied`, `route:tunnelled` o `route:direct`
filter-open-quote = falta una comilla de cierre

## Empty tables

empty-no-match = Nada coincide con «{ $filter }»
empty-no-match-quiet = Prueba con menos palabras o con otras.
empty-clear = Borrar
empty-local = { $count ->
    [one] Solo tráfico local: { $count } fila
   *[other] Solo tráfico local: { $count } filas
}
empty-local-quiet = Tus ajustes no muestran lo que no sale de este equipo o de la red local.
empty-local-show = Mostrar
empty-starting = Iniciando la captura
empty-starting-quiet = Puede que el sistema pida permiso antes.
empty-gone = Sin captura
start-capture = Iniciar captura
empty-none = Aún no hay tráfico
empty-none-quiet = Cada app aparece aquí en cuanto envía o recibe algo.

## The item in the menu bar or tray

tray-starting = Iniciando…
tray-open = Abrir Crow
tray-settings = Ajustes…
tray-quit = Salir de Crow
tray-total = Total ↓ { $down }  ↑ { $up }
tray-sockets = Sin captura: faltan las conexiones cortas
tray-sample = Grabación de ejemplo, no tu red
tray-recording = Grabación { $subject }
tray-ended = Fin de la grabación { $subject }
tray-gone = Sin captura: { $why }

## What the rest of Crow says in English

said-all-interfaces = todas las interfaces
said-built-in-sample = ejemplo incluido
said-not-asked = con tu permiso se añaden nombres, UDP y conexiones muy breves
said-dismissed = no se dio permiso para capturar; pulsa «Iniciar captura» para que se te pida otra vez
said-asking = esperando tu permiso para capturar
said-not-allowed = se denegó el permiso para capturar: { $reason }
said-no-way = para capturar hacen falta permisos que Crow no tiene; ábrelo con sudo o ejecuta esto una vez: { $command }
said-missing-helper = falta el programa auxiliar en { $path }; reinstala Crow
said-translocated = macOS ejecuta Crow desde una carpeta temporal porque se descargó y no se movió; arrastra Crow a la carpeta Aplicaciones y ábrelo allí
said-odd-path = la ruta { $path } tiene caracteres que macOS no puede transmitir; mueve Crow a la carpeta Aplicaciones
said-tampered = el programa auxiliar fue modificado y no se inició; reinstala Crow
said-bad-signature = el programa auxiliar no está firmado por el desarrollador de Crow y no se inició; reinstala Crow
said-timed-out = el programa auxiliar no respondió en { $seconds } segundos; inténtalo de nuevo
said-start-failed = no se pudo iniciar el programa auxiliar ({ $step }): { $reason }
said-not-started = no se pudo iniciar el programa auxiliar; inténtalo de nuevo
said-helper-ended = el programa auxiliar ha terminado; inicia la captura de nuevo
said-capture-ended = la captura ha terminado: { $reason }
said-pipe-failed = falló la comunicación con el programa auxiliar: { $reason }
said-no-permission = este proceso no puede capturar paquetes ({ $reason }); inicia el programa auxiliar como root
said-not-opened = no se pudo abrir la captura: { $reason }
said-broke-off = la captura se interrumpió: { $reason }
said-os-refused = el sistema rechazó { $call } ({ $reason }); sin ello Crow no sabe a qué proceso pertenece cada cosa
said-no-events = las conexiones muy cortas pueden quedar sin app, porque el sistema rechazó { $call } ({ $reason })
said-payload-tcp = solo datos útiles de TCP, porque el kernel no cuenta cabeceras ni UDP por socket
said-payload-tcp-own = solo datos útiles de TCP, porque el kernel no cuenta cabeceras ni UDP por socket, ni dice de quién son los sockets de otros usuarios
said-payload = solo datos útiles, porque el kernel no cuenta cabeceras por socket
said-own-sockets = solo tus propios sockets, porque este sistema no muestra los de otros usuarios; datos sin cabeceras
said-own-connections = tus conexiones sin contadores, porque este sistema no muestra sus sockets
said-unsearched = { $lost } mensajes UDP se contaron sin buscar nombres en ellos, porque llegaron demasiados a la vez
said-unasked = { $lost } conexiones nuevas quedan sin proceso, porque se abrieron demasiadas a la vez
said-closed-limit = Más de 262144 conexiones (MAX_CONNECTIONS): las que se cerraron primero ya no se muestran; los totales las siguen contando.
said-open-limit = Más de 262144 conexiones abiertas a la vez (MAX_CONNECTIONS): las posteriores ni se muestran ni se cuentan.
said-process-limit = Más de 65536 procesos (MAX_PROCESSES): el tráfico de los posteriores figura como «Sin asignar».
said-domain-limit = Más de 266240 dominios (MAX_DOMAINS): los que llevan más tiempo en silencio ya no se muestran.
said-domain-names-limit = Un dominio tiene más de 256 hosts o procesos (MAX_DOMAIN_NAMES): el resto se cuenta, pero no se nombra.
said-gone-names-limit = Más de 16384 hosts y procesos bajo dominios (MAX_GONE_NAMES): los que no tienen conexión ya no se nombran.
said-names-limit = Más de 65536 respuestas DNS (MAX_NAMES): las más antiguas se han olvidado.
said-finders-limit = Más de 4096 conexiones empiezan a la vez (MAX_FINDERS): no se leen los nombres que piden las más antiguas.
said-truncated = la grabación se corta tras el paquete { $count }: se leyó todo lo anterior
said-corrupt = la grabación está dañada tras el paquete { $count } ({ $reason }): se leyó todo lo anterior
said-unread = la grabación no se pudo leer más allá del paquete { $count }: { $reason }
said-not-ended = { $name } no se ha finalizado: { $reason }.
said-ended-already = ya había terminado
said-other-process = ahora otro proceso tiene su número, así que no se hizo nada
said-not-yours = pertenece a otro usuario; finalízalo con sus permisos
said-end-refused = el sistema lo rechazó ({ $reason }); finalízalo con las herramientas del sistema
said-not-there = { $path } ya no está ahí, o Crow no puede ver su carpeta.
said-no-manager = no hay ningún gestor de archivos que pueda mostrar { $path } ({ $reason }).
said-slow = El sistema tarda en responder; inténtalo de nuevo en un momento.
said-broken-settings = No se pudieron leer los ajustes ({ $reason }), así que Crow usa los predeterminados; el archivo anterior se conserva como { $path }
said-newer-settings = Los ajustes son de un Crow más nuevo (versión { $version }), así que este usa los predeterminados; el archivo nuevo se conserva como { $path }
said-unread-settings = No se pudieron leer los ajustes de { $path }, así que Crow usa los suyos: { $reason }
said-unsaved-settings = No se pudieron guardar los ajustes en { $path }: { $reason }; valen hasta que salgas
said-no-login-place = Crow no puede abrirse aquí al iniciar sesión: { $reason }
said-autostart = No se pudo cambiar el archivo de Crow en la carpeta de inicio automático: { $reason }
said-login-refused = macOS no cambió el ítem de inicio de Crow: { $reason }
said-proxy-address = el controlador del proxy necesita una dirección de este equipo y un puerto, como 127.0.0.1:9090
said-proxy-not-here = { $address } no está en este equipo; Crow solo pregunta a un proxy en una dirección de bucle local como 127.0.0.1:9090
said-proxy-secret = el secreto del proxy tiene caracteres que no puede tener; escríbalo de nuevo
said-proxy-silent = ningún proxy responde en { $address } ({ $reason }); ¿está activado su controlador y es esta su dirección?
said-proxy-refused = el proxy en { $address } no da información (estado HTTP { $status }); ¿es correcto el secreto?
said-proxy-stranger = lo que responde en { $address } no es el controlador de un proxy ({ $reason }); ¿es correcta la dirección?
said-answer-cut = su respuesta está cortada
said-answer-long = su respuesta es demasiado larga
said-answer-not-http = no habla HTTP
