// Several files at once: a row for each as its answer comes, and a table to take away.

const AT_ONCE = 2;
const COLUMNS = ["file", "genre", "confidence", "certain", "familiar", "tempo_bpm", "key", "camelot", "error"];

/**
 * Ask about each file; `tell` hears how many are done. The rows go into the table that stands on the page, and come back
 * for when it stands there anew.
 */
export async function answerSeveral(files, options, language, words, tell) {
  const rows = files.map((file) => ({ file: file.name })), left = [...files.keys()];
  const body = showRows(rows), percent = percentages(language);
  let done = 0;
  tell(done);
  const work = async () => {
    for (let place = left.shift(); place !== undefined; place = left.shift()) {
      Object.assign(rows[place], await answer(files[place], options, language, words));
      fill(body.rows[place], rows[place], percent, words);
      tell(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  offerTable(rows);
  return rows;
}

/** Fill the table that stands on the page with what is known, and offer it to be taken away. */
export function showAnswers(rows, language, words) {
  const body = showRows(rows);
  rows.forEach((row, place) => fill(body.rows[place], row, percentages(language), words));
  offerTable(rows);
}

function showRows(rows) {
  const body = document.querySelector(".several tbody");
  for (const row of rows) body.insertRow().append(heading(row.file));
  return body;
}

function offerTable(rows) {
  const link = document.getElementById("csv");
  link.href = URL.createObjectURL(new Blob([csv(rows)], { type: "text/csv" }));
  link.hidden = false;
}

const percentages = (language) => new Intl.NumberFormat(language, { style: "percent" });

async function answer(file, options, language, words) {
  if (file.size > Number(words.limitBytes)) return { error: words.tooLarge };
  const form = new FormData();
  for (const [name, value] of options) form.append(name, value);
  form.append("file", file);
  try {
    const found = await (await fetch(`/api/classify?lang=${language}`, { method: "POST", body: form })).json();
    if (found.error) return { error: `${found.error.message} ${found.error.advice}` };
    return {
      genre: found.genre.slug, label: `${found.genre.emoji} ${found.genre.name}`, confidence: found.confidence,
      certain: found.certain, familiar: found.familiar, tempo_bpm: found.tempo?.bpm ?? "", key: found.key?.name ?? "",
      camelot: found.key?.camelot ?? "",
    };
  } catch {
    return { error: words.network };
  }
}

function heading(text) {
  const cell = document.createElement("th");
  cell.scope = "row";
  cell.textContent = text;
  return cell;
}

function fill(line, row, percent, words) {
  const cell = (text, span = 1) => {
    const made = line.insertCell();
    made.colSpan = span;
    made.textContent = text;
    return made;
  };
  if (row.error) return cell(row.error, 4);
  if (!row.familiar) return cell(words.unfamiliar, 4);
  line.classList.add(`genre-${row.genre}`);
  const swatch = document.createElement("span");
  swatch.className = "swatch";
  cell(row.certain ? row.label : `${words.unsure} ${row.label}`).prepend(swatch);
  cell(percent.format(row.confidence));
  cell(row.tempo_bpm && Math.round(row.tempo_bpm));
  cell(row.camelot);
}

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
function csv(rows) {
  const quoted = (value) => {
    const text = String(value ?? ""), safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [COLUMNS, ...rows.map((row) => COLUMNS.map((name) => row[name]))].map((row) => row.map(quoted).join(",")).join("\r\n");
}
