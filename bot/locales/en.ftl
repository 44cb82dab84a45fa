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

reply-next = Then { $second } { $second_confidence }, { $third } { $third_confidence }.
reply-another = Another part
status-downloading = Downloading…
status-queued = In the queue: { $ahead } before you.

genres-heading = I know 16 genres:
offset-now = I listen to the 3 seconds after second { $offset }.
offset-how = Change it with /offset and a time (30, 12.5 or 1:30, up to { $max_offset } seconds); /offset reset goes back to the default.
offset-set = From now on I listen to the 3 seconds after second { $offset }.
language-now = I speak { $language } here.
language-set = From now on I speak { $language } here.
choice-how = Change it with /{ $command } { $choices }
mode-auto = I answer every audio file that is posted here.
mode-on-demand = I answer here only when I am asked.
mode-off = I am switched off here: no audio file is answered.
forget-done = Forgotten: nothing is kept about this chat any more, and the default settings hold.

help-heading = Send me music and I name its EDM genre.
help-discord = Post an audio file, or use /genre with one. Also: right-click a message → Apps → Identify genre, mention me beside a file, or send me a direct message.
help-telegram = Send me audio, a voice message or a video note. In a group, reply to an audio file with /genre.
about-score = On { $tracks } tracks it had never heard it named { $accuracy } of all 3-second windows correctly; in { $top3 } the right genre was among its first three.
about-limits = It knows 16 genres and gives one of them to any sound. Where it is not sure, it says so.
privacy-heading = No audio is kept.
privacy-audio = A file is held in memory until its answer is sent, and then dropped. It is not passed on to anybody.
privacy-kept = Kept are this chat's settings: start second, language, mode, feedback. /forget deletes them and all feedback from here. Log lines have no names, no messages and no files.
privacy-feedback = Whoever judges an answer with 👍 or 👎 leaves: measurements of the sound from which it cannot be restored, what I answered, what is right, and the day. Names and numbers of people and chats are not in it, only codes made from them.
feedback-on = Feedback is on here; switched off, it is deleted too.
feedback-off = Feedback is off here: I do not ask, and nothing of it is kept.

command-menu = Identify genre
command-genre = Name the genre of an audio file
command-genre-track = the audio file
command-genre-offset = where to listen: 30, 12.5 or 1:30
command-genres = List the 16 genres
command-offset = Show or set the second I start at
command-offset-value = 30, 12.5, 1:30 or reset
command-language = Show or set the language
command-language-value = en, es or auto
command-mode = Answer every audio file, only when asked, or never
command-mode-value = auto, on-demand or off
command-help = How to use me
command-about = Which model answers, and how often it is right
command-privacy = What is kept, and what is not; switch feedback on or off
command-privacy-feedback = on or off
command-forget = Delete what is kept about this chat

failure-too-often = That is a lot at once.
failure-too-often-advice = Try again in { $seconds } seconds.
failure-not-allowed = Only those who manage this chat may change that.
failure-not-allowed-advice = Ask an administrator.
failure-not-yours = That button belongs to whoever asked.
failure-not-yours-advice = Post the file yourself to try other parts of it.
failure-switched-off = I am switched off in this chat.
failure-switched-off-advice = An administrator can switch me on with /mode auto.
failure-feedback-off = Feedback is switched off here.
failure-feedback-off-advice = Nothing was kept.
failure-bad-choice = That is not one of the choices.
failure-bad-choice-advice = Choose one of: { $choices }.
failure-no-audio-here = There is no audio in that message.
failure-no-audio-here-advice = Reply to a message with a music file, or send one along.
failure-gone = The file is no longer there.
failure-gone-advice = Send it again.
failure-storage = The settings cannot be reached right now.
failure-storage-advice = Try again later.

form-whole = The whole track
reply-whole = Whole track
track-window = Listened to { $windows } windows spread over “{ $file }”.
track-picture = Timeline
track-picture-alt = Timeline of the track, the colour showing the genre and the height how sure it is: { $stretches }.
track-stretch = { $start } to { $end } { $genre }
track-segments = What it hears when
note-not-sure-track = A confidence this low is often wrong: the track may mix genres, or be none of the 16.
command-track = Name the genre of a whole track, with a timeline

vote-right = 👍 Right
vote-wrong = 👎 Wrong
vote-question = Thanks. What is it then?
vote-none = None of them
vote-back = ← Back
vote-thanks = Thanks, noted.
