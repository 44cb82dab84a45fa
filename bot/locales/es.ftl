# Textos del bot en español. Cada clave está en todos los idiomas; una prueba los compara.

page-title = ¿Qué género es?
page-lead = Elige un MP3 y obtén su género EDM, una confianza honesta y una imagen del sonido.
page-skip = Ir al resultado
language-name = Español
language-label = Idioma

form-file = Archivo de música
form-file-hint = Sobre todo MP3; también M4A, Ogg, Opus, FLAC, WAV o WMA. Hasta { $limit } MB. Suéltalo aquí o elígelo.
form-offset = Empezar en el segundo
form-offset-hint = Se analizan 3 segundos desde aquí; el valor inicial salta casi todas las introducciones.
form-submit = Identificar
form-privacy = El archivo se analiza en este equipo y nunca se guarda.

status-warming = Calentando: la primera respuesta tarda un poco más.
status-uploading = Subiendo…
status-working = Escuchando…
status-network = Se perdió la conexión. Comprueba que el bot esté en marcha e inténtalo de nuevo.

result-heading = Resultado
result-sure = { $genre } — { $confidence }
result-unsure = No estoy seguro: quizá { $genre } ({ $confidence }) o { $second } ({ $second_confidence }).
result-window = Analizado: del segundo { $start } al { $end } de «{ $file }».
result-scores = Los 16 géneros
result-picture = Espectrograma
result-picture-alt = Espectrograma mel del segundo { $start } al { $end }: el tiempo de izquierda a derecha, la frecuencia en hercios de abajo arriba, la intensidad como color.
result-excerpt = Escucha el fragmento analizado
result-model = Modelo { $version }
result-untitled = el archivo

note-moved-back-to-track-end = La pista termina antes de ese segundo, así que se analizaron sus últimos 3 segundos.
note-skipped-silence = Esa parte está en silencio, así que se analizó una parte con sonido.
note-not-sure = Con una confianza tan baja es fácil equivocarse. Prueba con otra parte de la pista.

failure-heading = Sin respuesta
failure-reference = Referencia: { $reference }
failure-empty = El archivo está vacío.
failure-empty-advice = Expórtalo o descárgalo de nuevo.
failure-not-audio = Esto no es audio que se pueda leer.
failure-not-audio-advice = Envía un archivo de música: MP3, M4A, Ogg, Opus, FLAC, WAV o WMA.
failure-damaged = El audio está dañado.
failure-damaged-advice = Exporta o descarga el archivo de nuevo.
failure-too-short = La pista dura menos de 3 segundos.
failure-too-short-advice = Envía al menos 3 segundos de música.
failure-silent = Solo hay silencio.
failure-silent-advice = Revisa el archivo o elige otro segundo inicial.
failure-too-large = El archivo pesa más de { $limit } MB.
failure-too-large-advice = Envía un trozo más corto o un MP3 más pequeño.
failure-no-file = No llegó ningún archivo.
failure-no-file-advice = Elige un archivo de música e inténtalo de nuevo.
failure-bad-offset = Ese no es un segundo de una pista.
failure-bad-offset-advice = Indica un número de segundos de 0 a { $max_offset }.
failure-download = El archivo no llegó completo.
failure-download-advice = Envíalo otra vez.
failure-busy = Hay demasiados archivos en espera.
failure-busy-advice = Inténtalo de nuevo en un minuto.
failure-timeout = El análisis tardó demasiado y se detuvo.
failure-timeout-advice = Exporta la pista como MP3 normal e inténtalo de nuevo.
failure-crashed = El análisis falló con este archivo.
failure-crashed-advice = Exporta la pista como MP3 normal e inténtalo de nuevo.
failure-stopping = El bot se está reiniciando.
failure-stopping-advice = Inténtalo de nuevo en un minuto.
failure-internal = Algo salió mal por nuestra parte.
failure-internal-advice = Inténtalo más tarde; si persiste, comunica la referencia.

reply-next = Después { $second } { $second_confidence }, { $third } { $third_confidence }.
reply-another = Otra parte
status-downloading = Descargando…
status-queued = En cola: { $ahead } por delante.

genres-heading = Conozco 16 géneros:
offset-now = Escucho los 3 segundos a partir del segundo { $offset }.
offset-how = Cámbialo con /offset y un tiempo (30, 12,5 o 1:30, hasta { $max_offset } segundos); /offset reset vuelve al valor inicial.
offset-set = A partir de ahora escucho los 3 segundos desde el segundo { $offset }.
language-now = Aquí hablo { $language }.
language-set = A partir de ahora aquí hablo { $language }.
choice-how = Cámbialo con /{ $command } { $choices }
mode-auto = Respondo a cada archivo de audio que se publica aquí.
mode-on-demand = Aquí solo respondo cuando me preguntan.
mode-off = Aquí estoy apagado: no respondo a ningún archivo de audio.
forget-done = Olvidado: ya no se guarda nada de este chat y valen los ajustes iniciales.

