// A picture of an answer that people show around: made here, from what stands on the page.
import { drawWave } from "./track.js";

const WIDTH = 1200, HEIGHT = 630, EDGE = 70;
const INK = "#f5f3fb", SOFT = "#b9b3cc", PAPER = "#14111d";

/** Give the picture to the system's share dialog, where there is one, else download it. */
export async function sharePicture(answer, track, words) {
  const canvas = await drawCard(answer, track);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const file = new File([blob], "genre.png", { type: "image/png" });
  if (navigator.canShare?.({ files: [file] })) {
    await navigator.share({ files: [file] }).catch(() => {}); // closing the dialog is no error
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  document.getElementById("status-text").textContent = words.shared;
  document.getElementById("status-text").hidden = false;
}

async function drawCard(answer, track) {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const colour = getComputedStyle(answer).getPropertyValue("--genre").trim();
  const text = (words, x, y, font, fill, most = WIDTH - x - EDGE) => {
    pen.font = `${font} system-ui, "Noto Sans", sans-serif`;
    pen.fillStyle = fill;
    pen.fillText(shortened(pen, words, most), x, y);
  };
  pen.fillStyle = PAPER;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  const glow = pen.createRadialGradient(EDGE + 110, EDGE + 110, 20, EDGE + 110, EDGE + 110, 900);
  glow.addColorStop(0, `${colour}88`);
  glow.addColorStop(1, `${colour}00`);
  pen.fillStyle = glow;
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  pen.fillStyle = colour;
  pen.fillRect(0, 0, WIDTH, 14);
  text(answer.dataset.emoji, EDGE, EDGE + 130, "130px", INK);
  pen.font = '700 42px system-ui, "Noto Sans", sans-serif';
  const lines = inLines(pen, answer.querySelector(".headline").textContent, WIDTH - 2 * EDGE - 220).slice(0, 2);
  lines.forEach((line, place) => text(line, EDGE + 220, EDGE + 40 + place * 52, "700 42px", INK));
  const below = EDGE + 40 + lines.length * 52;
  text(answer.querySelector(".closest").textContent, EDGE + 220, below, "26px", SOFT);
  text(answer.querySelector(".music")?.textContent ?? "", EDGE + 220, below + 46, "600 30px", INK);
  const wave = await track?.wave();
  const rows = [...answer.querySelectorAll(".scores tr")].slice(0, 3);
  rows.forEach((row, place) => {
    const y = EDGE + 225 + place * 48, share = row.querySelector(".percent").textContent;
    const bar = getComputedStyle(row).getPropertyValue("--genre").trim();
    text(row.querySelector("th").textContent, EDGE, y, "28px", INK, 420);
    pen.fillStyle = "#ffffff22";
    pen.fillRect(EDGE + 450, y - 24, 480, 28);
    pen.fillStyle = bar;
    pen.fillRect(EDGE + 450, y - 24, (480 * parseFloat(row.querySelector("rect").getAttribute("width"))) / 100, 28);
    text(share, EDGE + 955, y, "600 28px", INK);
  });
  if (wave) {
    const strip = document.createElement("canvas");
    [strip.width, strip.height] = [WIDTH - 2 * EDGE, 90];
    answer.append(strip); // the genre's colour is the page's to know
    drawWave(strip, wave, answer.dataset.start ? Number(answer.dataset.start) : null, 3);
    strip.remove();
    pen.drawImage(strip, EDGE, 440);
  }
  text(answer.dataset.file, EDGE, HEIGHT - 45, "26px", SOFT);
  return canvas;
}

/** Words in lines that are no wider than that. */
function inLines(pen, words, most) {
  const lines = [""];
  for (const word of words.trim().split(/\s+/)) {
    const longer = `${lines.at(-1)} ${word}`.trim();
    if (lines.at(-1) && pen.measureText(longer).width > most) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function shortened(pen, words, most) {
  let kept = words.trim();
  while (kept && pen.measureText(kept).width > most) kept = kept.replace(/.…?$/u, "…").replace(/^…$/, "");
  return kept;
}
