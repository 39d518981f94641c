// What pages gain with JavaScript: live runs, ticking times, copied ids, keys. Without it every page is whole.
"use strict";

const find = (selector, from = document) => Array.from(from.querySelectorAll(selector));

// Times: the server writes "3 minutes ago"; this keeps it true while the page stays open.
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

function spoken(seconds) {
  const size = Math.abs(seconds);
  if (size < 10) return seconds <= 0 ? "just now" : "in a moment";
  const [name, length] = UNITS.find(([, length]) => size >= length);
  const count = Math.floor(size / length);
  const words = `${count} ${name}${count === 1 ? "" : "s"}`;
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

function tick() {
  for (const time of find("time[data-ago]")) {
    time.textContent = spoken((Date.parse(time.dateTime) - Date.now()) / 1000);
  }
}

// Live parts: the server sends the same fragment that the page was made with, whenever it has changed.
function follow(part) {
  const source = new EventSource(part.dataset.live);
  source.addEventListener("part", (event) => {
    if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return;
    part.innerHTML = event.data;
    tick();
  });
  source.addEventListener("done", () => {
    source.close();
    if (part.dataset.then === "reload") location.reload();
  });
  window.addEventListener("pagehide", () => source.close());
}

async function copy(button) {
  const before = button.textContent;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.textContent = "copied";
  setTimeout(() => { button.textContent = before; }, 1200);
}

// Keys: / searches, ? lists them, j and k walk through rows, Enter opens, 1 to 9 choose.
function move(step) {
  const rows = find("[data-row]");
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("chosen"));
  const next = Math.min(Math.max(now + step, 0), rows.length - 1);
  rows.forEach((row, index) => row.classList.toggle("chosen", index === next));
  rows[next].scrollIntoView({ block: "nearest" });
}

function open() {
  const link = document.querySelector(".chosen a");
  if (link) link.click();
}

function search() {
  const box = document.querySelector("input[type=search]");
  if (box) { box.focus(); box.select(); } else { location.href = "/customers"; }
}

const KEYS = {
  "/": search,
  "?": () => document.getElementById("keys").showModal(),
  j: () => move(1),
  k: () => move(-1),
  Enter: open,
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) return;
  if (event.key === "Enter" && event.target.matches("button, a, summary")) return;
  const choice = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  const act = choice ? () => choice.click() : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

document.addEventListener("keydown", pressed);
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
});
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});
find("[data-live]").forEach(follow);
setInterval(tick, 10000);
