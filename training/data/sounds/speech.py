"""Text that is read aloud by free synthesisers in many languages, voices, pitches and rates."""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from training.data.sounds.audio import Audio, read_audio, stable_number
from training.data.sounds.render import run

TEXTS = {
    "en-us": "Good evening. The last train to the coast leaves at ten past nine from platform four. Passengers with "
    "bicycles are asked to use the rear carriage. It is raining in the hills, so please take care on the steps when "
    "you get off.",
    "en-gb": "My grandmother kept bees behind the old barn. Every August she let me hold the smoker, and we carried "
    "the frames into the kitchen, where the honey ran slowly into jars that had once held pickled onions.",
    "es": "Buenos días. El mercado abre a las ocho y los pescadores ya están colocando las cajas. Hoy hay sardinas, "
    "calamares y un poco de merluza. Quien llegue tarde tendrá que conformarse con lo que quede.",
    "es-419": "La biblioteca cerrará una hora antes durante esta semana. Pueden devolver los libros en el buzón de la "
    "entrada. Si necesitan ayuda para buscar un documento, pregunten en el segundo piso.",
    "de": "Am Morgen lag Nebel über dem See. Der Fährmann wartete auf die Kinder, die mit ihren Ranzen den Weg "
    "herunterkamen. Er zählte sie zweimal, löste das Seil und stieß das Boot vom Ufer ab.",
    "fr": "Le boulanger se lève avant tout le monde. Il allume le four, pétrit la pâte et écoute la radio à voix "
    "basse. Quand les premiers clients arrivent, le pain est encore chaud et la vitre couverte de buée.",
    "it": "La riunione è stata spostata a giovedì pomeriggio. Portate per favore i documenti firmati e una copia "
    "della chiave. Chi viene in macchina può parcheggiare nel cortile dietro la scuola.",
    "pt-br": "O rio subiu dois metros durante a noite. As famílias da margem já levaram os móveis para o andar de "
    "cima. A escola está aberta para quem precisar de um lugar para dormir.",
    "nl": "De dijkwachter loopt elke avond langs het water. Hij kijkt of de sluis goed dicht is en schrijft de stand "
    "in een schrift. Daarna drinkt hij thee bij zijn zuster, die aan de overkant woont.",
    "sv": "Snön kom tidigt i år. Vi skottade gången fram till vedboden och lade granris under fönstren. På kvällen "
    "satt vi vid spisen och läste gamla brev från Amerika.",
    "pl": "Autobus do miasta odjeżdża o wpół do siódmej. Bilety można kupić u kierowcy albo w sklepie obok "
    "przystanku. Proszę pamiętać, że w niedzielę nie ma żadnych kursów.",
    "ru": "Зимой дорога к деревне занесена снегом. Почтальон ходит на лыжах и приносит письма раз в неделю. "
    "Собаки узнают его издалека и бегут навстречу.",
    "tr": "Yarın sabah hava açık olacak. Balıkçılar güneş doğmadan denize çıkacak, akşama doğru limana dönecekler. "
    "Rüzgâr kuzeyden, hafif esiyor.",
    "fi": "Talo on järven rannalla, ja sen takana alkaa metsä. Kesällä uimme joka ilta, ja sen jälkeen isä lämmitti "
    "saunan. Kukaan ei puhunut paljon.",
    "el": "Το πλοίο φτάνει στο νησί το μεσημέρι. Στην προκυμαία περιμένουν οι συγγενείς με λουλούδια. Το βράδυ θα "
    "φάμε όλοι μαζί στην αυλή.",
    "hi": "आज सुबह बाज़ार में बहुत भीड़ थी। लोग ताज़ी सब्ज़ियाँ और फल खरीद रहे थे। बच्चे मेले की ओर दौड़ रहे थे।",
}
"""espeak-ng's name of the voice → a text, written for this purpose."""

_ESPEAK = ("espeak-ng", "-w", "{wav}", "-f", "{text}")
_FLITE = ("flite", "-f", "{text}", "-o", "{wav}")
_VARIANTS = ("", "+f2", "+m3", "+f4", "+croak", "+whisper")
_FLITE_VOICES = ("kal", "awb", "rms", "slt", "kal16")


@dataclass(frozen=True, slots=True)
class Reading:
    """One text read by one voice; `name` is that of the recording."""

    origin: str
    name: str
    command: tuple[str, ...]
    text: str

    def audio(self) -> Audio:
        """Raises `TrainingError` where the synthesiser is missing or does not know the voice."""
        with TemporaryDirectory() as folder:
            wav, text = Path(folder, "out.wav"), Path(folder, "text.txt")
            text.write_text(self.text)
            run([part.replace("{wav}", str(wav)).replace("{text}", str(text)) for part in self.command])
            return read_audio(wav)


def readings() -> tuple[Reading, ...]:
    """Each language with three of espeak-ng's variants, the English texts with flite's voices."""
    made = []
    for position, (language, text) in enumerate(TEXTS.items()):
        for variant in _VARIANTS[position % 2 :: 2]:
            number = stable_number(language + variant)
            rate, pitch = 130 + number % 90, 25 + number // 100 % 55
            command = (*_ESPEAK, "-v", language + variant, "-s", str(rate), "-p", str(pitch))
            name = f"{language}{variant.replace('+', '-')}"
            made.append(Reading("espeak-ng", name, command, text))
    made += [
        Reading("flite", f"{voice}-{language}", (*_FLITE, "-voice", voice), TEXTS[language])
        for voice in _FLITE_VOICES
        for language in ("en-us", "en-gb")
    ]
    return tuple(made)
