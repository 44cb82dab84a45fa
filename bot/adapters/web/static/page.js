// Progress without leaving the page. Everything also works without this file: the form is then posted plainly.
"use strict";

const form = document.getElementById("clip");
const fileInput = document.getElementById("file");
const drop = document.getElementById("drop");
const button = form.querySelector("button");
const statusText = document.getElementById("status-text");
const progress = document.getElementById("progress");
const result = document.getElementById("result");
const warming = document.getElementById("warming");

function say(text, share) {
  statusText.textContent = text;
  statusText.hidden = !text;
  progress.hidden = share === undefined;
  if (share === null) progress.removeAttribute("value");
  else if (share !== undefined) progress.value = share;
}

function finish(message) {
  button.disabled = false;
  say(message);
}

function show(html) {
  const answer = new DOMParser().parseFromString(html, "text/html").getElementById("result");
  if (!answer) return finish(form.dataset.network);
  finish("");
  warming?.remove();
  result.replaceChildren(...answer.childNodes);
  result.focus();
  result.scrollIntoView({ behavior: "smooth", block: "start" });
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const file = fileInput.files[0];
  if (file && file.size > Number(form.dataset.limitBytes)) return finish(form.dataset.tooLarge);
  button.disabled = true;
  result.replaceChildren();
  say(form.dataset.uploading, 0);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", (sent) => {
    if (sent.lengthComputable) say(form.dataset.uploading, sent.loaded / sent.total);
  });
  request.upload.addEventListener("load", () => say(form.dataset.working, null));
  request.addEventListener("load", () => show(request.responseText));
  request.addEventListener("error", () => finish(form.dataset.network));
  request.send(new FormData(form));
});

// A verdict on the answer is said below it; the answer stays where it is.
result.addEventListener("submit", async (event) => {
  event.preventDefault();
  const vote = event.target;
  const said = result.querySelector(".said");
  said.textContent = ""; // the same words said again are heard again
  try {
    const response = await fetch(vote.dataset.script, { method: "POST", body: new URLSearchParams(new FormData(vote)) });
    const answer = await response.json();
    said.textContent = answer.message ?? `${answer.error.message} ${answer.error.advice}`;
    vote.closest("details")?.removeAttribute("open");
  } catch {
    said.textContent = form.dataset.network;
  }
});

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) {
    fileInput.files = event.dataTransfer.files;
    form.requestSubmit();
  }
});

async function watchWarming() {
  try {
    const health = await (await fetch("/healthz")).json();
    if (health.model_version) return warming.remove();
  } catch {
    // The server is away for a moment: ask again.
  }
  setTimeout(watchWarming, 1000);
}
if (warming) watchWarming();
