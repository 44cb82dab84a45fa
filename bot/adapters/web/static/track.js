// A music file in the browser: its waveform, and its parts to be heard. Nothing of it is sent from here.

const LONGEST_S = 600; // decoded, a minute of stereo takes 21 megabytes
const BARS = 320;

export class Track {
  #url;
  #player;
  #peaks;
  #playing = null;

  constructor(file) {
    this.file = file;
    this.#url = URL.createObjectURL(file);
    this.#player = new Audio();
    this.#player.preload = "metadata";
    this.#player.src = this.#url;
    this.#player.addEventListener("timeupdate", () => this.#stopAtEnd());
    this.#player.addEventListener("ended", () => this.#stop());
    this.#peaks = this.#measure();
    this.#peaks.catch(() => {}); // a format that this browser does not play has no waveform
  }

  close() {
    this.#stop();
    URL.revokeObjectURL(this.#url);
  }

  /** Loudness of each bar, 0 to 1, and the length in seconds. */
  async #measure() {
    const length = await new Promise((resolve, reject) => {
      this.#player.addEventListener("loadedmetadata", () => resolve(this.#player.duration), { once: true });
      this.#player.addEventListener("error", reject, { once: true });
    });
    if (!(length <= LONGEST_S)) throw new RangeError("too long for a waveform");
    const sound = await new OfflineAudioContext(1, 1, 8000).decodeAudioData(await this.file.arrayBuffer());
    const samples = sound.getChannelData(0), step = samples.length / BARS, bars = [];
    for (let bar = 0; bar < BARS; bar++) {
      let sum = 0;
      const first = Math.floor(bar * step), last = Math.max(first + 1, Math.floor((bar + 1) * step));
      for (let place = first; place < last; place++) sum += samples[place] ** 2;
      bars.push(Math.sqrt(sum / (last - first)));
    }
    const loudest = Math.max(...bars, 1e-6);
    return { bars: bars.map((bar) => bar / loudest), length: sound.duration };
  }

  /** The bars and the length, or null where there are none. */
  async wave() {
    return this.#peaks.catch(() => null);
  }

  /** Draw the waveform of the track with what was analysed of it; who chooses a place asks about it. */
  async showWave(answer, figure, seek, askFrom) {
    const wave = await this.wave();
    if (!wave || !figure.isConnected || wave.length < 6) return;
    const { start, end } = answer.dataset, canvas = figure.querySelector("canvas");
    const duration = start ? end - start : 3, from = start ? Number(start) : null;
    figure.hidden = false;
    seek.max = Math.floor(wave.length - 3);
    seek.value = from ?? 0;
    drawWave(canvas, wave, from, duration);
    seek.addEventListener("input", () => drawWave(canvas, wave, Number(seek.value), duration));
    seek.addEventListener("change", () => askFrom(Number(seek.value)));
  }

  /** Play what a button stands for, or stop it. */
  async play(button) {
    const isStop = this.#playing === button;
    this.#stop();
    if (isStop) return;
    this.#playing = button;
    button.classList.add("playing");
    this.#player.currentTime = Number(button.dataset.start);
    await this.#player.play().catch(() => this.#stop());
  }

  #stopAtEnd() {
    if (this.#playing && this.#player.currentTime >= Number(this.#playing.dataset.end)) this.#stop();
  }

  #stop() {
    this.#player.pause();
    this.#playing?.classList.remove("playing");
    this.#playing = null;
  }
}

/** Bars over the whole canvas; those from `start` on in the genre's colour, all of them where `start` is null. */
export function drawWave(canvas, { bars, length }, start, duration) {
  const pen = canvas.getContext("2d"), style = getComputedStyle(canvas), { width, height } = canvas;
  pen.clearRect(0, 0, width, height);
  const step = width / bars.length, middle = height / 2, second = width / length;
  if (start !== null) {
    pen.fillStyle = style.getPropertyValue("--genre");
    pen.globalAlpha = 0.35;
    pen.fillRect(start * second, 0, Math.max(duration * second, 4), height);
    pen.globalAlpha = 1;
  }
  bars.forEach((bar, place) => {
    const at = (place / bars.length) * length;
    const isHeard = start === null || (at + length / bars.length > start && at < start + duration);
    pen.fillStyle = style.getPropertyValue(isHeard ? "--genre" : "--soft");
    pen.fillRect(place * step, middle - (bar * middle) / 1.1, Math.max(step - 1, 1), Math.max((bar * height) / 1.1, 2));
  });
}