help-heading = Envíame música y te digo su género EDM.
help-discord = Publica un archivo de audio o usa /genre con uno. También: clic derecho en un mensaje → Aplicaciones → Identificar género, mencióname junto a un archivo o envíame un mensaje directo.
help-telegram = Envíame audio, un mensaje de voz o una videonota. En un grupo, responde a un archivo de audio con /genre.
about-score = En { $tracks } pistas que nunca había oído acertó { $accuracy } de los fragmentos de 3 segundos; en { $top3 } el género correcto estaba entre sus tres primeros.
about-limits = Conoce 16 géneros y da uno de ellos a cualquier sonido. Cuando no está seguro, lo dice.
privacy-heading = No se guarda ningún audio.
privacy-audio = Un archivo queda en memoria hasta que se envía su respuesta y luego se descarta. No se entrega a nadie.
privacy-kept = Se guardan los ajustes de este chat: segundo inicial, idioma, modo, opiniones. /forget los borra, junto con todas las opiniones dadas aquí. El registro no tiene nombres, mensajes ni archivos.
privacy-feedback = Quien valora una respuesta con 👍 o 👎 deja: mediciones del sonido a partir de las que no se puede reconstruir, lo que respondí, lo correcto y el día. No incluye nombres ni números de personas o chats, solo códigos hechos con ellos.
feedback-on = Aquí se aceptan opiniones; al desactivarlas también se borran.
feedback-off = Aquí las opiniones están desactivadas: no pregunto y no se guarda ninguna.

command-menu = Identificar género
command-genre = Di el género de un archivo de audio
command-genre-track = el archivo de audio
command-genre-offset = dónde escuchar: 30, 12,5 o 1:30
command-genres = Lista los 16 géneros
command-offset = Muestra o cambia el segundo en que empiezo
command-offset-value = 30, 12,5, 1:30 o reset
command-language = Muestra o cambia el idioma
command-language-value = en, es o auto
command-mode = Responder a cada audio, solo si me preguntan, o nunca
command-mode-value = auto, on-demand u off
command-help = Cómo usarme
command-about = Qué modelo responde y cuánto acierta
command-privacy = Qué se guarda y qué no; activa o desactiva las opiniones
command-privacy-feedback = on u off
command-forget = Borra lo que se guarda de este chat

failure-too-often = Es demasiado de una vez.
failure-too-often-advice = Inténtalo de nuevo en { $seconds } segundos.
failure-not-allowed = Solo quienes administran este chat pueden cambiar eso.
failure-not-allowed-advice = Pídeselo a un administrador.
failure-not-yours = Ese botón es de quien preguntó.
failure-not-yours-advice = Publica tú el archivo para probar otras partes.
failure-switched-off = En este chat estoy apagado.
failure-switched-off-advice = Un administrador puede encenderme con /mode auto.
failure-feedback-off = Aquí las opiniones están desactivadas.
failure-feedback-off-advice = No se guardó nada.
failure-bad-choice = Esa no es una de las opciones.
failure-bad-choice-advice = Elige una de estas: { $choices }.
failure-no-audio-here = En ese mensaje no hay audio.
failure-no-audio-here-advice = Responde a un mensaje con un archivo de música o envía uno.
failure-gone = El archivo ya no está.
failure-gone-advice = Envíalo otra vez.
failure-storage = Ahora mismo no se llega a los ajustes.
failure-storage-advice = Inténtalo más tarde.

form-whole = Toda la pista
reply-whole = Toda la pista
track-window = Escuché { $windows } fragmentos repartidos por «{ $file }».
track-picture = Línea de tiempo
track-picture-alt = Línea de tiempo de la pista; el color indica el género y la altura la confianza: { $stretches }.
track-stretch = de { $start } a { $end } { $genre }
track-segments = Qué se oye y cuándo
note-not-sure-track = Con una confianza tan baja es fácil equivocarse: la pista puede mezclar géneros o no ser de ninguno de los 16.
command-track = Di el género de toda una pista, con línea de tiempo

vote-right = 👍 Correcto
vote-wrong = 👎 Incorrecto
vote-question = Gracias. ¿Qué género es entonces?
vote-none = Ninguno de ellos
vote-back = ← Volver
vote-thanks = Gracias, anotado.
