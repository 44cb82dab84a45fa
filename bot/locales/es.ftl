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
