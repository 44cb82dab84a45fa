// What a browser adds: progress, drag and drop, many files, the waveform, another language. Without this file the forms
// are posted plainly, and everything that needs no script works.
import { answerSeveral, showAnswers } from "./several.js";
import { sharePicture } from "./share.js";
import { Track } from "./track.js";

const byId = (id) => document.getElementById(id);
const words = () => byId("words").dataset;

/** The file that was asked about last; it stays in the browser, to be asked about again and to be played. */
let track = null;

/** What was found in several files, while that is what the page shows. */
let several = null;

let isBusy = false;

function say(text, share) {
  const status = byId("status-text"), progress = byId("progress");
  status.textContent = text;
  status.hidden = !text;
  progress.hidden = share === undefined;
  if (share === null) progress.removeAttribute("value");
  else if (share !== undefined) progress.value = share;
}

function setBusy(busy) {
  isBusy = busy;
  for (const button of document.querySelectorAll("#ask button, .actions button")) button.disabled = busy;
}

function finish(message) {
  setBusy(false);
  say(message);
}

function show(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const answer = page.getElementById("result");
  if (!answer) return finish(byId("clip").dataset.network);
  finish("");
  byId("warming")?.remove();
  byId("result").replaceChildren(...answer.childNodes);
  const links = page.querySelectorAll("nav a");
  document.querySelectorAll("nav a").forEach((link, place) => { link.href = links[place].getAttribute("href"); });
  prepareAnswer();
  byId("result").focus({ preventScroll: true });
  byId("result").scrollIntoView({ behavior: "smooth", block: "start" });
}

function ask() {
  const form = byId("clip"), file = byId("file").files[0];
  if (!file) return;
  if (file.size > Number(form.dataset.limitBytes)) return finish(form.dataset.tooLarge);
  if (track?.file !== file) {
    track?.close();
    track = new Track(file);
  }
  const body = new FormData(form);
  several = null;
  setBusy(true);
  byId("result").replaceChildren();
  say(form.dataset.uploading, 0);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", (sent) => {
    if (sent.lengthComputable) say(form.dataset.uploading, sent.loaded / sent.total);
  });
  request.upload.addEventListener("load", () => say(form.dataset.working, null));
  request.addEventListener("load", () => show(request.responseText));
  request.addEventListener("error", () => finish(form.dataset.network));
  request.send(body);
}

/** Ask about the same file from another second, or as a whole (null). */
function askFrom(second) {
  byId("whole").checked = second === null;
  if (second !== null) byId("offset").value = second;
  offerOffset();
  ask();
}

function take(files) {
  if (files.length > 1) return askAll([...files]);
  const chosen = new DataTransfer();
  chosen.items.add(files[0]);
  byId("file").files = chosen.files;
  ask();
}

async function askAll(files) {
  const form = byId("clip"), table = byId("several").content.cloneNode(true);
  setBusy(true);
  byId("result").replaceChildren(table);
  byId("result").scrollIntoView({ behavior: "smooth", block: "start" });
  const options = new FormData(form);
  options.delete("file");
  several = await answerSeveral(files, options, document.documentElement.lang, { ...words(), ...form.dataset }, (done) =>
    say(words().files.replace("{done}", done).replace("{files}", files.length), done / files.length),
  );
  finish("");
}

function offerOffset() {
  byId("offset").disabled = byId("whole").checked;
}

/** Bring the answer that stands on the page to life, as far as its file is at hand. */
function prepareAnswer() {
  const answer = document.querySelector(".answer[data-file]");
  if (!answer) return;
  byId("share").addEventListener("click", () => sharePicture(answer, track, words()));
  answer.querySelector(".actions").hidden = false;
  const again = { another: Number(answer.dataset.next), "whole-track": null };
  for (const [id, second] of Object.entries(again)) {
    const button = byId(id);
    if (!button) continue;
    button.hidden = !track;
    button.addEventListener("click", () => askFrom(second));
  }
  if (!track) return;
  track.showWave(answer, byId("wave"), byId("seek"), askFrom);
  for (const button of answer.querySelectorAll(".play")) {
    button.disabled = false;
    button.addEventListener("click", () => track.play(button));
  }
}

async function vote(event) {
  event.preventDefault();
  const form = event.target, said = document.querySelector(".said");
  said.textContent = ""; // the same words said again are heard again
  try {
    const response = await fetch(form.dataset.script, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    const answer = await response.json();
    said.textContent = answer.message ?? `${answer.error.message} ${answer.error.advice}`;
    if (!answer.message) return;
    const isRight = form.elements.verdict.value === "right", details = document.querySelector(".votes details");
    byId("right").setAttribute("aria-pressed", String(isRight));
    details.classList.toggle("pressed", !isRight);
    details.removeAttribute("open");
  } catch {
    said.textContent = byId("clip").dataset.network;
  }
}

async function trySample(event) {
  event.preventDefault();
  try {
    const { file } = event.target.dataset;
    const sound = await (await fetch(file)).blob();
    byId("offset").value = 0;
    take([new File([sound], file.split("/").pop(), { type: "audio/mpeg" })]);
  } catch {
    finish(byId("clip").dataset.network);
  }
}

/** Change the language where the page stands: answer, file and form stay as they are. */
async function changeLanguage(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (isBusy) return; // what is on its way would come in the old language
  const link = event.currentTarget, excerpt = document.querySelector("#excerpt audio")?.src;
  const form = { files: byId("file").files, offset: byId("offset").value, whole: byId("whole").checked };
  try {
    const page = new DOMParser().parseFromString(await (await fetch(link.href)).text(), "text/html");
    document.documentElement.lang = page.documentElement.lang;
    document.title = page.title;
    document.body.replaceChildren(...page.body.childNodes);
    history.replaceState(null, "", link.href);
  } catch {
    location.href = link.href;
    return;
  }
  byId("offset").value = form.offset;
  byId("whole").checked = form.whole;
  byId("file").files = form.files;
  const player = document.querySelector("#excerpt audio");
  if (excerpt && player) {
    player.src = excerpt;
    byId("excerpt").hidden = false;
  }
  if (several) {
    byId("result").replaceChildren(byId("several").content.cloneNode(true));
    showAnswers(several, document.documentElement.lang, { ...words(), ...byId("clip").dataset });
  }
  prepare();
  document.querySelector("nav [aria-current]").focus();
}

async function watchWarming() {
  const warming = byId("warming");
  if (!warming) return;
  try {
    const health = await (await fetch("/healthz")).json();
    if (health.model_version) {
      warming.remove();
      const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
      byId("genres").replaceWith(page.getElementById("genres")); // now it is known how often the model is right
      return;
    }
  } catch {
    // The server is away for a moment: ask again.
  }
  setTimeout(watchWarming, 1000);
}

/** What has to be done anew whenever the whole page was replaced. */
function prepare() {
  byId("clip").addEventListener("submit", (event) => {
    event.preventDefault();
    if (byId("file").files.length > 1) askAll([...byId("file").files]);
    else ask();
  });
  byId("file").multiple = true;
  byId("file").addEventListener("change", () => byId("file").files.length && take(byId("file").files));
  byId("whole").addEventListener("change", offerOffset);
  byId("sample").addEventListener("submit", trySample);
  byId("result").addEventListener("submit", vote);
  for (const link of document.querySelectorAll("nav a")) link.addEventListener("click", changeLanguage);
  offerOffset();
  prepareAnswer();
  watchWarming();
}

for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => event.relatedTarget || document.body.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files);
});
prepare();
