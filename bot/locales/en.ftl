# English texts of the bot. Every key stands in every language; a test compares them.

page-title = What genre is this?
page-lead = Choose an MP3 and get its EDM genre, an honest confidence and a picture of the sound.
page-skip = Skip to the result
language-name = English
language-label = Language

form-file = Music file
form-file-hint = MP3 first, and M4A, Ogg, Opus, FLAC, WAV or WMA. Up to { $limit } MB. Drop it here or choose it.
form-offset = Start after (seconds)
form-offset-hint = 3 seconds are analysed from here; the default skips most intros.
form-submit = Identify
form-privacy = The file is analysed on this machine and never kept.

status-warming = Warming up: the first answer takes a little longer.
status-uploading = Uploading…
status-working = Listening…
status-network = The connection was lost. Check that the bot is running and try again.

result-heading = Result
result-sure = { $genre } — { $confidence }
result-unsure = Not sure: perhaps { $genre } ({ $confidence }), or { $second } ({ $second_confidence }).
result-window = Analysed: seconds { $start } to { $end } of “{ $file }”.
result-scores = All 16 genres
result-picture = Spectrogram
result-picture-alt = Mel spectrogram of seconds { $start } to { $end }: time from left to right, frequency in hertz from bottom to top, loudness as colour.
result-excerpt = Listen to the analysed excerpt
result-model = Model { $version }
result-untitled = the file

note-moved-back-to-track-end = The track ends before that second, so its last 3 seconds were analysed.
note-skipped-silence = That part is silent, so a part with sound was analysed.
note-not-sure = A confidence this low is often wrong. Try another part of the track.

failure-heading = No answer
failure-reference = Reference: { $reference }
failure-empty = The file is empty.
failure-empty-advice = Export or download it again.
failure-not-audio = This is not audio that can be read.
failure-not-audio-advice = Send a music file: MP3, M4A, Ogg, Opus, FLAC, WAV or WMA.
failure-damaged = The audio is damaged.
failure-damaged-advice = Export or download the file again.
failure-too-short = The track is shorter than 3 seconds.
failure-too-short-advice = Send at least 3 seconds of music.
failure-silent = There is only silence.
failure-silent-advice = Check the file, or choose another second to start at.
failure-too-large = The file is larger than { $limit } MB.
failure-too-large-advice = Send a shorter piece or a smaller MP3.
failure-no-file = No file arrived.
failure-no-file-advice = Choose a music file and try again.
failure-bad-offset = That is not a second of a track.
failure-bad-offset-advice = Give a number of seconds from 0 to { $max_offset }.
failure-download = The file did not arrive completely.
failure-download-advice = Send it again.
failure-busy = Too many files are waiting.
failure-busy-advice = Try again in a minute.
failure-timeout = The analysis took too long and was stopped.
failure-timeout-advice = Export the track as a plain MP3 and try again.
failure-crashed = The analysis broke down on this file.
failure-crashed-advice = Export the track as a plain MP3 and try again.
failure-stopping = The bot is being restarted.
failure-stopping-advice = Try again in a minute.
failure-internal = Something went wrong on our side.
failure-internal-advice = Try again later; if it stays, pass on the reference.
